//! Proofs that a run cannot be lost and that no input brings taper down, in three tiers.
//!
//! `cargo test` runs the fast tier; `just trust` and `just trust-release` run the same tests more often,
//! on a release build, and write what they counted to a report (`tier`).
//!
//! What belongs where:
//! - `bad_configs`: wrong configs are explained, quickly and cheaply.
//! - `batch_sizes`: predictions and measurements do not depend on how many samples go together.
//! - `child`: not tests: the program under watch: whether it ends, and its memory.
//! - `corpora`: the inputs of the fuzz targets (`fuzz/`), replayed.
//! - `damage`: a damaged checkpoint is noticed, and the one before it is used.
//! - `data_files`: damaged and hostile data sets and inputs.
//! - `differences`: not tests: the check of gradients.
//! - `environment`: folders, names, locales, streams and limits that a run meets.
//! - `every_step`: a run goes on from any of its steps.
//! - `formats`: checkpoints of every format that taper ever wrote.
//! - `full_disk`: disks that are full, and writes that are cut short.
//! - `gradients`: every layer, activation, loss and network against central differences in f64.
//! - `kills`: runs that are killed at random moments.
//! - `live`: not tests: layers in f64 that know their kinks.
//! - `lone_weights`: hostile weights files, which no manifest guards.
//! - `memory`: a long run needs no more memory than a short one.
//! - `networks`: not tests: random layers and networks of every kind.
//! - `not_finite`: NaN and infinity anywhere stop a run within the step; nothing good is lost.
//! - `planted`: each of these proofs catches the fault that it is for.
//! - `poison`: not tests: an engine that meets such a value.
//! - `races`: two trainings in one folder; reading a run that is being trained.
//! - `random_configs`: random configs are written, read, mutated and trained.
//! - `same_bits`: fresh processes give the same bits.
//! - `saves`: a save that is killed or fails at each of its system calls, and its order on the disk.
//! - `signals`: runs that are asked to stop.
//! - `special`: not tests: pipes, devices and links in the place of files.
//! - `subject`: not tests: the runs that are stopped, and how they are compared.
//! - `tier`: not tests: how often, and what is reported.
//! - `trace`: not tests: system calls, and what a loss of power would leave.
//! - `walkthrough`: the examples in CONTRIBUTING.md can be followed.
#![forbid(unsafe_code)]
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "what was counted is shown")]

mod bad_configs;
mod batch_sizes;
mod child;
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
mod memory;
mod networks;
mod not_finite;
mod planted;
mod poison;
mod races;
mod random_configs;
mod same_bits;
mod saves;
mod signals;
mod special;
mod subject;
mod tier;
mod trace;
mod walkthrough;
#[path = "../it/workspace.rs"]
mod workspace;
