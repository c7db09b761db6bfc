//! Proofs that a run cannot be lost and that no input crashes taper, in three tiers.
//!
//! `cargo test` runs the fast tier; `just trust` and `just trust-release` run the same tests more often, on a
//! release build, and write their counts to a report (`tier`).
//!
//! Contents:
//! - `authority`: not tests: certificates, and clients that trust them.
//! - `bad_configs`: invalid configs are explained, quickly and cheaply.
//! - `batch_sizes`: predictions and metrics do not depend on the batch size.
//! - `child`: not tests: runs the program with limits on its time and memory.
//! - `client`: not tests: a server, and connections to it.
//! - `corpora`: the inputs of the fuzz targets (`fuzz/`), replayed.
//! - `damage`: a damaged checkpoint is detected, and the previous one is used.
//! - `data_files`: damaged and hostile data sets and inputs.
//! - `differences`: not tests: comparison of gradients.
//! - `environment`: folders, names, locales, streams and limits around a run.
//! - `every_step`: a run resumes from any of its steps.
//! - `formats`: checkpoints of every past format.
//! - `full_disk`: full disks, and partial writes.
//! - `gradients`: every layer, activation, loss and network against central differences in f64.
//! - `kills`: runs that are killed at random moments.
//! - `live`: not tests: layers in f64 that compute their distance from kinks.
//! - `lone_weights`: hostile weights files without a manifest.
//! - `machines`: the same weights with every instruction set, and as written down.
//! - `memory`: a long run needs no more memory than a short one.
//! - `networks`: not tests: random layers and networks of every kind.
//! - `not_finite`: NaN and infinity anywhere stop a run within the step; nothing good is lost.
//! - `planted`: each of these proofs catches the faults that it is meant for.
//! - `poison`: not tests: an engine with a non-finite value at one step.
//! - `races`: two trainings in one folder; reading a run in progress.
//! - `random_configs`: random configs are written, read, mutated and trained.
//! - `recipes`: twelve runs with everything that training remembers, killed at random moments.
//! - `same_bits`: fresh processes give the same bits.
//! - `saves`: a save that is killed or fails at each of its system calls, and the order of its writes.
//! - `serving`: a server under load: right bits, swaps and signals lose nothing.
//! - `signals`: runs that are stopped by signals.
//! - `special`: not tests: pipes, devices and links in place of files.
//! - `subject`: not tests: runs to be stopped, and their comparison.
//! - `tier`: not tests: the number of repetitions, and the report.
//! - `trace`: not tests: system calls, and what a power failure would leave.
//! - `walkthrough`: the examples in CONTRIBUTING.md can be followed.
#![forbid(unsafe_code)]
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "counts are printed")]

#[cfg(feature = "serve")]
#[path = "../it/serve/authority.rs"]
mod authority;
mod bad_configs;
mod batch_sizes;
mod child;
#[cfg(feature = "serve")]
#[path = "../it/serve/client.rs"]
mod client;
mod corpora;
mod damage;
mod data_files;
mod differences;
mod environment;
mod every_step;
mod formats;
mod full_disk;
mod gradients;
mod kills;
mod live;
mod lone_weights;
mod machines;
mod memory;
mod networks;
mod not_finite;
mod planted;
mod poison;
mod races;
mod random_configs;
mod recipes;
mod same_bits;
mod saves;
#[cfg(feature = "serve")]
mod serving;
mod signals;
mod special;
mod subject;
mod tier;
mod trace;
mod walkthrough;
#[path = "../it/workspace.rs"]
mod workspace;
