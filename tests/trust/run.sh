#!/usr/bin/env bash
# The proofs of tests/trust in a tier, with a report: `tests/trust/run.sh nightly|release REPORT.jsonl`.
# The first line of the report says when, where and of which commit; the others are what was counted.
set -euo pipefail
cd "$(dirname "$0")/../.."
tier=$1
report=$(realpath -m "$2")
mkdir -p "$(dirname "$report")"

cpu=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)
commit=$(git rev-parse --short HEAD)$(git diff --quiet HEAD || echo " with changes")
printf '{"date":"%s","cpu":"%s","cores":%s,"system":"%s","rust":"%s","commit":"%s"}\n' \
  "$(date -u +%F)" "$cpu" "$(nproc)" "$(uname -sr)" "$(rustc --version | cut -d' ' -f2)" "$commit" >"$report"

export TAPER_TRUST=$tier TAPER_TRUST_REPORT=$report TAPER_REQUIRE_STRACE=1 RUST_BACKTRACE=0
# More tests at a time than cores: most of them wait for a disk or a clock.
cargo test --locked --release --no-default-features --features cli,serve --test trust -- --test-threads 4
