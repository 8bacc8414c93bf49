#!/bin/sh
# Says last, where it is read, which tests had nothing to test here.
set -eu
cd "$(dirname "$0")/.."

clients=crates/emulate/tests/clients
untested() {
  test -e "$1" || echo "not tested: $2; $1 is missing" >&2
}

untested "$clients/node_modules/jsforce" "the emulator of Salesforce with jsforce"
untested "$clients/node_modules/@hubspot/api-client" "the emulator of HubSpot with its client"
untested "$clients/.venv/bin/python" "the emulator of Salesforce with simple-salesforce"
untested ../shared/data "results on real public data"
