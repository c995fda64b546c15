# Builds for bare metal. Sourced by scripts in the folder above, under `set -euo pipefail`.
#
#   thumb_cargo TARGET ARGUMENTS...   cargo for a bare-metal target: `thumb_cargo thumbv7em-none-eabihf build --release`

. "$(dirname "${BASH_SOURCE[0]}")/tools.sh"

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
        install_packages rustc-web cargo-web rust-web-src ||
            fail "no standard library for $1: rustup target add $1; or on Debian: apt-get install rustc-web cargo-web rust-web-src"
    fi
    case $1 in
    thumb*) need arm-none-eabi-ld binutils-arm-none-eabi ;;
    esac
}
