#!/usr/bin/env bash
# Tries the page of `taper serve` in Chromium: draws digits, drops an image, fills in forms, by mouse, touch and keyboard.
#
#   tests/browser/run.sh [FOLDER]     screenshots go to FOLDER, by default target/browser
#
# Needs Node and npm, and Chromium (Debian: nodejs npm chromium). TAPER names a program built before; else cargo builds it.
set -euo pipefail
cd "$(dirname "$0")/../.."

shots=$(realpath -m "${1:-target/browser}")
mkdir -p "$shots"
if [ -z "${TAPER:-}" ]; then
  cargo build --locked --release
  TAPER=${CARGO_TARGET_DIR:-target}/release/taper
fi
TAPER=$(realpath "$TAPER")
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser)}
export TAPER CHROMIUM

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp tests/browser/*.mjs tests/browser/package*.json "$work"
(cd "$work" && npm ci --silent --no-audit --no-fund)
node "$work/page.mjs" "$work" "$shots"
