//! The four IDX files of MNIST, plain and gzipped.

use std::fs;

use serde_json::json;
use taper::data::{Features, Targets};

use super::{gzip, load};
use crate::tier::report;
use crate::workspace::Workspace;

pub const FILES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

pub fn idx(sizes: &[u32], bytes: &[u8]) -> Vec<u8> {
    let header = std::iter::once(0x0800 + sizes.len() as u32).chain(sizes.iter().copied());
    header.flat_map(u32::to_be_bytes).chain(bytes.iter().copied()).collect()
}

/// One image, and its label.
fn right(file: &str) -> Vec<u8> {
    let pixels: Vec<u8> = (0..784).map(|i| (i % 251) as u8).collect();
    if file.contains("images") { idx(&[1, 28, 28], &pixels) } else { idx(&[1], &[3]) }
}

pub fn mnist() -> Workspace {
    let workspace = Workspace::new();
    for file in FILES {
        workspace.file(&format!("mnist/{file}"), right(file));
    }
    workspace
}

fn read(workspace: &Workspace) -> Result<(Vec<u8>, Vec<u32>), String> {
    let splits = load(&workspace.path(""), "[mnist]")?;
    match (splits.train.features.memory().cloned(), splits.train.targets) {
        (Some(Features::Bytes(pixels)), Targets::Classes { labels, .. }) => Ok((pixels, labels)),
        _ => panic!("no images"),
    }
}

#[test]
fn every_truncation_of_every_file_is_refused() {
    let workspace = mnist();
    let mut truncations = 0;
    for file in FILES {
        let path = format!("mnist/{file}");
        for whole in [right(file), gzip(&right(file))] {
            for length in 0..whole.len() {
                workspace.file(&path, &whole[..length]);
                let message = read(&workspace).expect_err("a part of a file");
                assert!(message.contains(file), "{length}: {message}");
                truncations += 1;
            }
        }
        workspace.file(&path, right(file));
    }
    read(&workspace).expect("the right files");
    report("truncations of IDX files", &json!({ "truncations": truncations, "refused": truncations }));
}

#[test]
fn every_wrong_bit_of_a_header_is_refused() {
    let workspace = mnist();
    let mut flips = 0;
    for file in FILES {
        let path = format!("mnist/{file}");
        let header = if file.contains("images") { 16 } else { 8 };
        for bit in 0..header * 8 {
            let mut wrong = right(file);
            wrong[bit / 8] ^= 1 << (bit % 8);
            for content in [gzip(&wrong), wrong] {
                workspace.file(&path, content);
                let message = read(&workspace).expect_err("a wrong header");
                assert!(message.contains(file), "bit {bit}: {message}");
                flips += 1;
            }
        }
        workspace.file(&path, right(file));
    }
    report("bit flips of IDX headers", &json!({ "flips": flips, "refused": flips }));
}

#[test]
fn a_wrong_bit_of_a_gzipped_file_is_refused_or_changes_nothing() {
    let workspace = mnist();
    let expected = read(&workspace).expect("the right files");
    for file in &FILES[..2] {
        let packed = gzip(&right(file));
        for bit in 0..packed.len() * 8 {
            let mut wrong = packed.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            fs::write(workspace.path(format!("mnist/{file}")), wrong).expect("written");
            // The time and the system in a gzip header, and padding bits, have no effect.
            if let Ok(found) = read(&workspace) {
                assert_eq!(found, expected, "bit {bit} of {file}");
            }
        }
        workspace.file(&format!("mnist/{file}"), right(file));
    }
}

#[test]
fn wrong_headers_are_refused() {
    const IMAGES: &str = FILES[0];
    const LABELS: &str = FILES[1];
    let most = u32::MAX;
    let images = |sizes: [u32; 3], bytes: usize| idx(&sizes, &vec![0; bytes]);
    let cases = [
        (IMAGES, images([0, 28, 28], 0), "sizes"),
        (IMAGES, images([most, 28, 28], 784), "must be 1 to"),
        (IMAGES, images([most; 3], 784), "sizes"),
        (IMAGES, images([1 << 31, 1 << 31, 4], 784), "sizes"),
        (IMAGES, images([600_001, 28, 28], 784), "at most 600000"),
        (IMAGES, images([600_000, 28, 28], 784), "promises"),
        (IMAGES, images([1, 784, 1], 784), "784 x 1, not 28 x 28"),
        (IMAGES, images([2, 28, 28], 2 * 784), "1 labels for the 2 images"),
        (IMAGES, images([1, 28, 28], 785), "it is longer"),
        (IMAGES, right(LABELS), "images are bytes in 3"),
        (IMAGES, b"\x80\x02pickle".to_vec(), "not an IDX file"),
        (IMAGES, b"PK\x03\x04".to_vec(), "not an IDX file"),
        (LABELS, idx(&[1], &[10]), "every label is 10"),
        (LABELS, idx(&[1], &[255]), "every label is 255"),
        (LABELS, idx(&[0], &[]), "sizes"),
        (LABELS, idx(&[2], &[1, 1]), "2 labels for the 1 images"),
        (LABELS, idx(&[most], &[1]), "4294967295 labels for the 1 images"),
        (LABELS, idx(&[1], &[1, 1]), "it is longer"),
        (LABELS, right(IMAGES), "labels are bytes in 1"),
    ];
    for (file, content, words) in cases {
        let workspace = mnist();
        for content in [gzip(&content), content] {
            workspace.file(&format!("mnist/{file}"), content);
            let message = read(&workspace).expect_err("a wrong header");
            assert!(message.contains(words) && message.contains(file), "{words}: {message}");
        }
    }
}

#[test]
fn damaged_gzip_files_are_refused() {
    let packed = gzip(&right(FILES[0]));
    let mut wrong_sum = packed.clone();
    let end = wrong_sum.len();
    wrong_sum[end - 8] ^= 1;
    let mut wrong_length = packed.clone();
    wrong_length[end - 1] ^= 1;
    let cases = [
        ("a wrong checksum", wrong_sum),
        ("a wrong length", wrong_length),
        ("two members", [&packed[..], &packed].concat()),
        ("an empty second member", [packed.clone(), gzip(b"")].concat()),
        ("zeros after the end", [&packed[..], &[0; 512]].concat()),
        ("a member in a member", gzip(&packed)),
        ("gzip of nothing", gzip(b"")),
        ("a header alone", packed[..10].to_vec()),
        ("another method", [&packed[..2], b"\x07", &packed[3..]].concat()),
        ("the magic number alone", vec![0x1f, 0x8b]),
    ];
    for (name, content) in cases {
        for file in [FILES[0].to_owned(), format!("{}.gz", FILES[0])] {
            let workspace = mnist();
            fs::remove_file(workspace.path(format!("mnist/{}", FILES[0]))).expect("removed");
            workspace.file(&format!("mnist/{file}"), &content);
            let message = read(&workspace).expect_err(name);
            assert!(message.contains(FILES[0]), "{name}: {message}");
        }
    }
}
