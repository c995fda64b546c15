#!/usr/bin/env bash
# Messages per second of Socket.IO servers: ours, socketioxide, socket.io. `./run.sh`: 6 minutes, on a machine that does nothing else; writes
# results/. `./run.sh --quick`: whether everything works, in half a minute after the build; its figures mean nothing.
# `./run.sh --one SERVER KIND SIZE CONNECTIONS IN_FLIGHT SECONDS`: one load, for a profiler.
. "$(dirname "$0")/../../ci/lib/common.sh"
cd benches/socketio

need node:nodejs npm python3 taskset:util-linux
socketio=4.8.4
export NODE_PATH=$cache/socket.io-$socketio/node_modules
[ -d "$NODE_PATH/socket.io" ] ||
    npm install --silent --no-fund --no-audit --prefix "$cache/socket.io-$socketio" "socket.io@$socketio" >/dev/null ||
    fail "npm cannot install socket.io"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
cargo build --release --quiet
cargo build --release --quiet --manifest-path socketioxide/Cargo.toml
# A connection is a descriptor in the client and one in the server.
ulimit -n 20000 2>/dev/null || ulimit -n "$(ulimit -Hn)"
read -r first last < <(python3 -c 'import os; cpus = sorted(os.sched_getaffinity(0)); print(cpus[0], cpus[-1])')
taskset --cpu-list "$last" "$CARGO_TARGET_DIR/release/socketio-bench" "$first" "$@"
