//! A file that is written in pieces and gets its name when it is complete.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::{sync_folder, unfinished_name};
use crate::error::{Error, Result};

/// A file in progress: written under a temporary name next to the final one, to which it is renamed when
/// finished. Until then an existing file of that name is preserved; an unfinished draft is deleted. A device
/// or a pipe is written to directly.
#[derive(Debug)]
pub struct Draft {
    file: BufWriter<File>,
    path: PathBuf,
    temporary: Option<PathBuf>,
}

impl Draft {
    /// Starts the file at `path`.
    ///
    /// # Errors
    /// [`Error::Usage`] if it is a folder, [`Error::Io`] if it cannot be created.
    pub fn create(path: &Path) -> Result<Self> {
        // If the path is a link, its target is replaced, not the link.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let facts = fs::metadata(&path).ok();
        if facts.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(Error::Usage(format!("{}: is a folder; give a file", path.display())));
        }
        let temporary = facts
            .is_none_or(|facts| facts.is_file())
            .then(|| path.parent().unwrap_or(Path::new("")).join(unfinished_name(&path)));
        let file = match &temporary {
            Some(temporary) => File::create(temporary),
            None => File::options().write(true).open(&path),
        };
        let file = BufWriter::new(file.map_err(Error::io(&path, "create it"))?);
        Ok(Self { file, path, temporary })
    }

    /// Appends to the file.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(Error::io(&self.path, "write it"))
    }

    /// Renames the finished file to its final name.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written; an existing file of that name is then preserved.
    pub fn finish(mut self) -> Result<()> {
        self.file.flush().map_err(Error::io(&self.path, "write it"))?;
        let Some(temporary) = self.temporary.take() else { return Ok(()) };
        let written = self.file.get_ref().sync_all().map_err(Error::io(&self.path, "flush it to the disk"));
        let written = written
            .and_then(|()| fs::rename(&temporary, &self.path).map_err(Error::io(&self.path, "replace it")));
        if written.is_err() {
            // Best effort: the remaining file is hidden and never read.
            let _ = fs::remove_file(&temporary);
        }
        written?;
        sync_folder(self.path.parent().unwrap_or(Path::new("")))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            let _ = fs::remove_file(temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gets_its_name_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        fs::write(&path, "old").unwrap();
        let mut draft = Draft::create(&path).unwrap();
        draft.write(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        drop(draft);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        let mut draft = Draft::create(&path).unwrap();
        draft.write(b"new").unwrap();
        draft.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_is_refused_and_a_device_written() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Draft::create(folder.path()), Err(Error::Usage(_))));
        assert!(matches!(Draft::create(&folder.path().join("no/a")), Err(Error::Io { .. })));
        let mut draft = Draft::create(Path::new("/dev/null")).unwrap();
        draft.write(b"x").unwrap();
        draft.finish().unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[cfg(unix)]
    #[test]
    fn the_target_of_a_link_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let mut draft = Draft::create(&link).unwrap();
        draft.write(b"new").unwrap();
        draft.finish().unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}
