# What every script here may need. Sourced by scripts in the folder above, under `set -euo pipefail`.
#
#   fail MESSAGE                      ends the script
#   need PROGRAM DEBIAN_PACKAGE...    installs the packages where the program is missing and that is possible
#   $cache                            where what is downloaded is kept between runs: $SANSOCKET_CACHE, target/ci unless set

cache=${SANSOCKET_CACHE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/target/ci}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

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
    install_packages "$@" || fail "$program is missing; on Debian: apt-get install $*"
    command -v "$program" >/dev/null || fail "$program is missing, although $* is installed"
}

install_packages() {
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        return 1
    fi
    mkdir -p "$cache/apt/partial"
    apt-get update -q >"$cache/apt.log" 2>&1 &&
        DEBIAN_FRONTEND=noninteractive apt-get -o "Dir::Cache::archives=$cache/apt" -o DPkg::Lock::Timeout=300 \
            install -y --no-install-recommends "$@" >>"$cache/apt.log" 2>&1 ||
        { tail -n 5 "$cache/apt.log" >&2 && return 1; }
}
