//! The reason for the early end of a run.

use std::path::Path;

use taper::callbacks::early_stopping;
use taper::events::Summary;
use taper::experiment::TrainConfig;
use taper::run::RunFolder;

use crate::number::with_separators;

/// Why the run ended before its last epoch, and how to resume it; nothing if all epochs are done.
pub fn stopped(summary: &Summary, folder: &Path, train: &TrainConfig) -> Option<String> {
    let (step, resume) = (with_separators(summary.steps), RunFolder::resume_command(folder));
    let (how, more) = match (summary.reason.as_str(), train.max_minutes) {
        ("epochs", _) => return None,
        ("max_minutes", Some(1.0)) => ("stopped after 1 minute".to_owned(), ""),
        ("max_minutes", Some(minutes)) => (format!("stopped after {minutes} minutes"), ""),
        ("max_steps", _) => ("stopped by train.max_steps".to_owned(), " --set train.max_steps=N"),
        (early_stopping::NAME, _) => ("stopped early".to_owned(), " --set early_stopping.patience=N"),
        (reason, _) => (format!("stopped ({reason})"), ""),
    };
    let all = summary.all_steps.map_or_else(String::new, |all| format!(" of {}", with_separators(all)));
    Some(format!("{how} at step {step}{all}; resume with: {resume}{more}"))
}
