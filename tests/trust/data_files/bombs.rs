//! Small files that unpack to huge ones: reading stops soon after the promised end.

use flate2::{Compress, Compression, FlushCompress};
use serde_json::json;

use super::arrays::{npy, npz};
use super::idx::{FILES, idx, mnist};
use super::{config, refused};
use crate::tier::{report, times};
use crate::workspace::Workspace;

const MIB: usize = 1 << 20;

/// A part of a deflate stream that ends with a full flush, so that it can be repeated.
fn flushed(content: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(Compression::best(), false);
    let mut out = Vec::with_capacity(content.len() + 1024);
    compress.compress_vec(content, &mut out, FlushCompress::Full).expect("compressed");
    assert_eq!(compress.total_in(), content.len() as u64);
    out
}

/// A gzip file of `start` and `mib` MiB of zeros, built without compressing all of them.
fn bomb(start: &[u8], mib: usize) -> Vec<u8> {
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    let zeros = flushed(&vec![0; MIB]).repeat(mib);
    // The last block is empty. The checksums are wrong, but a reader that gets there has failed already.
    [&header[..], &flushed(start), &zeros, &[3, 0], &[0; 8]].concat()
}

#[test]
fn a_bomb_in_place_of_a_gzipped_idx_file_is_stopped() {
    let mib = times([1 << 10, 10 << 10, 10 << 10]);
    let workspace = mnist();
    let data = "data.mnist = {}";
    let layers = "{ flatten = {} }, { dense = { units = 10 } }";
    workspace.file("config.toml", config(data, layers, "cross_entropy"));
    std::fs::rename(workspace.path("mnist"), workspace.path("data")).expect("renamed");
    let images = |sizes: [u32; 3]| bomb(&idx(&sizes, &[]), mib);
    let (mut packed, mut cases) = (0, 0);
    for (name, file, content, words) in [
        ("a bomb that promises one image", FILES[0], images([1, 28, 28]), "it is longer"),
        ("a bomb that promises 1000 images", FILES[0], images([1000, 28, 28]), "it is longer"),
        ("a bomb that promises 600,001 images", FILES[0], images([600_001, 28, 28]), "at most 600000"),
        ("a bomb that promises one huge image", FILES[0], images([1, 65_535, 65_535]), "65535 x 65535, not"),
        ("a bomb that promises 2^96 bytes", FILES[0], images([u32::MAX; 3]), "sizes"),
        ("a bomb without a header", FILES[0], bomb(&[], mib), "not an IDX file"),
        ("a bomb of labels", FILES[1], bomb(&idx(&[1], &[]), mib), "it is longer"),
        ("a bomb of 2^32 - 1 labels", FILES[1], bomb(&idx(&[u32::MAX], &[]), mib), "labels for the 1 images"),
    ] {
        packed = packed.max(content.len());
        cases += 1;
        let right = workspace.read(format!("data/{file}"));
        workspace.file(&format!("data/{file}"), &content);
        refused(&workspace, name, content.len(), words);
        workspace.file(&format!("data/{file}"), right);
    }
    report("gzip bombs", &json!({ "cases": cases, "packed_bytes": packed, "unpacked_mib": mib }));
}

#[test]
fn a_bomb_as_input_is_stopped() {
    let workspace = mnist();
    let layers = "{ flatten = {} }, { dense = { units = 10 } }";
    workspace.file("config.toml", config("data.mnist = {}", layers, "cross_entropy"));
    std::fs::rename(workspace.path("mnist"), workspace.path("data")).expect("renamed");
    workspace.ok(&["train", "--config", "config.toml", "--run-dir", "run"]);
    let mib = times([1 << 10, 10 << 10, 10 << 10]);
    for (sizes, words) in
        [([1, 28, 28], "it is longer"), ([1, 65_535, 65_535], "this network takes a sample of")]
    {
        let content = bomb(&idx(&sizes, &[]), mib);
        workspace.file("in.idx.gz", &content);
        let command = ["predict", "--checkpoint", "run", "--input", "in.idx.gz"];
        let line = crate::child::watch(&workspace, &command).refused("a bomb", 3, content.len());
        assert!(line.contains(words), "{line}");
    }
}

#[test]
fn a_bomb_in_an_archive_is_stopped() {
    let workspace = Workspace::new();
    let data = "data.npz = { path = 'x.npz' }";
    workspace.file("config.toml", config(data, "{ dense = { units = 2 } }", "cross_entropy"));
    let zeros = vec![0; times([256, 1024, 1024]) * MIB];
    let y = npy("|u1", "(2,)", &[0, 1]);
    let promised = [npy("|u1", "(2, 2)", &[]), zeros.clone()].concat();
    for (name, x, words) in [
        ("zeros", &zeros, "not an NPY file"),
        ("an array that promises 4 bytes", &promised, "promises 4 bytes of values"),
    ] {
        let content = npz(&[("x_train.npy", x), ("y_train.npy", &y)]);
        workspace.file("x.npz", &content);
        refused(&workspace, name, content.len(), words);
        // The directory claims fewer bytes than follow: 20,000 in place of all.
        let mut less = content;
        let place = (0..less.len()).find(|&at| less[at..].starts_with(b"PK\x01\x02")).expect("a directory");
        less[place + 24..place + 28].copy_from_slice(&20_000_u32.to_le_bytes());
        workspace.file("x.npz", &less);
        refused(&workspace, name, less.len(), "x_train");
    }
}
