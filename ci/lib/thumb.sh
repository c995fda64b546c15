# Gets what bare-metal builds and runs need, and builds. Sourced by scripts in the folder above, under `set -euo pipefail`.
#
#   fail MESSAGE                      ends the script
#   need PROGRAM DEBIAN_PACKAGE...    installs the packages where the program is missing and that is possible
#   thumb_cargo TARGET ARGUMENTS...   cargo for a bare-metal target: `thumb_cargo thumbv7em-none-eabihf build --release`
#
# What is downloaded and can be kept between runs goes to $SANSOCKET_CACHE, target/ci unless set.

thumb_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
thumb_cache=${SANSOCKET_CACHE:-$thumb_root/target/ci}
mkdir -p "$thumb_cache"
thumb_cache=$(cd "$thumb_cache" && pwd)

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

need() {
    local program=$1
    shift
    if command -v "$program" >/dev/null; then
        return
    fi
    thumb_install "$@" || fail "$program is missing; on Debian: apt-get install $*"
    command -v "$program" >/dev/null || fail "$program is missing, although $* is installed"
}

thumb_install() {
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        return 1
    fi
    mkdir -p "$thumb_cache/apt/partial"
    apt-get update -q >"$thumb_cache/apt.log" 2>&1 &&
        DEBIAN_FRONTEND=noninteractive apt-get -o "Dir::Cache::archives=$thumb_cache/apt" -o DPkg::Lock::Timeout=300 \
            install -y --no-install-recommends "$@" >>"$thumb_cache/apt.log" 2>&1 ||
        { tail -n 5 "$thumb_cache/apt.log" >&2 && return 1; }
}

# A subshell, because the second way changes the environment.
thumb_cargo() (
    target=$1
    command=$2
    shift 2
    if thumb_has_target "$target"; then
        cargo "$command" --target "$target" "$@"
    else
        # No standard library for the target can be had: Debian's compiler comes with the source of its own.
        thumb_install_web_toolchain "$target"
        linker=CARGO_TARGET_$(tr a-z- A-Z_ <<<"$target")
        if [[ $target == thumb* ]]; then
            export "${linker}_LINKER=arm-none-eabi-ld" "${linker}_RUSTFLAGS=-Clinker-flavor=ld"
        fi
        unset RUSTUP_TOOLCHAIN
        RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 /usr/bin/cargo "$command" --target "$target" \
            -Zbuild-std=core,alloc -Zbuild-std-features=compiler-builtins-mem "$@"
    fi
)

thumb_has_target() {
    if command -v rustup >/dev/null; then
        rustup target list --installed | grep -qx "$1" || rustup target add "$1" >/dev/null 2>&1
    else
        # A toolchain without rustup may have the target all the same.
        compgen -G "$(rustc --print sysroot 2>/dev/null)/lib/rustlib/$1/lib/libcore-*.rlib" >/dev/null
    fi
}

thumb_install_web_toolchain() {
    if ! [ -x /usr/bin/rustc ] || ! [ -x /usr/bin/cargo ] || ! [ -e "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library" ]; then
        thumb_install rustc-web cargo-web rust-web-src ||
            fail "no standard library for $1: rustup target add $1; or on Debian: apt-get install rustc-web cargo-web rust-web-src"
    fi
    case $1 in
    thumb*) need arm-none-eabi-ld binutils-arm-none-eabi ;;
    esac
}
