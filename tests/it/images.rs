//! Images and image folders in all common forms.

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageFormat, RgbImage};
use taper::data;
use taper::data::{Dataset, Features, SearchPath, Splits, Targets};
use taper::internals::data::formats::image::decode;

use crate::workspace::Workspace;

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut content = Vec::new();
    image.write_to(&mut Cursor::new(&mut content), format).expect("an image");
    content
}

fn one_color(color: [u8; 3]) -> DynamicImage {
    RgbImage::from_pixel(16, 16, image::Rgb(color)).into()
}

/// The pixels of a decoded file, 2 high and 3 wide.
fn pixels(content: &[u8], channels: usize) -> Result<Vec<u8>, String> {
    let mut pixels = vec![0; channels * 6];
    match decode(Path::new("a"), content, [channels, 2, 3], &mut pixels) {
        Ok(()) => Ok(pixels),
        Err(error) => {
            assert_eq!(error.exit_code(), 3);
            Err(error.to_string())
        }
    }
}

fn assert_near(found: &[u8], expected: &[u8], what: &str) {
    let near = found.iter().zip(expected).all(|(a, b)| a.abs_diff(*b) <= 3);
    assert!(near && found.len() == expected.len(), "{what}: {found:?}, not {expected:?}");
}

/// A TIFF header with the orientation tag after another one, as in EXIF data.
fn exif(orientation: u8, little: bool) -> Vec<u8> {
    let short = |value: u16| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let long = |value: u32| if little { value.to_le_bytes() } else { value.to_be_bytes() };
    let mut exif = if little { b"II".to_vec() } else { b"MM".to_vec() };
    exif.extend([&short(42)[..], &long(8), &short(2)].concat());
    for (tag, value) in [(0x0128, 2), (0x0112, u16::from(orientation))] {
        exif.extend([&short(tag)[..], &short(3), &long(1), &short(value), &short(0)].concat());
    }
    exif.extend(long(0));
    exif
}

/// A JPEG file with EXIF data after its start.
fn jpeg_with(exif: &[u8], jpeg: &[u8]) -> Vec<u8> {
    let length = u16::try_from(exif.len() + 8).expect("short").to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, b"Exif\0\0", exif, &jpeg[2..]].concat()
}

/// A PNG file with EXIF data before or after its pixels.
fn png_with(exif: &[u8], png: &[u8], after: bool) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(b"eXIf");
    crc.update(exif);
    let length = u32::try_from(exif.len()).expect("short").to_be_bytes();
    let chunk = [&length[..], b"eXIf", exif, &crc.sum().to_be_bytes()].concat();
    // The header ends at byte 33; the last chunk has 12 bytes.
    let at = if after { png.len() - 12 } else { 33 };
    [&png[..at], &chunk, &png[at..]].concat()
}

#[test]
fn the_exif_orientation_is_applied() {
    // Six fields of 16 x 16 pixels, which JPEG does not mix.
    let seen = [[20, 60, 100], [140, 180, 220]];
    let (rows, columns) = (2_u32, 3_u32);
    for orientation in 1..=8_u8 {
        // The displayed position of the pixel stored in row r and column c (EXIF 2.3, table of tag 0x0112).
        let place = |r: u32, c: u32| match orientation {
            1 => (r, c),
            2 => (r, columns - 1 - c),
            3 => (rows - 1 - r, columns - 1 - c),
            4 => (rows - 1 - r, c),
            5 => (c, r),
            6 => (c, columns - 1 - r),
            7 => (rows - 1 - c, columns - 1 - r),
            _ => (rows - 1 - c, r),
        };
        let (width, height) = if orientation < 5 { (columns, rows) } else { (rows, columns) };
        let stored = image::GrayImage::from_fn(16 * width, 16 * height, |x, y| {
            let (row, column) = place(y / 16, x / 16);
            image::Luma([seen[row as usize][column as usize]])
        });
        let stored = DynamicImage::from(stored);
        let upright: Vec<u8> = seen.concat();
        let (jpeg, png) = (encoded(&stored, ImageFormat::Jpeg), encoded(&stored, ImageFormat::Png));
        for little in [true, false] {
            let exif = exif(orientation, little);
            let prefixed = [b"Exif\0\0", &exif[..]].concat();
            for (name, content) in [
                ("JPEG", jpeg_with(&exif, &jpeg)),
                ("PNG", png_with(&exif, &png, false)),
                ("PNG, after the pixels", png_with(&exif, &png, true)),
                ("PNG, as old Pillow writes it", png_with(&prefixed, &png, false)),
            ] {
                let what = format!("{name}, orientation {orientation}");
                // The filter mixes neighboring pixels at the edges of fields.
                let found = pixels(&content, 1).expect("an image");
                let near = found.iter().zip(&upright).all(|(a, b)| a.abs_diff(*b) <= 25);
                assert!(near, "{what}: {found:?}");
                assert_near(&pixels(&content, 3).expect("an image"), &found.repeat(3), &what);
            }
        }
        // Damaged EXIF data has no effect.
        let broken = jpeg_with(&exif(9, true), &jpeg);
        assert_eq!(pixels(&broken, 1), pixels(&jpeg, 1));
        assert_eq!(pixels(&jpeg_with(b"II*\0\xff\xff\xff\xff", &jpeg), 1), pixels(&jpeg, 1));
    }
}

