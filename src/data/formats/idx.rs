//! The IDX format of the MNIST files, plain or gzipped.
//!
//! A big-endian header (two zero bytes, the type, the number of dimensions, then a u32 for each dimension)
//! followed by the numbers in C order, as described on Yann LeCun's MNIST page. The header is not trusted
//! until it agrees with the file's length.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;

use super::array::{self, Array, Element};
use crate::durable::write_file;
use crate::error::{Error, Result};
use crate::files;

/// The largest content that is accepted, in bytes.
const LIMIT: u64 = 1 << 32;

/// Reads an array of bytes in `D` dimensions (3 for images, 1 for labels): its sizes and its bytes.
///
/// `fits` checks the sizes before the bytes are read, so that no memory is allocated for an unusable array;
/// its message becomes the error.
///
/// Gzip is detected from the first bytes, because browsers unpack files and keep their names.
///
/// # Errors
/// [`Error::Data`] if the path is not a regular file, the number of dimensions differs, a size is 0, the
/// length disagrees with the header, or `fits` rejects the sizes.
pub fn read<const D: usize>(
    path: &Path,
    fits: impl FnOnce(&[usize; D]) -> Result<(), String>,
) -> Result<([usize; D], Vec<u8>)> {
    let (file, length) = files::open(path)?;
    decode(path, BufReader::new(file), length, fits)
}

/// Decodes the `length` bytes of `reader` as [`read`] does a file; `path` is used in errors only.
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

/// Decodes numbers of any type in one to four dimensions, as [`decode`] does bytes.
///
/// # Errors
/// As [`read`], and if a number is not finite or out of range for `f32`.
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

/// The header of a file.
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
            ('i', _) => write!(f, "{}-bit integers in {dimensions}", 8 * size),
            _ => write!(f, "{}-bit floating-point numbers in {dimensions}", 8 * size),
        }
    }
}

/// Decodes the header and the bytes after it. Gzip is detected from the first bytes.
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
            return Err(Error::data(path, "bytes follow the end of the gzip data; download the file again"));
        }
        Ok(content)
    } else {
        read_content(path, &mut reader, Some(length), fits)
    }
}

/// Reads header and bytes up to the end of `reader`, which has `length` bytes, if that is known.
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
                format!("its header gives the sizes {sizes:?}; the total must be 1 to {LIMIT} bytes");
            Error::data(path, message)
        })?;
    fits(&header).map_err(|message| Error::data(path, message))?;
    let start = 4 + 4 * header.sizes.len() as u64;
    if let Some(length) = length
        && length != start + expected
    {
        return Err(wrong_length(path, length, start + expected));
    }
    // A gzipped file may hold less than its header promises, so the buffer grows with the data.
    let mut bytes = files::buffer(path, if length.is_some() { expected } else { 0 })?;
    reader.take(expected + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 == expected {
        Ok((header, bytes))
    } else {
        Err(wrong_length(path, start + bytes.len() as u64, start + expected))
    }
}

/// A header with the sizes still 0.
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
        return Err(format!("starts with 0x{magic:08x}: not an IDX file"));
    };
    if !(1..=4).contains(&dimensions) {
        return Err(format!("an IDX file of {dimensions} dimensions; 1 to 4 are supported"));
    }
    Ok(Header { element: Element { kind, size, big_endian: true }, sizes: vec![0; usize::from(dimensions)] })
}

fn wrong_length(path: &Path, length: u64, expected: u64) -> Error {
    let difference =
        if length < expected { format!("it ends after {length}") } else { "it is longer".to_owned() };
    Error::data(
        path,
        format!("its header promises {expected} bytes, but {difference}; download the file again"),
    )
}

fn read_u32(reader: &mut impl Read) -> std::io::Result<u32> {
    let mut bytes = [0; 4];
    reader.read_exact(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}

/// Writes a plain IDX file of `bytes` with these sizes, atomically.
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
