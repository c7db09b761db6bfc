//! Proofs that a run cannot be lost and that no input brings taper down, in three tiers.
//!
//! `cargo test` runs the fast tier; `just trust` and `just trust-release` run the same tests more often,
//! on a release build, and write what they counted to a report (`tier`).
//!
//! What belongs where:
//! - `bad_configs`: wrong configs are explained, quickly and cheaply.
//! - `environment`: folders, names, locales, streams and limits that a run meets.
//! - `races`: two trainings in one folder; reading a run that is being trained.
//! - `random_configs`: random configs are written, read, mutated and trained.
//! - `same_bits`: fresh processes give the same bits.
//! - `tier`: not tests: how often, and what is reported.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "what was counted is shown")]

mod bad_configs;
mod environment;
mod races;
mod random_configs;
mod same_bits;
mod tier;
#[path = "../it/workspace.rs"]
mod workspace;
