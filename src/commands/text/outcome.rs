//! What came of a run, in a few lines.

use taper::Outcome;
use taper::events::Summary;

/// Test metrics, where the run is, and what to do next.
pub fn outcome(Outcome { summary, folder, .. }: &Outcome) -> String {
    let mut lines = Vec::new();
    let of = |name: &str| summary.metrics.get(&format!("test.{name}"));
    if let (Some(epoch), Some(loss)) = (summary.test_epoch, of("loss")) {
        let rest = match (of("accuracy"), of("rmse")) {
            (Some(accuracy), _) => format!("  accuracy {accuracy:.4}"),
            (_, Some(rmse)) => format!("  rmse {rmse:.6}"),
            _ => String::new(),
        };
        lines.push(format!("test   loss {loss:.4}{rest}  ({})", which(summary, epoch)));
    }
    lines.push(format!("saved  {}", folder.display()));
    lines.push(format!("next   taper eval --checkpoint {}", folder.display()));
    lines.join("\n")
}

/// Which weights were tested.
fn which(summary: &Summary, epoch: u64) -> String {
    let best = summary.best.as_ref().is_some_and(|best| best.epoch == epoch);
    if best { format!("best epoch, {epoch}") } else { "last weights".to_owned() }
}
