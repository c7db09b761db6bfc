//! Maps samples to their files.

use std::path::PathBuf;

use super::{Model, SplitName};
use crate::data::SearchPath;
use crate::error::Result;

impl Model {
    /// The files of the samples of `split` by index, if each sample has its own file, as in a folder of images.
    /// `search` has the folders of the run.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if they cannot be listed.
    pub(super) fn sample_files(&self, split: SplitName, search: &SearchPath) -> Result<Vec<PathBuf>> {
        if split == SplitName::Validation && self.experiment().split.file.is_some() {
            return Ok(Vec::new());
        }
        let files = self.experiment().data.member().sample_files(search)?;
        let files = match split {
            SplitName::Train => files.train,
            SplitName::Validation => files.validation.or(files.train),
            SplitName::Test => files.test.or(files.train),
        };
        Ok(files.unwrap_or_default())
    }
}
