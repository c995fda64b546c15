# What the scripts of ci/ share. Each begins with it: . "$(dirname "$0")/lib/common.sh"
#
# They run in the repository's root, and stop if something fails. A script's first comment is its usage.
#
#   $cache    where what is downloaded is kept between runs: $SANSOCKET_CACHE, target/ci unless set
#   $CARGO_TARGET_DIR    where all packages build, so that what they share is built once: target unless set
#   $work     a folder that exists until the script ends

# shellcheck disable=SC2034 # variables for the scripts
set -euo pipefail
self=$(cd "$(dirname "$0")" && pwd)/${0##*/}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
mkdir -p "${SANSOCKET_CACHE:-target/ci}"
cache=$(cd "${SANSOCKET_CACHE:-target/ci}" && pwd)
mkdir -p "${CARGO_TARGET_DIR:=target}"
CARGO_TARGET_DIR=$(cd "$CARGO_TARGET_DIR" && pwd)
export CARGO_TARGET_DIR
work=$(mktemp -d)
children=()
trap 'kill "${children[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# fail_with LOG MESSAGE: shows the end of the log, too.
fail_with() {
    tail -n 40 "$1" >&2
    fail "$2"
}

usage() {
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$self" >&2
    exit 2
}

# need PROGRAM[:PACKAGE,...]...: installs Debian's packages, which are called as the program unless named, if a program is missing and
# that is possible.
need() {
    local one program packages
    for one in "$@"; do
        program=${one%%:*} packages=${one#*:}
        ! command -v "$program" >/dev/null || continue
        install_packages "${packages//,/ }"
        command -v "$program" >/dev/null || fail "$program is missing, although ${packages//,/ } is installed"
    done
}

install_packages() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || fail "$* is missing; on Debian: apt-get install $*"
    mkdir -p "$cache/apt/partial"
    # Two scripts may want something at once. Nothing that apt starts keeps the lock.
    {
        flock 9
        apt_install "$@" 9>&-
    } 9>"$cache/apt.lock"
}

apt_install() {
    # Lock::Timeout does not cover the lists that `update` locks.
    local tries=0
    until apt-get update -q >"$cache/apt.log" 2>&1; do
        grep -q "Could not get lock" "$cache/apt.log" && [ $((tries += 1)) -lt 10 ] || fail_with "$cache/apt.log" "apt-get update has failed"
        sleep 6
    done
    # shellcheck disable=SC2048,SC2086 # a list
    DEBIAN_FRONTEND=noninteractive apt-get -o "Dir::Cache::archives=$cache/apt" -o DPkg::Lock::Timeout=300 \
        install -y --no-install-recommends $* >>"$cache/apt.log" 2>&1 || fail_with "$cache/apt.log" "cannot install $*"
}

# Clang's sanitizers are a package of their own, which clang only recommends.
need_sanitizers() {
    echo 'int main(void) { return 0; }' | clang -fsanitize=address,undefined -x c - -o /dev/null 2>/dev/null ||
        install_packages "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev"
}

# The loops that ffi-examples runs in: `make loops`.
need_loops() {
    local header
    for header in uv.h:libuv1-dev asio.hpp:libasio-dev mbedtls/ssl.h:libmbedtls-dev openssl/ssl.h:libssl-dev; do
        [ -e "/usr/include/${header%:*}" ] || install_packages "${header#*:}"
    done
}

# need_python PACKAGE VERSION: sets $python to one that has this package.
need_python() {
    python=$cache/python/bin/python
    ! "$python" -c "import importlib.metadata as m; assert m.version('$1') == '$2'" 2>/dev/null || return 0
    echo "installing Python's $1 $2"
    need python3
    python3 -c 'import ensurepip' 2>/dev/null || install_packages python3-venv
    { [ -x "$python" ] || python3 -m venv "$cache/python"; } >"$cache/python.log" 2>&1 &&
        "$cache/python/bin/pip" install "$1==$2" >>"$cache/python.log" 2>&1 || fail_with "$cache/python.log" "cannot install $1"
}

need_websockets() {
    need_python websockets 17.4
}

# Lets Node find `ws`, and `playwright-core`, which drives a browser.
need_node_modules() {
    need node:nodejs npm
    export NODE_PATH=$cache/node/node_modules
    [ ! -d "$NODE_PATH/ws" ] || [ ! -d "$NODE_PATH/playwright-core" ] || return 0
    echo "installing Node's ws and playwright-core"
    npm install --silent --no-fund --no-audit --prefix "$cache/node" ws@8 playwright-core@1 >/dev/null || fail "npm cannot install them"
}

# A port that is free at this moment.
free_port() {
    python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])'
}

# start COMMAND...: starts a server that prints where it listens, alone or as 127.0.0.1:PORT, and sets $port to that.
start() {
    : >"$work/server"
    "$@" >"$work/server" 2>&1 &
    server=$!
    children+=("$server")
    for _ in {1..100}; do
        port=$(sed -nE 's/^(.*127\.0\.0\.1:)?([0-9]+).*/\2/p;T;q' "$work/server")
        [ -z "$port" ] || return 0
        sleep 0.1
    done
    fail_with "$work/server" "$1 did not say where it listens"
}

