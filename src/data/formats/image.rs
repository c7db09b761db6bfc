//! Decodes PNG and JPEG files to pixels, within limits of size and memory.
//!
//! The EXIF orientation is applied, transparency is dropped, 16 bits become 8, and color is converted to gray
//! as in Keras, `PyTorch`, Pillow and `OpenCV` (BT.601).

mod container;

use std::io::Cursor;
use std::path::Path;

use image::imageops::{FilterType, resize};
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageError, ImageReader, Limits};

use crate::error::{Error, Result};
use crate::files;
use crate::panics;
use container::Container;

/// The file name extensions of such files.
pub const EXTENSIONS: [&str; 5] = ["png", "jpg", "jpeg", "jpe", "jfif"];
/// The largest image file that is accepted, in bytes.
pub const LARGEST_FILE: u64 = 1 << 28;
/// The longest side of an image that is decoded, in pixels.
const LONGEST_SIDE: u32 = 1 << 14;
/// The maximum memory for decoding one image, in bytes.
const LARGEST_IMAGE: u64 = 1 << 30;
/// The maximum number of pixels per byte of a PNG file: deflate packs at most 1032 bytes into one, and each
/// holds up to 8 pixels.
const PIXELS_PER_BYTE_OF_PNG: u64 = 8 * 1032;
/// The maximum for a JPEG file: one bit for each block of 64.
const PIXELS_PER_BYTE_OF_JPEG: u64 = 512;
/// The number of pixels whose colors are separated at a time.
const BLOCK: usize = 16;

/// Reads, decodes and resizes an image file as [`decode`] does.
///
/// # Errors
/// [`Error::Data`] if the path is not a regular file, or the image is unsupported, damaged or too large.
pub fn read(path: &Path, sizes: [usize; 3], pixels: &mut [u8]) -> Result<()> {
    decode(path, &files::read(path, LARGEST_FILE)?, sizes, pixels)
}

