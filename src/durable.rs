//! Atomic and durable writing of files and folders.
//!
//! New content is written under a temporary name and flushed to disk, then renamed, then the containing
//! folder is flushed. After a crash at any point, either the old or the new content exists.
//!
//! ```
//! # fn main() -> taper::Result<()> {
//! let folder = std::env::temp_dir().join(format!("taper-durable-{}", std::process::id()));
//! taper::internals::durable::write_file(&folder.join("note"), b"whole")?;
//! assert_eq!(std::fs::read(folder.join("note")).ok().as_deref(), Some(&b"whole"[..]));
//! taper::internals::durable::remove_folder(&folder)?;
//! # Ok(())
//! # }
//! ```

mod draft;

pub use draft::Draft;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::system;

/// The prefix of unfinished folders and files, which the holder of the run's lock may delete.
pub const UNFINISHED: &str = ".tmp-";
/// The prefix of a folder that is being replaced; its content is complete.
pub const REPLACED: &str = ".tmp-old-";

/// Creates the folder `path` and all missing parents so that they survive a power failure.
///
/// # Errors
/// [`Error::Io`] naming the folder.
pub fn create_folder(path: &Path) -> Result<()> {
    let missing: Vec<&Path> =
        path.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()).collect();
    fs::create_dir_all(path).map_err(Error::io(path, "create the folder"))?;
    missing.iter().filter_map(|folder| folder.parent()).try_for_each(sync_folder)
}

/// Replaces the file at `path`; creates its folder if necessary.
///
/// # Errors
/// [`Error::Io`] naming the file; the old content is then preserved.
pub fn write_file(path: &Path, content: &[u8]) -> Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    create_folder(parent)?;
    let temporary = parent.join(unfinished_name(path));
    let written = write_durably(&temporary, content)
        .and_then(|()| fs::rename(&temporary, path).map_err(Error::io(path, "replace it")));
    if written.is_err() {
        // Best effort: the remaining file is hidden and never read.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    sync_folder(parent)
}

/// Creates the folder `path` with `files`, replacing an existing folder.
///
/// # Errors
/// [`Error::Io`] naming the file or folder; the old folder is then preserved.
pub fn write_folder(path: &Path, files: &[(&str, &[u8])]) -> Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let temporary = parent.join(unfinished_name(path));
    let written = fill(&temporary, files).and_then(|()| publish(&temporary, path));
    if written.is_err() {
        // Best effort: no reader mistakes the remaining folder for a checkpoint.
        let _ = fs::remove_dir_all(&temporary);
    }
    written
}

/// Deletes a folder such that a crash halfway leaves no damaged folder under its name.
///
/// # Errors
/// [`Error::Io`] naming the folder.
pub fn remove_folder(path: &Path) -> Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let temporary = parent.join(unfinished_name(path));
    fs::rename(path, &temporary).map_err(Error::io(path, "move it away"))?;
    // If the path is a link or a file, it is deleted itself, not what it points to.
    let is_folder = fs::symlink_metadata(&temporary).is_ok_and(|facts| facts.is_dir());
    let removed = if is_folder { fs::remove_dir_all(&temporary) } else { fs::remove_file(&temporary) };
    removed.map_err(Error::io(&temporary, "delete it"))
}

/// Refuses to open anything but a regular file for writing: a pipe without a reader would block forever. A
/// missing file is fine.
///
/// # Errors
/// [`Error::Io`] naming the file.
pub fn require_regular(path: &Path) -> Result<()> {
    match fs::metadata(path) {
        Ok(facts) if !facts.is_file() => {
            let kind = if facts.is_dir() { "a folder" } else { "a pipe or device" };
            let source = std::io::Error::other(format!("{kind}, not a regular file"));
            Err(Error::Io { path: path.to_path_buf(), action: "open it", source })
        }
        _ => Ok(()),
    }
}

/// Flushes a folder's entries to disk.
///
/// # Errors
/// [`Error::Io`] naming the folder.
pub fn sync_folder(path: &Path) -> Result<()> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    system::flush_folder(path).map_err(Error::io(path, "flush the folder to the disk"))
}

fn fill(folder: &Path, files: &[(&str, &[u8])]) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(Error::io(folder, "delete the unfinished folder"))?;
    }
    fs::create_dir(folder).map_err(Error::io(folder, "create the folder"))?;
    for (name, content) in files {
        write_durably(&folder.join(name), content)?;
    }
    sync_folder(folder)
}

/// Gives a finished folder its name, durably. An existing folder of that name is moved away first and deleted
/// last; after a crash between the two renames, the clean-up of the checkpoint store restores it.
fn publish(temporary: &Path, path: &Path) -> Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let old = path.with_file_name(format!("{REPLACED}{}", file_name(path)));
    let replaces = path.exists();
    if replaces {
        if old.exists() {
            fs::remove_dir_all(&old).map_err(Error::io(&old, "delete the replaced folder"))?;
        }
        fs::rename(path, &old).map_err(Error::io(path, "move it away"))?;
    }
    if let Err(error) = fs::rename(temporary, path) {
        if replaces {
            // Best effort: the clean-up of the checkpoint store does the same.
            let _ = fs::rename(&old, path);
        }
        return Err(Error::io(path, "rename the finished folder to this name")(error));
    }
    sync_folder(parent)?;
    if replaces {
        fs::remove_dir_all(&old).map_err(Error::io(&old, "delete the replaced folder"))?;
    }
    Ok(())
}

fn write_durably(path: &Path, content: &[u8]) -> Result<()> {
    let mut file = File::create(path).map_err(Error::io(path, "create it"))?;
    file.write_all(content).map_err(Error::io(path, "write it"))?;
    file.sync_all().map_err(Error::io(path, "flush it to the disk"))
}

fn unfinished_name(path: &Path) -> PathBuf {
    PathBuf::from(format!("{UNFINISHED}{}-{}", file_name(path), std::process::id()))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn replaces_a_file_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write_file(&path, b"one").unwrap();
        write_file(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn replaces_a_folder_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("step");
        write_folder(&path, &[("a", b"1"), ("b", b"2")]).unwrap();
        write_folder(&path, &[("a", b"3")]).unwrap();
        assert_eq!(names(&path), ["a"]);
        assert_eq!(names(folder.path()), ["step"]);
        remove_folder(&path).unwrap();
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn keeps_the_old_folder_if_the_new_one_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("step");
        write_folder(&path, &[("a", b"1")]).unwrap();
        assert!(write_folder(&path, &[("no/such/folder", b"2")]).is_err());
        assert_eq!(fs::read(path.join("a")).unwrap(), b"1");
        assert_eq!(names(folder.path()), ["step"]);
    }
}
