//! The inputs of `taper predict`, and the progress display for them.

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

/// With this number of files or more, the display counts files; with fewer, it shows the progress of each.
const MANY: usize = 10;

/// The input files at `places`; warns about files that are skipped.
///
/// # Errors
/// If there are no input files.
pub fn find(model: &Model, places: &[&Path], folders: &DataFolders) -> anyhow::Result<Vec<PathBuf>> {
    let search = machine::search_path(folders, &Folders::default(), Interrupt::default())?;
    let found = model.reader().find(places, &search)?;
    if found.passed_over > 0 {
        let (count, files) = (found.passed_over, if found.passed_over == 1 { "file" } else { "files" });
        terminal::warn(&format!("skipped {count} {files} of an unsupported type in the input folders"));
    }
    Ok(found.files)
}

/// Reads `path`, or JSON from standard input for `-`.
///
/// # Errors
/// If it cannot be read, or does not match the network.
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
        return Err(Error::data(place, format!("longer than {LONGEST_JSON} bytes; split the input")).into());
    }
    Ok(reader.json(place, &content)?)
}

/// Shows the progress of `model` with `files` on stderr, and lets signals stop it. The returned function is to be called
/// after each file.
///
/// # Errors
/// If signal handlers cannot be installed.
pub fn watch(model: &mut Model, files: &[PathBuf], common: &Common) -> anyhow::Result<Box<dyn FnMut()>> {
    // While it waits for standard input, only the default signal handler ends the process at once.
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
