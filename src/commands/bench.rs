//! `taper bench`: how fast a config trains and predicts here.

use serde_json::json;
use taper::bench::{
    Baseline, Comparison, Conditions, Data, Options, Percentiles, Report, load_samples, measure,
};
use taper::run::Run;

use super::progress::with_separators;
use super::source;
use crate::cli::{Bench, Format};
use crate::terminal;

/// Measures.
///
/// # Errors
/// If something is wrong with config, data or baseline; if the result is too slow.
pub fn run(options: &Bench) -> anyhow::Result<()> {
    let loaded = source::load(&options.source)?;
    let baseline = options.baseline.as_deref().map(Baseline::read).transpose()?;
    let device = super::open_device(&options.machine)?;
    let search = super::search_path(&options.machine.data, &loaded.folder);
    let (splits, missing) = load_samples(&loaded.experiment, &search)?;
    let data = if missing.is_some() { Data::Random } else { Data::Real };
    if let Some(missing) = missing {
        terminal::warn(&format!("measuring on random samples: {missing}"));
    }
    let mut run = Run::with_samples(loaded.experiment, splits, &search, device)?;
    if let Some(baseline) = &baseline {
        baseline.check(&Conditions::of(&run))?;
    }
    let report = measure(&mut run, data, Options { seconds: options.seconds })?;
    warn_of_noise(&report);
    let comparison = baseline.map(|baseline| baseline.compare(&report, options.max_regression));
    match options.format {
        Format::Json => {
            let mut result = json!(report);
            if let Some(comparison) = comparison {
                result["baseline"] = json!(comparison);
            }
            terminal::print(&format!("{result:#}"))?;
        }
        Format::Text => terminal::print(&describe(&report, comparison.as_ref()))?,
    }
    Ok(comparison.map_or(Ok(()), |comparison| comparison.check())?)
}

fn warn_of_noise(report: &Report) {
    let threads = report.conditions.threads;
    if let Some(others) = report.other_processes.filter(|others| others.disturb(threads)) {
        terminal::warn(&format!(
            "other processes kept {:.1} of {} cores busy meanwhile; measure on an idle machine",
            others.busy_cores, others.cores
        ));
    }
    let steps = &report.step_us;
    if steps.are_unsteady() {
        terminal::warn(&format!(
            "steps scatter: a tenth took more than {} us where the median is {} us",
            short(steps.p90),
            short(steps.median)
        ));
    }
}

/// The report as a table.
fn describe(report: &Report, comparison: Option<&Comparison>) -> String {
    let Report { conditions, step_us: steps, inference, .. } = report;
    let latency = &inference.latency_us;
    let plural = if conditions.threads == 1 { "" } else { "s" };
    let samples = match report.data {
        Data::Real => "",
        Data::Random => ", random samples",
    };
    let mut lines = vec![
        format!(
            "config     {}: {} parameters, batches of {}{samples}",
            conditions.config,
            with_separators(conditions.parameters),
            conditions.batch_size
        ),
        format!(
            "machine    {}, {} thread{plural}, {}; engine {}, taper {}\n",
            conditions.device, conditions.threads, report.isa, conditions.engine, report.taper
        ),
    ];
    let mut row = |name: &str, value: f64, unit: &str, rest: String| {
        lines.push(format!("{name:<10} {:>10} {unit:<10}  {rest}", short(value)));
    };
    let range = |times: &Percentiles| format!("p10 {}, p90 {}", short(times.p10), short(times.p90));
    let speed = format!("{} samples/s, {} GFLOP/s", short(report.samples_per_second), short(report.gflops));
    row("training", report.us_per_sample, "us/sample", speed);
    row("step", steps.median, "us", range(steps));
    for (name, time) in &report.phases_us {
        row(&format!("  {name}"), *time, "us", format!("{:.1} %", 100.0 * time / steps.median));
    }
    if let Some(roofline) = &report.roofline {
        let rates = [roofline.gflops, roofline.gbps].map(short);
        let share = 100.0 * roofline.share;
        let rest = format!("{share:.1} % of training, at {} GFLOP/s and {} GB/s", rates[0], rates[1]);
        row("floor", roofline.floor_us_per_sample, "us/sample", rest);
    }
    row("inference", inference.us_per_sample, "us/sample", format!("batches of {}", inference.batch_size));
    row("latency", latency.median, "us", format!("one sample; {}", range(latency)));
    if let Some(baseline) = comparison {
        let change = 100.0 * baseline.change;
        let word = if change > 0.0 { "slower" } else { "faster" };
        let most = 100.0 * baseline.max_regression.0;
        let rest = format!("training is {:.1} % {word} now; {most} % slower is allowed", change.abs());
        row("baseline", baseline.us_per_sample, "us/sample", rest);
        let then = &baseline.inference;
        row("  inference", then.us_per_sample, "us/sample", format!("batches of {}", then.batch_size));
        row("  latency", then.latency_us.median, "us", format!("one sample; {}", range(&then.latency_us)));
    }
    lines.join("\n")
}

/// A number with about four digits that count.
fn short(value: f64) -> String {
    match value {
        1000.0.. => with_separators(value.round() as u64),
        100.0.. => format!("{value:.1}"),
        10.0.. => format!("{value:.2}"),
        1.0.. => format!("{value:.3}"),
        _ => format!("{value:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn numbers_show_about_four_digits() {
        for (value, text) in [
            (2_876_561.9, "2,876,562"),
            (206.94, "206.9"),
            (65.775, "65.78"),
            (0.0721, "0.0721"),
            (0.0, "0.0000"),
        ] {
            assert_eq!(short(value), text);
        }
    }
}
