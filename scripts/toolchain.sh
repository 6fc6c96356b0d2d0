#!/usr/bin/env bash
# The toolchains of guests that are not written in Rust.
#
#   scripts/toolchain.sh LANGUAGE [COMMAND...]
#
# Makes sure that the toolchain of a language is there and runs a command with its tools on the PATH; without a command
# it only installs. Versions are pinned; what is downloaded is kept in the user's cache, never in the checkout. Where
# something can neither be found nor installed, it says what to do and fails.
set -euo pipefail

cache=${XDG_CACHE_HOME:-$HOME/.cache}/wasmill/languages

say() { echo "languages: $*" >&2; }
fail() {
    say "$@"
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Runs the rest with an exclusive lock: tests ask from several processes at once.
locked() {
    mkdir -p "$cache"
    exec 9>"$cache/$1.lock"
    flock 9
}

# ---- Go: any from 1.24 on, which is the first that exports functions by name ----

go_is_new_enough() {
    local version
    version=$("$1" env GOVERSION 2>/dev/null) || return 1
    [[ $version =~ ^go1\.([0-9]+) ]] && [ "${BASH_REMATCH[1]}" -ge 24 ]
}

language_go() {
    local go
    for go in "$(command -v go || true)" /usr/local/go/bin/go /usr/lib/go-1.*/bin/go; do
        if [ -x "$go" ] && go_is_new_enough "$go"; then
            export PATH=${go%/*}:$PATH
            return 0
        fi
    done
    # An older Go fetches a newer one by itself, from 1.21 on.
    export GOTOOLCHAIN=go1.26.8
    if command -v go >/dev/null && go_is_new_enough go; then return 0; fi
    fail "Go 1.24 or newer is missing; install it from https://go.dev/dl or from your distribution"
}

# ---- C: clang 19 with a C library for wasm32-wasi, from Debian 12 or newer ----

c_packages=(clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32)

has_c() {
    command -v clang-19 && command -v wasm-ld-19 && [ -e /usr/include/wasm32-wasi/stdlib.h ] &&
        compgen -G '/usr/lib/llvm-19/lib/clang/*/lib/wasi/libclang_rt.builtins-wasm32.a'
} >/dev/null

language_c() {
    if has_c; then return 0; fi
    locked c
    if has_c; then return 0; fi
    command -v apt-get >/dev/null || fail "clang 19 with wasi-libc is missing; on Debian: apt-get install ${c_packages[*]}"
    say "installs ${c_packages[*]}"
    as_root apt-get -qq update >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${c_packages[@]}" >/dev/null
    has_c || fail "clang 19 with wasi-libc could not be installed: apt-get install ${c_packages[*]}"
    exec 9>&-
}

# ---- Zig: the one from the Python package index ----

zig_version=0.17.0

language_zig() {
    local folder=$cache/zig-$zig_version
    if [ ! -x "$folder/ziglang/zig" ]; then
        locked zig
        if [ ! -x "$folder/ziglang/zig" ]; then
            say "downloads Zig $zig_version"
            rm -rf "$folder.new"
            python3 -m pip install --quiet --disable-pip-version-check --no-deps --target "$folder.new" \
                "ziglang==$zig_version" >&2 || fail "Zig $zig_version is missing and pip could not fetch it (pip install ziglang)"
            rm -rf "$folder"
            mv "$folder.new" "$folder"
        fi
        exec 9>&-
    fi
    export PATH=$folder/ziglang:$PATH ZIG_GLOBAL_CACHE_DIR=$cache/zig-build
}

[ $# -ge 1 ] || fail "which language? go, c or zig"
declare -F "language_$1" >/dev/null || fail "there is no language $1 here; there are go, c and zig"
"language_$1"
shift
if [ $# -gt 0 ]; then exec "$@"; fi
