# Recipes for people who work on taper. `.ci/run` holds the checks: `just ci` is what CI runs.

# What to run before each commit: the checks of CI that need nothing but Rust.
check:
    .ci/run format lints docs tests

# All that CI checks; what is missing on this machine (MNIST, strace, Valgrind, CUDA) is skipped, and named.
ci:
    .ci/run

# Update generated pages and snapshots after an intended change; then read the diff.
bless:
    TAPER_BLESS=1 cargo test --test it generated
    INSTA_UPDATE=always cargo test --test it config_errors

# N inputs for each fuzz target, or one; see fuzz/README.md.
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

# Make the reference values of PyTorch and scikit-learn again.
golden:
    python3 -m venv target/golden-venv
    target/golden-venv/bin/pip install --quiet -r tests/golden/requirements.txt
    target/golden-venv/bin/python tests/golden/make.py
    target/golden-venv/bin/python tests/golden/make_parameters.py
    target/golden-venv/bin/python tests/golden/make_torch_weights.py

# Draw docs/terminal.svg again; TAPER_DATA_DIR holds MNIST.
picture:
    cargo build --release
    python3 docs/terminal.py

# What people install without a compiler: a tarball and a wheel in dist/, each tried in an empty place.
dist:
    .ci/dist

# The unit, the manifests, the dashboard, the alerts and the image of docs/deploy, tried with the programs that read them.
deploy:
    .ci/run deploy

# The library and the program compile for other systems (Zig and mingw compile their C code).
systems:
    .ci/run systems

# The tests of a build for aarch64 under qemu: hours on two cores.
emulated:
    .ci/run emulated

# The page of `taper serve` in Chromium; screenshots in target/browser.
browser:
    .ci/run browser

# Clients of other servers, and 10,000 made-up requests, against `taper serve`.
clients:
    .ci/run clients

# A training step of every config; benches/README.md lists the other measurements.
bench:
    cargo bench --bench step

# The nightly tier of the proofs, half an hour on two cores; `cargo test` runs the fast tier.
trust:
    tests/trust/run.sh nightly target/trust/nightly.jsonl

# The tier whose figures docs/trust claims: an hour and a half on two cores, then the fuzzers.
trust-release:
    tests/trust/run.sh release docs/trust/$(date -u +%F).jsonl
    fuzz/run.sh all 20000000 >>docs/trust/$(date -u +%F).jsonl
    python3 docs/trust/table.py docs/trust/$(date -u +%F).jsonl

# One of the proofs with its full figures: `just prove kills`.
prove name:
    TAPER_TRUST=release TAPER_REQUIRE_STRACE=1 cargo test --release --no-default-features --features cli,serve --test trust {{name}} -- --nocapture
