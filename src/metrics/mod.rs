//! Metrics: names, directions, and accumulators for classes and for numbers.
//!
//! Every accumulator sums over samples, not over batches, can be merged with one of other samples, and
//! serializes without loss, so that a run stopped within an epoch resumes with it.
//!
//! ```
//! use taper::data::{Target, BatchTargets};
//! use taper::metrics::Running;
//!
//! # fn main() -> taper::Result<()> {
//! let mut running = Running::new(Target::Class { classes: 2 });
//! running.add(0.5, &[2.0, -1.0, 0.0, 3.0], BatchTargets::Classes(&[0, 0]))?;
//! assert_eq!(running.values()[..2], [("loss", 0.25), ("accuracy", 0.5)]);
//! # Ok(())
//! # }
//! ```

pub mod classification;
mod confusion;
mod predicted;
mod probabilities;
mod ranking;
pub mod regression;
mod running;
mod top_k;

pub use classification::ClassCounts;
pub use confusion::{Confusion, MAX_CLASSES};
pub(crate) use predicted::predicted_class;
pub use probabilities::Probabilities;
pub(crate) use ranking::is_second;
pub use ranking::{Areas, AtThreshold, Ranking};
pub use regression::Residuals;
pub use running::Running;
pub use top_k::{TOP_K, TopK};

use crate::config::{Problems, nearest};

/// The names of the metrics of one split.
#[must_use]
pub fn names(classes: bool) -> &'static [&'static str] {
    if classes { &["loss", "accuracy", "precision", "recall", "f1"] } else { &["loss", "mae", "rmse", "r2"] }
}

/// Additional metrics for two classes, on splits that are evaluated as a whole: not on the training samples
/// during training.
pub const OF_TWO_CLASSES: [&str; 2] = ["roc_auc", "pr_auc"];

/// Additional metrics for classes, on splits that are evaluated as a whole: by `taper eval`, and by runs whose
/// config names them. `top_k_accuracy` needs more than [`TOP_K`] classes.
pub const ON_REQUEST: [&str; 4] = ["top_k_accuracy", "log_loss", "matthews", "calibration_error"];

/// Whether higher is better for the metric called `name` (with or without its split).
#[must_use]
pub fn higher_is_better(name: &str) -> bool {
    let name = name.rsplit('.').next().unwrap_or_default();
    matches!(name, "accuracy" | "precision" | "recall" | "f1" | "r2" | "top_k_accuracy" | "matthews")
        || OF_TWO_CLASSES.contains(&name)
}

/// Reports a metric that is not among `measured`.
pub(crate) fn check_name(name: &str, measured: &[String], problems: &mut Problems<'_>) {
    let measured: Vec<&str> = measured.iter().map(String::as_str).collect();
    if measured.contains(&name) {
        return;
    }
    // The requested metric may be measured on another split; of several, prefer validation.
    let metric = |name: &str| name.rsplit('.').next().map(str::to_owned);
    let elsewhere = measured.iter().rev().copied().find(|own| metric(own) == metric(name));
    let without_split = measured.iter().any(|own| own.starts_with("train.") && metric(own) == metric(name));
    let help = match elsewhere.or_else(|| nearest(name, &measured)) {
        _ if without_split && name.starts_with("validation.") => {
            "there are no validation samples; set `split.validation`, for example to 0.2".to_owned()
        }
        Some(close) if without_split && name.starts_with("test.") => {
            format!("test samples are measured once, at the end; did you mean `{close}`?")
        }
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("available: {}", measured.join(", ")),
    };
    problems.report_with_help(format!("`{name}` is not measured"), help);
}
