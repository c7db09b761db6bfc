//! NPZ archives: as they are, and two arrays in an archive whose sums are right.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use flate2::Crc;
use taper::data::sets::npz::{Config, Layout};
use taper::data::Task;

use super::properties::{check_dataset, check_error};

/// The first byte says which options to read with and whether the rest is an archive or what two
/// arrays are made from.
pub fn run(data: &[u8]) {
    let Some((&options, rest)) = data.split_first() else { return };
    let archive = if options & 4 == 0 { rest.to_vec() } else { zip(rest) };
    let config = Config {
        path: PathBuf::from("data.npz"),
        x_train: "x".to_owned(),
        y_train: "y".to_owned(),
        x_test: "x_test".to_owned(),
        y_test: "y_test".to_owned(),
        task: if options & 1 == 0 { Task::Classification } else { Task::Regression },
        x_validation: None,
        y_validation: None,
        classes: None,
        layout: if options & 2 == 0 { Layout::ChannelsLast } else { Layout::ChannelsFirst },
    };
    match config.decode(Path::new("data.npz"), Cursor::new(archive)) {
        Err(error) => check_error(&error),
        Ok(splits) => [Some(splits.train), splits.test].iter().flatten().for_each(check_dataset),
    }
}

/// An archive of the arrays `x` and `y`, stored without compression; a length of one byte parts them.
fn zip(data: &[u8]) -> Vec<u8> {
    let Some((&length, rest)) = data.split_first() else { return Vec::new() };
    let (x, y) = rest.split_at(rest.len().min(usize::from(length)));
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in [("x.npy", x), ("y.npy", y)] {
        let mut crc = Crc::new();
        crc.update(content);
        let size = (content.len() as u32).to_le_bytes();
        let mut facts = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        facts.extend(crc.sum().to_le_bytes());
        facts.extend([size, size].concat());
        facts.extend([name.len() as u8, 0, 0, 0]);
        let offset = (zip.len() as u32).to_le_bytes();
        directory.extend([b"PK\x01\x02\x14\0".as_slice(), &facts, &[0; 10], &offset, name.as_bytes()].concat());
        zip.extend([b"PK\x03\x04", facts.as_slice(), name.as_bytes(), content].concat());
    }
    let [size, offset] = [directory.len(), zip.len()].map(|length| (length as u32).to_le_bytes());
    zip.extend(directory);
    zip.extend([b"PK\x05\x06\0\0\0\0\x02\0\x02\0".as_slice(), &size, &offset, &[0, 0]].concat());
    zip
}
