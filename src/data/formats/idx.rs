//! The IDX format of the MNIST files, plain or gzipped: sizes and numbers, nothing else.
//!
//! A big-endian header (two zeros, the type, the number of dimensions, then one u32 for each dimension)
//! and the numbers, last dimension fastest, as described on the MNIST page of Yann LeCun. Nothing in the
//! header is believed before it agrees with the file's length.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;

use super::array::{self, Array, Element};
use crate::durable::write_file;
use crate::error::{Error, Result};
use crate::files;

/// The largest content that is read, in bytes.
const LIMIT: u64 = 1 << 32;

/// Reads an array of bytes in `D` dimensions (3 for images, 1 for labels): its sizes and bytes.
///
/// `fits` is asked about the sizes before the bytes are read, so that no memory is taken for an array
/// that is of no use; its message is the error.
///
/// Whether the file is gzipped is seen from its first bytes, because browsers unpack files and keep
/// their names.
///
/// # Errors
/// [`Error::Data`] if the file is no regular file, has another number of dimensions, a size of 0,
/// is not exactly as long as its header says, or has sizes that do not fit.
pub fn read<const D: usize>(
    path: &Path,
    fits: impl FnOnce(&[usize; D]) -> Result<(), String>,
) -> Result<([usize; D], Vec<u8>)> {
    let (file, length) = files::open(path)?;
    decode(path, BufReader::new(file), length, fits)
}

/// Reads the `length` bytes of `reader` as [`read`] reads a file; `path` is only named in errors.
///
/// # Errors
/// As [`read`].
pub fn decode<const D: usize>(
    path: &Path,
    reader: impl BufRead,
    length: u64,
    fits: impl FnOnce(&[usize; D]) -> Result<(), String>,
) -> Result<([usize; D], Vec<u8>)> {
    let mut found = [0; D];
    let (_, bytes) = content(path, reader, length, |header| {
        let other = || {
            let expected = if D == 1 { "labels" } else { "images" };
            format!("an IDX file of {header}; {expected} are bytes in {D}")
        };
        found = header.sizes.as_slice().try_into().map_err(|_| other())?;
        if header.element.size != 1 || header.element.kind != 'u' { Err(other()) } else { fits(&found) }
    })?;
    Ok((found, bytes))
}

/// Reads numbers of any type in one to four dimensions, as [`decode`] reads bytes.
///
/// # Errors
/// As [`read`], and if a number is not finite or does not fit 32 bits.
pub fn decode_array(
    path: &Path,
    reader: impl BufRead,
    length: u64,
    fits: impl FnOnce(&[usize]) -> Result<(), String>,
) -> Result<Array> {
    let (Header { element, sizes: shape }, bytes) = content(path, reader, length, |header| {
        fits(&header.sizes).map_err(|message| format!("an IDX file of {header}: {message}"))
    })?;
    let values = array::decode(element, bytes, &shape).map_err(|message| Error::data(path, message))?;
    Ok(Array { shape, values })
}

/// What a file's first bytes say.
struct Header {
    element: Element,
    sizes: Vec<usize>,
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Element { kind, size, .. } = self.element;
        let dimensions = match self.sizes.len() {
            1 => "1 dimension".to_owned(),
            several => format!("{several} dimensions"),
        };
        match (kind, size) {
            ('u', _) => write!(f, "bytes in {dimensions}"),
            ('i', _) => write!(f, "whole numbers of {} bits in {dimensions}", 8 * size),
            _ => write!(f, "floating-point numbers of {} bits in {dimensions}", 8 * size),
        }
    }
}

/// The header and the bytes after it. Whether they are gzipped is seen from the first ones.
fn content(
    path: &Path,
    mut reader: impl BufRead,
    length: u64,
    fits: impl FnOnce(&Header) -> Result<(), String>,
) -> Result<(Header, Vec<u8>)> {
    let start = reader.fill_buf().map_err(|error| files::failed_read(path, &error))?;
    if start.starts_with(&[0x1f, 0x8b]) {
        let mut decoder = GzDecoder::new(reader);
        let content = read_content(path, &mut decoder, None, fits)?;
        let rest = decoder.get_mut().fill_buf().map_err(|error| files::failed_read(path, &error))?;
        if !rest.is_empty() {
            return Err(Error::data(path, "bytes follow the end of the gzip data; get the file again"));
        }
        Ok(content)
    } else {
        read_content(path, &mut reader, Some(length), fits)
    }
}

