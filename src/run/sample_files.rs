//! Which file a sample is from.

use std::path::PathBuf;

use super::origin::Folders;
use super::{Model, SplitName};
use crate::data::SearchPath;
use crate::error::Result;

impl Model {
    /// The files of the samples that [`evaluate`](Self::evaluate) numbers on `split`, where each has one of its
    /// own, as in a folder of pictures.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if they cannot be listed.
    pub fn sample_files(&self, split: SplitName, search: &SearchPath) -> Result<Option<Vec<PathBuf>>> {
        let search = Folders::of(self.checkpoint()).search(search.clone());
        if split == SplitName::Validation && self.experiment().split.file.is_some() {
            return Ok(None);
        }
        let files = self.experiment().data.member().sample_files(&search)?;
        Ok(match split {
            SplitName::Train => files.train,
            SplitName::Validation => files.validation.or(files.train),
            SplitName::Test => files.test.or(files.train),
        })
    }
}
