#!/usr/bin/env bash
# Apache Kafka on loopback, one node, for tests and for trying things out.
#
#   scripts/kafka-server.sh [--until-eof] PORT [DIRECTORY]
#
# Fetches the server with Maven into the user's cache the first time, checks it, and then becomes it: whoever started this
# ends it by its process id. With --until-eof it also ends when its standard input does, so it never outlives a program
# that holds the other end. PORT 0 takes a free port. What it stores is in DIRECTORY, so that it can be started there again;
# without one in a temporary directory. Prints `listening on 127.0.0.1:PORT` when it answers; its log is DIRECTORY/log.
set -euo pipefail
shopt -s inherit_errexit

version=4.1.0
# Of the list of the digests of all jars.
digest=defd8523665b9074bf5486e51fe91862ce7d7b704147ee109ec8d845548c7da9
cache=${XDG_CACHE_HOME:-$HOME/.cache}/wasmill/kafka
home=$cache/kafka-$version

say() { echo "kafka-server: $*" >&2; }
fail() {
    say "$@"
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Makes sure that a command is there; on Debian its package is installed.
needs() {
    local command=$1 package=$2
    if command -v "$command" >/dev/null; then return 0; fi
    command -v apt-get >/dev/null || fail "$command is missing; on Debian: apt-get install $package"
    say "installs $package"
    as_root apt-get -qq update >&2 &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$package" >/dev/null ||
        fail "$package could not be installed: apt-get install $package"
    command -v "$command" >/dev/null || fail "$command is missing; on Debian: apt-get install $package"
}

fetch() {
    local folder
    needs mvn maven
    folder=$(mktemp -d "$cache/fetch-XXXXXX")
    cat >"$folder/pom.xml" <<END
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>wasmill</groupId><artifactId>kafka-server</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
END
    (cd "$folder" && mvn -q -B dependency:copy-dependencies -DoutputDirectory=libs >&2) ||
        fail "Apache Kafka $version could not be fetched by mvn; see its message above (a mirror is set in ~/.m2/settings.xml)"
    [ "$(cd "$folder/libs" && sha256sum -- *.jar | LC_ALL=C sort -k2 | sha256sum | cut -d' ' -f1)" = "$digest" ] ||
        fail "what mvn fetched for Apache Kafka $version is not what this script was written for; look into $folder/libs"
    rm -rf "$home"
    mv "$folder/libs" "$home"
    rm -rf "$folder"
}

# Tests ask from several processes at once.
install() {
    needs java openjdk-17-jre-headless
    if [ -d "$home" ]; then return 0; fi
    mkdir -p "$cache"
    exec 9>"$cache/lock"
    flock 9
    if [ ! -d "$home" ]; then
        say "fetches Apache Kafka $version"
        fetch
    fi
    exec 9>&-
}

is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() {
    local port
    while port=$((20000 + RANDOM % 12000)); is_taken "$port"; do :; done
    echo "$port"
}

until_eof=no
if [ "${1:-}" = --until-eof ]; then
    until_eof=yes
    shift
fi
[ $# -ge 1 ] || fail "which port?"
port=$1
directory=${2:-$(mktemp -d)}
install
[ "$port" -ne 0 ] || port=$(free_port)
mkdir -p "$directory"
options=(-Xmx512m -Xms128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=info -cp "$home/*")

if [ ! -e "$directory/server.properties" ]; then
    controller=$(free_port)
    cat >"$directory/server.properties" <<END
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:$controller
log.dirs=$directory/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=4
log.cleaner.enable=false
END
    id=$(java "${options[@]}" kafka.tools.StorageTool random-uuid 2>/dev/null)
    java "${options[@]}" kafka.tools.StorageTool format --standalone -t "$id" -c "$directory/server.properties" \
        >"$directory/log" 2>&1 || { cat "$directory/log" >&2; fail "the storage could not be formatted"; }
fi

: >"$directory/log"
(
    until grep -q "Kafka Server started" "$directory/log"; do
        kill -0 $$ 2>/dev/null || { tail -n 20 "$directory/log" >&2; exit 1; }
        sleep 0.05
    done
    echo "listening on 127.0.0.1:$port"
) </dev/null &
if [ "$until_eof" = yes ]; then
    exec 8<&0
    (
        cat <&8 >/dev/null
        kill -KILL $$ 2>/dev/null
    ) >/dev/null 2>&1 &
    exec 8<&-
fi
exec java "${options[@]}" kafka.Kafka "$directory/server.properties" </dev/null >"$directory/log" 2>&1
