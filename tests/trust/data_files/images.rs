//! PNG and JPEG files in an image folder and as inputs.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use flate2::Crc;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use taper::internals::data::formats::image::read;

use super::{config, load, refused};
use crate::child::watch;
use crate::tier::times;
use crate::workspace::Workspace;

fn image() -> DynamicImage {
    RgbImage::from_fn(6, 4, |x, y| Rgb([40 * x as u8, 60 * y as u8, 7])).into()
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).expect("encoded");
    bytes.into_inner()
}

/// A PNG chunk with a valid checksum.
fn chunk(kind: &str, content: &[u8]) -> Vec<u8> {
    let mut sum = Crc::new();
    sum.update(kind.as_bytes());
    sum.update(content);
    let length = content.len() as u32;
    [&length.to_be_bytes(), kind.as_bytes(), content, &sum.sum().to_be_bytes()].concat()
}

/// A PNG file of these chunks.
fn png(chunks: &[Vec<u8>]) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunks.concat()].concat()
}

/// The first chunk of a PNG file.
fn ihdr([width, height]: [u32; 2], [depth, color, interlace]: [u8; 3]) -> Vec<u8> {
    chunk(
        "IHDR",
        &[&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, color, 0, 0, interlace]].concat(),
    )
}

fn deflated(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, content).expect("compressed");
    encoder.finish().expect("compressed")
}

