//! What a run reports, as lines.

use taper::events::{Epoch, Event, Metrics};

use super::number::{duration, with_separators};

/// What is trained, on what; nothing for other events.
pub fn start(event: &Event) -> String {
    let Event::Start {
        name,
        device,
        engine,
        parameters,
        train_samples,
        validation_samples,
        test_samples,
        ..
    } = event
    else {
        return String::new();
    };
    let threads = taper::threads::count();
    let threads = if device == "cpu" {
        format!(", {threads} thread{}", if threads == 1 { "" } else { "s" })
    } else {
        String::new()
    };
    format!(
        "{name}: {} parameters on {device}{threads}, engine {engine}; samples: {} train, {} validation, {} test",
        with_separators(*parameters),
        with_separators(*train_samples as u64),
        with_separators(*validation_samples as u64),
        with_separators(*test_samples as u64),
    )
}

/// All metrics, or the few that fit a terminal's line.
pub fn epoch(epoch: &Epoch, epochs: u64, few: bool) -> String {
    let split = |name: &str| -> String {
        let own = epoch
            .metrics
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(name)?.strip_prefix('.')?, value)))
            .filter(|(key, _)| !few || matches!(*key, "loss" | "accuracy" | "rmse"));
        let texts: Vec<String> = own.map(|(key, value)| format!("  {key} {value:.4}")).collect();
        texts.concat()
    };
    let validation = if has(&epoch.metrics, "validation") {
        format!("  | validation{}", split("validation"))
    } else {
        String::new()
    };
    format!(
        "epoch {:>2}/{epochs}{}{validation}  | {}, {} samples/s",
        epoch.epoch,
        split("train"),
        duration(epoch.seconds),
        with_separators(epoch.samples_per_second as u64),
    )
}

fn has(metrics: &Metrics, split: &str) -> bool {
    metrics.iter().any(|(name, _)| name.starts_with(split))
}
