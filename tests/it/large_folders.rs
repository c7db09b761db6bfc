//! Folders of images that are decoded when batches need them: more than 16 MiB of files.

use std::path::Path;

use image::{ImageFormat, RgbImage};

use crate::workspace::Workspace;

/// Images of noise, of about 120 kB each.
const IMAGES: u32 = 150;

const CONFIG: &str = "seed = 4
[data.image_folder]
path = \"pictures\"
height = 9
width = 8
[preprocess]
normalize = \"standardize\"
[split]
validation = 0.2
[augment]
operations = [ { rotate = { degrees = 20 } }, { mixup = { probability = 0.5 } } ]
[model]
layers = [
  { conv2d = { filters = 4, kernel_size = 3, activation = \"relu\" } },
  { flatten = {} },
  { dense = { units = 3 } },
]
[loss.cross_entropy]
[optimizer.adam]
learning_rate = 0.01
[train]
epochs = 2
batch_size = 16
";

/// A workspace with the images in three classes.
fn pictures() -> Workspace {
    let workspace = Workspace::new();
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let mut bytes = 0;
    for i in 0..IMAGES {
        let image = RgbImage::from_fn(200, 200, |x, y| {
            let shade = if (x + y) % (10 * (i % 3 + 1)) < 5 { 60 } else { 0 };
            image::Rgb([noise() / 2 + shade, noise(), noise()])
        });
        let mut content = std::io::Cursor::new(Vec::new());
        image.write_to(&mut content, ImageFormat::Png).expect("an image");
        bytes += content.get_ref().len();
        workspace.file(&format!("pictures/{}/{i}.png", i % 3), content.into_inner());
    }
    assert!(bytes > 1 << 24, "{bytes} bytes are decoded at once");
    workspace.file("config.toml", CONFIG);
    workspace
}

/// The tensors in a file of the last checkpoint; the header before them has the config.
fn tensors(run: &Path, file: &str) -> Vec<u8> {
    let folder = std::fs::read_dir(run.join("checkpoints")).expect("checkpoints");
    let last = folder.map(|entry| entry.expect("an entry").path()).max().expect("a checkpoint");
    let bytes = std::fs::read(last.join(file)).expect("a file");
    let header = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    bytes[8 + header..].to_vec()
}

#[test]
fn threads_caches_interruptions_and_repaired_images_change_nothing() {
    let workspace = pictures();
    let train = |run: &str, arguments: &[&str]| {
        let first = ["train", "-q", "--config", "config.toml", "--run-dir", run];
        workspace.run(&[&first[..], arguments].concat())
    };
    let state = |run: &str| {
        ["model.safetensors", "optimizer.safetensors"].map(|file| tensors(&workspace.path(run), file))
    };
    assert_eq!(train("plain", &[]).code, 0);
    let expected = state("plain");
    let cache = ["--set", "data.image_folder.cache=cache"];
    for (run, arguments) in
        [("one", &["--threads", "1"][..]), ("three", &["--threads", "3"]), ("new", &cache), ("used", &cache)]
    {
        assert_eq!(train(run, arguments).code, 0);
        assert!(state(run) == expected, "{run}");
    }
    let cached = std::fs::read_dir(workspace.path("cache")).expect("a cache").next().expect("a file");
    let cached = cached.expect("a file").path();
    let whole = std::fs::read(&cached).expect("a file");
    let damaged = whole.iter().enumerate().map(|(i, byte)| byte ^ u8::from(i % 100 == 7)).collect::<Vec<_>>();
    std::fs::write(&cached, &damaged).expect("a file");
    assert_eq!(train("repaired", &cache).code, 0);
    assert!(state("repaired") == expected, "with a damaged cache");
    assert!(std::fs::read(&cached).expect("a file") == whole, "it is repaired");
}

#[test]
fn a_run_that_meets_a_damaged_image_names_it_and_resumes_after_its_repair() {
    let workspace = pictures();
    // Nothing is measured, so that images are first read by steps.
    let config = CONFIG.replace("normalize = \"standardize\"", "normalize = { mean = [0.4], std = [0.2] }");
    workspace.file("config.toml", config + "[checkpoint]\nevery_steps = 2\n");
    let train = ["train", "-q", "--config", "config.toml", "--run-dir"];
    workspace.ok(&[&train[..], &["whole"]].concat());
    let image = workspace.path("pictures/1/4.png");
    let content = std::fs::read(&image).expect("an image");
    let mut damaged = content.clone();
    damaged[content.len() / 2] ^= 0xff;
    std::fs::write(&image, damaged).expect("an image");
    let outcome = workspace.run(&[&train[..], &["run"]].concat());
    assert_eq!(outcome.code, 3);
    assert!(
        outcome.stderr.contains("1/4.png: cannot be decoded: the PNG data is damaged"),
        "{}",
        outcome.stderr
    );
    let again = workspace.run(&["train", "-q", "--resume", "run"]);
    assert_eq!(again.code, 3, "{}", again.stderr);
    std::fs::write(&image, content).expect("an image");
    workspace.ok(&["train", "-q", "--resume", "run"]);
    for file in ["model.safetensors", "optimizer.safetensors"] {
        let [run, whole] = ["run", "whole"].map(|run| tensors(&workspace.path(run), file));
        assert!(run == whole, "{file}");
    }
}
