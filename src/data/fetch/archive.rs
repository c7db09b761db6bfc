//! Extracts files from a gzipped tar archive whose checksum has been verified.
//!
//! A header of 512 bytes (name at 0, size in octal at 124, type at 156: ustar, POSIX.1-1988) and the content, padded
//! to a multiple of 512.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::data::Loading;
use crate::durable::write_file;
use crate::error::{Error, Result};
use crate::files;

const BLOCK: usize = 512;
/// The largest file that is unpacked, in bytes: twice a batch of CIFAR-10.
const LIMIT: u64 = 1 << 26;

/// Extracts the files called `names`, from any folder of the archive at `path`, into `folder`. Each file is written
/// atomically.
///
/// # Errors
/// [`Error::Data`] if the archive is damaged or lacks one of them, [`Error::Io`] if one cannot be written,
/// [`Error::StoppedReading`] after a signal.
pub fn unpack(path: &Path, names: &[&str], folder: &Path, loading: &Loading) -> Result<()> {
    let damaged = || Error::data(path, "is damaged; delete it and fetch it again");
    let file = File::open(path).map_err(Error::io(path, "open it"))?;
    let mut archive = MultiGzDecoder::new(BufReader::new(file));
    let mut missing = names.to_vec();
    let mut header = [0; BLOCK];
    while !missing.is_empty() {
        loading.check()?;
        archive.read_exact(&mut header).map_err(|_| damaged())?;
        let member = Member::read(&header).ok_or_else(damaged)?;
        let padded = member.size.checked_next_multiple_of(BLOCK as u64).ok_or_else(damaged)?;
        let mut content = archive.by_ref().take(padded);
        let wanted = missing.iter().position(|name| member.is_file && member.name == *name);
        if let Some(at) = wanted {
            let bytes = files::read_all(path, content.by_ref().take(member.size), member.size, LIMIT)?;
            if bytes.len() as u64 != member.size {
                return Err(damaged());
            }
            write_file(&folder.join(missing.swap_remove(at)), &bytes)?;
        }
        std::io::copy(&mut content, &mut std::io::sink()).map_err(|_| damaged())?;
    }
    Ok(())
}

/// The file that a header describes.
struct Member {
    /// The last part of its name.
    name: String,
    size: u64,
    is_file: bool,
}

impl Member {
    fn read(header: &[u8; BLOCK]) -> Option<Self> {
        let text = |field: &[u8]| {
            let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
            String::from_utf8_lossy(&field[..end]).into_owned()
        };
        let name = text(&header[..100]);
        // Zeros end an archive: a file is missing.
        if name.is_empty() {
            return None;
        }
        Some(Self {
            name: name.rsplit('/').next().unwrap_or_default().to_owned(),
            size: u64::from_str_radix(text(&header[124..136]).trim(), 8).ok()?,
            is_file: matches!(header[156], b'0' | 0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    /// An archive of these files, in a folder.
    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut tar = Vec::new();
        let mut member = |name: &str, kind: u8, content: &[u8]| {
            let mut header = [0; BLOCK];
            header[..name.len()].copy_from_slice(name.as_bytes());
            header[124..136].copy_from_slice(format!("{:011o} ", content.len()).as_bytes());
            header[156] = kind;
            tar.extend_from_slice(&header);
            tar.extend_from_slice(content);
            tar.resize(tar.len().next_multiple_of(BLOCK), 0);
        };
        member("batches/", b'5', b"");
        for (name, content) in files {
            member(&format!("batches/{name}"), b'0', content);
        }
        tar.resize(tar.len() + 2 * BLOCK, 0);
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&tar).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn the_named_files_are_unpacked_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar.gz");
        let long = vec![3; 1500];
        std::fs::write(&path, archive(&[("readme.html", b"<p>"), ("b.bin", &long), ("a.bin", b"")])).unwrap();
        let into = folder.path().join("into");
        unpack(&path, &["a.bin", "b.bin"], &into, &Loading::default()).unwrap();
        assert_eq!(std::fs::read(into.join("b.bin")).unwrap(), long);
        assert_eq!(std::fs::read(into.join("a.bin")).unwrap(), b"");
        assert_eq!(std::fs::read_dir(&into).unwrap().count(), 2);
    }

    #[test]
    fn a_damaged_archive_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.tar.gz");
        let whole = archive(&[("a.bin", &[3; 1500])]);
        for (bytes, name) in
            [(&whole[..], "b.bin"), (&whole[..whole.len() / 2], "a.bin"), (b"no archive", "a.bin")]
        {
            std::fs::write(&path, bytes).unwrap();
            let error = unpack(&path, &[name], folder.path(), &Loading::default()).unwrap_err();
            assert_eq!(error.exit_code(), 3, "{error}");
            assert!(!folder.path().join(name).exists());
        }
    }
}