#[test]
fn color_is_converted_to_gray_as_in_other_libraries() {
    for (color, grey) in [
        ([255, 0, 0], 76),
        ([0, 255, 0], 150),
        ([0, 0, 255], 29),
        ([255, 255, 255], 255),
        ([0, 0, 0], 0),
        ([10, 200, 60], 127),
        ([200, 100, 50], 124),
    ] {
        let image = one_color(color);
        for (name, image) in [
            ("8 bits", image.clone()),
            ("with alpha", DynamicImage::from(image.to_rgba8())),
            ("16 bits", DynamicImage::from(image.to_rgb16())),
            ("16 bits with alpha", DynamicImage::from(image.to_rgba16())),
        ] {
            let found = pixels(&encoded(&image, ImageFormat::Png), 1).expect("an image");
            assert_eq!(found, [grey; 6], "{color:?}, {name}");
        }
        assert_near(&pixels(&encoded(&image, ImageFormat::Jpeg), 1).expect("an image"), &[grey; 6], "JPEG");
    }
    for value in [0_u8, 7, 128, 255] {
        let grey = DynamicImage::from(image::GrayAlphaImage::from_pixel(8, 8, image::LumaA([value, 3])));
        assert_eq!(pixels(&encoded(&grey, ImageFormat::Png), 1).expect("an image"), [value; 6]);
        let grey = DynamicImage::from(grey.to_luma16());
        assert_eq!(pixels(&encoded(&grey, ImageFormat::Png), 3).expect("an image"), [value; 18]);
    }
}

#[test]
fn data_after_the_end_of_a_jpeg_file_is_ignored() {
    let jpeg = encoded(&one_color([200, 30, 39]), ImageFormat::Jpeg);
    let other = encoded(&one_color([0, 0, 0]), ImageFormat::Jpeg);
    let plain = pixels(&jpeg, 3).expect("an image");
    let thumbnail = jpeg_with(&other, &jpeg);
    for (name, tail) in [
        ("a film", &b"\0\0\0\x18ftypmp42 \xff\xda\0\x0c and so on \xff\xda"[..]),
        ("another image", &other),
        ("half of another image", &other[..other.len() / 2]),
        ("a start", b"\xff\xd8"),
        ("text", b"SEFT notes"),
        ("a half marker", b"\xff"),
    ] {
        for jpeg in [&jpeg, &thumbnail] {
            assert_eq!(pixels(&[jpeg, tail].concat(), 3).as_ref(), Ok(&plain), "{name}");
        }
    }
    // A truncated file is refused with a clear message, with or without a thumbnail.
    for whole in [&jpeg, &thumbnail, &encoded(&one_color([1, 2, 3]), ImageFormat::Png)] {
        let format = if whole.starts_with(b"\x89") { "PNG" } else { "JPEG" };
        for length in 0..whole.len() - if format == "PNG" { 12 } else { 1 } {
            let error = pixels(&whole[..length], 3).expect_err("a file that is cut off");
            let expected = match length {
                0 => "the file is empty; replace it".to_owned(),
                _ if length < 8 && format == "PNG" || length < 2 => {
                    "neither PNG nor JPEG data; replace the file, or convert it".to_owned()
                }
                _ => format!("the {format} data is cut off; replace the file"),
            };
            assert_eq!(error, format!("a: cannot be decoded: {expected}"), "{length} bytes");
        }
    }
}

