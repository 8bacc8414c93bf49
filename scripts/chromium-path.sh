#!/bin/sh
# Prints the path of a Chromium that can be driven; fails when there is none.
set -eu
cd "$(dirname "$0")/../web"

for candidate in "${PLAYWRIGHT_CHROMIUM:-}" chromium chromium-browser google-chrome; do
  if [ -n "$candidate" ] && command -v "$candidate"; then exit 0; fi
done
# The one that Playwright keeps for itself.
path=$(node --input-type=module --eval \
  'import { chromium } from "playwright-core"; console.log(chromium.executablePath())' 2>/dev/null)
test -x "$path"
echo "$path"
