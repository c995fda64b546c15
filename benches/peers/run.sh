#!/usr/bin/env bash
# Builds the peers, measures all of them in one process, writes results/tables.md. `./run.sh help` says how.
. "$(dirname "$0")/../../ci/lib/common.sh"
cd benches/peers

usage() {
    cat <<'END'
usage: ./run.sh [all]       build, then all of the below, then results/tables.md (about 2 minutes)
       ./run.sh build       install what is missing, download, compile
       ./run.sh time        CPU time per message
       ./run.sh instr       instructions per message, under callgrind
       ./run.sh mem         memory per connection, allocations per message
       ./run.sh report      results/tables.md from what was measured before
       ./run.sh floor [--at-most RATIO]
                            quick: only our own peer and the floor, in three cells. Needs no other library.
                            Exit status 1 if our time is more than RATIO (2.0) times the floor's, in four attempts.
environment:
  CARGO_TARGET_DIR   where to build (target)
  BENCH_SRC          where to download to (CARGO_TARGET_DIR/bench-src)
  WSBENCH_CELLS      only cells with these prefixes, for example W1/16/,W4
  WSBENCH_PEERS      only peers whose name contains one of these, for example tokio,uWeb (cells W1 to W4)
  WSBENCH_MS         CPU time of one sample, in ms (1.5)
  WSBENCH_ROUNDS     samples of each peer and cell (41; floor: 101)
With WSBENCH_CELLS or WSBENCH_PEERS the tables go to results/partial/tables.md and to standard output.
END
}
bad() {
    echo "run.sh: $1" >&2
    usage >&2
    exit 2
}
say() { echo "run.sh: $*" >&2; }

what="${1:-all}"
[ $# -eq 0 ] || shift
at_most=2.0
case "$what" in
help | -h | --help)
    usage
    exit 0
    ;;
all | build | time | instr | mem | report) [ $# -eq 0 ] || bad "$what takes no argument: $1" ;;
floor)
    while [ $# -gt 0 ]; do
        case "$1" in
        --at-most) [ $# -gt 1 ] || bad "--at-most needs a number" && at_most="$2" && shift 2 ;;
        *) bad "floor: $1?" ;;
        esac
    done
    case "$at_most" in
    '' | . | *[!0-9.]* | *.*.*) bad "--at-most needs a number: $at_most" ;;
    esac
    ;;
*) bad "$what?" ;;
esac
is() { [ "$what" = all ] || [ "$what" = "$1" ]; }

target="${CARGO_TARGET_DIR:-target}"
mkdir -p "$target"
CARGO_TARGET_DIR="$(cd "$target" && pwd)"
export CARGO_TARGET_DIR
src="${BENCH_SRC:-$CARGO_TARGET_DIR/bench-src}"
bin="$CARGO_TARGET_DIR/release/wsbench"
dumps="$CARGO_TARGET_DIR/callgrind"
out=results
if [ -n "${WSBENCH_CELLS:-}${WSBENCH_PEERS:-}" ]; then
    out=results/partial
    dumps="$dumps-partial"
fi

have() { command -v "$1" >/dev/null 2>&1; }
header() { printf '#include <%s>\n' "$1" | g++ -std=c++20 -x c++ -E - >/dev/null 2>&1; }

# callgrind VALGRIND-ARGUMENTS… MODE: one dump per cell and peer into $dumps
callgrind() {
    rm -rf "$dumps" && mkdir -p "$dumps"
    # valgrind counts every byte of a `rep movsb` as an instruction: have glibc copy with vectors
    GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=0x40000000:glibc.cpu.x86_rep_stosb_threshold=0x40000000 \
        valgrind -q --tool=callgrind --instr-atstart=no --callgrind-out-file="$dumps/out.%p" "$bin" "$@" >/dev/null
}

build_all() {
    need g++ clang++:clang valgrind python3
    header wslay/wslay.h || install_packages libwslay-dev
    header zlib.h || install_packages zlib1g-dev
    # the default package of Debian 12 is too old for C++20
    header boost/beast.hpp ||
        install_packages "$(apt-cache show libboost1.81-dev >/dev/null 2>&1 && echo libboost1.81-dev || echo libboost-dev)"

    # uWebSockets' headers come inside this crate; only its sources are needed, so it is vendored
    # (downloaded and unpacked), not built as a dependency
    UWS_SRC="$src/uws/vendor/libuwebsockets-sys-0.0.10/uWebSockets/src"
    if [ ! -f "$UWS_SRC/WebSocketProtocol.h" ]; then
        say "downloading uWebSockets"
        mkdir -p "$src/uws/src"
        cat >"$src/uws/Cargo.toml" <<'END'
[workspace]
[package]
name = "dl"
version = "0.0.0"
edition = "2021"
[dependencies]
libuwebsockets-sys = "=0.0.10"
END
        : >"$src/uws/src/lib.rs"
        (cd "$src/uws" && cargo vendor -q --versioned-dirs vendor >/dev/null)
    fi
    UWS_SRC="$(cd "$UWS_SRC" && pwd)"
    export UWS_SRC
    say "building every peer"
    cargo build --release
}

floor() {
    say "building the floor and our own peer"
    cargo build --release --no-default-features
    unset WSBENCH_CELLS WSBENCH_PEERS
    set -- floor --at-most "$at_most"
    if have valgrind; then
        say "counting instructions"
        callgrind floor
        set -- "$@" --callgrind "$dumps"
    else
        say "valgrind is not installed: INSTRUCTIONS ARE NOT COUNTED"
    fi
    # Other load on the machine can spoil one attempt; each is a process of its own, with another memory layout.
    retries=0
    while :; do
        say "measuring time, attempt $((retries + 1))"
        status=0
        "$bin" "$@" || status=$?
        [ $status -eq 1 ] && [ $retries -lt 3 ] || exit $status
        retries=$((retries + 1))
        say "above the accepted ratio: again (retry $retries of 3)"
    done
}

[ "$what" != floor ] || floor

mkdir -p "$out"
[ "$what" = report ] || build_all
[ "$what" != build ] || exit 0
if is time; then
    say "measuring time"
    "$bin" time >"$out/time.tsv.new"
    mv "$out/time.tsv.new" "$out/time.tsv"
fi
if is mem; then
    say "measuring memory"
    "$bin" memory >"$out/mem.tsv.new"
    mv "$out/mem.tsv.new" "$out/mem.tsv"
fi
if is instr; then
    say "counting instructions"
    callgrind callgrind
fi
python3 report.py "$out" "$dumps" >"$out/tables.md"
say "wrote $out/tables.md"
if [ "$out" = results ]; then
    python3 plot.py results ../../docs/bench-decode.svg
    say "wrote docs/bench-decode.svg"
else
    cat "$out/tables.md"
fi
