//! The outcome of a run, in a few lines.

use taper::Outcome;
use taper::events::{BestEpoch, Summary};
use taper::experiment::TrainConfig;
use taper::run::RunFolder;

use super::gates::passed;
use super::stopped::stopped;

/// A message if the run was already finished.
pub fn finished(outcome: &Outcome) -> Option<String> {
    let (done, key) = outcome.finished.as_ref()?;
    let (run, resume) = (outcome.folder.display(), RunFolder::resume_command(&outcome.folder));
    Some(format!("{run} is already finished: {done}; to train longer: {resume} --set {key}=N"))
}

/// The reason for an early end, if any, and the test metrics; unless `brief`, also the run folder and the next
/// command.
pub fn outcome(Outcome { summary, folder, .. }: &Outcome, train: &TrainConfig, brief: bool) -> String {
    let mut lines = Vec::new();
    lines.extend(stopped(summary, folder, train));
    match (summary.test_epoch, &summary.best) {
        (Some(epoch), _) => {
            let what = measured(summary, "test").unwrap_or_default();
            lines.push(format!("test   {what}  ({})", which(summary, epoch)));
        }
        (None, Some(best)) if summary.metrics_epoch == Some(best.epoch) => {
            lines.push(validated(summary, best));
        }
        _ => {}
    }
    lines.extend(passed(&summary.gate));
    if !brief {
        lines.push(format!("saved  {}", folder.display()));
        lines.push(format!("next   {}", RunFolder::eval_command(folder)));
    }
    lines.join("\n")
}

/// The metrics of the best epoch, for a run without a test split.
fn validated(summary: &Summary, best: &BestEpoch) -> String {
    let split = best.metric.split('.').next().unwrap_or_default();
    let what = measured(summary, split).unwrap_or_default();
    format!("best   {split}  {what}  (epoch {} of {})", best.epoch, summary.epochs)
}

/// Loss, and accuracy or RMSE, on `split`.
fn measured(summary: &Summary, split: &str) -> Option<String> {
    let of = |name: &str| summary.metrics.get(&format!("{split}.{name}"));
    let rest = match (of("accuracy"), of("rmse")) {
        (Some(accuracy), _) => format!("  accuracy {accuracy:.4}"),
        (_, Some(rmse)) => format!("  rmse {rmse:.6}"),
        _ => String::new(),
    };
    Some(format!("loss {:.4}{rest}", of("loss")?))
}

/// Which weights were tested.
fn which(summary: &Summary, epoch: u64) -> String {
    let best = summary.best.as_ref().is_some_and(|best| best.epoch == epoch);
    if best { format!("best epoch, {epoch}") } else { "last weights".to_owned() }
}
