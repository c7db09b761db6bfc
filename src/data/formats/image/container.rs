//! Properties of a PNG or JPEG file that do not require decoding: whether it is complete, where it ends, and
//! its orientation.

use image::metadata::Orientation;

/// The first bytes of a PNG file.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The first bytes of a JPEG file.
const JPEG: &[u8] = &[0xff, 0xd8];
/// The prefix of EXIF data in a JPEG file, and in PNG files of some programs.
const EXIF: &[u8] = b"Exif\0\0";

/// A PNG or JPEG file, without trailing data.
pub struct Container<'a> {
    /// The name of the format.
    pub format: &'static str,
    /// Whether the file has an end marker.
    pub whole: bool,
    /// The bytes up to the end marker, or all.
    pub image: &'a [u8],
    /// How to rotate or flip the pixels.
    pub orientation: Orientation,
}

/// Examines a file's content; `None` if it is neither PNG nor JPEG.
pub fn examine(content: &[u8]) -> Option<Container<'_>> {
    let (format, end, exif) = if content.starts_with(PNG) {
        let (end, exif) = png(content);
        ("PNG", end, exif)
    } else if content.starts_with(JPEG) {
        let (end, exif) = jpeg(content);
        ("JPEG", end, exif)
    } else {
        return None;
    };
    let exif = exif.map(|exif| exif.strip_prefix(EXIF).unwrap_or(exif));
    let orientation = exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms);
    let image = end.and_then(|end| content.get(..end));
    Some(Container { format, whole: image.is_some(), image: image.unwrap_or(content), orientation })
}

/// The end of a PNG file's chunks, if they end, and its EXIF data, which may come before or after the pixels.
fn png(content: &[u8]) -> (Option<usize>, Option<&[u8]>) {
    let (mut at, mut exif) = (PNG.len(), None);
    loop {
        let Some((length, kind)) = u32_at(content, at).zip(content.get(at + 4..at + 8)) else {
            return (None, exif);
        };
        // A length and a name precede the data, a four-byte checksum follows it.
        let Some(data) = (at + 8).checked_add(length).and_then(|end| content.get(at + 8..end)) else {
            return (None, exif);
        };
        at += length + 12;
        match kind {
            b"eXIf" => exif = exif.or(Some(data)),
            // Nobody checks the checksum of the last chunk.
            b"IEND" => return (Some(at.min(content.len())), exif),
            _ => {}
        }
    }
}

/// The end of a JPEG file's image, if it ends, and its EXIF data.
///
/// Phones append a video or notes, and embed a thumbnail with an end marker of its own in the EXIF data. So
/// the end of the image is the first end marker after the segments, whose lengths are known.
fn jpeg(content: &[u8]) -> (Option<usize>, Option<&[u8]>) {
    let (mut at, mut exif) = (JPEG.len(), None);
    loop {
        // Between segments, and within the pixels after the start of a scan, a marker begins with 0xff.
        let Some(found) = content.get(at..).and_then(|rest| rest.iter().position(|&byte| byte == 0xff))
        else {
            return (None, exif);
        };
        at += found;
        match content.get(at + 1) {
            None => return (None, exif),
            Some(0xff) => at += 1,
            // A 0xff among the pixels, or a marker without data.
            Some(0x00 | 0x01 | 0xd0..=0xd8) => at += 2,
            Some(0xd9) => return (Some(at + 2), exif),
            Some(&marker) => {
                let Some(length) =
                    content.get(at + 2..at + 4).map(|size| usize::from(size[0]) << 8 | usize::from(size[1]))
                else {
                    return (None, exif);
                };
                let Some(data) = content.get(at + 4..at + 2 + length.max(2)) else { return (None, exif) };
                if marker == 0xe1 && data.starts_with(EXIF) {
                    exif = exif.or(Some(data));
                }
                at += 2 + length.max(2);
            }
        }
    }
}

fn u32_at(content: &[u8], at: usize) -> Option<usize> {
    let bytes = content.get(at..at + 4)?.first_chunk()?;
    usize::try_from(u32::from_be_bytes(*bytes)).ok()
}
