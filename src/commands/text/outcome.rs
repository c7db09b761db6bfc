//! What came of a run, in a few lines.

use taper::Outcome;
use taper::events::{BestEpoch, Summary};

/// Test metrics, where the run is, and what to do next.
pub fn outcome(Outcome { summary, folder, .. }: &Outcome) -> String {
    let mut lines = Vec::new();
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
    lines.push(format!("saved  {}", folder.display()));
    lines.push(format!("next   taper eval --checkpoint {}", folder.display()));
    lines.join("\n")
}

/// What the best epoch came to where there is nothing to test on.
fn validated(summary: &Summary, best: &BestEpoch) -> String {
    let split = best.metric.split('.').next().unwrap_or_default();
    let what = measured(summary, split).unwrap_or_default();
    format!("best   {split}  {what}  (epoch {} of {})", best.epoch, summary.epochs)
}

/// Loss and accuracy or error on `split`.
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
