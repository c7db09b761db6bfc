# Recipes for people who work on taper; CI runs `.ci/run`.

# The checks that CI makes, without CUDA and licences: run before each commit.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo clippy --no-default-features --lib --examples -- -D warnings
    cargo clippy --lib --bins -- -D warnings
    cargo clippy --no-default-features --lib -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items
    RUSTDOCFLAGS="-D warnings" cargo doc --no-default-features --no-deps --lib
    cargo test --workspace

# Rewrite what is generated and snapshotted, after a change that is meant; read the diff.
bless:
    TAPER_BLESS=1 cargo test --test it generated
    INSTA_UPDATE=always cargo test --test it config_errors

# Each fuzz target for so many inputs; `fuzz/README.md` says more.
fuzz target="all" executions="1000000":
    fuzz/run.sh {{target}} {{executions}}

# The unsafe code's unit tests under Miri.
miri:
    .ci/miri

# What is built into the program, as CycloneDX.
sbom:
    .ci/sbom > taper.cdx.json

# Two release builds in two places give the same bytes.
reproducible:
    .ci/reproducible

# Make the PyTorch and scikit-learn goldens again.
golden:
    python3 -m venv target/golden-venv
    target/golden-venv/bin/pip install --quiet -r tests/golden/requirements.txt
    target/golden-venv/bin/python tests/golden/make.py

# A training step of every config; benches/README.md lists the other measurements.
bench:
    cargo bench --bench step

# The proofs that no run is lost, half an hour's worth on two cores; `cargo test` runs their fast tier.
trust:
    tests/trust/run.sh nightly target/trust/nightly.jsonl

# The same with the figures that docs/trust claims: an hour and a half on two cores, then the fuzzers.
trust-release:
    tests/trust/run.sh release docs/trust/$(date -u +%F).jsonl
    fuzz/run.sh all 20000000 >>docs/trust/$(date -u +%F).jsonl
    python3 docs/trust/table.py docs/trust/$(date -u +%F).jsonl

# One of the proofs with its full figures: `just prove kills`.
prove name:
    TAPER_TRUST=release TAPER_REQUIRE_STRACE=1 cargo test --release --no-default-features --features cli --test trust {{name}} -- --nocapture
