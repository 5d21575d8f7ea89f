#!/usr/bin/env bash
# Makes the environment, then formats, lints, type-checks and tests: tests/run.sh [--quick] [pytest options]
set -euo pipefail

cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.."
# What the caller's Python path holds must not change what is tested.
unset PYTHONPATH PYTHONHOME

quick=no
if [[ "${1:-}" == --quick ]]; then
    quick=yes
    shift
fi

# shellcheck source=tools/environment.sh
source tools/environment.sh
# shellcheck source=tests/postgres.sh
source tests/postgres.sh

# Every decision about money is tested on every branch; the shell around it is tested by its promises.
covered="domain/*,strategy/*,bot/engine.py,bot/risk.py,bot/orders.py,bot/gate.py"

failed=()

title() { printf '\n== %s\n' "$1"; }

# phase TITLE COMMAND...: one broken phase does not hide the next.
phase() {
    title "$1"
    if ! "${@:2}"; then
        failed+=("$1")
    fi
}

can_apt() { [[ "$(id -u)" == 0 ]] && command -v apt-get >/dev/null 2>&1; }

apt_install() {
    DEBIAN_FRONTEND=noninteractive timeout 300 apt-get update -qq >/dev/null 2>&1 || true
    DEBIAN_FRONTEND=noninteractive timeout 600 apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null 2>&1
}

# Its package puts it where only root looks.
find_mosquitto() { command -v mosquitto >/dev/null 2>&1 || [[ -x /usr/sbin/mosquitto ]]; }

make_environment() {
    if ! venv_works "$PWD" && can_apt && ! find_python >/dev/null 2>&1; then
        echo "installing python3-venv"
        apt_install python3 python3-venv || true
    fi
    ensure_environment "$PWD" requirements.txt requirements-dev.txt || return 2
    if ! find_postgres && can_apt; then
        echo "installing postgresql"
        apt_install postgresql || echo "postgresql could not be installed"
    fi
    if ! find_mosquitto && can_apt; then
        echo "installing mosquitto"
        apt_install mosquitto || echo "mosquitto could not be installed"
    fi
}

# Called by its function: an installed script names the folder it was installed in, and a checkout may move.
check_floors() {
    .venv/bin/python -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
}

run_tests() {
    .venv/bin/python -m pytest -n 2 --cov --cov-branch --cov-report= "$@"
}

# A thousand files against the oracle say nothing new about branches; unmeasured they take a third of the time.
oracle=tests/bot/test_against_oracle.py

run_oracle() {
    .venv/bin/python -m pytest -n 2 "$oracle"
}

check_coverage() {
    .venv/bin/python -m coverage report --include="$covered" --show-missing --skip-covered --fail-under=100
}

title "environment"
make_environment || exit 2
.venv/bin/python --version

trap stop_postgres EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [[ "$quick" == no ]]; then
    phase "format (ruff format)" .venv/bin/python -m ruff format --check .
    phase "lint (ruff check)" .venv/bin/python -m ruff check .
    phase "types (mypy)" .venv/bin/python -m mypy .
    phase "floors (import-linter)" check_floors
fi

title "database (PostgreSQL)"
start_postgres .venv/bin/python || true

if [[ $# == 0 ]]; then
    phase "tests (pytest)" run_tests --ignore="$oracle"
    phase "tests against the oracle (pytest)" run_oracle
else
    phase "tests (pytest)" run_tests "$@"
fi
if [[ $# == 0 ]]; then
    # A part of the tests says nothing about coverage.
    phase "coverage of the core" check_coverage
fi

title "result"
if [[ ${#failed[@]} -gt 0 ]]; then
    printf 'failed: %s\n' "${failed[@]}"
    exit 1
fi
echo "all green"
