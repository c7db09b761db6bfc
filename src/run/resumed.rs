//! Messages about a run that is resumed, or has nothing left to do.

use std::path::Path;

use super::changes::{Change, all_changes, first_change};
use super::config_with;
use super::outcome::Outcome;
use super::stopped::Stopped;
use crate::checkpoint::{BEST, Checkpoint, State};
use crate::error::Result;
use crate::events::Summary;
use crate::experiment::Experiment;
use crate::position::Position;
use crate::schedule;

/// Describes where the run in `folder` resumes, and how its config differs from that of `checkpoint`; `samples` is the number of
/// training samples.
///
/// # Errors
/// If the checkpoint's config cannot be used.
pub fn whence(
    folder: &Path,
    checkpoint: Option<&Checkpoint>,
    now: &Experiment,
    samples: u64,
) -> Result<String> {
    let folder = folder.display();
    let Some((checkpoint, state)) = checkpoint.and_then(|found| Some((found, found.state.as_ref()?))) else {
        return Ok(format!("resuming {folder} from the beginning: it has no checkpoint yet"));
    };
    let Position { step, epoch, samples_in_epoch, .. } = state.position;
    let epoch = epoch + u64::from(samples_in_epoch > 0);
    let before = config_with(checkpoint, now)?;
    let changes = all_changes(&before, now);
    let mut changes: Vec<String> = changes.iter().map(Change::to_arrow).collect();
    let [rate, planned] = [now, &before].map(|config| config.schedule(config.course(samples)).rate(step));
    if now.schedule != schedule::Config::default() && rate != planned {
        // A schedule can depend on the length of the run.
        changes.push(format!("learning rate of step {} {planned:.3e} -> {rate:.3e}", step + 1));
    }
    let changed =
        if changes.is_empty() { String::new() } else { format!("; changed: {}", changes.join(", ")) };
    Ok(format!("resuming {folder} at epoch {epoch}, step {step}{changed}"))
}

/// Drops a best checkpoint that was chosen by another metric than `monitor`; returns a message.
pub fn drop_other_best(state: &mut State, monitor: Option<&str>) -> Option<String> {
    let best = state.best().filter(|best| Some(best.metric.as_str()) != monitor)?;
    state.callbacks.remove(BEST);
    let now = match monitor {
        Some(monitor) => format!("the monitored metric is now `{monitor}`"),
        None => "no metric is monitored now".to_owned(),
    };
    Some(format!(
        "{now}: discarding the best epoch by `{}` so far ({} in epoch {})",
        best.metric, best.value, best.epoch
    ))
}

/// The outcome of the run that was `stopped`, if nothing is left to do according to `now`.
///
/// # Errors
/// If the checkpoint's config cannot be used.
pub fn finished(stopped: &Stopped, now: &Experiment) -> Result<Option<Outcome>> {
    let Some((checkpoint, state)) =
        stopped.checkpoint.as_ref().and_then(|found| Some((found, found.state.as_ref()?)))
    else {
        return Ok(None);
    };
    let Position { step, epoch, samples_in_epoch, .. } = state.position;
    let default = now.monitor(now.may_validate());
    let stopped_early = now.early_stopping.as_ref().is_some_and(|own| {
        let metric = own.monitor.as_ref().or(default.as_ref());
        metric.is_some_and(|metric| own.has_stopped(&state.callbacks, metric))
    });
    let is_done =
        stopped_early || epoch >= now.train.epochs || now.train.max_steps.is_some_and(|most| step >= most);
    // A run that was killed before it logged its end, or is waiting for validation, is resumed.
    let summary = Summary::read(stopped.folder.path()).ok();
    let is_told =
        |summary: &Summary| summary.steps == step && summary.epochs == epoch && summary.reason != "signal";
    let Some(summary) = summary.filter(|summary| is_done && is_told(summary)) else { return Ok(None) };
    let before = config_with(checkpoint, now)?;
    // Forbidden changes are refused later, when the data is loaded.
    let is_other = first_change(&before, now).is_some()
        || before.data != now.data
        || before.optimizer.name() != now.optimizer.name();
    if is_other {
        return Ok(None);
    }
    let (done, key) = if epoch >= now.train.epochs && samples_in_epoch == 0 {
        (format!("{epoch} of {} epochs", now.train.epochs), "train.epochs")
    } else if stopped_early {
        (format!("stopped early after {epoch} epochs"), "early_stopping.patience")
    } else {
        (format!("{step} of {} steps", now.train.max_steps.unwrap_or(step)), "train.max_steps")
    };
    Ok(Some(Outcome::finished(stopped.folder.path(), summary, &now.gate, (done, key))))
}
