#!/bin/sh
# prerequisites.sh rust|web|browser|bench|clients
#
# Checks what a task needs, installs npm packages and Chromium where it can, and otherwise prints
# one line for each thing that is missing, with the command that gets it.
set -eu
cd "$(dirname "$0")/.."

task=$1
missing=0

miss() {
  echo "missing: $1; get it: $2" >&2
  missing=1
}

# at_least FOUND WANTED: compares dotted versions.
at_least() {
  awk -v found="$1" -v wanted="$2" 'BEGIN {
    split(found, f, "."); n = split(wanted, w, ".")
    for (i = 1; i <= n; i++) if (f[i] + 0 != w[i] + 0) exit f[i] + 0 < w[i] + 0
  }'
}

# version PROGRAM: the first number with dots that it prints of itself; nothing when absent.
version() {
  { "$1" --version 2>/dev/null || true; } | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1
}

# package NAME_IN_APT NAME_IN_BREW: the command that installs a system package here.
package() {
  if command -v brew >/dev/null 2>&1; then echo "brew install $2"; else echo "sudo apt-get install $1"; fi
}

check_rust() {
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  found=$(version cargo)
  if [ -z "$found" ]; then
    miss "cargo $wanted or newer" "install rustup from https://rustup.rs"
  elif ! at_least "$found" "$wanted"; then
    miss "cargo $wanted or newer (found $found)" "rustup update stable"
  fi
  command -v "${CC:-cc}" >/dev/null 2>&1 || miss "a C compiler" "$(package build-essential gcc)"
}

check_node() {
  found=$(version node)
  if [ -z "$found" ]; then
    miss "Node.js 20.19 or newer" "install it from https://nodejs.org"
  elif ! at_least "$found" 20.19; then
    miss "Node.js 20.19 or newer (found $found)" "install it from https://nodejs.org"
  fi
  if command -v npm >/dev/null 2>&1; then
    install_npm_packages
  else
    miss "npm" "it comes with Node.js from https://nodejs.org"
  fi
}

# A copy of the lock file lies beside the packages it installed: equal means up to date.
install_npm_packages() {
  installed=web/node_modules/.installed-lock.json
  if cmp -s web/package-lock.json "$installed"; then return; fi
  echo "installing the dashboard's npm packages"
  if npm --prefix web ci; then
    cp web/package-lock.json "$installed"
  else
    miss "the dashboard's npm packages" "npm --prefix web ci"
  fi
}

check_chromium() {
  if scripts/chromium-path.sh >/dev/null 2>&1; then return; fi
  echo "installing Chromium for the browser tests"
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y chromium; } >&2 || true
  elif command -v npx >/dev/null 2>&1; then
    (cd web && npx playwright-core install chromium) >&2 || true
  fi
  scripts/chromium-path.sh >/dev/null 2>&1 || miss "Chromium" "$(package chromium '--cask chromium')"
}

check_python() {
  found=$(version python3)
  if [ -z "$found" ] || ! at_least "$found" 3.11; then
    miss "Python 3.11 or newer (found ${found:-none})" "$(package python3 python)"
  elif ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    miss "Python's venv module" "$(package python3-venv python)"
  fi
}

# The vendors' clients of the CRMs, which the emulators are tested with. Where they cannot be had, their
# tests say nothing.
install_clients() {
  folder=crates/emulate/tests/clients
  installed=$folder/node_modules/.installed-lock.json
  if ! cmp -s "$folder/package-lock.json" "$installed"; then
    echo "installing jsforce and HubSpot's client for tests"
    if npm --prefix "$folder" ci --silent --no-audit --no-fund; then
      cp "$folder/package-lock.json" "$installed"
    else
      echo "not tested: jsforce and @hubspot/api-client cannot be installed" >&2
    fi
  fi
  if cmp -s "$folder/requirements.txt" "$folder/.venv/installed.txt"; then return; fi
  echo "installing simple-salesforce for tests"
  if python3 -m venv "$folder/.venv" 2>/dev/null &&
    "$folder/.venv/bin/pip" --quiet install --requirement "$folder/requirements.txt"; then
    cp "$folder/requirements.txt" "$folder/.venv/installed.txt"
  else
    echo "not tested: simple-salesforce cannot be installed" >&2
    rm -rf "$folder/.venv"
  fi
}

check_rust
case $task in
  rust) ;;
  web) check_node ;;
  browser) check_node && check_chromium ;;
  bench) check_python ;;
  clients) install_clients ;;
  *) echo "unknown task $task: say rust, web, browser, bench or clients" >&2 && exit 2 ;;
esac
exit "$missing"
