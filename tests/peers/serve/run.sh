#!/usr/bin/env bash
# Clients that others wrote against `taper serve`, each with its own packages from PyPI:
#
#   tests/peers/serve/run.sh [triton|kserve|ovms|openapi]...      (default: all)
#
# Needs Python 3.11. TAPER names a program built before; else cargo builds it.
set -euo pipefail
cd "$(dirname "$0")/../../.."

if [ -z "${TAPER:-}" ]; then
  cargo build --locked --release
  TAPER=${CARGO_TARGET_DIR:-target}/release/taper
fi
cache=${XDG_CACHE_HOME:-$HOME/.cache}/taper-ci/peers
declare -A scripts=([triton]=v2_triton [kserve]=v2_kserve [ovms]=tensorflow_ovms [openapi]=openapi_cases)
[ $# -gt 0 ] || set -- triton kserve ovms openapi
for client in "$@"; do
  script=${scripts[$client]:?there is no such client}
  [ -x "$cache/$client/bin/python" ] || python3 -m venv "$cache/$client"
  "$cache/$client/bin/python" -m pip install --quiet -r "tests/peers/serve/requirements-$client.txt"
  "$cache/$client/bin/python" "tests/peers/serve/$script.py" "$TAPER"
done
