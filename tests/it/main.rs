//! Tests of the library and the program from outside, in one binary, which links once.
//!
//! What belongs where:
//! - `architecture`: rules about the source itself: floors, registries, where unsafe and printing may be.
//! - `arrays`: what NumPy and others write, and labels of every kind: read, or refused in one line.
//! - `bench`: what `taper bench` reports, compares and refuses; never how fast it is.
//! - `by_the_clock`: checkpoints within an epoch, and run folders that vanish.
//! - `callbacks`: those of user code: their state, files, and what they may ask for.
//! - `cases`: not tests: the networks that tests of engines run.
//! - `checkpoints`: run folders and checkpoints as `eval` and a second `train` meet them.
//! - `cli`: output, exit codes, pipes, devices.
//! - `command_line`: arguments as people type them.
//! - `config_errors`: wrong configs, in snapshots.
//! - `configs`: every program in `configs/`.
//! - `contract`: what scripts rely on: gates, codes, fields of JSON, the environment.
//! - `custom_data`: data sets of user code: trained on, resumed, evaluated, and refused where they are wrong or missing.
//! - `custom_layers`: those of user code: trained, resumed, loaded, and refused where the code is missing.
//! - `data_errors`: damaged data sets as the program meets them.
//! - `endings`: what a run says of itself at its end: the epoch that it keeps, the reason, what to do next.
//! - `engines`: the fused engine against the graph engine, for every config, layer, optimizer and machine.
//! - `evaluation`: what `taper eval` shows of single samples and classes.
//! - `examples`: those in `examples/` run.
//! - `fetch`: data sets from a server that truncates, corrupts, redirects, stalls and refuses (feature `fetch`).
//! - `generated`: pages that are made from the code.
//! - `golden`: layers, losses, optimizers, a whole network and metrics against values that PyTorch and
//!   scikit-learn computed (`tests/golden/make.py`).
//! - `gradients`: every trainable parameter of every config learns.
//! - `images`: images and folders of them as people have them.
//! - `loading`: reading that is watched, and stopped by signals.
//! - `lost_logs`: a run whose logs were deleted, cut off, rotated or edited is resumed with a warning.
//! - `mnist`: the real data set, where there is one.
//! - `mnist_names`: its files as unpackers and others leave them, and with other classes.
//! - `parts`: gradients apart from updates, in parts of a batch; predictors apart from engines.
//! - `places`: where a run finds its data again, also when its project was moved or copied.
//! - `predict`: every kind of input to `taper predict`, what it refuses, and agreement with `eval`.
//! - `progress`: what is told while something is under way.
//! - `readme`: the commands, configs and links in README.md and docs/.
//! - `resume`: a stopped run goes on bit for bit.
//! - `resume_says`: from where a run is resumed, what has changed, that it is finished, which run was meant.
//! - `scaled_targets`: numbers to predict of any size, and warnings of samples that nothing scales.
//! - `schedules`: every optimizer under rates that change, against PyTorch's schedulers.
//! - `several_inputs`: many files and folders for `taper predict`, its formats and its output.
//! - `split`: validation samples and preprocessing, and configs from before they had sections.
//! - `test_split`: test samples that are set aside of a data set without any.
//! - `two_classes`: class weights for one output, and what is measured of two classes.
//! - `workspace`: not tests: the temporary folder that the others run the program in.
#![forbid(unsafe_code)]
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

mod architecture;
mod arrays;
mod bench;
mod by_the_clock;
mod callbacks;
mod cases;
mod checkpoints;
mod cli;
mod command_line;
mod config_errors;
mod configs;
mod contract;
mod custom_data;
mod custom_layers;
mod data_errors;
mod endings;
mod engines;
mod evaluation;
mod examples;
#[cfg(feature = "fetch")]
mod fetch;
mod found_classes;
mod gaps;
mod generated;
mod golden;
mod gradients;
mod images;
mod inputs_as_saved;
mod loading;
mod lost_logs;
mod mnist;
mod mnist_names;
mod parts;
mod places;
mod predict;
mod progress;
mod readme;
mod resume;
mod resume_says;
mod scaled_targets;
mod schedules;
mod several_inputs;
mod split;
mod tables;
mod tables_as_saved;
#[cfg(target_os = "linux")]
mod terminal;
mod test_split;
mod two_classes;
mod words;
mod workspace;