#[test]
fn other_file_types_are_named() {
    for (content, expected) in [
        (&b"GIF89a........"[..], "it is a GIF file despite its name; convert it to PNG or JPEG"),
        (b"RIFF\x20\0\0\0WEBPVP8 ", "it is a WEBP file despite its name"),
        (b"BM..............", "it is a BMP file"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "neither PNG nor JPEG data"),
    ] {
        let error = pixels(content, 3).expect_err("no such image");
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn keys_of_other_programs_for_validation_samples_are_answered_with_split() {
    let workspace = Workspace::new();
    for key in ["validation_path", "val_path", "validation_file"] {
        let text =
            format!("[data.csv]\npath = 't.csv'\ntarget = 'y'\n{key} = 'v.csv'\n[model]\nlayers = []\n");
        workspace.file("c.toml", text);
        let outcome = workspace.run(&["check", "c.toml"]);
        assert!(
            outcome.code == 2 && outcome.stderr.contains("did you mean `split.file`?"),
            "{}",
            outcome.stderr
        );
    }
}

/// A workspace with these images, each of one shade of gray.
fn folders(images: &[(&str, u8)]) -> Workspace {
    let workspace = Workspace::new();
    for (name, grey) in images {
        workspace.file(name, encoded(&one_color([*grey; 3]), ImageFormat::Png));
    }
    workspace
}

/// Loads the folder `p` of the workspace as 1 x 1 gray pixels.
fn load(workspace: &Workspace, options: &str) -> Result<Splits, String> {
    let text = format!("[image_folder]\npath = \"p\"\nheight = 1\nwidth = 1\nchannels = 1\n{options}");
    let config: data::Config = toml::from_str(&text).expect("options");
    let search = SearchPath { config_folder: workspace.path(""), ..SearchPath::default() };
    config.member().load(&search, 0).map_err(|error| {
        assert_eq!(error.exit_code(), 3);
        error.to_string()
    })
}

/// The gray value of each sample, with its label.
fn samples(dataset: &Dataset) -> Vec<(u8, u32)> {
    match (dataset.features.memory(), &dataset.targets) {
        (Some(Features::Bytes(pixels)), Targets::Classes { labels, .. }) => {
            pixels.iter().copied().zip(labels.iter().copied()).collect()
        }
        _ => panic!("no images"),
    }
}

#[test]
fn class_folders_may_have_subfolders() {
    let workspace = folders(&[
        ("p/dark/2.png", 2),
        ("p/dark/2024/spring/9.png", 9),
        ("p/dark/2024/1.png", 1),
        ("p/dark/2023/autumn/7.png", 7),
        ("p/light/a.jpg/3.png", 3),
        ("p/light/4.png", 4),
    ]);
    let found = samples(&load(&workspace, "").expect("samples").train);
    assert_eq!(found, [(2, 0), (7, 0), (1, 0), (9, 0), (4, 1), (3, 1)]);
    std::fs::create_dir_all(workspace.path("p/empty/within/within")).expect("folders");
    let error = load(&workspace, "").expect_err("an empty class");
    assert!(error.contains("p/empty: has no PNG or JPEG image"), "{error}");
    let chosen = load(&workspace, "classes = ['light', 'empty', 'none', 'dark']").expect("samples").train;
    assert_eq!(samples(&chosen), [(4, 0), (3, 0), (2, 3), (7, 3), (1, 3), (9, 3)]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_cycles_of_links_end() {
    use std::os::unix::fs::symlink;
    let workspace = folders(&[("p/a/1.png", 1), ("p/b/2.png", 2), ("q/far/3.png", 3)]);
    for (from, to) in [
        ("../a", "p/a/self"),
        ("../../p", "p/b/all"),
        ("../../q", "p/a/q"),
        ("../q", "q/again"),
        ("none", "p/a/x"),
    ] {
        symlink(from, workspace.path(to)).expect("a link");
    }
    let found = samples(&load(&workspace, "").expect("samples").train);
    assert_eq!(found, [(1, 0), (3, 0), (2, 1), (1, 1), (3, 1)]);
}

#[test]
fn system_files_are_skipped_silently_and_other_files_are_counted() {
    let workspace = folders(&[
        ("p/a/1.png", 1),
        ("p/b/2.PNG", 2),
        ("p/.hidden/3.png", 3),
        ("p/__MACOSX/a/._1.png", 4),
        ("p/a/.ipynb_checkpoints/1-checkpoint.png", 5),
        ("p/b/@eaDir/2.png", 6),
    ]);
    for name in ["p/a/Thumbs.db", "p/b/desktop.ini", "p/.DS_Store", "p/a/._1.png", "p/b/Icon\r", "p/list.txt"]
    {
        workspace.file(name, "rubbish");
    }
    workspace.file(
        "c.toml",
        "[data.image_folder]\npath = 'p'\nheight = 2\nwidth = 2\n\
         [model]\nlayers = [{ flatten = {} }, { dense = { units = 2 } }]\n[loss.cross_entropy]\n\
         [optimizer.adam]\n[train]\nepochs = 1\n",
    );
    let train = |run: &str| workspace.ok(&["train", "c.toml", "--run-dir", run]).messages();
    let messages = train("1");
    assert!(messages.contains("2 train") && !messages.contains("skipped"), "{messages}");
    workspace.file("p/b/sub/animation.gif", "GIF89a");
    let messages = train("2");
    assert!(
        messages.contains("skipped 1 file that is neither PNG nor JPEG: p/b/sub/animation.gif"),
        "{messages}"
    );
    workspace.file("p/a/notes.txt", "notes");
    workspace.file("p/a/sub/notes.txt", "notes");
    let messages = train("3");
    assert!(
        messages.contains("skipped 3 files that are neither PNG nor JPEG: p/a/notes.txt, …"),
        "{messages}"
    );
    assert_eq!(messages.matches("skipped").count(), 1);
    workspace.file("p/c/1.webp", "RIFF");
    let outcome = workspace.run(&["train", "c.toml"]);
    let expected =
        "p/c: has no PNG or JPEG image, only p/c/1.webp (convert such images to PNG or JPEG); add images";
    assert!(outcome.code == 3 && outcome.stderr.contains(expected), "{}", outcome.stderr);
}

#[test]
fn a_class_without_samples_is_trained_and_evaluated() {
    let workspace = folders(&[("p/a/1.png", 1), ("p/c/2.png", 200), ("t/c/2.png", 200), ("t/b/2.png", 100)]);
    workspace.file(
        "c.toml",
        "[data.image_folder]\npath = 'p'\nheight = 2\nwidth = 2\nclasses = ['a', 'b', 'c']\n\
         [model]\nlayers = [{ flatten = {} }, { dense = { units = 3 } }]\n[loss.cross_entropy]\n\
         [optimizer.adam]\n[train]\nepochs = 2\n",
    );
    let messages = workspace.ok(&["train", "c.toml", "--run-dir", "r"]).messages();
    assert!(messages.contains("the class `b` has no training images"), "{messages}");
    let report = workspace.ok(&["eval", "r", "--format", "json"]).json();
    assert_eq!(report["samples"], 2);
    let tested = workspace.ok(&[
        "eval",
        "r",
        "--split",
        "test",
        "--set",
        "data.image_folder.test_path=t",
        "--format",
        "json",
    ]);
    assert_eq!(tested.json()["samples"], 2);
    assert!(workspace.ok(&["predict", "r", "p/a/1.png"]).stdout.contains("p/a/1.png"));
}

#[test]
fn the_pixels_do_not_depend_on_the_number_of_threads() {
    let names: Vec<(String, u8)> = (0..100).map(|i| (format!("p/{}/{i}.png", i % 3), i)).collect();
    let names: Vec<(&str, u8)> = names.iter().map(|(name, grey)| (name.as_str(), *grey)).collect();
    let workspace = folders(&names);
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let seven = rayon::ThreadPoolBuilder::new().num_threads(7).build().expect("threads");
    let all = |pool: &rayon::ThreadPool| pool.install(|| load(&workspace, "").expect("samples").train);
    let (first, second) = (all(&one), all(&seven));
    assert_eq!(first, second);
    let mut greys: Vec<u8> = samples(&first).into_iter().map(|(grey, _)| grey).collect();
    greys.sort_unstable();
    assert_eq!(greys, (0..100).collect::<Vec<u8>>());
    // Of several bad files, the first is named.
    workspace.file("p/1/1.png", "no image");
    workspace.file("p/2/2.png", "no image");
    for pool in [&one, &seven] {
        let error = pool.install(|| load(&workspace, "")).expect_err("a bad file");
        assert!(error.contains("p/1/1.png"), "{error}");
    }
}

#[test]
fn a_validation_folder_is_used() {
    for (name, tested) in [("validation", true), ("valid", true), ("val", false), ("Val", true)] {
        let test = if tested { "p/test/a/9.png" } else { "p/notes/9.png" };
        let workspace = folders(&[
            ("p/train/a/1.png", 1),
            ("p/train/b/2.png", 200),
            ("p/train/b/deep/3.png", 210),
            (&format!("p/{name}/a/4.png"), 4),
            (&format!("p/{name}/b/5.png"), 190),
            (test, 9),
        ]);
        workspace.file(
            "c.toml",
            "[data.image_folder]\npath = 'p'\nheight = 2\nwidth = 2\n\
             [model]\nlayers = [{ flatten = {} }, { dense = { units = 2 } }]\n[loss.cross_entropy]\n\
             [optimizer.adam]\n[train]\nepochs = 2\n",
        );
        let tests = u32::from(tested);
        let messages = workspace.ok(&["train", "c.toml", "--run-dir", "r"]).messages();
        assert!(messages.contains(&format!("3 train, 2 validation, {tests} test")), "{messages}");
        let summary: serde_json::Value =
            serde_json::from_slice(&workspace.read("r/summary.json")).expect("JSON");
        assert_eq!(summary["best"]["metric"], "validation.loss");
        let report = workspace.ok(&["eval", "r", "--split", "validation", "--format", "json"]).json();
        assert_eq!(report["samples"], 2);
        let checked = workspace.ok(&["check", "c.toml"]).stdout;
        assert!(checked.contains("3 training") && checked.contains("2 validation"), "{checked}");
        // The monitored validation metric is accepted before the samples are read.
        workspace.ok(&["train", "c.toml", "--set", "checkpoint.monitor=validation.accuracy"]);
        let both = workspace.run(&["train", "c.toml", "--run-dir", "s", "--set", "split.validation=0.5"]);
        let said = both.stderr.contains("`validation` or `valid` or `val` in `p`")
            && both.stderr.contains("split.validation");
        assert!(both.code == 3 && said, "{}", both.stderr);
        assert!(!workspace.path("s").exists());
        // The folder may be named, as older versions required; another one is an error.
        let named = format!("split.file=p/{name}");
        workspace.ok(&["train", "c.toml", "--run-dir", "named", "--set", &named]);
        let other = workspace.run(&["train", "c.toml", "--set", "split.file=p/train"]);
        assert!(other.code == 3 && other.stderr.contains("split.file"), "{}", other.stderr);
    }
    let workspace = folders(&[("p/train/a/1.png", 1), ("p/val/a/1.png", 1), ("p/valid/a/1.png", 1)]);
    let error = load(&workspace, "").expect_err("two folders");
    assert!(error.contains("has both `val` and `valid`"), "{error}");
    // Without other split folders, `train` is not treated as a class either.
    let workspace = folders(&[("p/train/a/1.png", 1), ("p/train/b/2.png", 2)]);
    assert_eq!(samples(&load(&workspace, "").expect("samples").train), [(1, 0), (2, 1)]);
    let workspace = folders(&[("p/train/1.png", 1), ("p/car/2.png", 2)]);
    assert_eq!(samples(&load(&workspace, "").expect("samples").train), [(2, 0), (1, 1)]);
}
