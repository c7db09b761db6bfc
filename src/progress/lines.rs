//! Events of a run as lines of text.

use taper::events::{Epoch, Event, Metrics};

use crate::number::{duration, rate, with_separators};
use crate::terminal;

/// The line for a start event: the network, the machine and the samples; empty for other events. Two lines if one
/// would not fit the `width`.
pub fn start(event: &Event, width: Option<usize>) -> String {
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
    let what =
        format!("{name}: {} parameters on {device}{threads}, engine {engine};", with_separators(*parameters));
    let [train, validation, test] =
        [train_samples, validation_samples, test_samples].map(|&samples| with_separators(samples as u64));
    let samples = format!("samples: {train} train, {validation} validation, {test} test");
    let fits = width.is_none_or(|width| what.chars().count() + 1 + samples.len() <= width);
    if fits {
        return format!("{what} {samples}");
    }
    let lines = format!("{}\n  {samples}", what.trim_end_matches(';'));
    width.map_or(lines.clone(), |width| terminal::wrapped(&lines, width))
}

/// The metrics of an epoch that are shown if not all fit.
const FEW: &[&str] = &["loss", "accuracy", "rmse"];

/// The line for an epoch, with all metrics or as many as fit the `width`: drops the speed, then the time, then
/// the training metrics.
pub fn epoch(epoch: &Epoch, epochs: u64, width: Option<usize>) -> String {
    let number = format!("epoch {:>width$}/{epochs}", epoch.epoch, width = epochs.to_string().len().max(2));
    let values = |split: &str, shown: Option<&[&str]>| -> String {
        let own = epoch
            .metrics
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(split)?.strip_prefix('.')?, value)));
        let own = own.filter(|(key, _)| shown.is_none_or(|shown| shown.contains(key)));
        let texts: Vec<String> = own.map(|(key, value)| format!("  {key} {value:.4}")).collect();
        texts.concat()
    };
    let line = |train: Option<&[&str]>, validation: Option<&[&str]>, title: &str, end: &str| {
        let validation = if has(&epoch.metrics, "validation") {
            format!("  | {title}{}", values("validation", validation))
        } else {
            String::new()
        };
        format!("{number}{}{validation}{end}", values("train", train))
    };
    let time = format!("  | {}", duration(epoch.seconds));
    let speed = format!("{time}, {}", rate(epoch.samples_per_second));
    let Some(width) = width else { return line(None, None, "validation", &speed) };
    let (few, loss, none) = (Some(FEW), Some(&FEW[..1]), Some(&FEW[..0]));
    let forms = [
        line(few, few, "validation", &speed),
        line(few, few, "validation", &time),
        line(few, few, "validation", ""),
        line(few, few, "val", ""),
        line(loss, few, "val", ""),
        line(none, few, "val", ""),
        line(none, loss, "val", ""),
    ];
    let fits = |form: &String| form.chars().count() <= width;
    forms.into_iter().find(fits).unwrap_or_else(|| number.chars().take(width).collect())
}

fn has(metrics: &Metrics, split: &str) -> bool {
    metrics.iter().any(|(name, _)| name.starts_with(split))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(metrics: &[(&str, f64)]) -> Epoch {
        let metrics = metrics.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        let (learning_rate, seconds, samples_per_second) = (0.001, 11.634, 4128.4);
        Epoch { epoch: 9, step: 3, metrics: Metrics(metrics), learning_rate, seconds, samples_per_second }
    }

    #[test]
    fn an_epoch_shows_as_much_as_fits() {
        let classes = of(&[
            ("train.loss", 0.0352),
            ("train.accuracy", 0.9884),
            ("train.f1", 0.9),
            ("validation.loss", 0.0474),
            ("validation.accuracy", 0.9869),
            ("validation.f1", 0.9),
        ]);
        for (width, line) in [
            (
                120,
                "epoch  9/10  loss 0.0352  accuracy 0.9884  | validation  loss 0.0474  accuracy 0.9869  | 11.63 s, 4,128 samples/s",
            ),
            (
                100,
                "epoch  9/10  loss 0.0352  accuracy 0.9884  | validation  loss 0.0474  accuracy 0.9869  | 11.63 s",
            ),
            (90, "epoch  9/10  loss 0.0352  accuracy 0.9884  | validation  loss 0.0474  accuracy 0.9869"),
            (80, "epoch  9/10  loss 0.0352  accuracy 0.9884  | val  loss 0.0474  accuracy 0.9869"),
            (65, "epoch  9/10  loss 0.0352  | val  loss 0.0474  accuracy 0.9869"),
            (50, "epoch  9/10  | val  loss 0.0474  accuracy 0.9869"),
            (40, "epoch  9/10  | val  loss 0.0474"),
            (10, "epoch  9/1"),
        ] {
            assert_eq!(epoch(&classes, 10, Some(width)), line);
            assert!(line.len() <= width);
        }
        assert!(epoch(&classes, 10, None).contains("f1"));
        let numbers = of(&[("train.loss", 3274.0), ("train.rmse", 57.2)]);
        assert_eq!(
            epoch(&numbers, 1000, Some(60)),
            "epoch    9/1000  loss 3274.0000  rmse 57.2000  | 11.63 s"
        );
    }

    #[test]
    fn the_start_is_two_lines_if_one_does_not_fit() {
        let event = Event::Start {
            name: "mnist-cnn".to_owned(),
            taper: String::new(),
            device: "cuda:0".to_owned(),
            engine: "graph".to_owned(),
            seed: 1,
            parameters: 693_962,
            train_samples: 48_000,
            validation_samples: 12_000,
            test_samples: 10_000,
            init_sha256: None,
        };
        let whole = "mnist-cnn: 693,962 parameters on cuda:0, engine graph; samples: 48,000 train, 12,000 validation, 10,000 test";
        assert_eq!(start(&event, None), whole);
        assert_eq!(start(&event, Some(whole.len())), whole);
        let lines = start(&event, Some(80));
        assert_eq!(lines, whole.replace("; ", "\n  "));
    }
}
