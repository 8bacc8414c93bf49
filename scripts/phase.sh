#!/usr/bin/env bash
# phase.sh NAME COMMAND...: runs the command under a heading and says how long it took.
set -uo pipefail

name=$1
shift
printf '\n== %s\n' "$name"
SECONDS=0
"$@"
status=$?
if [ "$status" -eq 0 ]; then verdict="done"; else verdict=FAILED; fi
printf '== %s: %s in %d min %02d s\n' "$name" "$verdict" $((SECONDS / 60)) $((SECONDS % 60))
exit "$status"
