//! `taper check`: a config without training.

use serde_json::{Value, json};
use taper::config::Problems;
use taper::experiment::Experiment;
use taper::network::Plan;

use super::progress::with_separators;
use super::source;
use crate::cli::{Check, Format};
use crate::terminal;

/// Checks.
///
/// # Errors
/// Everything that is wrong with the config, at once.
pub fn run(options: &Check) -> anyhow::Result<()> {
    let loaded = source::load(&options.source)?;
    let experiment = &loaded.experiment;
    let search = super::search_path(&options.data, &loaded.folder);
    let data = experiment.data.member();
    let plan = data
        .facts()
        .sample_shape
        .and_then(|shape| experiment.plan(&shape, data.facts().target, &mut Problems::new(&mut Vec::new())));
    let (found, place) = match data.locate(&search) {
        Ok(place) => (true, place),
        Err(error) => (false, error.to_string()),
    };
    match options.format {
        Format::Json => terminal::print(&format!("{:#}", to_json(experiment, plan.as_ref(), found, &place))),
        Format::Text => terminal::print(&to_text(experiment, plan.as_ref(), found, &place)),
    }
}

fn to_json(experiment: &Experiment, plan: Option<&Plan>, found: bool, place: &str) -> Value {
    let layers = plan.map(|plan| {
        let rows = plan.rows.iter().map(|row| {
            json!({"path": row.path, "layer": row.name, "output_shape": row.output, "parameters": row.parameters, "flops": row.flops})
        });
        rows.collect::<Vec<_>>()
    });
    json!({
        "name": experiment.name,
        "data": {"name": experiment.data.name(), "found": found, "place": place},
        "input_shape": plan.map(|plan| &plan.input),
        "layers": layers,
        "parameters": plan.map(Plan::parameters),
        "flops_per_sample": plan.map(Plan::flops),
        "training_bytes": plan.map(|plan| memory(experiment, plan)),
    })
}

fn to_text(experiment: &Experiment, plan: Option<&Plan>, found: bool, place: &str) -> String {
    let mut lines = vec![format!("config  {}: ok", experiment.name)];
    let mark = if found { "found" } else { "not found" };
    lines.push(format!("data    {}: {mark}: {place}", experiment.data.name()));
    let Some(plan) = plan else {
        lines.push(
            "layers  the data set decides the input shape; it is checked once the data is read".to_owned(),
        );
        return lines.join("\n");
    };
    lines.push(format!(
        "\n{:>2}  {:<18} {:<18} {:>12} {:>14}",
        "", "layer", "output shape", "parameters", "FLOPs/sample"
    ));
    lines.push(format!("{:>2}  {:<18} {:<18}", "", "input", plan.input.to_string()));
    for row in &plan.rows {
        lines.push(format!(
            "{:>2}  {:<18} {:<18} {:>12} {:>14}",
            row.path,
            row.name,
            row.output.to_string(),
            with_separators(row.parameters),
            with_separators(row.flops),
        ));
    }
    lines.push(format!(
        "{:>2}  {:<18} {:<18} {:>12} {:>14}",
        "",
        "total",
        "",
        with_separators(plan.parameters()),
        with_separators(plan.flops())
    ));
    let bytes = memory(experiment, plan);
    lines.push(format!(
        "\nmemory  about {:.1} MiB for batches of {} besides the data set",
        bytes as f64 / f64::from(1 << 20),
        experiment.train.batch_size
    ));
    lines.join("\n")
}

fn memory(experiment: &Experiment, plan: &Plan) -> u64 {
    plan.training_bytes(experiment.train.batch_size, experiment.optimizer.member().slots())
}
