//! The result of `taper check` as a table: data, layers and costs.

use taper::experiment::{Check, ParameterGroup, ParameterOptions};

use super::rates;
use crate::number::with_separators;

/// The data and, where they are known, one row per layer; `batch_size` is the config's.
pub fn check(check: &Check, batch_size: usize) -> String {
    let mut lines = vec![format!("config  {}: ok", check.name)];
    lines.push(match (&check.data.place, &check.error) {
        (Some(place), None) => format!("data    {}: {place}", check.data.name),
        (Some(place), Some(_)) => format!("data    {}: cannot be used: {place}", check.data.name),
        (None, _) => format!("data    {}: not found", check.data.name),
    });
    let (Some(input), Some(layers)) = (&check.input_shape, &check.layers) else {
        lines.push("layers  unknown: the input shape is determined by the data set".to_owned());
        return lines.join("\n");
    };
    lines.push(format!("\n{}", row(["", "layer", "output shape", "parameters", "FLOPs/sample"])));
    lines.push(format!("{:>2}  {:<18} {:<18}", "", "input", input.to_string()));
    for layer in layers {
        let (parameters, flops) = (with_separators(layer.parameters), with_separators(layer.flops));
        lines.push(row([&layer.path, layer.layer, &layer.output_shape.to_string(), &parameters, &flops]));
    }
    let sum = |number: Option<u64>| with_separators(number.unwrap_or_default());
    lines.push(row(["", "total", "", &sum(check.parameters), &sum(check.flops_per_sample)]));
    lines.push(format!(
        "\nmemory  about {:.1} MiB for batches of {batch_size}, in addition to the data set",
        check.training_bytes.unwrap_or_default() as f64 / f64::from(1 << 20),
    ));
    if check.averaged {
        lines.push("weights averages are validated, tested and saved".to_owned());
    }
    lines.extend(check.initial_weights.as_ref().map(|initial| format!("\n{}", initial.text())));
    lines.extend(check.parameter_groups.as_deref().and_then(groups));
    lines.extend(check.learning_rates.as_ref().map(rates::chart));
    lines.join("\n")
}

/// The parameters with options of their own, and how many are trained; `None` if there are none.
fn groups(groups: &[ParameterGroup]) -> Option<String> {
    let plain = ParameterOptions::default();
    if groups.iter().all(|group| group.options == plain) {
        return None;
    }
    let mut lines = vec!["\noptions of parameters".to_owned()];
    for group in groups {
        let options =
            if group.options == plain { "trained as usual".to_owned() } else { group.options.text() };
        lines.push(format!("  {options}: {}", group.names.join(", ")));
    }
    let sum = |frozen: bool| {
        let own = groups.iter().filter(|group| group.options.frozen == frozen);
        with_separators(own.fold(0, |sum, group| group.values.saturating_add(sum)))
    };
    lines.push(format!("  trained: {}, frozen: {}", sum(false), sum(true)));
    Some(lines.join("\n"))
}

fn row([path, layer, shape, parameters, flops]: [&str; 5]) -> String {
    format!("{path:>2}  {layer:<18} {shape:<18} {parameters:>12} {flops:>14}")
}
