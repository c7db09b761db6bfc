use super::*;
use crate::data::formats::image::decode;
use image::{GrayImage, RgbImage};
use std::fs;

/// Saves an image of one color.
fn save(path: &Path, color: [u8; 3]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    RgbImage::from_pixel(6, 4, image::Rgb(color)).save(path).unwrap();
}

fn load(folder: &Path, options: &str) -> Result<Splits, String> {
    let config: Config = toml::from_str(&format!("path = \"\"\nheight = 2\nwidth = 3\n{options}")).unwrap();
    let search = SearchPath { config_folder: folder.to_path_buf(), ..SearchPath::default() };
    config.load(&search, 0).map_err(|error| {
        assert_eq!(error.exit_code(), 3);
        error.to_string()
    })
}

fn labels(dataset: &Dataset) -> &[u32] {
    match &dataset.targets {
        Targets::Classes { labels, .. } => labels,
        Targets::Values { .. } => panic!("no classes"),
    }
}

#[test]
fn classes_and_files_are_sorted_and_resized() {
    let folder = tempfile::tempdir().unwrap();
    save(&folder.path().join("dog/b.png"), [10, 20, 30]);
    save(&folder.path().join("dog/a.JPG"), [200, 200, 200]);
    save(&folder.path().join("cat/z.jpeg"), [0, 0, 0]);
    fs::write(folder.path().join("dog/.hidden"), "").unwrap();
    fs::write(folder.path().join("README.md"), "").unwrap();
    let splits = load(folder.path(), "").unwrap();
    assert!(splits.test.is_none());
    assert_eq!(splits.train.sample_shape, [3, 2, 3].into());
    assert_eq!(labels(&splits.train), [0, 1, 1]);
    let Some(Features::Bytes(pixels)) = splits.train.features.memory() else { panic!() };
    assert_eq!(pixels[36..], [[10; 6], [20; 6], [30; 6]].concat());
    assert!(pixels[18..36].iter().all(|pixel| pixel.abs_diff(200) < 3));
    let chosen = load(folder.path(), "classes = [\"dog\"]\nchannels = 1").unwrap().train;
    assert_eq!((labels(&chosen), &chosen.sample_shape), (&[0, 0][..], &[1, 2, 3].into()));
}

#[test]
fn rows_and_columns_are_not_swapped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.png");
    let drawn = GrayImage::from_fn(3, 2, |x, y| image::Luma([(10 * y + x) as u8]));
    drawn.save(&path).unwrap();
    let mut pixels = [0; 6];
    read(&path, [1, 2, 3], &mut pixels).unwrap();
    assert_eq!(pixels, [0, 1, 2, 10, 11, 12]);
}

#[test]
fn test_images_come_from_their_own_folder() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    for path in ["train/a/1.png", "train/b/1.png", "test/b/1.png"] {
        save(&at(path), [1, 2, 3]);
    }
    assert_eq!(labels(&load(folder.path(), "").unwrap().test.unwrap()), [1]);
    save(&at("test/c/1.png"), [1, 2, 3]);
    assert!(load(folder.path(), "").unwrap_err().contains("no such class among the training images"));
    let elsewhere = load(&at("train"), "test_path = \"../train\"").unwrap();
    assert_eq!(elsewhere.train, elsewhere.test.unwrap());
}

#[test]
fn bad_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("a/2.png");
    let message = || load(folder.path(), "").unwrap_err();
    assert!(message().contains("no subfolder"));
    fs::create_dir(folder.path().join("a")).unwrap();
    assert!(message().contains("no PNG or JPEG"));
    save(&folder.path().join("a/1.png"), [0; 3]);
    save(&image, [0; 3]);
    let whole = fs::read(&image).unwrap();
    for length in 0..whole.len() - 12 {
        fs::write(&image, &whole[..length]).unwrap();
        assert!(message().contains("2.png: cannot be decoded"));
    }
    // A header that promises 2^31 columns and rows.
    let mut huge = whole.clone();
    huge[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    fs::write(&image, huge).unwrap();
    assert!(message().contains("2.png: cannot be decoded"));
    let none = load(folder.path(), "classes = [\"none\"]").unwrap_err();
    assert!(none.contains("no image of any class in `classes`; its subfolders are a"), "{none}");
}

#[test]
fn damaged_images_never_make_the_decoders_panic() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["image.png", "image.jpg"] {
        let path = folder.path().join(name);
        save(&path, [90, 160, 40]);
        let whole = fs::read(&path).unwrap();
        for byte in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[byte] ^= 0xff;
            if let Err(error) = decode(&path, &damaged, [3, 2, 3], &mut [0; 18]) {
                assert_eq!(error.exit_code(), 3);
            }
        }
    }
}

#[test]
fn invalid_options_are_reported() {
    let text =
        "path = \"x\"\nheight = 1\nwidth = 1\nchannels = 2\nclasses = [\"a\", \"a\", \"../b\", \"c/\"]";
    let mut found = Vec::new();
    toml::from_str::<Config>(text).unwrap().validate(&mut Problems::new(&mut found));
    let places: Vec<String> = found.iter().map(|problem| problem.path.to_string()).collect();
    assert_eq!(places, ["channels", "classes[1]", "classes[2]", "classes[3]"]);
}