/// Reads header and bytes to the end of `reader`, which has `length` bytes where that is known.
fn read_content(
    path: &Path,
    reader: &mut impl Read,
    length: Option<u64>,
    fits: impl FnOnce(&Header) -> Result<(), String>,
) -> Result<(Header, Vec<u8>)> {
    let failed = |error: std::io::Error| files::failed_read(path, &error);
    let magic = read_u32(reader).map_err(failed)?;
    let mut header = start(magic).map_err(|message| Error::data(path, message))?;
    for size in &mut header.sizes {
        *size = read_u32(reader).map_err(failed)? as usize;
    }
    let sizes = &header.sizes;
    let expected = sizes
        .iter()
        .try_fold(header.element.size as u64, |product, &size| product.checked_mul(size as u64))
        .filter(|&product| product > 0 && product <= LIMIT)
        .ok_or_else(|| {
            let message =
                format!("its header gives the sizes {sizes:?}; 1 to {LIMIT} bytes in all can be read");
            Error::data(path, message)
        })?;
    fits(&header).map_err(|message| Error::data(path, message))?;
    let start = 4 + 4 * header.sizes.len() as u64;
    if let Some(length) = length
        && length != start + expected
    {
        return Err(wrong_length(path, length, start + expected));
    }
    // A gzipped file may promise more than it holds, so its buffer grows with what really comes.
    let mut bytes = files::buffer(path, if length.is_some() { expected } else { 0 })?;
    reader.take(expected + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 == expected {
        Ok((header, bytes))
    } else {
        Err(wrong_length(path, start + bytes.len() as u64, start + expected))
    }
}

/// A header of which the sizes are still 0.
fn start(magic: u32) -> Result<Header, String> {
    let [zero, none, kind, dimensions] = magic.to_be_bytes();
    let element = match kind {
        0x08 => Some(('u', 1)),
        0x09 => Some(('i', 1)),
        0x0b => Some(('i', 2)),
        0x0c => Some(('i', 4)),
        0x0d => Some(('f', 4)),
        0x0e => Some(('f', 8)),
        _ => None,
    };
    let Some((kind, size)) = element.filter(|_| zero == 0 && none == 0) else {
        return Err(format!("starts with 0x{magic:08x}, so it is not an IDX file"));
    };
    if !(1..=4).contains(&dimensions) {
        return Err(format!("an IDX file of {dimensions} dimensions; 1 to 4 can be read"));
    }
    Ok(Header { element: Element { kind, size, big_endian: true }, sizes: vec![0; usize::from(dimensions)] })
}

fn wrong_length(path: &Path, length: u64, expected: u64) -> Error {
    let difference = if length < expected {
        format!("it ends after {length}")
    } else {
        "it goes on after that".to_owned()
    };
    Error::data(path, format!("its header promises {expected} bytes, but {difference}; get the file again"))
}

fn read_u32(reader: &mut impl Read) -> std::io::Result<u32> {
    let mut bytes = [0; 4];
    reader.read_exact(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}

/// Writes a plain IDX file of `bytes` with these sizes, whole or not at all.
///
/// # Errors
/// If the sizes do not fit the bytes or the format, or if the file cannot be written.
pub fn write<const D: usize>(path: &Path, sizes: [usize; D], bytes: &[u8]) -> Result<()> {
    let product = sizes.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    let header: Option<Vec<u32>> = sizes.iter().map(|&size| u32::try_from(size).ok()).collect();
    let Some(header) = header.filter(|_| product == Some(bytes.len())) else {
        return Err(Error::data(
            path,
            format!("{} bytes cannot be an array of sizes {sizes:?}", bytes.len()),
        ));
    };
    let header = std::iter::once(0x0800 + D as u32).chain(header).flat_map(u32::to_be_bytes);
    write_file(path, &header.chain(bytes.iter().copied()).collect::<Vec<u8>>())
}

#[cfg(test)]
mod tests;
