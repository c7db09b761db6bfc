//! Images that are decoded when a batch needs them.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::ahead::Ahead;
use super::cache::Cache;
use crate::data::formats::image::decode;
use crate::data::{Loading, Stored};
use crate::digest::hexadecimal;
use crate::error::{Error, Result};

/// The most decoded pixels that are kept in memory, in bytes.
pub(super) const MOST_KEPT: u64 = 1 << 28;

/// The images of one split.
pub(super) struct Images {
    /// The folder of the data set.
    folder: PathBuf,
    files: Ahead,
    /// Channels, height and width.
    sizes: [usize; 3],
    fingerprint: String,
    /// The images decoded so far, if all fit in memory.
    kept: Option<Vec<OnceLock<Box<[u8]>>>>,
    cache: Option<Cache>,
}

impl Images {
    /// Images of `files`, to be resized to `sizes`; with `cache`, decoded ones are kept in that folder.
    ///
    /// # Errors
    /// If a file does not exist, the folder of the cache cannot be used, or a signal arrived.
    pub fn new(
        folder: &Path,
        files: Vec<PathBuf>,
        sizes: [usize; 3],
        cache: Option<&Path>,
        loading: &Loading,
    ) -> Result<Self> {
        let lengths = lengths(&files, loading)?;
        let mut digest = Sha256::new();
        digest.update(format!("{sizes:?}"));
        for (file, length) in files.iter().zip(&lengths) {
            let name = file.strip_prefix(folder).unwrap_or(file);
            digest.update(format!("\n{length} {}", name.display()));
        }
        let fingerprint = hexadecimal(&digest.finalize());
        let size = sizes.iter().product::<usize>();
        let cache = cache.map(|cache| Cache::open(cache, &fingerprint, files.len(), size)).transpose()?;
        let kept = (files.len() as u64).saturating_mul(size as u64) <= MOST_KEPT;
        let kept = kept.then(|| files.iter().map(|_| OnceLock::new()).collect());
        Ok(Self { folder: folder.to_path_buf(), files: Ahead::new(files), sizes, fingerprint, kept, cache })
    }

    /// Takes an image from the cache, or decodes it.
    fn decode(&self, index: usize, to: &mut [u8]) -> Result<()> {
        if self.cache.as_ref().is_some_and(|cache| cache.read(index, to)) {
            return Ok(());
        }
        let content = self.files.content(index)?;
        decode(&self.files.files()[index], &content, self.sizes, to)?;
        if let Some(cache) = &self.cache {
            cache.write(index, to);
        }
        Ok(())
    }
}

/// The length of each file in bytes.
///
/// # Errors
/// If one does not exist, or a signal arrived.
pub(super) fn lengths(files: &[PathBuf], loading: &Loading) -> Result<Vec<u64>> {
    let length = |file: &PathBuf| {
        loading.check()?;
        let metadata = std::fs::metadata(file);
        let failed = |error| Error::data(file, format!("cannot be opened: {error}"));
        metadata.map(|metadata| metadata.len()).map_err(failed)
    };
    files.par_iter().map(length).collect()
}

impl Stored<u8> for Images {
    fn samples(&self) -> usize {
        self.files.files().len()
    }

    fn place(&self) -> &Path {
        &self.folder
    }

    fn read(&self, index: usize, to: &mut [u8]) -> Result<()> {
        let Some(kept) = self.kept.as_ref().map(|kept| &kept[index]) else {
            return self.decode(index, to);
        };
        if let Some(pixels) = kept.get() {
            to.copy_from_slice(pixels);
            return Ok(());
        }
        self.decode(index, to)?;
        // Another thread may have kept the same pixels in the meantime.
        let _ = kept.set(to.into());
        Ok(())
    }

    fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }

    fn prepare(&self, indices: &[usize]) {
        let kept = |index: &usize| self.kept.as_ref().is_some_and(|kept| kept[*index].get().is_some());
        // What a cache on disk holds is not known before it is read.
        if self.cache.is_none() && !indices.iter().all(kept) {
            self.files.announce(indices.iter().copied().filter(|index| !kept(index)));
        }
    }
}

impl fmt::Debug for Images {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{} images in {}", self.files.files().len(), self.folder.display())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::{Features, Source};

    /// Seven images of different sizes; the last file is damaged.
    fn files(folder: &Path) -> Vec<PathBuf> {
        let save = |i: u32| {
            let path = folder.join(format!("{i}.png"));
            let color = |x, y| image::Rgb([(x * 40 + i) as u8, (y * 50) as u8, (i * 30) as u8]);
            image::RgbImage::from_fn(3 + i, 9 - i, color).save(&path).unwrap();
            path
        };
        let files: Vec<PathBuf> = (0..7).map(save).collect();
        std::fs::write(&files[6], "nothing").unwrap();
        files
    }

    #[test]
    fn batches_hold_what_the_decoder_returns_whether_kept_cached_or_neither() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        let sizes = [3, 4, 5];
        let decoded = |i: usize| {
            let mut pixels = vec![0; 60];
            crate::data::formats::image::read(&files[i], sizes, &mut pixels).unwrap();
            pixels
        };
        for (kept, cached) in [(true, false), (false, false), (false, true), (false, true), (true, true)] {
            let cache = cached.then(|| folder.path().join("cache"));
            let loading = Loading::default();
            let images =
                Images::new(folder.path(), files.clone(), sizes, cache.as_deref(), &loading).unwrap();
            let keeps = images.kept.filter(|_| kept);
            let source = Source::Bytes(Arc::new(Images { kept: keeps, ..images }));
            let mut to = source.buffer();
            for indices in [vec![5, 0, 3], vec![0, 1, 2, 3, 4, 5, 0], vec![2]] {
                source.prepare(&indices);
                source.read(&indices, 60, &mut to).unwrap();
                let expected = indices.iter().flat_map(|&i| decoded(i)).collect();
                assert_eq!(to, Features::Bytes(expected), "{kept} {cached}");
            }
            let failed = source.read(&[1, 6], 60, &mut to).unwrap_err().to_string();
            assert!(failed.contains("6.png: cannot be decoded"), "{failed}");
        }
    }

    #[test]
    fn names_lengths_and_sizes_identify_the_images_wherever_they_lie() {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let of = |folder: &Path, files: &[PathBuf], sizes| {
            Images::new(folder, files.to_vec(), sizes, None, &Loading::default()).unwrap().fingerprint
        };
        let lists = folders.each_ref().map(|folder| files(folder.path()));
        let first = of(folders[0].path(), &lists[0], [3, 4, 5]);
        assert_eq!(first, of(folders[1].path(), &lists[1], [3, 4, 5]));
        assert_ne!(first, of(folders[0].path(), &lists[0], [3, 5, 4]));
        assert_ne!(first, of(folders[0].path(), &lists[0][..6], [3, 4, 5]));
        std::fs::write(&lists[1][6], "nothing!").unwrap();
        assert_ne!(first, of(folders[1].path(), &lists[1], [3, 4, 5]));
    }
}
