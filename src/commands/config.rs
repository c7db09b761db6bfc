//! `taper config`: writes a config to start from, prints a resolved config, the schema or the reference.

use std::io::Write as _;
use std::path::Path;

use taper::config::{reference, reference_of, schema};
use taper::experiment::file::renew;
use taper::{Error, Experiment};

use super::source;
use crate::cli::{Config, ShowFormat};
use crate::terminal;

/// Runs the command.
///
/// # Errors
/// If the config is invalid or the file cannot be written.
pub fn run(options: &Config) -> anyhow::Result<()> {
    match options {
        Config::Init { file, from } => init(file, from),
        Config::Show { config, format } => {
            let experiment = source::load(config)?.experiment;
            terminal::print(
                match format {
                    ShowFormat::Toml => experiment.to_toml(),
                    ShowFormat::Json => serde_json::to_string_pretty(&experiment)?,
                }
                .trim_end(),
            )
        }
        Config::Schema => terminal::print(&format!("{:#}", schema::<Experiment>())),
        Config::Reference { section } => {
            let schema = schema::<Experiment>();
            let part = section.as_ref().map(|name| reference_of(&schema, name)).transpose();
            let page = part.map_err(Error::Usage)?.unwrap_or_else(|| reference(&schema));
            terminal::print(page.trim_end())
        }
    }
}

/// Writes a built-in config or an updated config of an older taper; never overwrites a file.
fn init(file: &Path, from: &Path) -> anyhow::Result<()> {
    let text = renew(from, file.extension().is_some_and(|end| end == "json"))?;
    if file.as_os_str() == "-" {
        return terminal::print(text.trim_end());
    }
    let refuse = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Error::Usage(format!("{}: the file already exists; choose another name", file.display()))
        }
        _ => Error::Io { path: file.to_path_buf(), action: "create it", source: error },
    };
    let mut new = std::fs::File::options().write(true).create_new(true).open(file).map_err(refuse)?;
    new.write_all(text.as_bytes()).map_err(refuse)?;
    terminal::print(&format!("wrote {0}\nnext   taper train {0}", file.display()))
}
