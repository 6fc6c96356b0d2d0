#!/usr/bin/env bash
# Keeps the compiled RocksDB, so that its 343 C++ files are compiled once on a machine and not once a checkout.
#
#   rocksdb.sh use     if the cache has the archive: makes cargo link it, by writing .cargo/rocksdb.toml (which
#                      .cargo/config.toml includes, so that cargo by hand does what make does)
#   rocksdb.sh keep    if this checkout has compiled the archive: copies it into the cache
#   rocksdb.sh where   prints the archive's folder in the cache
#   rocksdb.sh lock    prints the version of librocksdb-sys in Cargo.lock
#
# The folder's name has the version of librocksdb-sys in Cargo.lock, the features of Cargo.toml and the platform, so an
# archive of another version is never used. Linking the kept archive also in the checkout that made it is what keeps
# RocksDB from being compiled again whenever cargo sees other features somewhere below it, as it does for one crate's
# tests. ROCKSDB_LIB_DIR in the environment beats all of this.
set -euo pipefail
cd "$(dirname "$0")/.."

link=.cargo/rocksdb.toml

version() { awk '/^name = "librocksdb-sys"$/ { getline; gsub(/"/, "", $3); print $3; exit }' Cargo.lock; }

features() { sed -n 's/^rocksdb = .*features = \[\([^]]*\)\].*/\1/p' Cargo.toml | tr -d '" ' | tr ',' '_'; }

platform() { rustc -vV | sed -n 's/^host: //p'; }

where() { echo "${XDG_CACHE_HOME:-$HOME/.cache}/wasmill/rocksdb-$(version)-$(features)-$(platform)"; }

# Prints the newest archive of the locked version that a finished build in this checkout has made, if there is one.
own_archive() {
    local output folder
    # shellcheck disable=SC2012 # cargo makes these names
    ls -t "${CARGO_TARGET_DIR:-target}"/release/build/librocksdb-sys-*/output 2>/dev/null | while read -r output; do
        folder=$(dirname "$output")
        if [ -s "$folder/out/librocksdb.a" ] && grep -qF "/librocksdb-sys-$(version)" "$output"; then
            echo "$folder/out/librocksdb.a"
            break
        fi
    done
}

use() {
    local folder wanted
    folder=$(where)
    if [ ! -s "$folder/librocksdb.a" ]; then
        rm -f "$link"
        return 0
    fi
    wanted="# Written by scripts/rocksdb.sh: the RocksDB that an earlier build has compiled.
[env]
ROCKSDB_LIB_DIR = \"$folder\"
ROCKSDB_STATIC = \"1\""
    if [ ! -e "$link" ] || [ "$(cat "$link")" != "$wanted" ]; then
        echo "setup: RocksDB is taken from $folder"
        echo "$wanted" >"$link.new"
        mv "$link.new" "$link"
    fi
}

keep() {
    local archive folder
    archive=$(own_archive)
    folder=$(where)
    if [ -z "$archive" ] || [ -s "$folder/librocksdb.a" ]; then return 0; fi
    mkdir -p "$folder"
    # Copied under another name and then renamed: a build that starts now sees all of it or nothing.
    cp "$archive" "$folder/librocksdb.a.$$"
    mv "$folder/librocksdb.a.$$" "$folder/librocksdb.a"
    echo "build: keeps the compiled RocksDB in $folder for other checkouts"
}

case ${1:-} in
use) use ;;
keep) keep ;;
where) where ;;
lock) version ;;
*)
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
