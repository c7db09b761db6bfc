//! PNG and JPEG files to pixels, within limits of size and memory.

use std::io::Cursor;
use std::path::Path;

use image::imageops::{FilterType, resize};
use image::{ImageFormat, ImageReader, Limits};

use crate::data::file;
use crate::error::{Error, Result};

/// The largest image file that is opened, in bytes.
pub const LARGEST_FILE: u64 = 1 << 28;
/// The longest side of an image that is decoded, in pixels.
const LONGEST_SIDE: u32 = 1 << 14;
/// The most memory that decoding one image may take, in bytes.
const LARGEST_IMAGE: u64 = 1 << 30;
/// The most pixels that one byte of a file can stand for: deflate packs 1032 bytes into one, and a
/// byte of a PNG file has up to 8 pixels; each 8 x 8 block of a JPEG file takes at least a bit.
const PIXELS_PER_BYTE: [(ImageFormat, u64); 2] = [(ImageFormat::Png, 8 * 1032), (ImageFormat::Jpeg, 512)];

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
    check_jpeg(content).map_err(|message| Error::data(path, message))?;
    let reader = open()?;
    let most = PIXELS_PER_BYTE.into_iter().find(|(format, _)| reader.format() == Some(*format));
    let (columns, rows) = reader.into_dimensions().map_err(failed)?;
    // Before memory is taken for what the file cannot hold.
    if most.is_some_and(|(_, most)| u64::from(columns) * u64::from(rows) > most * content.len() as u64) {
        let length = content.len();
        let message = format!(
            "cannot be decoded: it claims {columns} x {rows} pixels, which {length} bytes cannot hold"
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

/// Refuses JPEG files that are cut off, which the decoder would fill up with grey.
fn check_jpeg(content: &[u8]) -> Result<(), String> {
    if !content.starts_with(&[0xff, 0xd8]) {
        return Ok(());
    }
    // Within the data of a scan no 0xff is followed by these.
    let last = |marker: u8| content.windows(2).rposition(|pair| pair == [0xff, marker]);
    if last(0xda).is_some_and(|scan| last(0xd9).is_none_or(|end| end < scan)) {
        return Err("cannot be decoded: the JPEG data is cut off; get the file again".to_owned());
    }
    Ok(())
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
            "a.png: cannot be decoded: it claims 1000 x 1000 pixels, which 60 bytes cannot hold"
        );
    }
}
