#!/usr/bin/env bash
# Adds to `corpus/` the fewest inputs of the grown corpora that reach what it does not reach yet:
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
  printf '%s: %s files, %s bytes\n' "$name" "$(find "corpus/$name" -type f | wc -l)" \
    "$(find "corpus/$name" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum + 0 }')"
done
