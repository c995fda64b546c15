#!/usr/bin/env bash
# Echo servers under load. `./run.sh help` says how.
. "$(dirname "$0")/../../ci/lib/common.sh"

if [ "${1:-quick}" = help ] || [ "${1:-quick}" = report ]; then
    exec python3 benches/servers/run.py "$@"
fi
need python3 g++ taskset:util-linux
echo '#include <zlib.h>' | g++ -x c++ -E - >/dev/null 2>&1 || install_packages zlib1g-dev
need_node_modules
need_websockets
mkdir -p "${CARGO_TARGET_DIR:=target}"
CARGO_TARGET_DIR=$(cd "$CARGO_TARGET_DIR" && pwd)
export CARGO_TARGET_DIR BENCH_PYTHON=$python BENCH_BUILT=$CARGO_TARGET_DIR/bench-servers
mkdir -p "$BENCH_BUILT"

# The sources come inside this crate; nothing else of it is built.
uws=$BENCH_BUILT/vendor/libuwebsockets-sys-0.0.10/uWebSockets
if [ ! -f "$uws/uSockets/src/libusockets.h" ]; then
    echo "downloading uWebSockets"
    mkdir -p "$BENCH_BUILT/download/src"
    printf '[workspace]\n[package]\nname = "download"\nedition = "2021"\n[dependencies]\nlibuwebsockets-sys = "=0.0.10"\n' \
        >"$BENCH_BUILT/download/Cargo.toml"
    : >"$BENCH_BUILT/download/src/lib.rs"
    (cd "$BENCH_BUILT/download" && cargo vendor -q --versioned-dirs ../vendor >/dev/null)
fi

echo "building the servers and the load generator"
cargo build --release --quiet --example echo_server
make --no-print-directory --quiet -C ffi-examples build/echo_server
cargo build --release --quiet --manifest-path benches/tokio/Cargo.toml --bin wsbench-tokio
cargo build --release --quiet --manifest-path adapters/tokio/Cargo.toml --example peer --features deflate
cargo build --release --quiet --manifest-path benches/servers/Cargo.toml
cd benches/servers
if [ ! -x "$BENCH_BUILT/uwebsockets" ] || [ servers/uwebsockets.cpp -nt "$BENCH_BUILT/uwebsockets" ]; then
    # As its own Makefile does, but for -march=native: none of the servers is built for this machine alone.
    flags=(-O3 -flto=auto -w -DLIBUS_NO_SSL "-I$uws/src" "-I$uws/uSockets/src")
    mkdir -p "$BENCH_BUILT/usockets"
    (cd "$BENCH_BUILT/usockets" && gcc "${flags[@]}" -c "$uws"/uSockets/src/*.c "$uws"/uSockets/src/eventing/*.c)
    g++ -std=c++20 "${flags[@]}" servers/uwebsockets.cpp "$BENCH_BUILT"/usockets/*.o -lz -o "$BENCH_BUILT/uwebsockets"
fi

# A connection is a descriptor in the load generator and one in the server.
ulimit -n 20000 2>/dev/null || ulimit -n "$(ulimit -Hn)"
python3 run.py "$@"
