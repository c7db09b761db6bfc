//! Proofs that a run cannot be lost and that no input brings taper down, in three tiers.
//!
//! `cargo test` runs the fast tier; `just trust` and `just trust-release` run the same tests more often,
//! on a release build, and write what they counted to a report (`tier`).
//!
//! What belongs where:
//! - `child`: not tests: the program under watch: whether it ends, and its memory.
//! - `damage`: a damaged checkpoint is noticed, and the one before it is used.
//! - `data_files`: damaged and hostile data sets and inputs.
//! - `lone_weights`: hostile weights files, which no manifest guards.
//! - `special`: not tests: pipes, devices and links in the place of files.
//! - `tier`: not tests: how often, and what is reported.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "what was counted is shown")]

mod child;
mod damage;
mod data_files;
mod lone_weights;
mod special;
mod tier;
#[path = "../it/workspace.rs"]
mod workspace;
