#!/usr/bin/env bash
# Puts the grown corpora's inputs into `corpus/` that reach what it does not reach yet, and leaves the 20 of each
# target that differ the most:
#
#   fuzz/minimise.sh [TARGET|all]
#
# Call it after `run.sh`, with the same FUZZ_CORPUS and CARGO_TARGET_DIR.
set -euo pipefail
cd "$(dirname "$0")"
wanted=${1:-all}
programs=${CARGO_TARGET_DIR:-$PWD/target}
corpora=${FUZZ_CORPUS:-$programs/corpus}
for program in fuzz_targets/*.rs; do
  name=$(basename "$program" .rs)
  if [ "$wanted" != all ] && [ "$wanted" != "$name" ]; then continue; fi
  [ -d "$corpora/$name" ] || continue
  # By lines reached: how often and with which values would keep ten times as many.
  "$programs/release/$name" -set_cover_merge=1 -use_counters=0 -use_cmp=0 -timeout=600 -rss_limit_mb=512 \
    "corpus/$name" "$corpora/$name" >/dev/null 2>&1
  ./choose.py 20 "corpus/$name"
done
