//! Where rows go: stdout, or a file that is there once it is whole.

use std::path::Path;

use taper::run::Draft;

use crate::terminal;

/// So many bytes are held back for stdout, so that an input that cannot be used prints nothing.
const HELD: usize = 1 << 24;

/// Takes texts and passes them on.
pub enum Destination {
    /// What has not been printed yet.
    Stdout(String),
    /// The file.
    File(Draft),
}

impl Destination {
    /// `file`, or stdout without one or for `-`.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn open(file: Option<&Path>) -> taper::Result<Self> {
        match file {
            Some(path) if path.as_os_str() != "-" => Ok(Self::File(Draft::create(path)?)),
            _ => Ok(Self::Stdout(String::new())),
        }
    }

    /// Passes `text` on, or keeps it for a while.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&mut self, text: &str) -> anyhow::Result<()> {
        match self {
            Self::File(draft) => Ok(draft.write(text.as_bytes())?),
            Self::Stdout(held) => {
                held.push_str(text);
                if held.len() < HELD {
                    return Ok(());
                }
                // The line end of the last line is printed with what follows, or at the end.
                let end = held.rfind('\n').unwrap_or(0);
                let rest = held.split_off(end);
                terminal::print(&std::mem::replace(held, rest.trim_start_matches('\n').to_owned()))
            }
        }
    }

    /// Writes what is left; a file gets its name.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::File(draft) => Ok(draft.finish()?),
            Self::Stdout(held) if held.is_empty() => Ok(()),
            Self::Stdout(held) => terminal::print(held.strip_suffix('\n').unwrap_or(&held)),
        }
    }
}
