#!/bin/sh
# Prints the events of a log from an offset on, each with its offset: read.sh DIRECTORY [OFFSET]
for segment in "$1"/*.log; do
    [ -e "$segment" ] || continue
    name=$(basename "$segment")
    first=$(echo "$name" | cut -d- -f1 | sed 's/^0*//')
    awk -v offset="${first:-0}" -v from="${2:-0}" 'offset++ >= from { print offset - 1 "\t" $0 }' "$segment"
done
