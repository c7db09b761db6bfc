use super::super::array::Values;
use super::*;
use std::io::Write;
use std::path::PathBuf;

use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

/// Two images of 2 x 3 pixels.
const PIXELS: [u8; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255];

fn images(sizes: [u32; 3], pixels: &[u8]) -> Vec<u8> {
    let header = [0x0803, sizes[0], sizes[1], sizes[2]];
    header.iter().flat_map(|word| word.to_be_bytes()).chain(pixels.iter().copied()).collect()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn saved(content: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images");
    std::fs::write(&path, content).unwrap();
    (folder, path)
}

fn read_saved(content: &[u8]) -> std::result::Result<([usize; 3], Vec<u8>), String> {
    let (_folder, path) = saved(content);
    read::<3>(&path, |_| Ok(())).map_err(|error| {
        assert_eq!(error.exit_code(), 3);
        error.to_string()
    })
}

#[test]
fn a_written_file_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new").join("file");
    write(&path, [2, 2, 3], &PIXELS).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), images([2, 2, 3], &PIXELS));
    assert_eq!(read::<3>(&path, |_| Ok(())).unwrap(), ([2, 2, 3], PIXELS.to_vec()));
    write(&path, [4], &[9, 8, 7, 6]).unwrap();
    assert_eq!(read::<1>(&path, |_| Ok(())).unwrap(), ([4], vec![9, 8, 7, 6]));
    assert!(write(&path, [5], &[9, 8, 7, 6]).is_err());
}

#[test]
fn gzip_is_detected_from_the_content() {
    assert_eq!(read_saved(&gzip(&images([2, 2, 3], &PIXELS))).unwrap(), ([2, 2, 3], PIXELS.to_vec()));
}

#[test]
fn rejects_a_file_cut_off_anywhere() {
    let plain = images([2, 2, 3], &PIXELS);
    let packed = gzip(&plain);
    for whole in [plain, packed] {
        for length in 0..whole.len() {
            read_saved(&whole[..length]).unwrap_err();
        }
    }
}

#[test]
fn rejects_bytes_after_the_end() {
    let mut plain = images([2, 2, 3], &PIXELS);
    plain.push(0);
    assert!(read_saved(&plain).unwrap_err().contains("promises 28 bytes"));
    assert!(read_saved(&gzip(&plain)).unwrap_err().contains("it is longer"));
    let mut packed = gzip(&images([2, 2, 3], &PIXELS));
    packed.push(0);
    assert!(read_saved(&packed).unwrap_err().contains("bytes follow"));
    packed.pop();
    packed.extend(gzip(b""));
    assert!(read_saved(&packed).unwrap_err().contains("bytes follow"));
}

#[test]
fn rejects_sizes_that_are_zero_overflow_or_are_wrong() {
    for sizes in [[0, 2, 3], [2, 0, 3], [u32::MAX; 3], [1 << 22, 1 << 22, 1 << 20], [65536, 65536, 2]] {
        assert!(read_saved(&images(sizes, &PIXELS)).unwrap_err().contains("sizes"));
        assert!(read_saved(&gzip(&images(sizes, &PIXELS))).unwrap_err().contains("sizes"));
    }
    for sizes in [[1, 2, 3], [3, 2, 3], [65536, 65536, 1]] {
        assert!(read_saved(&images(sizes, &PIXELS)).unwrap_err().contains("promises"));
        assert!(read_saved(&gzip(&images(sizes, &PIXELS))).unwrap_err().contains("promises"));
    }
}

#[test]
fn another_kind_of_file_is_named() {
    let message = |magic: u32| {
        let mut content = images([2, 2, 3], &PIXELS);
        content[..4].copy_from_slice(&magic.to_be_bytes());
        read_saved(&content).unwrap_err()
    };
    assert!(message(0x0801).contains("bytes in 1 dimension; images are bytes in 3"));
    assert!(message(0x0d02).contains("32-bit floating-point numbers in 2 dimensions"));
    for magic in [0x0a03, 0x0800, 0x0805, 0x0001_0803, 0x8950_4e47] {
        assert!(message(magic).contains("IDX file"), "{magic:x}: {}", message(magic));
    }
    let (_folder, path) = saved(&images([2, 2, 3], &PIXELS));
    assert!(read::<1>(&path, |_| Ok(())).unwrap_err().to_string().contains("labels are bytes in 1"));
}

#[test]
fn numbers_of_every_type_are_read() {
    let read = |kind: u32, bytes: &[u8]| {
        let header = [kind << 8 | 1, 2].into_iter().flat_map(u32::to_be_bytes);
        let content: Vec<u8> = header.chain(bytes.iter().copied()).collect();
        let array = decode_array(Path::new("x"), content.as_slice(), content.len() as u64, |_| Ok(()));
        array.map(|array| array.values).map_err(|error| error.to_string())
    };
    assert_eq!(read(0x08, &[1, 255]), Ok(Values::Bytes(vec![1, 255])));
    assert_eq!(read(0x09, &[1, 255]), Ok(Values::Integers(vec![1, -1])));
    assert_eq!(read(0x0b, &[1, 0, 255, 254]), Ok(Values::Integers(vec![256, -2])));
    assert_eq!(read(0x0c, &[0, 1, 0, 0, 255, 255, 255, 254]), Ok(Values::Integers(vec![65536, -2])));
    let singles = [0.5_f32, -2.0].map(f32::to_be_bytes).concat();
    assert_eq!(read(0x0d, &singles), Ok(Values::Floats(vec![0.5, -2.0])));
    let doubles = [0.5_f64, 1e300].map(f64::to_be_bytes).concat();
    assert!(read(0x0e, &doubles).unwrap_err().contains("row 1 (counted from 0) is 1e300"));
    assert!(read(0x0e, &doubles[..15]).unwrap_err().contains("promises 24 bytes"));
}

#[test]
fn a_damaged_gzip_file_is_never_read_as_other_data() {
    let packed = gzip(&images([2, 2, 3], &PIXELS));
    for bit in 0..packed.len() * 8 {
        let mut damaged = packed.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        // Flips in the header's timestamp and flags have no effect.
        if let Ok(content) = read_saved(&damaged) {
            assert_eq!(content, ([2, 2, 3], PIXELS.to_vec()), "bit {bit}");
        }
    }
}

#[test]
fn stops_unpacking_one_byte_after_the_promised_end() {
    // 64 MiB of zeros in a file of a few kB whose header promises 12 bytes.
    let bomb = gzip(&images([2, 2, 3], &vec![0; 64 << 20]));
    assert!(read_saved(&bomb).unwrap_err().contains("it is longer"));
}