/// A JPEG file that claims this size.
fn jpeg_of([width, height]: [u16; 2]) -> Vec<u8> {
    let mut bytes = encoded(&image(), ImageFormat::Jpeg);
    let frame = (0..bytes.len()).find(|&at| bytes[at..].starts_with(&[0xff, 0xc0])).expect("a frame");
    bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

fn workspace() -> Workspace {
    let workspace = Workspace::new();
    let data = "data.image_folder = { path = 'images', height = 4, width = 6 }";
    let layers = "{ flatten = {} }, { dense = { units = 2 } }";
    workspace.file("config.toml", config(data, layers, "cross_entropy"));
    for file in ["cat/1.png", "dog/1.png"] {
        workspace.file(&format!("images/{file}"), encoded(&image(), ImageFormat::Png));
    }
    workspace
}

#[test]
fn hostile_images_are_refused_in_a_folder_and_as_inputs() {
    let workspace = workspace();
    workspace.ok(&["train", "--config", "config.toml", "--run-dir", "trained"]);
    let end = chunk("IEND", b"");
    let data = chunk("IDAT", &deflated(&[0; 100]));
    let claims = |size, format| png(&[ihdr(size, format), data.clone(), end.clone()]);
    let grey = [8, 0, 0];
    let whole = encoded(&image(), ImageFormat::Png);
    let jpeg = encoded(&image(), ImageFormat::Jpeg);
    let mut wrong_sum = whole.clone();
    wrong_sum[30] ^= 1;
    let cases: Vec<(&str, &str, Vec<u8>)> = vec![
        ("nothing", "png", Vec::new()),
        ("nothing", "jpg", Vec::new()),
        ("text", "png", b"hello".to_vec()),
        ("a magic number alone", "png", whole[..8].to_vec()),
        ("a magic number alone", "jpg", jpeg[..3].to_vec()),
        ("a GIF", "png", b"GIF89a\x01\0\x01\0\0\0\0;".to_vec()),
        ("a BMP", "png", b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0".to_vec()),
        ("an SVG", "jpg", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()),
        ("a wrong checksum", "png", wrong_sum),
        ("65535 x 65535", "png", claims([65535, 65535], grey)),
        ("2^31 - 1 squared", "png", claims([i32::MAX as u32; 2], [16, 6, 0])),
        ("2^32 - 1 squared", "png", claims([u32::MAX; 2], [16, 6, 0])),
        ("16384 x 16384 in 16 bits", "png", claims([16384, 16384], [16, 6, 0])),
        ("16384 x 16384 interlaced", "png", claims([16384, 16384], [8, 2, 1])),
        ("8192 x 8192", "png", claims([8192, 8192], grey)),
        ("0 x 4", "png", claims([0, 4], grey)),
        ("3 bits", "png", claims([6, 4], [3, 0, 0])),
        ("color type 9", "png", claims([6, 4], [8, 9, 0])),
        ("a palette that is missing", "png", claims([6, 4], [8, 3, 0])),
        ("no data", "png", png(&[ihdr([6, 4], grey), end.clone()])),
        ("data before the header", "png", png(&[data.clone(), ihdr([6, 4], grey), end.clone()])),
        ("data that is no zlib", "png", png(&[ihdr([6, 4], grey), chunk("IDAT", b"hello"), end.clone()])),
        ("65535 x 65535", "jpg", jpeg_of([65535, 65535])),
        ("16384 x 16384", "jpg", jpeg_of([16384, 16384])),
        ("0 x 0", "jpg", jpeg_of([0, 0])),
        ("the start of a JPEG", "jpg", jpeg[..jpeg.len() / 3].to_vec()),
    ];
    for (name, extension, content) in cases {
        let path = format!("images/dog/2.{extension}");
        workspace.file(&path, &content);
        let name = format!("{name}.{extension}");
        refused(&workspace, &name, content.len(), &path);
        let watched = watch(&workspace, &["predict", "--checkpoint", "trained", "--input", &path]);
        assert!(watched.refused(&name, 3, content.len()).contains(&path), "{name}");
        fs::remove_file(workspace.path(&path)).expect("removed");
    }
}

#[test]
fn unusual_but_valid_images_are_read() {
    let workspace = workspace();
    let rgb = image();
    let pixel = RgbImage::from_pixel(1, 1, Rgb([1, 2, 3]));
    let kinds = [
        ("1x1", DynamicImage::from(pixel)),
        ("16 bits", rgb.to_rgb16().into()),
        ("grey in 16 bits", rgb.to_luma16().into()),
        ("alpha", rgb.to_rgba8().into()),
        ("alpha in 16 bits", rgb.to_rgba16().into()),
        ("grey and alpha", rgb.to_luma_alpha8().into()),
    ];
    for (name, image) in kinds {
        workspace.file("images/dog/2.png", encoded(&image, ImageFormat::Png));
        load(&workspace.path(""), "[image_folder]\npath = 'images'\nheight = 4\nwidth = 6")
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    // Interlaced: a 1 x 1 image is only the first pass. Animated: only the first frame is used.
    let data = deflated(&[0, 9]);
    let control = [0_u32, 1, 1, 0, 0].map(u32::to_be_bytes).concat();
    let frame = [control, vec![0, 1, 0, 10, 0, 0]].concat();
    let second =
        [&1_u32.to_be_bytes()[..], &[0, 0, 0, 1, 0, 0, 0, 1], &[0; 8], &[0, 1, 0, 10, 0, 0]].concat();
    let shown = |interlace, between: Vec<Vec<u8>>, after: Vec<Vec<u8>>| {
        png(&[
            vec![ihdr([1, 1], [8, 0, interlace])],
            between,
            vec![chunk("IDAT", &data)],
            after,
            vec![chunk("IEND", b"")],
        ]
        .concat())
    };
    let animation = chunk("acTL", &[0, 0, 0, 2, 0, 0, 0, 0]);
    let other = [&2_u32.to_be_bytes()[..], &deflated(&[0, 200])].concat();
    for (name, content) in [
        ("interlaced", shown(1, vec![], vec![])),
        (
            "animated",
            shown(
                0,
                vec![animation, chunk("fcTL", &frame)],
                vec![chunk("fcTL", &second), chunk("fdAT", &other)],
            ),
        ),
    ] {
        let path = workspace.file("images/dog/2.png", content);
        let mut pixels = [0; 1];
        read(&path, [1, 1, 1], &mut pixels).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(pixels, [9], "{name}");
    }
}

/// A PNG file without its last chunk still has all pixels.
#[test]
fn no_truncation_or_wrong_bit_crashes_a_decoder() {
    let folder = tempfile::tempdir().expect("a folder");
    let read = |path: &Path| {
        let result = read(path, [3, 4, 6], &mut [0; 72]);
        result.inspect_err(|error| assert_eq!(error.exit_code(), 3, "{error}")).is_ok()
    };
    for (name, format, end) in [("a.png", ImageFormat::Png, 12), ("a.jpg", ImageFormat::Jpeg, 0)] {
        let path = folder.path().join(name);
        let whole = encoded(&image(), format);
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).expect("written");
            assert!(!read(&path) || length + end >= whole.len(), "{length} bytes of {name}");
        }
        fs::write(&path, &whole).expect("written");
        assert!(read(&path));
        for bit in (0..whole.len() * 8).step_by(times([3, 1, 1])) {
            let mut wrong = whole.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, wrong).expect("written");
            read(&path);
        }
    }
}

/// Creates a class folder that contains only an empty file of this name.
fn only(workspace: &Workspace, name: &str) {
    fs::create_dir(workspace.path("images/eel")).expect("a folder");
    workspace.file(&format!("images/eel/{name}"), "");
}

#[test]
fn hostile_folders_are_refused() {
    type Change = fn(&Workspace);
    let cases: [(&str, Change, &str); 5] = [
        ("other kinds of file only", |w| only(w, "x.txt"), "no PNG or JPEG image"),
        ("two extensions", |w| only(w, "x.png.exe"), "no PNG or JPEG image"),
        ("a name with a line end", |w| drop(w.file("images/dog/a\nb.png", "")), "a\\nb.png"),
        (
            "an empty class",
            |w| fs::create_dir(w.path("images/eel")).expect("a folder"),
            "no PNG or JPEG image",
        ),
        ("no classes", |w| fs::remove_dir_all(w.path("images")).expect("removed"), "cannot list the folder"),
    ];
    for (name, change, words) in cases {
        let workspace = workspace();
        change(&workspace);
        refused(&workspace, name, 0, words);
    }
}
