//! `taper data`: which data sets there are, fetching and checking them.

use std::path::Path;

use taper::Error;
use taper::config::nearest;
use taper::data::{self, SearchPath};

use crate::cli::{Data, DataFolders};
use crate::terminal;

/// Lists, fetches or verifies.
///
/// # Errors
/// If a data set is missing or damaged.
pub fn run(options: &Data) -> anyhow::Result<()> {
    match options {
        Data::List(folders) => list(&super::search_path(folders, Path::new(""))),
        Data::Fetch { name, folders } => fetch(name, folders),
        Data::Verify(folders) => {
            verify(&SearchPath { fetch: false, ..super::search_path(folders, Path::new("")) })
        }
    }
}

fn list(search: &SearchPath) -> anyhow::Result<()> {
    let rows = data::Config::NAMES.iter().map(|name| {
        let state = match by_name(name) {
            Some(config) => config.member().locate(search).unwrap_or_else(|_| "not found".to_owned()),
            None => "described by its options".to_owned(),
        };
        format!("{name:<14} {state}")
    });
    terminal::print(&rows.collect::<Vec<_>>().join("\n"))
}

fn fetch(name: &str, folders: &DataFolders) -> anyhow::Result<()> {
    let config = by_name(name).filter(|config| !is_generated(config)).ok_or_else(|| unknown(name))?;
    let search = SearchPath { fetch: true, ..super::search_path(folders, Path::new("")) };
    let splits = config.member().load(&search, 0)?;
    terminal::print(&format!(
        "{name}: {} training samples, {}",
        splits.train.len(),
        config.member().locate(&search)?
    ))
}

fn verify(search: &SearchPath) -> anyhow::Result<()> {
    let mut found = 0;
    for name in data::Config::NAMES {
        let Some(config) = by_name(name).filter(|config| !is_generated(config)) else { continue };
        let Ok(place) = config.member().locate(search) else { continue };
        let splits = config.member().load(search, 0)?;
        let test = splits.test.as_ref().map_or(0, data::Dataset::len);
        terminal::print(&format!(
            "{name}: ok, {} training and {test} test samples, {place}",
            splits.train.len()
        ))?;
        found += 1;
    }
    if found == 0 {
        return Err(Error::data(
            search.places(&[""]).first().cloned().unwrap_or_default(),
            "no data set found here; see data/README.md for where files go",
        )
        .into());
    }
    Ok(())
}

/// The data set called `name` with its default options, if it needs no others.
fn by_name(name: &str) -> Option<data::Config> {
    serde_json::from_value(serde_json::json!({ name: {} })).ok()
}

/// Whether its samples are computed, not read.
fn is_generated(config: &data::Config) -> bool {
    config.member().locate(&SearchPath::default()).is_ok()
}

fn unknown(name: &str) -> Error {
    let names = data::hub::Set::ALL.map(data::hub::Set::name);
    let help = match nearest(name, &names) {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("choose one of {}", names.join(", ")),
    };
    Error::Usage(format!("{name}: no data set to fetch; {help}"))
}
