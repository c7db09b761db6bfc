//! Damaged data sets (one line with the remedy) and missing ones (three lines): exit code 3.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::workspace::Workspace;

const FILES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

fn images(count: u32) -> Vec<u8> {
    let header = [0x0803_u32, count, 28, 28].map(u32::to_be_bytes).concat();
    let pixels = (0..count * 784).map(|i| (i % 251) as u8);
    header.into_iter().chain(pixels).collect()
}

fn labels(count: u32) -> Vec<u8> {
    let header = [0x0801_u32, count].map(u32::to_be_bytes).concat();
    header.into_iter().chain((0..count).map(|i| (i % 10) as u8)).collect()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).expect("compressed");
    encoder.finish().expect("compressed")
}

/// A workspace with a small, valid MNIST in which one file is replaced.
fn with(file: usize, name_suffix: &str, content: &[u8]) -> Workspace {
    let workspace = Workspace::new();
    for (i, name) in FILES.iter().enumerate() {
        let right = if i % 2 == 0 { images(20) } else { labels(20) };
        if i == file {
            workspace.file(&format!("data/mnist/{name}{name_suffix}"), content);
        } else {
            workspace.file(&format!("data/mnist/{name}"), right);
        }
    }
    workspace
}

fn train(workspace: &Workspace) -> crate::workspace::Outcome {
    workspace.run(&["train", "--config", "mnist_mlp_64", "--set", "train.max_steps=2"])
}

fn assert_explained(name: &str, workspace: &Workspace, lines: usize) {
    let outcome = train(workspace);
    assert_eq!(outcome.code, 3, "{name}: {}", outcome.stderr);
    let messages = outcome.messages();
    assert_eq!(messages.lines().count(), lines, "{name}: {messages}");
    assert!(messages.starts_with("error: "), "{name}: {messages}");
    assert!(!workspace.path("runs").exists(), "{name} left a run folder");
}

#[test]
fn a_valid_small_data_set_trains_raw_and_compressed() {
    assert_eq!(train(&with(0, "", &images(20))).code, 0);
    let outcome = train(&with(0, ".gz", &gzip(&images(20))));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}

#[test]
fn a_missing_data_set_is_explained_in_three_lines() {
    let workspace = Workspace::new();
    assert_explained("missing", &workspace, 3);
    let messages = train(&workspace).messages();
    let parts = ["error: mnist: not found: train-images-idx3-ubyte", "  searched: data/mnist", "  to do: "];
    for (line, part) in messages.lines().zip(parts) {
        assert!(line.starts_with(part), "{line}");
    }
    for part in ["--data-dir", "TAPER_DATA_DIR", "https://"] {
        assert!(messages.contains(part), "{part} is not in: {messages}");
    }
}

#[test]
fn damaged_files_are_explained_in_one_line() {
    let (mut wrong_magic, mut huge, mut label) = (images(20), images(20), labels(20));
    wrong_magic[3] = 1;
    huge[4..8].copy_from_slice(&u32::MAX.to_be_bytes());
    label[8] = 10;
    let oversized = [images(20), vec![0]].concat();
    let zipped = gzip(&images(20));
    let mut flipped = zipped.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x10;
    let bomb = gzip(&vec![0; 64 << 20]);
    let cases: [(&str, usize, &str, &[u8]); 14] = [
        ("empty images", 0, "", b""),
        ("truncated header", 0, "", &images(20)[..11]),
        ("truncated pixels", 0, "", &images(20)[..1000]),
        ("oversized images", 0, "", &oversized),
        ("wrong magic", 0, "", &wrong_magic),
        ("a count beyond the file", 0, "", &huge),
        ("fewer images than labels", 0, "", &images(19)),
        ("a label out of range", 1, "", &label),
        ("truncated labels", 1, "", &labels(20)[..15]),
        ("labels where images belong", 2, "", &labels(20)),
        ("truncated gz", 0, ".gz", &zipped[..zipped.len() - 9]),
        ("damaged gz", 0, ".gz", &flipped),
        ("a gz that unpacks to too much", 0, ".gz", &bomb),
        ("no gz at all", 0, ".gz", b"hello"),
    ];
    for (name, file, suffix, content) in cases {
        assert_explained(name, &with(file, suffix, content), 1);
    }
}

#[test]
fn a_folder_in_place_of_a_file_is_explained() {
    let workspace = with(9, "", b"");
    std::fs::remove_file(workspace.path("data/mnist").join(FILES[0])).expect("removed");
    std::fs::create_dir(workspace.path("data/mnist").join(FILES[0])).expect("a folder");
    assert_explained("folder", &workspace, 3);
}
