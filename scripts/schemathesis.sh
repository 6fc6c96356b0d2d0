#!/usr/bin/env bash
# Schemathesis: makes requests from the OpenAPI document of a server, sensible ones and absurd ones, and complains.
#
#   scripts/schemathesis.sh ARGUMENT...
#
# Installs a pinned version in the user's cache, once, and runs it. Python 3.11 or newer is needed.
set -euo pipefail

version=4.32.5
home=${XDG_CACHE_HOME:-$HOME/.cache}/wasmill/schemathesis-$version

fail() {
    echo "schemathesis: $*" >&2
    exit 1
}

mkdir -p "${home%/*}"
exec 9>"$home.lock"
flock 9
if [ ! -e "$home/installed" ]; then
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is missing"
    python3 -c 'import venv, ensurepip' 2>/dev/null || fail "Python's venv is missing: run scripts/setup.sh"
    rm -rf "$home"
    python3 -m venv "$home"
    "$home/bin/pip" install -q --disable-pip-version-check "schemathesis==$version" ||
        fail "pip could not install schemathesis $version"
    touch "$home/installed"
fi
exec 9>&-
exec "$home/bin/schemathesis" "$@"
