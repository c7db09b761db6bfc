//! Proofs that a run cannot be lost and that no input brings taper down, in three tiers.
//!
//! `cargo test` runs the fast tier; `just trust` and `just trust-release` run the same tests more often,
//! on a release build, and write what they counted to a report (`tier`).
//!
//! What belongs where:
//! - `batch_sizes`: predictions and measurements do not depend on how many samples go together.
//! - `differences`: not tests: the check of gradients.
//! - `gradients`: every layer, activation, loss and network against central differences in f64.
//! - `live`: not tests: layers in f64 that know their kinks.
//! - `networks`: not tests: random layers and networks of every kind.
//! - `not_finite`: NaN and infinity anywhere stop a run within the step; nothing good is lost.
//! - `poison`: not tests: an engine that meets such a value.
//! - `tier`: not tests: how often, and what is reported.
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "what was counted is shown")]

mod batch_sizes;
mod differences;
mod gradients;
mod live;
mod networks;
mod not_finite;
mod poison;
mod tier;
#[path = "../it/workspace.rs"]
mod workspace;
