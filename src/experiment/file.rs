//! Loads configs from files, and built-in configs.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{Experiment, mistaken};
use crate::config::{Input, nearest};
use crate::error::{Error, Result};
use crate::presets;
#[cfg(feature = "cli")]
use crate::{config, moved};

/// The size limit of a config, in bytes.
const LIMIT: u64 = 1 << 18;

impl Experiment {
    /// The built-in config called `name`, such as `mnist_cnn`.
    ///
    /// # Errors
    /// [`Error::Usage`] if there is no such config.
    pub fn built_in(name: &str) -> Result<Self> {
        let names = || presets::ALL.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let text = presets::find(name).ok_or_else(|| {
            Error::Usage(format!("no built-in config is called `{name}`; built-in configs: {}", names()))
        })?;
        Self::from_toml(text)
    }

    /// Loads and checks the config at `path`: JSON if the name ends in `.json`, otherwise TOML. If there is no such
    /// file, `path` can be the name of a built-in config.
    ///
    /// # Errors
    /// [`Error::Usage`] if it cannot be read, [`Error::Config`] with all mistakes in it.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        Self::from_input(&open(path.as_ref())?)
    }

    /// Loads and checks a config with overrides.
    ///
    /// # Errors
    /// [`Error::Config`] with all mistakes in it.
    pub fn from_input(input: &Input) -> Result<Self> {
        Self::load(input).map_err(|diagnostics| Error::Config(Box::new(diagnostics)))
    }
}

/// The unparsed text of the config at `path`, or of the built-in config with that name.
///
/// # Errors
/// [`Error::Usage`] if it cannot be read.
pub fn open(path: &Path) -> Result<Input> {
    let name = path.display().to_string();
    if let Some(text) = presets::find(&name)
        && !path.exists()
    {
        return Ok(Input { name: format!("{name} (built in)"), text: text.into(), ..Input::default() });
    }
    // Opening a pipe that nobody writes to would block forever. The shell's `<(…)` passes an open one.
    if std::fs::metadata(path).is_ok_and(|facts| !facts.is_file() && !facts.is_dir())
        && !["/dev/fd", "/dev/stdin", "/proc/self/fd"].iter().any(|own| path.starts_with(own))
    {
        return Err(Error::Usage(format!(
            "{name}: not a regular file; to read a config from standard input, use `--config -`"
        )));
    }
    let file = File::open(path).map_err(|error| {
        let names: Vec<&str> = presets::ALL.iter().map(|(name, _)| *name).collect();
        let help = match nearest(&name, &names) {
            Some(close) => format!("did you mean the built-in config `{close}`?"),
            None if name.contains('=') => format!("to override a key, use `--set '{name}'`"),
            None => format!("built-in configs: {}", names.join(", ")),
        };
        Error::Usage(format!("{name}: cannot open the config: {error}; {help}"))
    })?;
    if file.metadata().is_ok_and(|facts| facts.is_dir()) {
        return Err(Error::Usage(format!("{name}: {}", mistaken::folder(path))));
    }
    if let Some(what) = mistaken::file(path) {
        return Err(Error::Usage(format!("{name}: {what}")));
    }
    Ok(Input { text: read(path, file)?, name, ..Input::default() })
}

/// Updates the config at `path`, which may be of an older taper: checks it and moves all keys to their present
/// places. TOML keeps its comments; JSON is converted to TOML unless `as_json`, which converts both to JSON.
///
/// # Errors
/// [`Error::Usage`] if it cannot be read, [`Error::Config`] with all other mistakes in it.
#[cfg(feature = "cli")]
pub fn renew(path: &Path, as_json: bool) -> Result<String> {
    let refuse = |diagnostics| Error::Config(Box::new(diagnostics));
    let mut input = open(path)?;
    let mut value = config::parse(&input, &serde_json::Value::Null).map_err(refuse)?;
    moved::migrate(&mut value);
    let own =
        str::from_utf8(&input.text).ok().filter(|_| !as_json).and_then(|text| moved::rewrite(text).ok());
    input.text = match own {
        Some(text) => text,
        None if as_json => format!("{value:#}\n"),
        None => toml::to_string(&value).map_err(|error| Error::Usage(error.to_string()))?,
    }
    .into_bytes();
    input.name.push_str(if as_json { " (updated).json" } else { " (updated)" });
    Experiment::from_input(&input)?;
    Ok(String::from_utf8_lossy(&input.text).into_owned())
}

/// Reads the text of a config from `from`; `path` names it in errors.
///
/// # Errors
/// [`Error::Usage`] if it cannot be read, or is too long.
pub fn read(path: &Path, from: impl Read) -> Result<Vec<u8>> {
    let refuse = |message: String| Error::Usage(format!("{}: {message}", path.display()));
    let mut text = Vec::new();
    from.take(LIMIT + 1)
        .read_to_end(&mut text)
        .map_err(|error| refuse(format!("cannot read the config: {error}")))?;
    if text.len() as u64 > LIMIT {
        return Err(refuse("larger than 256 KiB, the limit for a config".to_owned()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_takes_precedence_over_a_built_in_config_of_the_same_name() {
        let built_in = Experiment::from_file("mnist_cnn").unwrap();
        assert_eq!(built_in, Experiment::built_in("mnist_cnn").unwrap());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.json");
        std::fs::write(&path, serde_json::to_vec(&built_in).unwrap()).unwrap();
        assert_eq!(Experiment::from_file(&path).unwrap(), built_in);
    }

    #[test]
    fn unreadable_and_invalid_configs_are_reported() {
        let message = Experiment::from_file("mnist_cn").unwrap_err().to_string();
        assert!(message.contains("did you mean the built-in config `mnist_cnn`?"), "{message}");
        let folder = tempfile::tempdir().unwrap();
        let message = Experiment::from_file(folder.path()).unwrap_err().to_string();
        assert!(message.contains("a folder, not a config file"), "{message}");
        let path = folder.path().join("wrong.toml");
        std::fs::write(&path, "[trian]").unwrap();
        assert!(matches!(Experiment::from_file(&path), Err(Error::Config(_))));
        std::fs::write(&path, vec![b' '; LIMIT as usize + 1]).unwrap();
        let message = Experiment::from_file(&path).unwrap_err().to_string();
        assert!(message.contains("wrong.toml: larger than 256 KiB"), "{message}");
    }
}