# stop: ends that server, and fails if it has already ended. Returns its exit status.
stop() {
    kill "$server" 2>/dev/null || fail_with "$work/server" "the server has ended"
    wait "$server"
}

# build_in NAME: a folder of its own for what cargo builds, so that two builds do not wait for each other.
build_in() {
    CARGO_TARGET_DIR+=/$1
}

# example NAME: builds an example and sets $program to it.
example() {
    cargo build --quiet --release --example "$1"
    program=$CARGO_TARGET_DIR/release/examples/$1
}

# std_examples: builds those of adapters/std, and puts them where $examples says: they have the names of others.
std_examples() {
    examples=$CARGO_TARGET_DIR/std
    cargo build --quiet --release --locked --manifest-path adapters/std/Cargo.toml --features deflate --example client --example echo_server
    mkdir -p "$examples"
    cp "$CARGO_TARGET_DIR/release/examples/"{client,echo_server} "$examples/"
}

# c_example NAME: the same in C.
c_example() {
    make --no-print-directory --quiet -C ffi-examples "build/$1"
    program=$PWD/ffi-examples/build/$1
}

# c_functions [NAME...]: the functions of these headers, of sansocket.h unless others are named.
c_functions() {
    local name
    for name in "${@:-sansocket}"; do
        sed -n 's/^[a-z].* \**\(sansocket_[a-z0-9_]*\)(.*/\1/p' "include/$name.h"
    done
}

# Lets the compiler take unstable options: nightly if it is installed.
allow_unstable() {
    if command -v rustup >/dev/null && rustup toolchain list | grep -q '^nightly'; then
        export RUSTUP_TOOLCHAIN=nightly
    else
        export RUSTC_BOOTSTRAP=1
    fi
    host=$(rustc -vV | sed -n 's/^host: //p')
}

# capi_library TARGET LEVEL FEATURE...: builds the static C library, for `host` or another machine, and sets $library to it. Bare metal
# has no shared libraries. A folder for each level, so that they do not overwrite each other.
capi_library() {
    local cargo=(cross_cargo "$1") folder=$1/
    [ "$1" != host ] || cargo=(cargo) folder=
    CARGO_PROFILE_RELEASE_OPT_LEVEL=$2 "${cargo[@]}" rustc --quiet --release --manifest-path capi/Cargo.toml --features "${*:3}" \
        --crate-type staticlib --target-dir "$CARGO_TARGET_DIR/$2"
    library=$CARGO_TARGET_DIR/$2/${folder}release/libsansocket.a
}

# cross_cargo TARGET COMMAND ARGUMENT...: cargo for another machine. A subshell, because the second way changes the environment.
cross_cargo() (
    target=$1 command=$2
    shift 2
    if has_target "$target"; then
        cargo "$command" --target "$target" "$@"
        return
    fi
    # There is no standard library for the target: Debian's compiler comes with its source.
    [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] && [ -e "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library" ] ||
        install_packages rustc-web cargo-web rust-web-src
    std=("-Zbuild-std=core,alloc" -Zbuild-std-features=compiler-builtins-mem)
    case $target in
    thumb*)
        need arm-none-eabi-ld:binutils-arm-none-eabi
        linker=CARGO_TARGET_$(tr a-z- A-Z_ <<<"$target")
        export "${linker}_LINKER=arm-none-eabi-ld" "${linker}_RUSTFLAGS=-Clinker-flavor=ld"
        ;;
    *-linux-*) std=(-Zbuild-std) ;;
    esac
    unset RUSTUP_TOOLCHAIN
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 /usr/bin/cargo "$command" --target "$target" "${std[@]}" "$@"
)

has_target() {
    if command -v rustup >/dev/null; then
        rustup target list --installed | grep -qx "$1" || rustup target add "$1" >/dev/null 2>&1
    else
        # A toolchain without rustup may have the target all the same.
        compgen -G "$(rustc --print sysroot 2>/dev/null)/lib/rustlib/$1/lib/libcore-*.rlib" >/dev/null
    fi
}

# A Cortex-M4, for Rust and for QEMU, which a time limit ends even if the script is killed without its trap.
thumb=thumbv7em-none-eabihf
qemu_arm=(qemu-system-arm -M mps2-an386 -nographic)

# thumb_ld ARGUMENT...: links for a Cortex-M4.
thumb_ld() {
    local lld
    if ! command -v arm-none-eabi-ld >/dev/null && lld=$(compgen -G "$(rustc --print sysroot)/lib/rustlib/*/bin/rust-lld"); then
        "$lld" -flavor gnu "$@"
    else
        need arm-none-eabi-ld:binutils-arm-none-eabi
        arm-none-eabi-ld "$@"
    fi
}
