//! Finds the image files in a class folder and its subfolders.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::DirEntry;
use std::io;
use std::path::{Path, PathBuf};

use crate::data::Loading;
use crate::data::formats::image::EXTENSIONS;
use crate::error::{Error, Result};

/// What operating systems and file servers leave in folders, in addition to hidden files.
const RUBBISH: &[&str] = &[
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "__macosx",
    "@eadir",
    "icon\r",
    "$recycle.bin",
    "system volume information",
    "lost+found",
];

/// File name extensions of unsupported image formats.
const PICTURES: [&str; 8] = ["webp", "bmp", "gif", "tif", "tiff", "heic", "heif", "avif"];

/// The images of class folders.
#[derive(Default)]
pub(super) struct Found {
    /// Each image with the index of its class; sorted by class, then by name within each folder, subfolders
    /// last.
    pub images: Vec<(PathBuf, u32)>,
    /// The number of other files, which are skipped.
    pub others: usize,
    /// The first of the other files.
    pub first_other: Option<PathBuf>,
    /// The classes without images.
    pub empty: Vec<String>,
}

impl Found {
    /// Adds all images in `folder` and its subfolders. Links to folders are followed, each folder once, so
    /// that cycles end.
    pub fn add_class(&mut self, folder: &Path, label: u32, loading: &Loading) -> Result<()> {
        let mut seen = HashSet::new();
        // Folders still to be read, the next one last.
        let mut ahead = vec![folder.to_path_buf()];
        while let Some(folder) = ahead.pop() {
            loading.check()?;
            let failed = |error: io::Error| Error::data(&folder, format!("cannot list the folder: {error}"));
            if !seen.insert(folder.canonicalize().map_err(failed)?) {
                continue;
            }
            let mut entries: Vec<DirEntry> =
                std::fs::read_dir(&folder).and_then(Iterator::collect).map_err(failed)?;
            entries.retain(|entry| !is_rubbish(&entry.file_name()));
            entries.sort_unstable_by_key(DirEntry::file_name);
            let mut folders = Vec::new();
            for entry in entries {
                let path = entry.path();
                if is_folder(&entry) {
                    folders.push(path);
                } else if is_image(&path) {
                    self.images.push((path, label));
                } else {
                    self.others += 1;
                    self.first_other.get_or_insert(path);
                }
            }
            ahead.extend(folders.into_iter().rev());
        }
        Ok(())
    }

    /// Adds the images found in another folder.
    pub fn append(&mut self, other: Self) {
        self.images.extend(other.images);
        self.others += other.others;
        self.first_other = self.first_other.take().or(other.first_other);
        self.empty.extend(other.empty);
    }

    /// Warns about skipped files and classes without images.
    pub fn warn(&self) {
        let one_line =
            |text: String| -> String { text.chars().map(|c| if c.is_control() { '?' } else { c }).collect() };
        if let Some(first) = &self.first_other {
            let first = one_line(first.display().to_string());
            let files = if self.others == 1 { "file that is" } else { "files that are" };
            tracing::warn!(
                "skipped {} {files} neither PNG nor JPEG: {first}{}",
                self.others,
                if self.others == 1 { "" } else { ", …" }.to_owned() + self.convert()
            );
        }
        if let Some(first) = self.empty.first() {
            let first = one_line(first.clone());
            let others = match self.empty.len() {
                1 => " has".to_owned(),
                count => format!(" and {} others have", count - 1),
            };
            tracing::warn!("the class `{first}`{others} no training images");
        }
    }

    /// The other files found, for an error about missing images.
    pub fn but_others(&self) -> String {
        match (&self.first_other, self.others) {
            (Some(first), 1) => format!(", only {}{}", first.display(), self.convert()),
            (Some(first), count) => {
                format!(
                    ", only {count} other files, the first of which is {}{}",
                    first.display(),
                    self.convert()
                )
            }
            (None, _) => String::new(),
        }
    }

    /// The remedy for an image in an unsupported format.
    fn convert(&self) -> &'static str {
        let extension = self.first_other.as_ref().and_then(|path| path.extension()).unwrap_or_default();
        let is = |known: &&str| extension.eq_ignore_ascii_case(known);
        if PICTURES.iter().any(is) { " (convert such images to PNG or JPEG)" } else { "" }
    }
}

/// Whether this is certainly neither a sample nor a class.
pub(super) fn is_rubbish(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.') || RUBBISH.contains(&name.to_lowercase().as_str())
}

/// Whether it is a folder, or a link to one.
fn is_folder(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_dir() || (kind.is_symlink() && entry.path().is_dir()))
}

pub(super) fn is_image(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    EXTENSIONS.iter().any(|known| extension == *known)
}

/// The names of the subfolders, sorted, without those of operating systems.
pub(super) fn sub_folders(folder: &Path) -> Result<Vec<String>> {
    let failed = |error: io::Error| {
        Error::data(folder, format!("cannot list the folder: {error}{}", crate::files::hint(folder)))
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let path = folder.join(&name);
        if is_rubbish(&name) || !path.is_dir() {
            continue;
        }
        match name.into_string() {
            Ok(name) => names.push(name),
            Err(_) => return Err(Error::data(path, "its name is not UTF-8; rename it")),
        }
    }
    names.sort_unstable();
    Ok(names)
}
