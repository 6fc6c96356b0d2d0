#!/usr/bin/env bash
# The toolchains of guests that are not written in Rust.
#
#   scripts/languages.sh LANGUAGE [COMMAND...]
#
# Makes sure that the toolchain of a language is there and runs a command with its tools on the PATH; without a command
# it only installs. Versions are pinned; what is downloaded is kept in the user's cache, never in the checkout. Where
# something can neither be found nor installed, it says what to do and fails.
#
# LANGUAGE is go, c, zig, python or javascript (for TypeScript too). The last two have commands of their own:
#   build JOB [-o OUT]    builds the component of a job, once for each content of the sources; prints its path
#   test [FOLDER]         runs the tests of the SDK, or of a folder that uses it
set -euo pipefail
shopt -s inherit_errexit

root=$(cd "$(dirname "$0")/.." && pwd)

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

# ---- What Python and JavaScript share: things that are made once for each content ----

# A short hash of files and folders, with their names below the root of the repository.
hash_of() {
    (cd "$root" && find -L "$@" -type f \
        -not -path '*/node_modules/*' -not -path '*/dist/*' -not -path '*/__pycache__/*' -not -name '*.wasm' -print0 |
        LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16)
}

# Runs a command unless what it makes is there. One process does it at a time; what it leaves behind is complete.
# make_once RESULT COMMAND...: the command makes RESULT.part.
make_once() {
    local result=$1
    shift
    mkdir -p "${result%/*}"
    [ ! -e "$result" ] || return 0
    (
        flock 9
        if [ -e "$result" ]; then exit 0; fi
        rm -rf "$result.part"
        "$@" "$result.part" >&2
        mv "$result.part" "$result"
    ) 9>"$result.lock"
}

# Installs Debian packages, if this is Debian.
debian_packages() {
    command -v apt-get >/dev/null || return 1
    say "installs $*"
    { as_root apt-get -qq update && as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install -y --no-install-recommends "$@"; } >&2
}

# The file after -o among arguments, if there is one.
output_of() {
    while [ $# -gt 1 ]; do
        if [ "$1" = -o ]; then echo "$2"; fi
        shift
    done
}

# Builds a component once for each content of its sources and prints its path, or copies it to the one that was given.
# component SOURCES_HASH OUT COMMAND...
component() {
    local result=$cache/components/$1.wasm out=$2
    shift 2
    make_once "$result" "$@"
    if [ -n "$out" ]; then
        mkdir -p "$(dirname "$out")"
        cp "$result" "$out"
        result=$out
    fi
    echo "$result"
}

absolute() { (cd "$(dirname "$1")" && echo "$PWD/$(basename "$1")"); }

# ---- Python ----------------------------------------------------------------------------------------------------------

python_sdk=guest-sdk/python
python_sources=("$python_sdk/wasmill" "$python_sdk/requirements.txt")

python_install() {
    command -v python3 >/dev/null || debian_packages python3 || fail "Python is missing: install Python 3.11 or newer"
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "$(python3 --version) is too old: 3.11 is needed"
    python3 -c 'import venv, ensurepip' 2>/dev/null || debian_packages python3-venv ||
        fail "Python's venv is missing: install python3-venv"
    say "installs the tools for Python (componentize-py and pytest)"
    # A virtual environment knows its own path, so it is made where it stays.
    local home=${1%.part}
    rm -rf "$home.venv"
    python3 -m venv "$home.venv"
    "$home.venv/bin/pip" install -q --disable-pip-version-check -r "$root/$python_sdk/requirements.txt" ||
        fail "pip could not install $python_sdk/requirements.txt"
    echo "$home.venv" >"$1"
}

language_python() {
    local mark
    mark=$cache/python-$(hash_of "$python_sdk/requirements.txt")
    make_once "$mark" python_install
    PATH=$(cat "$mark")/bin:$PATH
    export PATH PYTHONPATH=$root/$python_sdk PYTHONDONTWRITEBYTECODE=1
}

python_compile() {
    say "builds $1 (about 20 s)"
    python -m wasmill build "$1" -o "$2"
}

python_build() {
    local job
    job=$(absolute "$1")
    component "python-$(hash_of "${python_sources[@]}" wit "$(dirname "$job")")" "$(output_of "$@")" \
        python_compile "$job"
}

python_test() {
    cd "${1:-$root/$python_sdk}"
    python -m pytest -q -p no:cacheprovider .
}

# ---- JavaScript and TypeScript ---------------------------------------------------------------------------------------

javascript_sdk=guest-sdk/javascript
javascript_parts=(bin src test package.json package-lock.json tsconfig.json)
javascript_sources=("${javascript_parts[@]/#/$javascript_sdk/}" wit)

javascript_install() {
    command -v npm >/dev/null || debian_packages nodejs npm || fail "Node.js is missing: install version 18 or newer"
    node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' ||
        fail "Node.js $(node --version) is too old: 18 is needed"
    say "installs the tools for JavaScript and compiles the SDK"
    mkdir -p "$1"
    (cd "$root/$javascript_sdk" && cp -rL "${javascript_parts[@]}" wit "$1")
    cd "$1"
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error || fail "npm could not install $javascript_sdk"
    npx --no-install tsc || fail "the SDK does not compile"
}

# The compiled SDK with its tools is in the folder $wasmill_js.
language_javascript() {
    wasmill_js=$cache/javascript-$(hash_of "${javascript_sources[@]}")
    make_once "$wasmill_js" javascript_install
    export PATH=$wasmill_js/node_modules/.bin:$PATH
}

javascript_compile() { node "$wasmill_js/bin/build.mjs" "$1" -o "$2"; }

javascript_build() {
    local job
    job=$(absolute "$1")
    component "javascript-$(hash_of "${javascript_sources[@]}" "$(dirname "$job")")" "$(output_of "$@")" \
        javascript_compile "$job"
}

# Checks the types of a folder against the SDK and runs its tests. They are compiled in a folder of their own, beside a
# link to the SDK by the name under which they import it.
javascript_test_folder() {
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    mkdir "$scratch/node_modules"
    ln -s "$wasmill_js" "$scratch/node_modules/wasmill"
    ln -s "$wasmill_js/node_modules/@types" "$scratch/node_modules/@types"
    cp "$1"/*.ts "$scratch"
    printf '{ "type": "module" }' >"$scratch/package.json"
    printf '{ "extends": "%s", "include": ["*.ts"], "compilerOptions": { "rootDir": ".", "outDir": "dist", "skipLibCheck": true } }' \
        "$wasmill_js/tsconfig.json" >"$scratch/tsconfig.json"
    cd "$scratch"
    tsc
    if compgen -G 'dist/*.test.js' >/dev/null; then node --test dist/; fi
}

javascript_test() {
    if [ $# -gt 0 ]; then
        javascript_test_folder "$(cd "$1" && pwd)"
    else
        cd "$wasmill_js" && node --test dist/test/
    fi
}

# ----

languages="go, c, zig, python and javascript"
[ $# -ge 1 ] || fail "which language? there are $languages"
declare -F "language_$1" >/dev/null || fail "there is no language $1 here; there are $languages"
language=$1
shift
"language_$language"
if [ $# -eq 0 ]; then exit 0; fi
if declare -F "${language}_$1" >/dev/null; then
    verb=$1
    shift
    "${language}_$verb" "$@"
else
    exec "$@"
fi
