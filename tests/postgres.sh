# Starts a PostgreSQL server of our own on loopback for the tests and removes it afterwards; tests/run.sh reads this file.
# shellcheck shell=bash

postgres_dir=""
postgres_bin=""

find_postgres() {
    local candidate
    for candidate in "$(dirname -- "$(command -v pg_ctl || echo /none/)")" \
        $(printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin | sort -rV); do
        if [[ -x "$candidate/initdb" && -x "$candidate/postgres" && -x "$candidate/pg_ctl" ]]; then
            postgres_bin="$candidate"
            return 0
        fi
    done
    return 1
}

# PostgreSQL refuses to run as root, so root lends the work to a user without rights.
as_database_user() {
    if [[ "$(id -u)" != 0 ]]; then
        "$@"
        return
    fi
    local user=nobody
    if id postgres >/dev/null 2>&1; then
        user=postgres
    fi
    if command -v runuser >/dev/null 2>&1; then
        runuser -u "$user" -- "$@"
    elif command -v setpriv >/dev/null 2>&1; then
        setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- "$@"
    else
        su -s /bin/sh "$user" -c "$(printf '%q ' "$@")"
    fi
}

free_port() {
    "$1" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start_postgres PYTHON: sets BADUKPAN_TEST_POSTGRES, or returns 1 after saying why the tests will skip.
start_postgres() {
    local port try options
    if ! find_postgres; then
        echo "no PostgreSQL server was found (initdb, postgres, pg_ctl): its tests skip"
        return 1
    fi
    # In /tmp and not in TMPDIR: the user without rights must be able to reach it.
    postgres_dir="$(mktemp -d /tmp/badukpan-postgres.XXXXXX)"
    chmod 755 "$postgres_dir"
    mkdir "$postgres_dir/data"
    chmod 700 "$postgres_dir/data"
    if [[ "$(id -u)" == 0 ]]; then
        as_database_user id -u >"$postgres_dir/uid"
        chown -R "$(<"$postgres_dir/uid")" "$postgres_dir"
    fi
    if ! (cd / && as_database_user "$postgres_bin/initdb" -D "$postgres_dir/data" -U badukpan --auth=trust \
        --locale=C --encoding=UTF8 --no-sync) >"$postgres_dir/initdb.log" 2>&1; then
        tail -n 5 "$postgres_dir/initdb.log"
        echo "initdb failed: the PostgreSQL tests skip"
        stop_postgres
        return 1
    fi
    options="-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c shared_buffers=16MB"
    options="$options -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    # Another program may take the free port before the server does; a second and third port are tried.
    for try in 1 2 3; do
        port="$(free_port "$1")"
        if (cd / && as_database_user "$postgres_bin/pg_ctl" -D "$postgres_dir/data" -s -w -t 30 -l "$postgres_dir/server.log" \
            -o "$options -c port=$port" start) </dev/null >>"$postgres_dir/initdb.log" 2>&1; then
            export BADUKPAN_TEST_POSTGRES="postgresql+psycopg://badukpan@127.0.0.1:$port/postgres"
            echo "PostgreSQL from $postgres_bin on 127.0.0.1:$port"
            return 0
        fi
        echo "start $try failed on port $port: $(tail -n 1 "$postgres_dir/server.log" 2>/dev/null)"
    done
    echo "the server did not start: the PostgreSQL tests skip"
    stop_postgres
    return 1
}

stop_postgres() {
    if [[ -z "$postgres_dir" ]]; then
        return 0
    fi
    if [[ -e "$postgres_dir/data/postmaster.pid" ]]; then
        (cd / && as_database_user "$postgres_bin/pg_ctl" -D "$postgres_dir/data" -s -m immediate -t 20 stop) >/dev/null 2>&1 || true
    fi
    rm -rf -- "$postgres_dir"
    postgres_dir=""
}
