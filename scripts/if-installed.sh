#!/bin/sh
# if-installed.sh PROGRAM COMMAND...: runs the command where the program exists, else says so.
set -eu

program=$1
shift
if command -v "$program" >/dev/null 2>&1; then
  exec "$(dirname "$0")/phase.sh" "$program" "$@"
fi
echo "not checked: $program is not installed (cargo install --locked $program)"
