#!/usr/bin/env bash
# Makes an environment for each program the bot is measured beside: benchmarks/peers.sh DIR
# They are run as processes of their own and never imported by the bot; backtesting.py is under the AGPL.
set -euo pipefail

place="${1:?where to? benchmarks/peers.sh DIR}"

# make_peer NAME PACKAGE==VERSION...: one environment, so that no peer changes what another is made of.
make_peer() {
    python3 -m venv "$place/$1"
    "$place/$1/bin/python" -m pip install --quiet --disable-pip-version-check "${@:2}"
}

make_peer backtesting backtesting==0.6.6 numpy==2.4.6 pandas==3.1.1 bokeh==3.9.2
make_peer ccxt ccxt==4.5.90 requests==2.34.2 urllib3==2.8.0 orjson==3.13.0
make_peer quantstats quantstats==0.0.86
make_peer freqtrade freqtrade==2026.9 ccxt==4.5.90 numpy==2.4.6 pandas==3.1.1
echo "made in $place"
