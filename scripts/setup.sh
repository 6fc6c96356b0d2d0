#!/usr/bin/env bash
# Makes this machine able to build Wasmill, and says what it does. Silent and quick when all is there.
#
# Needed: Rust (the version of Cargo.toml) with the target wasm32-unknown-unknown for guests; a C/C++ compiler, make
# and libclang for RocksDB and its bindings, and for librdkafka; git. On Debian and Ubuntu, as root or with sudo, what is missing is
# installed; elsewhere this prints what to install and exits with 1. It never installs or changes Rust itself, except
# for adding the target.
set -euo pipefail
cd "$(dirname "$0")/.."

guest_target=wasm32-unknown-unknown

say() { echo "setup: $*"; }
fail() {
    echo "setup: $*" >&2
    exit 1
}

# True if version $1 is at least version $2; both are MAJOR.MINOR with anything behind.
at_least() {
    local major=${1%%.*} rest=${1#*.} want_major=${2%%.*} want_rest=${2#*.}
    local minor=${rest%%[!0-9]*} want_minor=${want_rest%%[!0-9]*}
    [ "$major" -gt "$want_major" ] || { [ "$major" -eq "$want_major" ] && [ "$minor" -ge "$want_minor" ]; }
}

check_rust() {
    local want have
    want=$(sed -n 's/^rust-version *= *"\(.*\)"/\1/p' Cargo.toml)
    command -v cargo >/dev/null || fail "cargo is missing; install Rust $want or newer from https://rustup.rs:
  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y && . \"\$HOME/.cargo/env\""
    have=$(rustc --version | cut -d' ' -f2)
    at_least "$have" "$want" || fail "Rust $have is too old, $want is needed; run: rustup update stable"
}

# bindgen needs the library and, beside it, clang's own headers (stddef.h).
has_libclang() {
    [ -z "${LIBCLANG_PATH:-}" ] || return 0
    local library headers
    for library in /usr/lib/llvm-*/lib/libclang{,-*}.so* /usr/lib{,64}/libclang.so* \
        /usr/lib/*-linux-gnu/libclang{,-*}.so* /opt/homebrew/opt/llvm/lib/libclang.dylib \
        /Library/Developer/CommandLineTools/usr/lib/libclang.dylib \
        /Applications/Xcode.app/Contents/Developer/Toolchains/XcodeDefault.xctoolchain/usr/lib/libclang.dylib; do
        [ -e "$library" ] || continue
        case $library in *.dylib) return 0 ;; esac
        for headers in /usr/lib/llvm-*/lib/clang/*/include /usr/lib{,64}/clang/*/include; do
            [ ! -e "$headers/stddef.h" ] || return 0
        done
    done
    return 1
}

# Prints the missing Debian packages, a line each: the package and what it is for.
missing_packages() {
    { command -v c++ && command -v cc; } >/dev/null || echo "g++ (compiles RocksDB and wasmtime's C parts)"
    command -v make >/dev/null || echo "make (runs the Makefile, builds librdkafka)"
    command -v git >/dev/null || echo "git (lists the files that the house rules are checked on)"
    has_libclang || echo "libclang-dev (bindgen reads RocksDB's C header with it)"
}

as_root() {
    echo "+ $*" >&2
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Installs the packages given as lines of `missing_packages`.
install_packages() {
    local packages=()
    while read -r line; do
        say "installs $line"
        packages+=("${line%% *}")
    done <<<"$1"
    as_root apt-get -qq update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
        "${packages[@]}" >/dev/null
}

# Says what to install where this script does not do it.
explain_packages() {
    echo "setup: missing on this machine:" >&2
    while read -r line; do echo "  $line" >&2; done <<<"$1"
    echo "Install them and run scripts/setup.sh again:" >&2
    if command -v apt-get >/dev/null; then
        echo "  as root: apt-get install g++ make git libclang-dev" >&2
    elif [ "$(uname -s)" = Darwin ]; then
        echo "  macOS: xcode-select --install      (or: brew install llvm, then" >&2
        echo "         export LIBCLANG_PATH=\"\$(brew --prefix llvm)/lib\")" >&2
    elif command -v dnf >/dev/null; then
        echo "  Fedora: dnf install gcc-c++ make git clang-devel" >&2
    elif command -v pacman >/dev/null; then
        echo "  Arch: pacman -S --needed base-devel git clang" >&2
    else
        echo "  a C and a C++ compiler, make, git, and libclang with its headers" >&2
    fi
    exit 1
}

# True if apt-get is there and may be run: as root, with sudo that asks nobody, or with sudo and someone to ask.
can_install() {
    command -v apt-get >/dev/null || return 1
    [ "$(id -u)" -ne 0 ] || return 0
    command -v sudo >/dev/null || return 1
    [ -t 0 ] || sudo -n true 2>/dev/null
}

check_packages() {
    local lines
    lines=$(missing_packages)
    [ -n "$lines" ] || return 0
    if can_install; then install_packages "$lines"; else explain_packages "$lines"; fi
    lines=$(missing_packages)
    [ -z "$lines" ] || fail "still missing after the installation: $lines"
}

check_guest_target() {
    local library
    library=$(rustc --print sysroot)/lib/rustlib/$guest_target/lib
    if compgen -G "$library/libstd*.rlib" >/dev/null; then return 0; fi
    command -v rustup >/dev/null ||
        fail "Rust's library for $guest_target is missing; install it as your Rust was installed"
    say "adds the target $guest_target to Rust (guests are built for it)"
    rustup target add "$guest_target" || fail "adding $guest_target did not work; see the message of rustup above"
}

check_rust
check_packages
check_guest_target
scripts/rocksdb.sh use
