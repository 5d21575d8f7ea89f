#!/usr/bin/env bash
# Makes .venv beside this file on first use, then becomes the bot; where nothing is set up, the demo.
set -euo pipefail

here="$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd -P)"

wants_postgres() {
    [[ "${DATABASE_URL:-}" == postgresql* ]] && return 0
    grep -Eqs "^[[:space:]]*(export[[:space:]]+)?DATABASE_URL[[:space:]]*=[[:space:]]*[\"']?postgresql" "$here/.env"
}

python=python3
if [[ "${BADUKPAN_IMAGE:-}" != 1 ]]; then
    # shellcheck source=tools/environment.sh
    source "$here/tools/environment.sh"
    files=(requirements.txt)
    if wants_postgres; then
        files+=(requirements-postgres.txt)
    fi
    ensure_environment "$here" "${files[@]}" || exit 2
    python="$here/.venv/bin/python"
fi

# -P keeps the caller's folder off the import path; exec hands signals straight to the bot.
export PYTHONPATH="$here"
exec "$python" -P -m bot "$@"
