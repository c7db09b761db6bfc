#!/usr/bin/env bash
# Builds the fuzz targets with the stable compiler and runs them one after the other:
#
#   fuzz/run.sh [TARGET|all] [EXECUTIONS]
#
# Each prints a JSON line: what was run, how fast, what it covers, and whether anything crashed; with
# TAPER_TRUST_REPORT the line is added to that file as well. The exit code is 1 if anything crashed.
#
#   FUZZ_CORPUS   where corpora grow (default fuzz/target/corpus); those in fuzz/corpus are read too
#   FUZZ_SECONDS  the longest time for one target (default 0: no limit)
#   FUZZ_BUILT=1  the programs are built already
set -euo pipefail
cd "$(dirname "$0")"
wanted=${1:-all}
executions=${2:-100000}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
corpora=${FUZZ_CORPUS:-$CARGO_TARGET_DIR/corpus}

if [ -z "${FUZZ_BUILT:-}" ]; then
  RUSTC_WRAPPER=$PWD/instrument cargo build --locked --release >&2
fi

# Beyond these lengths inputs say nothing new.
longest() {
  case $1 in
    cifar10) echo 6200 ;;
    card | config_json | config_toml) echo 1024 ;;
    serve_request) echo 1024 ;;
    *) echo 512 ;;
  esac
}

failed=0
run() {
  local name=$1 corpus=$corpora/$1 artifacts=$CARGO_TARGET_DIR/artifacts/$1 log rc=0
  local dictionary=dictionaries/$name.dict
  mkdir -p "$corpus" "$artifacts"
  log=$(mktemp)
  local options=(-runs="$executions" -max_total_time="${FUZZ_SECONDS:-0}" -timeout=5 -rss_limit_mb=512)
  options+=(-max_len="$(longest "$name")" -artifact_prefix="$artifacts/" -print_final_stats=1)
  [ ! -f "$dictionary" ] || options+=(-dict="$dictionary")
  [ ! -d "regressions/$name" ] || options+=("regressions/$name")
  "$CARGO_TARGET_DIR/release/$name" "${options[0]}" "$corpus" "corpus/$name" "${options[@]:1}" >"$log" 2>&1 || rc=$?
  python3 - "$name" "$log" "$corpus" "$rc" <<'PYTHON'
import json, os, re, sys
name, log, corpus, code = sys.argv[1:]
text = open(log, errors="replace").read()
def last(pattern):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0
executions = last(r"number_of_executed_units:\s+(\d+)")
seconds = last(r"Done \d+ runs in (\d+) second")
figures = {
    "target": name, "executions": executions, "seconds": seconds,
    "executions_per_second": last(r"average_exec_per_sec:\s+(\d+)"),
    "coverage": last(r"cov: (\d+)"), "features": last(r"ft: (\d+)"),
    "corpus": len(os.listdir(corpus)), "slowest_unit_seconds": last(r"slowest_unit_time_sec:\s+(\d+)"),
    "peak_rss_mb": last(r"peak_rss_mb:\s+(\d+)"), "crashes": 0 if code == "0" else 1,
}
line = json.dumps({"claim": "fuzz", "figures": figures})
print(line, flush=True)
report = os.environ.get("TAPER_TRUST_REPORT")
if report:
    with open(report, "a") as file:
        file.write(line + "\n")
PYTHON
  if [ "$rc" != 0 ]; then
    failed=1
    tail -40 "$log" >&2
  fi
  rm -f "$log"
}

for program in fuzz_targets/*.rs; do
  name=$(basename "$program" .rs)
  if [ "$wanted" = all ] || [ "$wanted" = "$name" ]; then run "$name"; fi
done
exit "$failed"
