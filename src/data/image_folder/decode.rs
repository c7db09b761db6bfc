//! PNG and JPEG files to pixels, within limits.

use std::io::Cursor;
use std::path::Path;

use image::imageops::{FilterType, resize};
use image::{ImageReader, Limits};

use super::super::file;
use crate::error::{Error, Result};

/// The largest image file that is opened, in bytes.
pub const LARGEST_FILE: u64 = 1 << 28;
/// The longest side of an image that is decoded, in pixels.
const LONGEST_SIDE: u32 = 1 << 14;
/// The most memory that decoding one image may take, in bytes.
const LARGEST_IMAGE: u64 = 1 << 30;
/// The most pixels that one byte of a file can stand for: deflate packs 1032 bytes into one, and a
/// byte of a PNG file has up to 8 pixels. JPEG has at most 512, a bit for each block of 64.
const PIXELS_PER_BYTE: u64 = 8 * 1032;

/// Reads, decodes and resizes an image file as [`decode`] does.
///
/// # Errors
/// [`Error::Data`] if it is no regular file, no such image, damaged or too large.
pub fn read(path: &Path, sizes: [usize; 3], pixels: &mut [u8]) -> Result<()> {
    decode(path, &file::read(path, LARGEST_FILE)?, sizes, pixels)
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
        reader.with_guessed_format().map_err(|error| file::failed_read(path, &error))
    };
    // The header is not believed before memory is taken for what the file cannot hold.
    let (columns, rows) = open()?.into_dimensions().map_err(failed)?;
    let most = PIXELS_PER_BYTE.saturating_mul(content.len() as u64);
    if u64::from(columns) * u64::from(rows) > most {
        let message = format!(
            "cannot be decoded: its header promises {columns} x {rows} pixels, which {} bytes cannot hold",
            content.len()
        );
        return Err(Error::data(path, message));
    }
    let image = open()?.decode().map_err(failed)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_promises_more_than_the_file_can_hold_takes_no_memory() {
        let mut content = Vec::new();
        image::GrayImage::new(1000, 1000)
            .write_to(&mut Cursor::new(&mut content), image::ImageFormat::Png)
            .unwrap();
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
