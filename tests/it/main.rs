//! Tests of the library and the program from outside, in one binary, which links once.
//!
//! Contents:
//! - `architecture`: rules about the source code: layers, registries, where unsafe code and printing are
//!   allowed.
//! - `arrays`: NumPy and IDX files and labels of every kind: read, or refused in one line.
//! - `bench`: reports, comparisons and refusals of `taper bench`, regardless of speed.
//! - `by_the_clock`: checkpoints by the clock, and run folders that disappear.
//! - `callbacks`: callbacks of user code: state, files and requests.
//! - `cases`: not tests: the networks for tests of the engines.
//! - `checkpoints`: run folders and checkpoints as used by `eval` and a second `train`.
//! - `cli`: output, exit codes, pipes, devices.
//! - `command_line`: arguments as people type them.
//! - `config_errors`: wrong configs, in snapshots.
//! - `configs`: every config in `configs/`.
//! - `contract`: the interface for scripts: gates, exit codes, JSON fields, the environment.
//! - `custom_data`: data sets of user code: trained on, resumed, evaluated, and refused if invalid or
//!   missing.
//! - `custom_layers`: layers of user code: trained, resumed, loaded, and refused if the code is missing.
//! - `data_errors`: errors of the program about damaged data sets.
//! - `endings`: output at the end of a run: the kept epoch, the reason, the next command.
//! - `engines`: the fused engine compared with the graph engine, for every config, layer, optimizer and
//!   instruction set.
//! - `evaluation`: output of `taper eval` about single samples and classes.
//! - `examples`: the programs in `examples/` run.
//! - `fetch`: data sets from a server that truncates, corrupts, redirects, stalls and refuses (feature `fetch`).
//! - `generated`: documentation that is generated from the code.
//! - `golden`: layers, losses, optimizers, a whole network and metrics, compared with PyTorch and
//!   scikit-learn (`tests/golden/make.py`).
//! - `gradients`: every trainable parameter of every config has a gradient.
//! - `images`: images and image folders in all common forms.
//! - `loading`: progress of loading, and stopping it by signals.
//! - `init_from`: initial weights from runs and from PyTorch, and fine-tuning.
//! - `lost_logs`: a run whose logs were deleted, cut off, rotated or edited resumes with a warning.
//! - `mnist`: the real data set, if it is available.
//! - `mnist_names`: MNIST files under the names that unpackers and others leave, and with other classes.
//! - `parameters`: options of single parameters: PyTorch's values, both engines, frozen layers, runs.
//! - `parts`: gradients without updates, in parts of a batch; predictors without engines.
//! - `places`: a run finds its data again, even when its project was moved or copied.
//! - `predict`: every kind of input to `taper predict`, refusals, and agreement with `eval`.
//! - `progress`: output while something is in progress.
//! - `readme`: the commands, configs and links in README.md and docs/.
//! - `requested_metrics`: metrics that `taper eval` always measures, and a run where its config names them.
//! - `resume`: a stopped run resumes bit for bit.
//! - `resume_says`: output when a run resumes: where, what has changed, that it is finished, which run was
//!   meant.
//! - `scaled_targets`: numbers to predict of any size, and warnings about unscaled samples.
//! - `schedules`: every optimizer with changing learning rates, compared with PyTorch's schedulers.
//! - `several_inputs`: multiple files and folders for `taper predict`, its formats and its output.
//! - `split`: validation samples and preprocessing, and configs older than these sections.
//! - `test_split`: test samples held out from a data set without test samples.
//! - `two_classes`: class weights for one output, and metrics of two classes.
//! - `workspace`: not tests: the temporary folder in which the other tests run the program.
#![forbid(unsafe_code)]
#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

mod architecture;
mod arrays;
mod augmentation;
mod averages;
mod bench;
mod by_the_clock;
mod callbacks;
mod cases;
mod checkpoints;
mod cli;
mod clip;
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
mod folds;
mod found_classes;
mod gaps;
mod generated;
mod golden;
mod gradients;
mod images;
mod init_from;
mod inputs_as_saved;
mod large_folders;
mod learning_rates;
mod loading;
mod lost_logs;
mod mnist;
mod mnist_names;
mod parameters;
mod parts;
mod places;
mod plateau;
mod predict;
mod progress;
mod readme;
mod requested_metrics;
mod resume;
mod resume_says;
mod scaled_targets;
mod schedules;
#[cfg(feature = "serve")]
mod serve;
mod several_inputs;
mod split;
mod tables;
mod tables_as_saved;
#[cfg(target_os = "linux")]
mod terminal;
mod test_split;
mod two_classes;
mod views;
mod words;
mod workspace;
