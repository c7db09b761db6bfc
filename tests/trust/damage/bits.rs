//! Every single-bit error, every length, and random edits, checked in process.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::thread;

use serde_json::json;

use super::{Copy, FILES, below, edited, random, trained};
use crate::tier::{report, times};

/// A bit of a file.
#[derive(Clone, Copy)]
struct Place {
    file: &'static str,
    byte: usize,
    bit: u32,
}

#[test]
fn every_wrong_bit_is_detected_and_the_previous_checkpoint_is_used() {
    let workspace = trained();
    let contents = FILES.map(|file| (file, fs::read(Copy::of(&workspace).latest(file)).expect("a file")));
    let bytes: usize = contents.iter().map(|(_, content)| content.len()).sum();
    assert!((8 << 10..16 << 10).contains(&bytes), "{bytes} bytes: not a small checkpoint");
    // One bit of each byte, or all bits.
    let every = times([8, 1, 1]);
    let bits: Vec<Place> = contents
        .iter()
        .flat_map(|(file, content)| (0..content.len()).map(move |byte| (*file, byte)))
        .flat_map(|(file, byte)| (0..8).map(move |bit| Place { file, byte, bit }))
        .filter(|place| (place.byte + place.bit as usize).is_multiple_of(every))
        .collect();
    let cores = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for part in bits.chunks(bits.len().div_ceil(cores)) {
            let (workspace, contents) = (&workspace, &contents);
            scope.spawn(move || {
                let copy = Copy::of(workspace);
                for Place { file, byte, bit } in part {
                    let right = contents.iter().find(|(name, _)| name == file).expect("a file").1[*byte];
                    let open = File::options().write(true).open(copy.latest(file)).expect("a file");
                    open.write_all_at(&[right ^ (1 << bit)], *byte as u64).expect("written");
                    copy.refused(file, || format!("bit {bit} of byte {byte} of {file}"));
                    open.write_all_at(&[right], *byte as u64).expect("written");
                }
                copy.whole();
            });
        }
    });
    assert!(every > 1 || bits.len() >= 65_536);
    report(
        "bit flips and truncations",
        &json!({ "bytes": bytes, "flips": bits.len(), "noticed": bits.len() }),
    );
}

#[test]
fn every_wrong_length_is_detected() {
    let workspace = trained();
    let copy = Copy::of(&workspace);
    let mut truncations = 0;
    for file in FILES {
        let path = copy.latest(file);
        let right = fs::read(&path).expect("a file");
        let open = File::options().write(true).open(&path).expect("a file");
        for length in (0..right.len()).rev() {
            open.set_len(length as u64).expect("cut");
            copy.refused(file, || format!("{file} cut to {length} bytes"));
            truncations += 1;
        }
        for more in [&b"\n"[..], b"\0", b" ", &right] {
            fs::write(&path, [&right, more].concat()).expect("written");
            copy.refused(file, || format!("{file} with {} bytes more", more.len()));
        }
        fs::write(&path, right).expect("written");
        copy.whole();
    }
    report("bit flips and truncations", &json!({ "truncations": truncations, "noticed": truncations }));
}

#[test]
fn every_random_edit_is_detected() {
    let workspace = trained();
    let copy = Copy::of(&workspace);
    let mut random = random(1);
    let edits = times([500, 10_000, 10_000]);
    for i in 0..edits {
        let file = FILES[below(&mut random, FILES.len())];
        let path = copy.latest(file);
        let right = fs::read(&path).expect("a file");
        fs::write(&path, edited(&right, &mut random)).expect("written");
        copy.refused(file, || format!("edit {i} of {file}"));
        fs::write(&path, right).expect("written");
    }
    copy.whole();
    report("random edits of a checkpoint", &json!({ "edits": edits, "noticed": edits }));
}
