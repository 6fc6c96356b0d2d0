#!/usr/bin/env bash
# Guests in other languages than Rust: installs their tools, builds components, runs the tests of their SDKs.
#
#   languages.sh LANGUAGE tools                 installs the tools, says where they are
#   languages.sh LANGUAGE build JOB [-o OUT]    builds the component of a job; prints its path
#   languages.sh LANGUAGE test [FOLDER]         runs the tests of the SDK, or of a folder that uses it
#
# LANGUAGE is python or javascript (for TypeScript too). Versions are pinned. Tools and components are kept in
# $WASMILL_LANGUAGES_CACHE (~/.cache/wasmill-languages), by a hash of what they are made of, so a second run is quick.
# What is missing on the machine and cannot be installed is told, and the exit code is 1.
set -euo pipefail
shopt -s inherit_errexit
root=$(cd "$(dirname "$0")/.." && pwd)
cache=${WASMILL_LANGUAGES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wasmill-languages}
mkdir -p "$cache"

say() { echo "languages: $*" >&2; }
fail() {
    say "$*"
    exit 1
}

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
    [ ! -e "$result" ] || return 0
    (
        flock 9
        if [ -e "$result" ]; then exit 0; fi
        rm -rf "$result.part"
        "$@" "$result.part" >&2
        mv "$result.part" "$result"
    ) 9>"$result.lock"
}

# Installs Debian packages, if this is Debian and we may.
install_packages() {
    command -v apt-get >/dev/null || return 1
    local sudo=()
    if [ "$(id -u)" -ne 0 ]; then sudo=(sudo -n); fi
    say "installs $*"
    { "${sudo[@]}" apt-get -qq update &&
        "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@"; } >&2
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
    mkdir -p "$cache/components"
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
    command -v python3 >/dev/null || install_packages python3 || fail "Python is missing: install Python 3.11 or newer"
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "$(python3 --version) is too old: 3.11 is needed"
    python3 -c 'import venv, ensurepip' 2>/dev/null || install_packages python3-venv ||
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

# Prints the folder of the virtual environment.
python_tools() {
    local mark
    mark=$cache/python-$(hash_of "$python_sdk/requirements.txt")
    make_once "$mark" python_install
    cat "$mark"
}

python_compile() {
    say "builds $2 (about 20 s)"
    PYTHONPATH=$root/$python_sdk PYTHONDONTWRITEBYTECODE=1 "$1/bin/python" -m wasmill build "$2" -o "$3"
}

python_build() {
    local job tools
    job=$(absolute "$1")
    tools=$(python_tools)
    component "python-$(hash_of "${python_sources[@]}" wit "$(dirname "$job")")" "$(output_of "$@")" \
        python_compile "$tools" "$job"
}

python_test() {
    local tools
    tools=$(python_tools)
    cd "${1:-$root/$python_sdk}"
    PYTHONPATH=$root/$python_sdk PYTHONDONTWRITEBYTECODE=1 "$tools/bin/python" -m pytest -q -p no:cacheprovider .
}

# ---- JavaScript and TypeScript ---------------------------------------------------------------------------------------

javascript_sdk=guest-sdk/javascript
javascript_parts=(bin src test package.json package-lock.json tsconfig.json)
javascript_sources=("${javascript_parts[@]/#/$javascript_sdk/}" wit)

javascript_install() {
    command -v npm >/dev/null || install_packages nodejs npm || fail "Node.js is missing: install version 18 or newer"
    node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' ||
        fail "Node.js $(node --version) is too old: 18 is needed"
    say "installs the tools for JavaScript and compiles the SDK"
    mkdir -p "$1"
    (cd "$root/$javascript_sdk" && cp -rL "${javascript_parts[@]}" wit "$1")
    cd "$1"
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error || fail "npm could not install $javascript_sdk"
    npx --no-install tsc || fail "the SDK does not compile"
}

# Prints the folder of the compiled SDK with its tools.
javascript_tools() {
    local folder
    folder=$cache/javascript-$(hash_of "${javascript_sources[@]}")
    make_once "$folder" javascript_install
    echo "$folder"
}

javascript_compile() { node "$1/bin/build.mjs" "$2" -o "$3"; }

javascript_build() {
    local job tools
    job=$(absolute "$1")
    tools=$(javascript_tools)
    component "javascript-$(hash_of "${javascript_sources[@]}" "$(dirname "$job")")" "$(output_of "$@")" \
        javascript_compile "$tools" "$job"
}

# Checks the types of a folder against the SDK and runs its tests. They are compiled in a folder of their own, beside a
# link to the SDK by the name under which they import it.
javascript_test_folder() {
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    mkdir "$scratch/node_modules"
    ln -s "$1" "$scratch/node_modules/wasmill"
    ln -s "$1/node_modules/@types" "$scratch/node_modules/@types"
    cp "$2"/*.ts "$scratch"
    printf '{ "type": "module" }' >"$scratch/package.json"
    sed -e 's/"outDir": "dist"/"outDir": "dist", "skipLibCheck": true/' -e '/"include"/d' -e 's/^  },$/  }/' \
        "$1/tsconfig.json" >"$scratch/tsconfig.json"
    cd "$scratch"
    "$1/node_modules/.bin/tsc"
    if compgen -G 'dist/*.test.js' >/dev/null; then node --test dist/; fi
}

javascript_test() {
    local tools
    tools=$(javascript_tools)
    if [ $# -gt 0 ]; then
        javascript_test_folder "$tools" "$(cd "$1" && pwd)"
    else
        cd "$tools" && node --test dist/test/
    fi
}

# ----------------------------------------------------------------------------------------------------------------------

language=${1:-} verb=${2:-}
if [ "$(type -t "${language}_$verb" || true)" != function ] || [[ $verb != @(tools|build|test) ]]; then
    sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0" >&2
    exit 2
fi
shift 2
"${language}_$verb" "$@"
