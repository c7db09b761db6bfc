//! What is given as a config and is not one: data, pictures, weights, a run.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

/// What the file at `path` is and where it belongs, if its name or its first bytes are not those of a config.
pub(super) fn file(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    let extension = plain.rsplit_once('.').map_or("", |(_, extension)| extension);
    let mut start = [0; 8];
    // To read from a pipe would take its beginning away.
    if !fs::metadata(path).is_ok_and(|facts| facts.is_file()) {
        return None;
    }
    let length = File::open(path).and_then(|mut file| file.read(&mut start)).unwrap_or(0);
    let shown = path.display();
    Some(match (extension, &start[..length]) {
        ("csv" | "tsv", _) if plain != name => {
            "a packed table, not a config; unpack it and name it in `[data.csv] path`".to_owned()
        }
        ("csv" | "tsv", _) => {
            format!("a table, not a config; name it in a config: `[data.csv] path = \"{shown}\"`")
        }
        ("xlsx", _) => {
            "an Excel workbook, not a config; save the table as CSV and name it in `[data.csv] path`".to_owned()
        }
        ("pt" | "pth", _) => "a PyTorch file, not a config".to_owned(),
        ("npz", _) | (_, [b'P', b'K', 3, 4, ..]) => {
            format!("NumPy arrays, not a config; name them in a config: `[data.npz] path = \"{shown}\"`")
        }
        ("npy", _) | (_, [0x93, b'N', b'U', b'M', b'P', b'Y', ..]) => {
            "a NumPy array, not a config; save samples and labels as one .npz file and name it in \
             `[data.npz] path`"
                .to_owned()
        }
        ("safetensors", _) => format!(
            "weights, not a config; `taper eval {shown}` measures them, and a run folder is trained further with \
             `taper train --resume RUN`"
        ),
        ("png" | "jpg" | "jpeg" | "gif" | "webp" | "bmp", _)
        | (_, [0x89, b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..]) => {
            "an image, not a config; name its folder, with a folder for each class, in `[data.image_folder] path`"
                .to_owned()
        }
        _ if plain.ends_with("ubyte") => {
            "a file of MNIST's kind, not a config; start from the built-in `mnist_cnn`, with `--data-dir` \
             for its folder"
                .to_owned()
        }
        _ => return None,
    })
}

/// What the folder at `path` is and where it belongs.
pub(super) fn folder(path: &Path) -> String {
    let shown = path.display();
    let own = path.join("config.toml");
    if own.is_file() && path.join("checkpoints").is_dir() {
        return format!(
            "a run folder, not a config; `taper train --resume {shown}` resumes the run, and `{}` is its config",
            own.display()
        );
    }
    if holds_pictures(path, 3) {
        return format!(
            "a folder of images, not a config; name it in a config: `[data.image_folder] path = \"{shown}\"`"
        );
    }
    "is a folder, not a config file".to_owned()
}

/// Whether there is an image in the folder at `path` or in those within it, so many levels `deep`.
fn holds_pictures(path: &Path, deep: usize) -> bool {
    let mut folders = Vec::new();
    // Enough to see what it holds.
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
    folders.iter().any(|folder| holds_pictures(folder, deep - 1))
}
