#!/usr/bin/env bash
# A server of S3 on loopback, for tests and for trying things out.
#
#   scripts/s3-server.sh PORT [BUCKET...]      a server that writes conditionally: moto, from the Python package index
#   scripts/s3-server.sh --careless PORT       one that ignores the conditions of writes: s3rver, from npm
#
# Installs the server into the user's cache the first time and then becomes it: whoever started this ends it by its
# process id. What it stores is gone with it. It takes any access key; the careless one takes S3RVER with the secret key S3RVER. PORT 0 takes a free port.
# Prints `listening on http://127.0.0.1:PORT` when it answers and the buckets are there.
set -euo pipefail
shopt -s inherit_errexit

moto_version=5.2.5
s3rver_version=3.7.1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/wasmill/s3

fail() {
    echo "s3-server: $*" >&2
    exit 1
}

# Installs into a folder of its own, once: tests ask from several processes at once.
once() {
    local folder=$1
    shift
    if [ -e "$folder/installed" ]; then return 0; fi
    mkdir -p "$cache"
    exec 9>"$folder.lock"
    flock 9
    if [ ! -e "$folder/installed" ]; then
        echo "s3-server: installs $*" >&2
        rm -rf "$folder"
        "$@" "$folder" >&2 || fail "$* failed"
        touch "$folder/installed"
    fi
    exec 9>&-
}

install_moto() {
    python3 -m venv "$1" || fail "python3 with venv is missing; on Debian: apt-get install python3-venv"
    "$1/bin/pip" install --quiet --disable-pip-version-check "moto[s3,server]==$moto_version"
}

install_s3rver() {
    command -v npm >/dev/null || fail "npm is missing; on Debian: apt-get install npm"
    npm install --silent --no-audit --no-fund --prefix "$1" "s3rver@$s3rver_version"
}

careless=no
if [ "${1:-}" = --careless ]; then
    careless=yes
    shift
fi
[ $# -ge 1 ] || fail "which port?"
port=$1
shift

if [ "$careless" = yes ]; then
    once "$cache/s3rver-$s3rver_version" install_s3rver
    folder=$(mktemp -d)
    exec node - "$cache/s3rver-$s3rver_version" "$folder" "$port" "$@" <<'END'
const [base, directory, port, ...buckets] = process.argv.slice(2);
const S3rver = require(`${base}/node_modules/s3rver`);
const configureBuckets = buckets.map((name) => ({ name }));
const server = new S3rver({ address: "127.0.0.1", port: Number(port), directory, silent: true, configureBuckets });
server.run().then((at) => console.log(`listening on http://127.0.0.1:${at.port}`));
process.on("exit", () => require("fs").rmSync(directory, { recursive: true, force: true }));
END
fi

once "$cache/moto-$moto_version" install_moto
exec "$cache/moto-$moto_version/bin/python" - "$port" "$@" <<'END'
import logging, sys
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

WSGIRequestHandler.protocol_version = "HTTP/1.1"
logging.getLogger("werkzeug").setLevel(logging.ERROR)
application = DomainDispatcherApplication(create_backend_app)
server = make_server("127.0.0.1", int(sys.argv[1]), application, threaded=True)

import moto.s3.models as models
from moto.core import DEFAULT_ACCOUNT_ID

backend = models.s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
for bucket in sys.argv[2:]:
    backend.create_bucket(bucket, "us-east-1")
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
END
