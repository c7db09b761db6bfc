//! PNG and JPEG files to pixels, within limits of size and memory.

use std::io::Cursor;
use std::path::Path;

use image::imageops::{FilterType, resize};
use image::{ImageFormat, ImageReader, Limits};

use crate::data::file;
use crate::error::{Error, Result};

/// The largest image file that is opened, in bytes.
const LARGEST_FILE: u64 = 1 << 28;
/// The longest side of an image that is decoded, in pixels.
const LONGEST_SIDE: u32 = 1 << 14;
/// The most memory that decoding one image may take, in bytes.
const LARGEST_IMAGE: u64 = 1 << 30;

/// Decodes and resizes a PNG or JPEG file into channels, rows, columns. There are 1 or 3 channels
/// and as many `pixels` as the sizes say.
///
/// # Errors
/// [`Error::Data`] if the file is no such image, is damaged or too large.
pub fn decode(path: &Path, [channels, height, width]: [usize; 3], pixels: &mut [u8]) -> Result<()> {
    let content = file::read(path, LARGEST_FILE)?;
    let failed = |error: image::ImageError| Error::data(path, format!("cannot be decoded: {error}"));
    check_jpeg(&content).map_err(|message| Error::data(path, message))?;
    let mut reader = ImageReader::new(Cursor::new(content))
        .with_guessed_format()
        .map_err(|error| file::failed_read(path, &error))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(LARGEST_IMAGE);
    reader.limits(limits);
    let image = reader.decode().map_err(failed)?;
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

/// Refuses JPEG files that the decoder would fill up with grey: those that are cut off, and those that
/// claim more pixels than their bytes can hold. Each 8 x 8 block takes at least a bit.
fn check_jpeg(content: &[u8]) -> Result<(), String> {
    if !content.starts_with(&[0xff, 0xd8]) {
        return Ok(());
    }
    // Within the data of a scan no 0xff is followed by these.
    let last = |marker: u8| content.windows(2).rposition(|pair| pair == [0xff, marker]);
    if last(0xda).is_some_and(|scan| last(0xd9).is_none_or(|end| end < scan)) {
        return Err("cannot be decoded: the JPEG data is cut off; get the file again".to_owned());
    }
    let reader = ImageReader::with_format(Cursor::new(content), ImageFormat::Jpeg);
    match reader.into_dimensions() {
        Ok((width, height)) if u64::from(width) * u64::from(height) > 512 * content.len() as u64 => {
            let length = content.len();
            Err(format!(
                "cannot be decoded: it claims {width} x {height} pixels, which {length} bytes cannot hold"
            ))
        }
        // What else is wrong with it, the decoder says.
        _ => Ok(()),
    }
}
