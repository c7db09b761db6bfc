//! Reads a training file, and a test file by its columns and classes.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::Config;
use super::rows::{Opened, ReadRows};
use crate::data::Splits;
use crate::data::formats::csv::sorted;
use crate::error::Result;

impl Config {
    /// Decodes the contents of the training and test files as [`load`](crate::data::DataConfig::load) does; the paths are used in
    /// errors only.
    ///
    /// # Errors
    /// As [`load`](crate::data::DataConfig::load).
    pub fn decode<R: Read>(&self, train: (PathBuf, R), test: Option<(PathBuf, R)>) -> Result<Splits> {
        self.decode_by(train, test, |path, content| self.open(path, content, 0))
    }

    /// As [`decode`](Self::decode), of files that `open` opens.
    pub(super) fn decode_by<F, S: ReadRows>(
        &self,
        train: (PathBuf, F),
        test: Option<(PathBuf, F)>,
        open: impl Fn(&Path, F) -> Result<Opened<S>>,
    ) -> Result<Splits> {
        let (path, file) = train;
        let file = open(&path, file)?;
        let table = match &self.trained {
            Some(columns) => self.read(&path, file, columns, None)?,
            None => self.learn(&path, file)?,
        };
        let test = match test {
            None => None,
            Some((path, file)) => {
                let file = open(&path, file)?;
                let test = self.read(&path, file, &table.columns, Some(table.width))?;
                Some((path, test))
            }
        };
        let classes = self.classes.clone().unwrap_or_else(|| sorted(table.labels.classes()));
        Ok(Splits {
            columns: Some(table.columns.clone()),
            train: self.dataset(&path, table, &classes)?,
            validation: None,
            test: test.map(|(path, table)| self.dataset(&path, table, &classes)).transpose()?,
        })
    }
}
