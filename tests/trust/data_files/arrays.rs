//! NPZ archives as data sets and NPY arrays as inputs.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{config, load, refused};
use crate::child::watch;
use crate::tier::times;
use crate::workspace::Workspace;

/// An NPY file of version 1 with this header.
fn with_header(header: &str, values: &[u8]) -> Vec<u8> {
    let header = format!("{header:<117}\n");
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), values].concat()
}

pub fn npy(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    with_header(&format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"), values)
}

/// An archive of these members, deflated.
pub fn npz(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file(*name, options).expect("a member");
        zip.write_all(content).expect("written");
    }
    zip.finish().expect("an archive").into_inner()
}

/// A valid archive: two samples of two bytes with labels 0 and 1.
fn right() -> Vec<u8> {
    npz(&[
        ("x_train.npy", &npy("|u1", "(2, 2)", &[1, 2, 3, 4])),
        ("y_train.npy", &npy("|u1", "(2,)", &[0, 1])),
    ])
}

fn workspace() -> Workspace {
    let workspace = Workspace::new();
    let data = "data.npz = { path = 'x.npz' }";
    workspace.file("config.toml", config(data, "{ dense = { units = 2 } }", "cross_entropy"));
    workspace.file("x.npz", right());
    workspace
}

/// `content` with the number `offset` bytes after each occurrence of `signature` replaced.
fn patched(mut content: Vec<u8>, signature: &[u8], offset: usize, value: &[u8]) -> Vec<u8> {
    let places: Vec<usize> =
        (0..content.len() - signature.len()).filter(|&at| content[at..].starts_with(signature)).collect();
    assert!(!places.is_empty(), "no {signature:?}");
    for at in places {
        content[at + offset..at + offset + value.len()].copy_from_slice(value);
    }
    content
}

#[test]
fn hostile_arrays_in_an_archive_are_refused() {
    let workspace = workspace();
    workspace.ok(&["train", "--config", "config.toml", "--run-dir", "right"]);
    let fortran = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }";
    let record = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 2), }";
    let huge = "(18446744073709551615, 18446744073709551615)";
    let mut long_header = npy("|u1", "(2, 2)", &[0; 4]);
    long_header[8..10].copy_from_slice(&[0xff, 0xff]);
    let mut version_2 = npy("|u1", "(2, 2)", &[0; 4]);
    version_2[6] = 2;
    let cases: [(&str, Vec<u8>, &str); 20] = [
        ("nothing", Vec::new(), "not an NPY file"),
        ("text", b"hello".to_vec(), "not an NPY file"),
        ("Fortran order that promises more", with_header(fortran, &[0; 12]), "promises 16 bytes"),
        ("Python objects", npy("|O", "(2, 2)", b"\x80\x02cos\nsystem\n"), "never loaded"),
        ("big-endian that promises more", npy(">f4", "(2, 2)", &[0; 12]), "promises 16 bytes"),
        ("records", with_header(record, &[0; 16]), "records"),
        ("text values", npy("<U1", "(2, 2)", &[0; 16]), "type"),
        ("complex numbers", npy("<c8", "(2, 2)", &[0; 32]), "complex numbers"),
        ("half precision that promises more", npy("<f2", "(2, 2)", &[0; 6]), "promises 8 bytes"),
        ("a shape that overflows", npy("<f4", huge, &[0; 16]), "too many"),
        ("a shape that wraps around", npy("|u1", "(4611686018427387905, 4)", &[0; 4]), "too many"),
        ("more values than there are", npy("<f4", "(2, 2)", &[0; 12]), "promises 16 bytes"),
        ("fewer values", npy("<f4", "(2, 2)", &[0; 20]), "promises 16 bytes"),
        ("2^40 values", npy("<f4", "(2, 1099511627776)", &[0; 16]), "promises"),
        ("no values", npy("<f4", "(0, 2)", &[]), "no values"),
        ("a single number", npy("<f4", "()", &[0; 4]), "shape []"),
        ("five dimensions", npy("|u1", "(2, 1, 1, 1, 1)", &[0; 2]), "dimensions"),
        ("NaN", npy("<f4", "(2, 2)", &[0xff; 16]), "finite"),
        ("a header of 64 KiB", long_header, "cut off"),
        ("a header of 16 MB", version_2, "an NPY header of"),
    ];
    let labels = npy("|u1", "(2,)", &[0, 1]);
    for (name, x, words) in cases {
        let content = npz(&[("x_train.npy", &x), ("y_train.npy", &labels)]);
        workspace.file("x.npz", &content);
        refused(&workspace, name, content.len(), words);
    }
    let x = npy("|u1", "(2, 2)", &[0; 4]);
    for (name, y, words) in [
        ("labels for other samples", npy("|u1", "(3,)", &[0; 3]), "for the 2 samples"),
        ("a negative label", npy("|i1", "(2,)", &[0, 0xff]), "label -1"),
        (
            "label 2^62",
            npy("<i8", "(2,)", &[0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0]),
            "labels are 0",
        ),
        ("label 99,999", npy("<i4", "(2,)", &[0, 0, 0, 0, 0x9f, 0x86, 1, 0]), "units = 100000"),
        ("a fraction", npy("<f4", "(2,)", &[0, 0, 0, 0, 0, 0, 0, 0x3f]), "label 0.5"),
        ("one-hot labels", npy("|u1", "(2, 2)", &[0, 1, 1, 0]), "argmax"),
    ] {
        let content = npz(&[("x_train.npy", &x), ("y_train.npy", &y)]);
        workspace.file("x.npz", &content);
        refused(&workspace, name, content.len(), words);
    }
}

