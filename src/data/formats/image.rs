//! PNG and JPEG files to pixels, within limits of size and memory.

use std::io::Cursor;
use std::path::Path;

use image::imageops::{FilterType, resize};
use image::{ImageFormat, ImageReader, Limits};

use crate::error::{Error, Result};
use crate::files;
use crate::panics;

/// The largest image file that is opened, in bytes.
pub const LARGEST_FILE: u64 = 1 << 28;
/// The longest side of an image that is decoded, in pixels.
const LONGEST_SIDE: u32 = 1 << 14;
/// The most memory that decoding one image may take, in bytes.
const LARGEST_IMAGE: u64 = 1 << 30;
/// The most pixels that one byte of a PNG file can stand for: deflate packs 1032 bytes into one, and
/// each has up to 8 pixels.
const PIXELS_PER_BYTE_OF_PNG: u64 = 8 * 1032;
/// The same of a JPEG file: a bit for each block of 64.
const PIXELS_PER_BYTE_OF_JPEG: u64 = 512;

/// Reads, decodes and resizes an image file as [`decode`] does.
///
/// # Errors
/// [`Error::Data`] if it is no regular file, no such image, damaged or too large.
pub fn read(path: &Path, sizes: [usize; 3], pixels: &mut [u8]) -> Result<()> {
    decode(path, &files::read(path, LARGEST_FILE)?, sizes, pixels)
}

/// Decodes and resizes the content of a PNG or JPEG file into channels, rows, columns. There are 1
/// or 3 channels and as many `pixels` as the sizes say; `path` is only named in errors.
///
/// # Errors
/// [`Error::Data`] if it is no such image, is damaged or too large.
pub fn decode(
    path: &Path,
    content: &[u8],
    [channels, height, width]: [usize; 3],
    pixels: &mut [u8],
) -> Result<()> {
    let failed = |error: image::ImageError| Error::data(path, format!("cannot be decoded: {error}"));
    let open = || {
        let mut reader = ImageReader::new(Cursor::new(content));
        let mut limits = Limits::default();
        limits.max_image_width = Some(LONGEST_SIDE);
        limits.max_image_height = Some(LONGEST_SIDE);
        limits.max_alloc = Some(LARGEST_IMAGE);
        reader.limits(limits);
        reader.with_guessed_format().map_err(|error| files::failed_read(path, &error))
    };
    if is_cut_off(content) {
        return Err(Error::data(path, "cannot be decoded: the JPEG data is cut off; get the file again"));
    }
    // The header is not believed before memory is taken for what the file cannot hold.
    let reader = open()?;
    let per_byte = match reader.format() {
        Some(ImageFormat::Jpeg) => PIXELS_PER_BYTE_OF_JPEG,
        _ => PIXELS_PER_BYTE_OF_PNG,
    };
    let (columns, rows) = survived(path, || reader.into_dimensions())?.map_err(failed)?;
    let most = per_byte.saturating_mul(content.len() as u64);
    if u64::from(columns) * u64::from(rows) > most {
        let message = format!(
            "cannot be decoded: its header promises {columns} x {rows} pixels, which {} bytes cannot hold",
            content.len()
        );
        return Err(Error::data(path, message));
    }
    let reader = open()?;
    let image = survived(path, || reader.decode())?.map_err(failed)?;
    let (columns, rows) = (width as u32, height as u32);
    let interleaved = if channels == 1 {
        resize(&image.into_luma8(), columns, rows, FilterType::Triangle).into_raw()
    } else {
        resize(&image.into_rgb8(), columns, rows, FilterType::Triangle).into_raw()
    };
    for (channel, plane) in pixels.chunks_exact_mut(height * width).enumerate() {
        for (pixel, value) in plane.iter_mut().zip(interleaved.iter().skip(channel).step_by(channels)) {
            *pixel = *value;
        }
    }
    Ok(())
}

/// What a decoder returns, if it does not panic, as that of JPEG does on some damaged files (0.5.15).
fn survived<T>(path: &Path, decode: impl FnOnce() -> T) -> Result<T> {
    let message = "cannot be decoded: the decoder gave up; save the image anew with another program";
    panics::contain(decode).ok_or_else(|| Error::data(path, message))
}

/// Whether this is a JPEG file that ends within its pixels, which the decoder would fill up with grey.
fn is_cut_off(content: &[u8]) -> bool {
    // Within the data of a scan no 0xff is followed by these.
    let last = |marker: u8| content.windows(2).rposition(|pair| pair == [0xff, marker]);
    content.starts_with(&[0xff, 0xd8])
        && last(0xda).is_some_and(|scan| last(0xd9).is_none_or(|end| end < scan))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_promises_more_than_the_file_can_hold_takes_no_memory() {
        let mut content = Vec::new();
        image::GrayImage::new(1000, 1000).write_to(&mut Cursor::new(&mut content), ImageFormat::Png).unwrap();
        let mut pixels = [1; 4];
        decode(Path::new("a.png"), &content, [1, 2, 2], &mut pixels).unwrap();
        assert_eq!(pixels, [0; 4]);
        let cut = &content[..60];
        let message = decode(Path::new("a.png"), cut, [1, 2, 2], &mut pixels).unwrap_err().to_string();
        assert_eq!(
            message,
            "a.png: cannot be decoded: its header promises 1000 x 1000 pixels, which 60 bytes cannot hold"
        );
    }
}
