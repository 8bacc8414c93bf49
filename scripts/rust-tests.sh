#!/usr/bin/env bash
# Every Rust test of the workspace; documentation examples too, where there are any.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v cargo-nextest >/dev/null; then
  exec cargo test --locked --workspace
fi
cargo nextest run --locked --workspace
if grep -rqE '^ *//[/!] ```(rust|no_run|should_panic|$)' crates/*/src; then
  cargo test --locked --workspace --doc
fi
