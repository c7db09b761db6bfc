//! What `taper predict` is given, and how far it has come with it.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use taper::data::Loading;
use taper::data::input::{Inputs, LONGEST_JSON, Reader};
use taper::interrupt::Interrupt;
use taper::run::Folders;
use taper::{Error, Model};

use super::{machine, system};
use crate::cli::{Common, DataFolders};
use crate::progress;
use crate::terminal;

/// So many files are shown as a whole; of fewer, how much of each is read and predicted.
const MANY: usize = 10;

/// The files at `places`, with a warning of those that are passed over.
///
/// # Errors
/// If there are none.
pub fn find(model: &Model, places: &[&Path], folders: &DataFolders) -> anyhow::Result<Vec<PathBuf>> {
    let search = machine::search_path(folders, &Folders::default(), Interrupt::default())?;
    let found = model.reader().find(places, &search)?;
    if found.passed_over > 0 {
        terminal::warn(&format!("passed over {} files in folders that are not inputs", found.passed_over));
    }
    Ok(found.files)
}

/// Reads `path`, or JSON from standard input for `-`.
///
/// # Errors
/// If it cannot be read, or does not fit the network.
pub fn read(reader: &Reader<'_>, path: &Path) -> anyhow::Result<Inputs> {
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

/// Shows on stderr how far `model` comes with `files`; a signal stops it from now on. What is returned is called when
/// one more file is done.
///
/// # Errors
/// If signals cannot be caught.
pub fn watch(model: &mut Model, files: &[PathBuf], common: &Common) -> anyhow::Result<Box<dyn FnMut()>> {
    // Waiting for standard input, only the system's own way ends the process at once.
    let waits = files.iter().any(|path| path == Path::new("-"));
    let loading = if waits { Loading::default() } else { Loading::new(system::catch()?) };
    if files.len() >= MANY {
        model.load_under(loading);
        return Ok(Box::new(progress::files(common, files.len())));
    }
    model.load_under(if waits { loading } else { progress::shown(common, loading) });
    model.watch(progress::watch(common));
    Ok(Box::new(|| ()))
}