/// Decodes and resizes the content of a PNG or JPEG file to channels, rows, columns. There are 1 or 3
/// channels, and the length of `pixels` is the product of `sizes`; `path` is used in errors only.
///
/// # Errors
/// [`Error::Data`] if the image is unsupported, damaged or too large.
pub fn decode(
    path: &Path,
    content: &[u8],
    [channels, height, width]: [usize; 3],
    pixels: &mut [u8],
) -> Result<()> {
    let refused = |message: String| Error::data(path, format!("cannot be decoded: {message}"));
    let container = container::examine(content).ok_or_else(|| refused(not_an_image(content)))?;
    let image = panics::contain(|| open(&container)).unwrap_or_else(|| {
        // The JPEG decoder (0.5.15) panics on some damaged files.
        Err("the decoder failed; save the image again with another program".to_owned())
    });
    let image = image.map_err(refused)?;
    // Rotated after resizing, when it is small.
    let turned = container.orientation;
    let on_its_side = matches!(
        turned,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    let (columns, rows) = if on_its_side { (height, width) } else { (width, height) };
    let (columns, rows) = (columns as u32, rows as u32);
    let in_size = (image.width(), image.height()) == (columns, rows);
    let image: DynamicImage = if channels == 1 { gray(image).into() } else { image.into_rgb8().into() };
    // To resize to the same size copies pixel by pixel.
    let mut resized = match image {
        image if in_size => image,
        DynamicImage::ImageLuma8(gray) => resize(&gray, columns, rows, FilterType::Triangle).into(),
        other => resize(&other.into_rgb8(), columns, rows, FilterType::Triangle).into(),
    };
    resized.apply_orientation(turned);
    let interleaved = resized.as_bytes();
    match channels {
        1 => pixels.copy_from_slice(interleaved),
        _ => separate(interleaved, pixels),
    }
    Ok(())
}

/// Writes all red, then all green and all blue values to `pixels`.
fn separate(interleaved: &[u8], pixels: &mut [u8]) {
    let plane = pixels.len() / 3;
    let (red, others) = pixels.split_at_mut(plane);
    let (green, blue) = others.split_at_mut(plane);
    // In blocks of a fixed size, which the compiler turns into shuffles of vectors.
    let mut colors = interleaved.chunks_exact(3 * BLOCK);
    let planes = red.chunks_mut(BLOCK).zip(green.chunks_mut(BLOCK)).zip(blue.chunks_mut(BLOCK));
    for ((red, green), blue) in planes {
        if let (Some(colors), BLOCK, BLOCK, BLOCK) = (colors.next(), red.len(), green.len(), blue.len()) {
            for i in 0..BLOCK {
                (red[i], green[i], blue[i]) = (colors[3 * i], colors[3 * i + 1], colors[3 * i + 2]);
            }
        } else {
            for (i, color) in colors.remainder().chunks_exact(3).enumerate() {
                (red[i], green[i], blue[i]) = (color[0], color[1], color[2]);
            }
        }
    }
}

/// Decodes the pixels of a file; the error says what is wrong with it.
fn open(container: &Container<'_>) -> Result<DynamicImage, String> {
    let content = container.image;
    let is_jpeg = container.format == "JPEG";
    // The JPEG decoder would fill missing data with gray; the PNG decoder requires all pixels.
    if is_jpeg && !container.whole {
        return Err(cut_off(container));
    }
    let failed = |error: ImageError| explain(&error, container);
    let mut reader = ImageReader::new(Cursor::new(content));
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(LARGEST_IMAGE);
    reader.limits(limits);
    let reader = reader.with_guessed_format().map_err(|error| failed(error.into()))?;
    let decoder = reader.into_decoder().map_err(failed)?;
    // The header is not trusted: no memory is allocated for more pixels than the file can hold.
    let (columns, rows) = decoder.dimensions();
    let per_byte = if is_jpeg { PIXELS_PER_BYTE_OF_JPEG } else { PIXELS_PER_BYTE_OF_PNG };
    if u64::from(columns) * u64::from(rows) > per_byte.saturating_mul(content.len() as u64) {
        let bytes = content.len();
        return Err(format!(
            "its header promises {columns} x {rows} pixels, which {bytes} bytes cannot hold"
        ));
    }
    if decoder.total_bytes() > LARGEST_IMAGE {
        return Err(too_large());
    }
    DynamicImage::from_decoder(decoder).map_err(failed)
}

/// Converts to gray as Pillow does: 0.299 red, 0.587 green and 0.114 blue, in integer arithmetic.
fn gray(image: DynamicImage) -> GrayImage {
    if !image.color().has_color() {
        return image.into_luma8();
    }
    let image = image.into_rgb8();
    let mut gray = GrayImage::new(image.width(), image.height());
    for (gray, color) in gray.pixels_mut().zip(image.pixels()) {
        let [red, green, blue] = color.0.map(u32::from);
        gray.0 = [((19_595 * red + 38_470 * green + 7_471 * blue + 0x8000) >> 16) as u8];
    }
    gray
}

/// Describes a file that is neither PNG nor JPEG.
fn not_an_image(content: &[u8]) -> String {
    match image::guess_format(content) {
        Ok(format) => {
            let name = format.extensions_str().first().map_or(String::new(), |name| name.to_uppercase());
            format!("it is a {name} file despite its name; convert it to PNG or JPEG")
        }
        Err(_) if content.is_empty() => "the file is empty; replace it".to_owned(),
        Err(_) => "neither PNG nor JPEG data; replace the file, or convert it".to_owned(),
    }
}

fn too_large() -> String {
    format!("it has more than {LONGEST_SIDE} pixels on a side or needs more than 1 GiB; make it smaller")
}

fn cut_off(container: &Container<'_>) -> String {
    format!("the {} data is cut off; replace the file", container.format)
}

/// Describes a decoder error in one sentence.
fn explain(error: &ImageError, container: &Container<'_>) -> String {
    let format = container.format;
    match error {
        ImageError::Limits(_) => too_large(),
        ImageError::Unsupported(_) => {
            format!("this variant of {format} is unsupported; save the image again with another program")
        }
        _ if !container.whole => cut_off(container),
        _ => format!("the {format} data is damaged; replace the file"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::ImageFormat;

    #[test]
    fn colors_are_separated_whatever_the_number_of_pixels() {
        for count in 0..70 {
            let colors: Vec<u8> = (0..3 * count).collect();
            let mut planes = vec![0; colors.len()];
            separate(&colors, &mut planes);
            let of = |channel| colors.iter().skip(channel).step_by(3).copied();
            assert_eq!(planes, (0..3).flat_map(of).collect::<Vec<u8>>(), "{count} pixels");
        }
    }

    #[test]
    fn a_header_that_promises_more_than_the_file_can_hold_allocates_nothing() {
        let mut content = Vec::new();
        GrayImage::new(1000, 1000).write_to(&mut Cursor::new(&mut content), ImageFormat::Png).unwrap();
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
