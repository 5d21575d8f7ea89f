# Finds a Python, makes .venv and installs requirement files into it; run.sh and tests/run.sh read this file.
# shellcheck shell=bash

# Everything said here goes to stderr: stdout belongs to the program that is started afterwards.
say() { printf '%s\n' "$@" >&2; }

# Prints the first Python that really runs, is new enough and can make an environment.
# A name on the path proves nothing: a version manager leaves names behind that fail when called.
find_python() {
    local name without_venv=""
    for name in python3.13 python3.12 python3.11 python3.14 python3 python; do
        "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' </dev/null >/dev/null 2>&1 || continue
        if "$name" -c 'import ensurepip, venv' </dev/null >/dev/null 2>&1; then
            printf '%s\n' "$name"
            return 0
        fi
        without_venv="${without_venv:-$name}"
    done
    if [[ -n "$without_venv" ]]; then
        say "badukpan: $without_venv 에 venv 모듈이 없습니다. 설치한 뒤 다시 실행해 주세요: sudo apt install python3-venv" \
            "badukpan: $without_venv lacks the venv module. Install it and start again: sudo apt install python3-venv"
    else
        say "badukpan: Python 3.11 이상을 찾지 못했습니다. 설치한 뒤 다시 실행해 주세요: sudo apt install python3 python3-venv" \
            "badukpan: no Python 3.11 or newer was found. Install one and start again: sudo apt install python3 python3-venv"
    fi
    return 2
}

venv_works() {
    "$1/.venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' </dev/null >/dev/null 2>&1
}

# An environment whose making was interrupted has a Python but no pip.
venv_can_install() {
    venv_works "$1" && "$1/.venv/bin/python" -m pip --version </dev/null >/dev/null 2>&1
}

# The stamp is a copy of the requirement file, written after pip succeeded: an interrupted install leaves none.
is_installed() {
    local stamp
    stamp="$1/.venv/installed-$(basename -- "$2")"
    [[ -e "$stamp" && "$(<"$stamp")" == "$(<"$1/$2")" ]]
}

all_installed() {
    local root="$1" file
    shift
    venv_works "$root" || return 1
    for file in "$@"; do
        is_installed "$root" "$file" || return 1
    done
}

install_missing() {
    local root="$1" file python stamp
    shift
    if ! venv_can_install "$root"; then
        python="$(find_python)" || return 2
        say "badukpan: 처음 시작합니다. 필요한 것을 설치하는 중이며 1분쯤 걸립니다." \
            "badukpan: first start. Installing what is needed; this takes about a minute."
        rm -rf -- "$root/.venv"
        "$python" -m venv "$root/.venv" >&2 || return 2
    fi
    for file in "$@"; do
        is_installed "$root" "$file" && continue
        stamp="$root/.venv/installed-$(basename -- "$file")"
        say "badukpan: $file 설치 중 / installing $file"
        rm -f -- "$stamp"
        # A missing wheel is an error: what pip would build instead fetches unhashed packages.
        if ! "$root/.venv/bin/python" -m pip install --require-hashes --only-binary :all: --no-input \
            --disable-pip-version-check -q -r "$root/$file" </dev/null >&2; then
            say "badukpan: $file 설치에 실패했습니다. 위의 메시지와 인터넷 연결을 확인해 주세요." \
                "badukpan: $file could not be installed. See the lines above and check the network."
            return 2
        fi
        cp -- "$root/$file" "$stamp.new" && mv -- "$stamp.new" "$stamp" || return 2
    done
}

# ensure_environment ROOT FILE...: afterwards ROOT/.venv holds what the files name, whoever else starts now.
ensure_environment() {
    local root="$1"
    # The usual start only compares; it needs no lock and no right to write.
    all_installed "$@" && return 0
    # A subshell holds the lock, so that the program started later does not inherit it.
    (
        if command -v flock >/dev/null 2>&1; then
            flock -n 9 || {
                say "badukpan: 다른 실행이 설치하는 중이라 기다립니다. / waiting for another start that is installing"
                flock 9
            }
        fi
        install_missing "$@"
    ) 9>"$root/.venv.lock"
}
