//! The result of `taper bench` as a table.

use taper::bench::{Comparison, Data, Percentiles, Report};

use crate::number::{short, with_separators};

/// The report as a table.
pub fn bench(report: &Report, comparison: Option<&Comparison>) -> String {
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
        let direction = if change > 0.0 { "slower" } else { "faster" };
        let most = 100.0 * baseline.max_regression.0;
        let rest = format!("training is now {:.1} % {direction}; {most} % slower is allowed", change.abs());
        row("baseline", baseline.us_per_sample, "us/sample", rest);
        let then = &baseline.inference;
        row("  inference", then.us_per_sample, "us/sample", format!("batches of {}", then.batch_size));
        row("  latency", then.latency_us.median, "us", format!("one sample; {}", range(&then.latency_us)));
    }
    lines.join("\n")
}

/// Warnings about conditions that make the report unreliable.
pub fn noise(report: &Report) -> Vec<String> {
    let mut warnings = Vec::new();
    let threads = report.conditions.threads;
    if let Some(others) = report.other_processes.filter(|others| others.disturb(threads)) {
        warnings.push(format!(
            "other processes kept {:.1} of {} cores busy during the measurement; measure on an idle machine",
            others.busy_cores, others.cores
        ));
    }
    let steps = &report.step_us;
    if steps.are_unsteady() {
        warnings.push(format!(
            "step times vary widely: the 90th percentile is {} us, the median {} us",
            short(steps.p90),
            short(steps.median)
        ));
    }
    warnings
}
