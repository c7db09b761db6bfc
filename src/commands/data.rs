//! `taper data`: lists, downloads and verifies data sets.

use taper::Error;
use taper::data::{SearchPath, catalogue};
use taper::interrupt::Interrupt;
use taper::run::Folders;

use super::{machine, system};
use crate::cli::{Common, Data, DataFolders};
use crate::progress;
use crate::terminal;

/// Runs the command.
///
/// # Errors
/// If a data set is missing or damaged, or cannot be downloaded.
pub fn run(options: &Data, common: &Common) -> anyhow::Result<()> {
    match options {
        Data::List(folders) => list(&search(folders)?),
        Data::Fetch { name, folders } if folders.offline => {
            let message = format!("{name}: cannot download with --offline or TAPER_OFFLINE; remove it");
            Err(Error::Usage(message).into())
        }
        Data::Fetch { name, folders } => {
            let mut search = machine::places(folders, &Folders::default(), system::catch()?);
            search.loading = progress::shown(common, search.loading);
            fetch(name, &search)
        }
        Data::Verify(folders) => verify(&search(folders)?),
    }
}

fn search(folders: &DataFolders) -> taper::Result<SearchPath> {
    machine::search_path(folders, &Folders::default(), Interrupt::default())
}

fn list(search: &SearchPath) -> anyhow::Result<()> {
    let entries = catalogue::list(search).into_iter();
    let rows: Vec<String> = entries.map(|entry| format!("{:<14} {}", entry.name, entry.state)).collect();
    terminal::print(&rows.join("\n"))
}

fn fetch(name: &str, search: &SearchPath) -> anyhow::Result<()> {
    let found = catalogue::fetch(name, search)?;
    terminal::print(&format!("{name}: {} training samples, {}", found.train_samples, found.place))
}

fn verify(search: &SearchPath) -> anyhow::Result<()> {
    for found in catalogue::verify(search)? {
        let catalogue::Contents { name, train_samples, test_samples, place } = found?;
        terminal::print(&format!(
            "{name}: ok, {train_samples} training and {test_samples} test samples, {place}"
        ))?;
    }
    Ok(())
}
