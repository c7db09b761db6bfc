//! The six files of CIFAR-10.

use std::fs;

use super::load;
use crate::workspace::Workspace;

const RECORD: usize = 3073;

/// One record with this label.
fn record(label: u8) -> Vec<u8> {
    std::iter::once(label).chain((1..RECORD).map(|i| (i % 256) as u8)).collect()
}

pub fn cifar10() -> Workspace {
    let workspace = Workspace::new();
    for file in 1..=5 {
        workspace.file(&format!("cifar10/data_batch_{file}.bin"), record(file));
    }
    workspace.file("cifar10/test_batch.bin", record(0));
    workspace
}

#[test]
fn every_length_other_than_whole_records_is_refused() {
    let workspace = cifar10();
    for file in ["data_batch_1.bin", "data_batch_5.bin", "test_batch.bin"] {
        let path = workspace.path("cifar10").join(file);
        let right = fs::read(&path).expect("a file");
        let two = [&right[..], &right].concat();
        for length in (0..2 * RECORD).filter(|length| *length != RECORD) {
            fs::write(&path, &two[..length]).expect("written");
            let message = load(&workspace.path(""), "[cifar10]").expect_err("a part of a record");
            assert!(message.contains(file) && message.contains("not a multiple"), "{length}: {message}");
        }
        fs::write(&path, right).expect("written");
    }
    assert_eq!(load(&workspace.path(""), "[cifar10]").expect("the right files").train.len(), 5);
}

#[test]
fn every_label_without_a_class_is_refused() {
    let workspace = cifar10();
    for label in 10..=255 {
        workspace.file("cifar10/data_batch_3.bin", [record(9), record(label)].concat());
        let message = load(&workspace.path(""), "[cifar10]").expect_err("no class");
        assert!(message.contains(&format!("data_batch_3.bin: label {label} in record 1")), "{message}");
    }
}
