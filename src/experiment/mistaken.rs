//! Recognizes files that are given as a config by mistake: data, images, weights, a run.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

/// What the file at `path` is and how to use it, if its name or its first bytes are those of another kind of file.
pub(super) fn file(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    let extension = plain.rsplit_once('.').map_or("", |(_, extension)| extension);
    let mut start = [0; 8];
    // Reading from a pipe would consume its first bytes.
    if !fs::metadata(path).is_ok_and(|facts| facts.is_file()) {
        return None;
    }
    let length = File::open(path).and_then(|mut file| file.read(&mut start)).unwrap_or(0);
    let shown = path.display();
    Some(match (extension, &start[..length]) {
        ("csv" | "tsv", _) if plain != name => {
            "a compressed table, not a config; decompress it and set `path` in `[data.csv]` of a config".to_owned()
        }
        ("csv" | "tsv", _) => format!(
            "a table, not a config; to use it as data, set `path = \"{shown}\"` in `[data.csv]` of a config"
        ),
        ("xlsx", _) => {
            "an Excel workbook, not a config; save the table as CSV and set `path` in `[data.csv]` of a config"
                .to_owned()
        }
        ("pt" | "pth", _) => "a PyTorch file, not a config".to_owned(),
        ("npz", _) | (_, [b'P', b'K', 3, 4, ..]) => {
            format!(
                "NumPy arrays, not a config; to use them as data, set `path = \"{shown}\"` in `[data.npz]` of a \
                 config"
            )
        }
        ("npy", _) | (_, [0x93, b'N', b'U', b'M', b'P', b'Y', ..]) => {
            "a NumPy array, not a config; save samples and labels in one .npz file and set `path` in \
             `[data.npz]` of a config"
                .to_owned()
        }
        ("safetensors", _) => format!(
            "weights, not a config; evaluate them with `taper eval {shown}`, or resume their run with \
             `taper train --resume RUN`"
        ),
        ("png" | "jpg" | "jpeg" | "gif" | "webp" | "bmp", _)
        | (_, [0x89, b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..]) => {
            "an image, not a config; set `path` in `[data.image_folder]` of a config to a folder with one folder \
             per class"
                .to_owned()
        }
        _ if plain.ends_with("ubyte") => {
            "an MNIST data file, not a config; use the built-in config `mnist_cnn`, with `--data-dir` for the \
             data's folder"
                .to_owned()
        }
        _ => return None,
    })
}

/// What the folder at `path` is and how to use it.
pub(super) fn folder(path: &Path) -> String {
    let shown = path.display();
    let own = path.join("config.toml");
    if own.is_file() && path.join("checkpoints").is_dir() {
        return format!(
            "a run folder, not a config; resume the run with `taper train --resume {shown}`; its config is `{}`",
            own.display()
        );
    }
    if holds_images(path, 3) {
        return format!(
            "a folder of images, not a config; to use it as data, set `path = \"{shown}\"` in \
             `[data.image_folder]` of a config"
        );
    }
    "a folder, not a config file".to_owned()
}

/// Whether there is an image in the folder at `path` or up to `deep` levels below it.
fn holds_images(path: &Path, deep: usize) -> bool {
    let mut folders = Vec::new();
    // The first entries suffice to recognize the content.
    for entry in fs::read_dir(path).into_iter().flatten().flatten().take(1000) {
        let path = entry.path();
        let extension =
            path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
        if extension.is_some_and(|extension| ["png", "jpg", "jpeg"].contains(&extension.as_str())) {
            return true;
        }
        if deep > 0 && folders.len() < 10 && path.is_dir() {
            folders.push(path);
        }
    }
    folders.iter().any(|folder| holds_images(folder, deep - 1))
}
