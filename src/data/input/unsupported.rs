//! Explains why a file is not supported as input, with a remedy.

use std::io::BufRead;
use std::path::Path;

use crate::data::formats::foreign;
use crate::error::Error;

/// The supported file types.
pub(super) const KINDS: &str = ".png, .jpg, .jpeg, .jpe, .jfif, .npy, .npz, .csv, .tsv, .json and IDX files (names that end in `ubyte` or `.idx`, also with .gz)";
/// The error about a file whose name does not determine its type; `content` may.
pub(super) fn explain(path: &Path, mut content: impl BufRead) -> Error {
    let head = content.fill_buf().unwrap_or_default();
    let head = &head[..head.len().min(foreign::ENOUGH)];
    let message = foreign::explain(head).or_else(|| {
        let (kind, ending) = kind_without_name(head)?;
        Some(format!("is {kind}; give it a name that ends in `{ending}`"))
    });
    let message = message.or_else(|| {
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        match extension.to_str() {
            Some("jsonl" | "ndjson") => {
                Some("holds JSON Lines; put the lines into one list in a `.json` file".to_owned())
            }
            Some("txt" | "dat" | "data" | "tab") => {
                Some("unsupported file type; if it is a table, give it a name that ends in `.csv`".to_owned())
            }
            _ => None,
        }
    });
    Error::data(
        path,
        message.unwrap_or_else(|| format!("unsupported file type; the supported types are {KINDS}")),
    )
}

fn kind_without_name(head: &[u8]) -> Option<(&'static str, &'static str)> {
    let known = [
        (&b"\x89PNG"[..], ("a PNG image", ".png")),
        (b"\xff\xd8\xff", ("a JPEG image", ".jpg")),
        (b"\x93NUMPY", ("a NumPy array", ".npy")),
    ];
    known.into_iter().find(|(start, _)| head.starts_with(start)).map(|(_, kind)| kind)
}
