#!/usr/bin/env bash
# tokio WebSocket crates side by side. `./run.sh help` says how.
. "$(dirname "$0")/../../ci/lib/common.sh"
cd benches/tokio

need python3
case "${1:-quick}" in
quick | full | callgrind)
    [ "${1:-quick}" != callgrind ] || need valgrind
    export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
    cargo build --release --quiet
    # A connection is a descriptor in the client and one in the server.
    ulimit -n 20000 2>/dev/null || ulimit -n "$(ulimit -Hn)"
    ;;
esac
python3 run.py "$@"
