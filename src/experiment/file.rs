//! Configs from files, and those that are built in.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{Experiment, mistaken};
use crate::config::{Input, nearest};
use crate::error::{Error, Result};
use crate::presets;
#[cfg(feature = "cli")]
use crate::{config, moved};

/// The longest config that is read.
const LIMIT: u64 = 1 << 18;

impl Experiment {
    /// The built-in config called `name`, such as `mnist_cnn`.
    ///
    /// # Errors
    /// [`Error::Usage`] if there is none.
    pub fn built_in(name: &str) -> Result<Self> {
        let names = || presets::ALL.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let text = presets::find(name).ok_or_else(|| {
            Error::Usage(format!("no built-in config is called `{name}`; there are {}", names()))
        })?;
        Self::from_toml(text)
    }

    /// Reads and checks the config at `path`: TOML, JSON if its name ends in `.json`, or the name of a
    /// built-in config where there is no such file.
    ///
    /// # Errors
    /// [`Error::Usage`] if it cannot be read, [`Error::Config`] with everything that is wrong with it.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        Self::from_input(&open(path.as_ref())?)
    }

    /// Reads and checks a config with single values on top of it.
    ///
    /// # Errors
    /// [`Error::Config`] with everything that is wrong with it.
    pub fn from_input(input: &Input) -> Result<Self> {
        Self::load(input).map_err(|diagnostics| Error::Config(Box::new(diagnostics)))
    }
}

/// The text of the config at `path`, or of the built-in one of that name, not yet parsed.
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
    // To open a pipe that nobody writes to would block for ever. The shell's
    // `<(…)` gives one that is open already.
    if std::fs::metadata(path).is_ok_and(|facts| !facts.is_file() && !facts.is_dir())
        && !["/dev/fd", "/dev/stdin", "/proc/self/fd"].iter().any(|own| path.starts_with(own))
    {
        return Err(Error::Usage(format!(
            "{name}: a pipe or device, not a regular file; `--config -` reads standard input"
        )));
    }
    let file = File::open(path).map_err(|error| {
        let names: Vec<&str> = presets::ALL.iter().map(|(name, _)| *name).collect();
        let help = match nearest(&name, &names) {
            Some(close) => format!("did you mean the built-in config `{close}`?"),
            None if name.contains('=') => format!("to set a key, write `--set '{name}'`"),
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

/// The config at `path`, of this taper or an older one, as this taper writes it: checked, with all values in
/// their present places. A TOML file keeps its comments; of a JSON file only the values are written, as JSON
/// where `as_json`.
///
/// # Errors
/// [`Error::Usage`] if it cannot be read, [`Error::Config`] with everything else that is wrong with it.
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
    input.name.push_str(if as_json { " (rewritten).json" } else { " (rewritten)" });
    Experiment::from_input(&input)?;
    Ok(String::from_utf8_lossy(&input.text).into_owned())
}

/// The text of a config that comes `from` elsewhere; errors call it `path`.
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
        return Err(refuse("larger than 256 KiB, which no config is".to_owned()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_goes_before_the_built_in_config_of_its_name() {
        let built_in = Experiment::from_file("mnist_cnn").unwrap();
        assert_eq!(built_in, Experiment::built_in("mnist_cnn").unwrap());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.json");
        std::fs::write(&path, serde_json::to_vec(&built_in).unwrap()).unwrap();
        assert_eq!(Experiment::from_file(&path).unwrap(), built_in);
    }

    #[test]
    fn a_config_that_cannot_be_read_or_is_wrong_is_explained() {
        let message = Experiment::from_file("mnist_cn").unwrap_err().to_string();
        assert!(message.contains("did you mean the built-in config `mnist_cnn`?"), "{message}");
        let folder = tempfile::tempdir().unwrap();
        let message = Experiment::from_file(folder.path()).unwrap_err().to_string();
        assert!(message.contains("is a folder"), "{message}");
        let path = folder.path().join("wrong.toml");
        std::fs::write(&path, "[trian]").unwrap();
        assert!(matches!(Experiment::from_file(&path), Err(Error::Config(_))));
        std::fs::write(&path, vec![b' '; LIMIT as usize + 1]).unwrap();
        let message = Experiment::from_file(&path).unwrap_err().to_string();
        assert!(message.contains("wrong.toml: larger than 256 KiB"), "{message}");
    }
}
