//! Proofs that a run cannot be lost and that no input brings taper down, in three tiers.
//!
//! `cargo test` runs the fast tier; `just trust` and `just trust-release` run the same tests more often,
//! on a release build, and write what they counted to a report (`tier`).
//!
//! What belongs where:
//! - `corpora`: the inputs of the fuzz targets (`fuzz/`), replayed.
//! - `tier`: not tests: how often, and what is reported.
#![forbid(unsafe_code)]
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "what was counted is shown")]

mod corpora;
mod tier;
#[path = "../it/workspace.rs"]
mod workspace;
