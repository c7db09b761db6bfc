//! `taper data`: which data sets there are, fetching and checking them.

use std::path::Path;

use taper::Error;
use taper::config::nearest;
use taper::data::{self, SearchPath};

use crate::cli::{Data, DataFolders};
use crate::terminal;

/// The data sets that need no options: a name is enough to find them.
const NAMED: &[&str] = &["mnist", "fashion_mnist", "kmnist", "cifar10"];

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
        let state = match named(name) {
            Ok(config) => config.member().locate(search).unwrap_or_else(|_| "not found".to_owned()),
            Err(_) => "described by its options".to_owned(),
        };
        format!("{name:<14} {state}")
    });
    terminal::print(&rows.collect::<Vec<_>>().join("\n"))
}

fn fetch(name: &str, folders: &DataFolders) -> anyhow::Result<()> {
    let config = named(name)?;
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
    for name in NAMED {
        let config = named(name)?;
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

/// The data set called `name`, with its default options.
fn named(name: &str) -> anyhow::Result<data::Config> {
    let config =
        NAMED.contains(&name).then(|| serde_json::from_value(serde_json::json!({ name: {} })).ok()).flatten();
    config.ok_or_else(|| {
        let help = nearest(name, NAMED).map_or_else(
            || format!("choose one of {}", NAMED.join(", ")),
            |close| format!("did you mean `{close}`?"),
        );
        Error::Usage(format!("{name}: no data set to fetch; {help}")).into()
    })
}
