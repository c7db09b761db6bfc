//! `taper eval`: the loss and metrics of a checkpoint on a split of its data.

use serde_json::json;
use taper::run::{Folders, Mistakes, SampleResult};
use taper::{Error, Model};

use super::{machine, source, system, text};
use crate::cli::{Common, Eval, Format};
use crate::progress;
use crate::rows::Samples;
use crate::terminal;

/// Runs the command.
///
/// # Errors
/// If the checkpoint or the data cannot be used, or a condition of `[gate]` on the split does not hold.
pub fn run(options: &Eval, common: &Common) -> anyhow::Result<()> {
    let checkpoint = source::checkpoint(options.checkpoint())?;
    let experiment = source::override_values(&checkpoint, &options.overrides)?;
    let device = machine::open(&options.machine)?;
    let mut model = Model::with_config(checkpoint, experiment, &device)?;
    model.watch(progress::watch(common));
    // The model adds the data folders of its run.
    let mut search = machine::search_path(&options.machine.data, &Folders::default(), system::catch()?)?;
    search.loading = progress::shown(common, search.loading);
    let classes = model.classes().to_vec();
    let mut samples =
        options.predictions.as_deref().map(|path| Samples::create(path, &classes)).transpose()?;
    let mut mistakes = options.errors.map(Mistakes::new);
    let mut each = |sample: SampleResult<'_>| {
        if let Some(mistakes) = &mut mistakes {
            mistakes.note(&sample);
        }
        samples.as_mut().map_or(Ok(()), |samples| samples.add(&sample))
    };
    let split = options.split.map(Into::into);
    let mut evaluation = if options.errors.is_some() || options.predictions.is_some() {
        model.evaluate_each(split, &search, &mut each)?
    } else {
        model.evaluate(split, &search)?
    };
    if let Some(threshold) = options.threshold {
        evaluation = evaluation.at_threshold(threshold)?;
    }
    if evaluation.other_data {
        terminal::warn("the data has changed since training: these are not the samples of the run");
    }
    samples.map_or(Ok(()), Samples::finish)?;
    let mut result = evaluation.to_json();
    if let Some(mistakes) = mistakes {
        if !classes.is_empty() {
            result["wrong"] = json!(mistakes.wrong());
        }
        result["errors"] = json!(text::mistakes(mistakes.worst(), &classes));
    }
    if let Some(views) = options.tta {
        let running = model.with_views(views)?.evaluate(split, &search)?.running;
        result["tta"] = json!({ "views": views.count() });
        for (name, value) in running.values() {
            result["tta"][name] = json!(value);
        }
    }
    match options.format {
        Format::Json => terminal::print(&text::json(&result))?,
        Format::Text => terminal::print_lines(&text::evaluation(&result))?,
    }
    let elsewhere =
        evaluation.gate_not_measured().into_iter().find(|metric| options.overrides.requires(metric));
    if let Some(metric) = elsewhere {
        let (asked, measured) = (metric.split('.').next().unwrap_or_default(), evaluation.split.name());
        let message =
            format!("--gate: {metric} is not measured on the {measured} split; add --split {asked}");
        return Err(Error::Usage(message).into());
    }
    Ok(evaluation.check_gate()?)
}
