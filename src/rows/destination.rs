//! Where rows go: stdout, or a file that is there once it is whole.

use std::ops::ControlFlow;
use std::path::Path;

use taper::run::Draft;

use crate::cli::RowFormat;
use crate::terminal;

/// So many bytes of a JSON document are held back for stdout: an input that cannot be used prints half of none.
const HELD: usize = 1 << 24;

/// Takes texts and passes them on.
pub enum Destination {
    /// What has not been printed yet, and how many bytes that may be.
    Stdout {
        /// The text.
        held: String,
        /// At most so many bytes; 0 to print everything at once.
        most: usize,
    },
    /// The file.
    File(Draft),
}

impl Destination {
    /// `file`, or stdout without one or for `-`, for rows in `format`.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn open(file: Option<&Path>, format: RowFormat) -> taper::Result<Self> {
        let most = if format == RowFormat::Json { HELD } else { 0 };
        match file {
            Some(path) if path.as_os_str() != "-" => Ok(Self::File(Draft::create(path)?)),
            _ => Ok(Self::Stdout { held: String::new(), most }),
        }
    }

    /// Passes `text` on, or keeps it for a while; breaks where nobody reads it any more.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&mut self, text: &str) -> anyhow::Result<ControlFlow<()>> {
        match self {
            Self::File(draft) => draft.write(text.as_bytes())?,
            Self::Stdout { held, most } => {
                held.push_str(text);
                if !held.is_empty() && held.len() >= *most {
                    return terminal::write(&std::mem::take(held));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Writes what is left; a file gets its name.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::File(draft) => Ok(draft.finish()?),
            Self::Stdout { held, .. } if held.is_empty() => Ok(()),
            Self::Stdout { held, .. } => terminal::write(&held).map(drop),
        }
    }
}
