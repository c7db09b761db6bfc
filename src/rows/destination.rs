//! The destination of rows: stdout, or a file that appears once it is complete.

use std::ops::ControlFlow;
use std::path::Path;

use taper::run::Draft;

use crate::cli::RowFormat;
use crate::terminal;

/// The number of bytes of a JSON document held back for stdout, so that an unusable input prints no partial document.
const HELD: usize = 1 << 24;

/// A destination of text.
pub enum Destination {
    /// stdout.
    Stdout {
        /// The text not printed yet.
        held: String,
        /// The number of bytes that are held back; 0 to print everything at once.
        most: usize,
    },
    /// A file.
    File(Draft),
}

impl Destination {
    /// `file`, or stdout if it is missing or `-`, for rows in `format`.
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

    /// Writes `text`, or holds it back; breaks if the reader has closed stdout.
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

    /// Writes the rest; a file then appears under its name.
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