#[test]
fn hostile_archives_are_refused() {
    let workspace = workspace();
    let (x, y) = (npy("|u1", "(2, 2)", &[1, 2, 3, 4]), npy("|u1", "(2,)", &[0, 1]));
    let whole = right();
    let central = b"PK\x01\x02";
    let end = b"PK\x05\x06";
    let word = |n: u32| n.to_le_bytes();
    let cases: [(&str, Vec<u8>, &str); 15] = [
        ("nothing", Vec::new(), "is empty; save it again"),
        ("text", b"hello, I am no archive".to_vec(), "is not an NPZ file"),
        ("an empty archive", npz(&[]), "`x_train`: not in the file"),
        ("one array only", npz(&[("x_train.npy", &x)]), "`y_train`: not in the file"),
        (
            "paths out of the folder",
            npz(&[("../x_train.npy", &x), ("/y_train.npy", &y)]),
            "`x_train`: not in the",
        ),
        ("names without .npy", npz(&[("x_train", &x), ("y_train", &y)]), "`x_train`: not in the file"),
        ("line ends in names", npz(&[("a\nb\u{1b}[2J.npy", &x)]), "which has a\\nb\\u{1b}[2J"),
        ("a size less", patched(whole.clone(), central, 24, &word(10)), "x_train"),
        ("a size of 4 GB", patched(whole.clone(), central, 24, &word(0xffff_fff0)), "promises"),
        ("a packed size less", patched(whole.clone(), central, 20, &word(5)), "x_train"),
        ("a place beyond the file", patched(whole.clone(), central, 42, &word(0x7fff_ffff)), "x.npz"),
        ("another sum", patched(whole.clone(), central, 16, &word(7)), "x_train"),
        ("another method", patched(whole.clone(), central, 10, &[14, 0]), "x_train"),
        ("encrypted", patched(whole.clone(), central, 8, &[1, 0]), "x_train"),
        ("65,000 members", patched(whole.clone(), end, 8, &[0xe8, 0xfd, 0xe8, 0xfd]), "is not an NPZ file"),
    ];
    for (name, content, words) in cases {
        workspace.file("x.npz", &content);
        refused(&workspace, name, content.len(), words);
    }
}

#[test]
fn duplicate_members_are_refused_or_read_as_one_of_them() {
    let workspace = workspace();
    // The `zip` crate writes no duplicates, so a member with a name of the same length is renamed.
    let first = npy("|u1", "(2, 2)", &[1, 2, 3, 4]);
    let second = npy("|u1", "(2, 2)", &[5, 6, 7, 8]);
    let y = npy("|u1", "(2,)", &[0, 1]);
    let mut content = npz(&[("x_train.npy", &first), ("x_trial.npy", &second), ("y_train.npy", &y)]);
    for at in 0..content.len() - 11 {
        if content[at..].starts_with(b"x_trial") {
            content[at..at + 7].copy_from_slice(b"x_train");
        }
    }
    workspace.file("x.npz", content);
    match load(&workspace.path(""), "[npz]\npath = 'x.npz'") {
        Ok(splits) => assert_eq!(splits.train.len(), 2),
        Err(message) => assert!(message.contains("x.npz"), "{message}"),
    }
}

#[test]
fn hostile_arrays_as_inputs_are_refused() {
    let workspace = workspace();
    workspace.ok(&["train", "--config", "config.toml", "--run-dir", "run"]);
    let whole = npy("<f4", "(1, 2)", &[0; 8]);
    let mut cases: Vec<(String, Vec<u8>)> = (0..whole.len())
        .step_by(times([10, 1, 1]))
        .map(|length| (format!("{length} bytes"), whole[..length].to_vec()))
        .collect();
    for (name, content) in [
        ("a byte more", [&whole[..], b"\0"].concat()),
        ("another shape", npy("<f4", "(1, 3)", &[0; 12])),
        ("objects", npy("|O", "(1, 2)", &[0; 8])),
        ("a shape that overflows", npy("<f4", "(4611686018427387904, 2)", &[0; 8])),
        ("2^30 samples", npy("|u1", "(1073741824, 2)", &[0; 8])),
        ("infinity", npy("<f4", "(1, 2)", &[0, 0, 0x80, 0x7f, 0, 0, 0, 0])),
    ] {
        cases.push((name.to_owned(), content));
    }
    for (name, content) in cases {
        workspace.file("in.npy", &content);
        let watched = watch(&workspace, &["predict", "--checkpoint", "run", "--input", "in.npy"]);
        assert!(watched.refused(&name, 3, content.len()).contains("in.npy"), "{name}");
    }
}
