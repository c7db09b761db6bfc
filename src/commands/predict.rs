//! `taper predict`: class probabilities or values for new inputs.

use std::io::Read as _;
use std::path::Path;

use taper::data::Loading;
use taper::data::input::{Inputs, LONGEST_JSON, Reader};
use taper::interrupt::Interrupt;
use taper::run::{Folders, config_of};
use taper::{Error, Model};

use super::{machine, source, system, text};
use crate::cli::{Common, Predict, RowFormat};
use crate::progress;
use crate::rows::{Destination, Rows};
use crate::terminal;

/// Predicts, input after input. Unless there is more of it than a few megabytes, nothing is printed before
/// all inputs are known to be usable.
///
/// # Errors
/// If the checkpoint or an input cannot be used.
pub fn run(options: &Predict, common: &Common) -> anyhow::Result<()> {
    let (checkpoint, places) = options.paths()?;
    let checkpoint = source::checkpoint(checkpoint)?;
    let experiment = config_of(&checkpoint)?;
    let device = machine::open(&options.machine)?;
    let mut model = Model::with_config(checkpoint, experiment, &device)?;
    // Waiting for standard input, only the system's own way ends the process at once.
    if !places.contains(&Path::new("-")) {
        model.load_under(progress::shown(common, Loading::new(system::catch()?)));
    }
    model.watch(progress::watch(common));
    let search = machine::search_path(&options.machine.data, &Folders::default(), Interrupt::default())?;
    let found = model.reader().find(&places, &search)?;
    if found.passed_over > 0 {
        terminal::warn(&format!("passed over {} files in folders that are not inputs", found.passed_over));
    }
    let mut to = Destination::open(options.output.as_deref())?;
    let classes = model.classes().to_vec();
    let mut rows = Rows::new(options.format(), &options.ids, &classes);
    to.write(&rows.begin(&model.checkpoint().place.display().to_string())?)?;
    for path in &found.files {
        let inputs = read(&model.reader(), path)?;
        let ids = match options.ids.as_slice() {
            [] => Vec::new(),
            names => model.reader().ids(path, names)?,
        };
        let predictions = model.predict(&inputs)?;
        to.write(&match options.format() {
            RowFormat::Text => text::predictions(path, &predictions, &classes, &ids),
            _ => rows.of(&path.display().to_string(), predictions, &ids)?,
        })?;
    }
    to.write(rows.end())?;
    to.finish()
}

fn read(reader: &Reader<'_>, path: &Path) -> anyhow::Result<Inputs> {
    if path != Path::new("-") {
        return Ok(reader.read(path)?);
    }
    let place = Path::new("standard input");
    let mut content = Vec::new();
    std::io::stdin()
        .lock()
        .take(LONGEST_JSON + 1)
        .read_to_end(&mut content)
        .map_err(|error| Error::data(place, format!("cannot be read: {error}")))?;
    if content.len() as u64 > LONGEST_JSON {
        return Err(Error::data(place, format!("more than {LONGEST_JSON} bytes; split it")).into());
    }
    Ok(reader.json(place, &content)?)
}
