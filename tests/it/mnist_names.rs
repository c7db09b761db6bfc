//! MNIST and related data sets under the names that unpackers, Kaggle and torchvision leave, and with other
//! classes.

use std::io::Write as _;

use crate::workspace::{Outcome, Workspace};

const FILES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

/// The contents of the four files, with one image per label.
fn contents(labels: &[u8]) -> [Vec<u8>; 4] {
    let header = |sizes: &[usize]| {
        let magic = 0x0800 + sizes.len() as u32;
        let words = std::iter::once(magic).chain(sizes.iter().map(|&size| size as u32));
        words.flat_map(u32::to_be_bytes).collect::<Vec<u8>>()
    };
    let pixels: Vec<u8> = labels.iter().flat_map(|&label| [label * 9; 784]).collect();
    let images = [header(&[labels.len(), 28, 28]), pixels].concat();
    let labels = [header(&[labels.len()]), labels.to_vec()].concat();
    [images.clone(), labels.clone(), images, labels]
}

/// Maps a file name to another.
type Name<'a> = &'a dyn Fn(&str) -> String;

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).expect("compressed");
    encoder.finish().expect("compressed")
}

fn train(workspace: &Workspace, data: &str, units: usize) -> Outcome {
    let text = format!(
        "data.{data}\nmodel.layers = [{{ flatten = {{}} }}, {{ dense = {{ units = {units} }} }}]\n\
         loss.cross_entropy = {{}}\noptimizer.adam = {{}}\ntrain.epochs = 1\n"
    );
    workspace.file("c.toml", text);
    workspace.run(&["train", "--config", "c.toml", "--data-dir", "."])
}

#[test]
fn mnist_is_found_under_other_names() {
    let digits: Vec<u8> = (0..10).collect();
    let dotted = |name: &str| name.replace("-idx", ".idx");
    let names: [(&str, &str, bool, Name<'_>); 8] = [
        ("mnist", "mnist", false, &|name| dotted(name)),
        ("mnist", "mnist", true, &|name| format!("{}.gz", dotted(name))),
        ("mnist", "mnist", false, &|name| format!("{name}/{name}")),
        ("mnist", "MNIST/raw", false, &|name| name.to_owned()),
        ("mnist", "mnist", false, &|name| format!("{name}/{}", dotted(name))),
        ("fashion_mnist", "FashionMNIST/raw", true, &|name| format!("{name}.gz")),
        ("kmnist", "KMNIST/raw", false, &|name| name.to_owned()),
        ("mnist", ".", false, &|name| format!("{}/{name}", dotted(name))),
    ];
    for (set, folder, gzipped, name) in names {
        let workspace = Workspace::new();
        for (file, content) in FILES.iter().zip(contents(&digits)) {
            let content = if gzipped { gzip(&content) } else { content };
            workspace.file(&format!("{folder}/{}", name(file)), content);
        }
        let outcome = train(&workspace, &format!("{set} = {{}}"), 10);
        assert_eq!(outcome.code, 0, "{folder}/{}: {}", name(FILES[0]), outcome.messages());
    }
}

#[test]
fn an_intact_file_is_preferred_to_a_damaged_one() {
    let digits: Vec<u8> = (0..10).collect();
    for (damaged, kept) in [(FILES[0], 0), (FILES[1], 6), (FILES[3], 5)] {
        let workspace = Workspace::new();
        for (file, content) in FILES.iter().zip(contents(&digits)) {
            workspace.file(&format!("mnist/{file}.gz"), gzip(&content));
            if *file == damaged {
                workspace.file(&format!("mnist/{file}"), &content[..kept]);
            }
        }
        let outcome = train(&workspace, "mnist = {}", 10);
        assert_eq!(outcome.code, 0, "{}", outcome.messages());
        let messages = outcome.messages();
        assert!(
            messages.contains("cut off") && messages.contains(&format!("{damaged}.gz instead")),
            "{messages}"
        );
        // If all files are damaged, the first is named.
        workspace.file(&format!("mnist/{damaged}.gz"), b"\x1f\x8b");
        let outcome = train(&workspace, "mnist = {}", 10);
        assert_eq!(outcome.code, 3);
        assert!(
            outcome.messages().contains(&format!("mnist/{damaged}: the file is cut off")),
            "{}",
            outcome.messages()
        );
    }
}

#[test]
fn letters_have_the_number_of_classes_in_the_config() {
    let with = |labels: &[u8], data: &str, units: usize| {
        let workspace = Workspace::new();
        for (file, content) in FILES.iter().zip(contents(labels)) {
            workspace.file(&format!("mnist/{file}"), content);
        }
        let outcome = train(&workspace, data, units);
        (outcome.code, outcome.messages())
    };
    let letters: Vec<u8> = (1..=26).collect();
    let (code, message) = with(&letters, "mnist = {}", 10);
    assert_eq!(code, 3);
    assert!(
        message.contains("labels are 1 to 26: no sample has label 0, but labels start at 0"),
        "{message}"
    );
    let (code, message) = with(&letters, "mnist = { classes = 26 }", 26);
    assert!(code == 3 && message.contains("or set `classes` to 27"), "{message}");
    assert_eq!(with(&letters, "mnist = { classes = 27 }", 27).0, 0);
    assert_eq!(with(&[0, 1, 2], "mnist = { classes = ['a', 'b', 'c'] }", 3).0, 0);
    let (code, message) = with(&[0, 1, 12], "mnist = {}", 10);
    assert!(code == 3 && message.contains("label 12 in row 2; or set `classes` to 13"), "{message}");
    assert_eq!(with(&[0, 1, 2], "mnist = { classes = 0 }", 3).0, 2);
}
