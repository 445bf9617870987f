#!/usr/bin/env bash
# Runs Prism, which checks requests and answers against an OpenAPI description.
#
#   prism.sh check                      is it there?
#   prism.sh install                    puts it into $BURSAR_TOOLS (default target/tools)
#   prism.sh mock SPEC PORT             plays the bank the description tells of
#   prism.sh proxy SPEC UPSTREAM PORT   judges what passes between us and a bank
#
# $BURSAR_PRISM names another executable. Prints "Prism is listening" when it is ready (seconds to a minute).
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
tools=${BURSAR_TOOLS:-$root/target/tools}
version=5.14.2

find_prism() {
  if [ -n "${BURSAR_PRISM:-}" ]; then echo "$BURSAR_PRISM"
  elif [ -x "$tools/node_modules/.bin/prism" ]; then echo "$tools/node_modules/.bin/prism"
  else command -v prism
  fi
}

case "${1:-}" in
  check)
    find_prism >/dev/null || { echo "prism is not installed: run tests/servers/prism.sh install" >&2; exit 3; }
    ;;
  install)
    find_prism >/dev/null 2>&1 && exit 0
    command -v npm >/dev/null || { echo "npm is not installed" >&2; exit 3; }
    mkdir -p "$tools"
    cd "$tools"
    [ -f package.json ] || echo '{"private":true}' >package.json
    npm install --no-audit --no-fund --silent "@stoplight/prism-cli@$version"
    ;;
  # Without --errors a mock lists a request's flaws in the header sl-violations and answers as described.
  mock) exec "$(find_prism)" mock -h 127.0.0.1 -p "$3" "$2" ;;
  # With --errors a forbidden request never reaches the bank, and a forbidden answer becomes a 500.
  proxy) exec "$(find_prism)" proxy "$2" "$3" -h 127.0.0.1 -p "$4" --errors ;;
  *) sed -n 's/^# \{0,1\}//p' "$0" | sed -n 2,8p >&2; exit 2 ;;
esac
