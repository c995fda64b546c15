#!/usr/bin/env bash
# One event a second to 1 000 clients by polling, server-sent events and WebSocket. `./run.sh`: 8 minutes, on a machine that does nothing
# else; writes results/. `./run.sh --quick`: whether everything works, in a minute; its figures mean nothing.
. "$(dirname "$0")/../../ci/lib/common.sh"
cd benches/push

cargo build --release --quiet
"${CARGO_TARGET_DIR:-target}/release/push" "$@"
