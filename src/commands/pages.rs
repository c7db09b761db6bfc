//! `taper completions` and `taper man`: files that packages install with the program (feature `pages`).

use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use taper::Error;

use crate::cli::{Cli, Pages};
use crate::terminal;

/// Runs the command.
///
/// # Errors
/// If the folder cannot be written.
pub fn run(pages: &Pages) -> anyhow::Result<()> {
    match pages {
        Pages::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "taper", &mut script);
            terminal::print(String::from_utf8_lossy(&script).trim_end())
        }
        Pages::Man { folder } => Ok(man(folder)?),
    }
}

/// Writes the man pages `taper.1`, `taper-train.1`, `taper-data-list.1` and so on.
fn man(folder: &Path) -> taper::Result<()> {
    let failed = |path: PathBuf| move |source| Error::Io { path, action: "write it", source };
    std::fs::create_dir_all(folder).map_err(failed(folder.to_path_buf()))?;
    // Page names keep their hyphens, as in `taper-train`; the help refers to `taper help train`.
    clap_mangen::generate_to(Cli::command(), folder).map_err(failed(folder.to_path_buf()))
}
