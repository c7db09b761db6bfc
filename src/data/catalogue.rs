//! Lists, fetches and verifies the data sets that need no options.

use super::fetch::sources::Source;
use super::{Config, Dataset, SearchPath};
use crate::config::nearest;
use crate::error::{Error, Result};

/// A data set that a config can name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The config key.
    pub name: &'static str,
    /// Where the data set is, or why it has no location.
    pub state: String,
}

/// The size and place of a data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The config key.
    pub name: &'static str,
    /// The number of training samples, including those for validation.
    pub train_samples: usize,
    /// The number of test samples.
    pub test_samples: usize,
    /// Where it is.
    pub place: String,
}

/// All data sets, and which of them are found in `search`.
#[must_use]
pub fn list(search: &SearchPath) -> Vec<Entry> {
    let entries = Config::NAMES.iter().map(|name| {
        let state = match by_name(name) {
            Some(config) => config.member().locate(search).unwrap_or_else(|_| "not found".to_owned()),
            None => "needs options in the config".to_owned(),
        };
        Entry { name, state }
    });
    entries.collect()
}

/// Fetches the data set called `name` into the first folder of `search`, unless it is there, and reads it.
///
/// # Errors
/// [`Error::Usage`] if it is not a data set that can be fetched; [`Error::Missing`] if fetching fails; [`Error::Data`]
/// if it is damaged.
pub fn fetch(name: &str, search: &SearchPath) -> Result<Contents> {
    let config = by_name(name).filter(|config| !is_generated(config)).ok_or_else(|| unknown(name))?;
    contents(&config, &SearchPath { fetch: true, ..search.clone() })
}

/// Reads the data sets found in `search`, one by one, and checks every file.
///
/// # Errors
/// [`Error::Data`] if none is found; the iterator returns it for each damaged one.
pub fn verify(search: &SearchPath) -> Result<impl Iterator<Item = Result<Contents>>> {
    let search = SearchPath { fetch: false, ..search.clone() };
    let named = Config::NAMES.iter().filter_map(|name| by_name(name));
    let found: Vec<Config> =
        named.filter(|config| !is_generated(config) && config.member().locate(&search).is_ok()).collect();
    if found.is_empty() {
        let place = search.places(&[""]).first().cloned().unwrap_or_default();
        return Err(Error::data(place, "no data set found here; see data/README.md for where files go"));
    }
    Ok(found.into_iter().map(move |config| contents(&config, &search)))
}

fn contents(config: &Config, search: &SearchPath) -> Result<Contents> {
    let splits = config.member().load(search, 0)?;
    Ok(Contents {
        name: config.name(),
        train_samples: splits.train.len(),
        test_samples: splits.test.as_ref().map_or(0, Dataset::len),
        // Only now: it may have been fetched.
        place: config.member().locate(search)?,
    })
}

/// The data set called `name` with its default options, if it needs no others.
fn by_name(name: &str) -> Option<Config> {
    serde_json::from_value(serde_json::json!({ name: {} })).ok()
}

/// Whether its samples are generated instead of read.
fn is_generated(config: &Config) -> bool {
    config.member().locate(&SearchPath::default()).is_ok()
}

fn unknown(name: &str) -> Error {
    let names = Source::ALL.map(|source| source.name);
    let help = match nearest(name, &names) {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("choose one of {}", names.join(", ")),
    };
    Error::Usage(format!("{name}: not a data set that can be fetched; {help}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_set_is_generated_found_missing_or_needs_options() {
        let entries = list(&SearchPath { fetch: false, ..SearchPath::default() });
        let state = |name: &str| entries.iter().find(|entry| entry.name == name).map(|entry| &*entry.state);
        assert_eq!(state("digits"), Some("generated"));
        assert_eq!(state("kmnist"), Some("not found"));
        assert_eq!(state("csv"), Some("needs options in the config"));
    }

    #[test]
    fn what_cannot_be_fetched_or_verified_is_explained() {
        let folder = tempfile::tempdir().unwrap();
        let search = SearchPath { folders: vec![folder.path().to_path_buf()], ..SearchPath::default() };
        let message = fetch("mnits", &search).unwrap_err().to_string();
        assert!(message.contains("did you mean `mnist`?"), "{message}");
        // Its samples are computed.
        assert!(matches!(fetch("digits", &search), Err(Error::Usage(_))));
        let Err(error) = verify(&search) else { panic!("an empty folder") };
        assert!(error.to_string().contains("no data set found here"), "{error}");
    }
}
