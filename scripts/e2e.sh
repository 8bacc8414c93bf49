#!/usr/bin/env bash
# e2e.sh WINSIGHT: serves a small demo company with the given binary and looks at it in a browser.
set -euo pipefail

winsight=$(realpath "$1")
cd "$(dirname "$0")/.."
screenshots=$PWD/target/e2e
home=$(mktemp -d)
mkdir -p "$screenshots"

server=
stop() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; fi
  rm -rf "$home"
}
trap stop EXIT

in_the_demo() { "$winsight" --home "$home/state" --as-of 2026-06-30 "$@"; }

in_the_demo --json demo --no-serve --deals 5000 --seed 7 >"$home/demo.json"
node -e '
  const { alerts, metrics, planted, dashboard } = JSON.parse(fs.readFileSync(process.argv[1], "utf8"));
  console.log(`${metrics[0].deals} closed deals, ${planted.length} incidents planted, ${alerts.length} alerts open`);
  if (!alerts.length || !planted.length || dashboard !== null) process.exit(1);
' "$home/demo.json"

# Port 0 lets the system choose; the server says which it got.
mkfifo "$home/log"
"$winsight" --home "$home/state" --as-of 2026-06-30 serve --listen 127.0.0.1:0 >"$home/log" 2>&1 &
server=$!
exec 3<"$home/log"
url=
while [ -z "$url" ] && read -r -t 60 line <&3; do
  echo "$line"
  if [[ $line =~ 127\.0\.0\.1:[1-9][0-9]+ ]]; then url=http://${BASH_REMATCH[0]}; fi
done
if [ -z "$url" ]; then
  echo "the server stopped, or did not say within a minute where it listens" >&2
  exit 1
fi
cat <&3 &

PLAYWRIGHT_CHROMIUM=$(scripts/chromium-path.sh)
export PLAYWRIGHT_CHROMIUM
npm --prefix web run --silent e2e -- "$url" "$screenshots"
echo "screenshots: $screenshots"
