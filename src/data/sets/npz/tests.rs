use super::*;
use crate::data::Features;
use crate::data::formats::npy::tests::npy;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use tempfile::TempDir;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

fn saved(arrays: &[(&str, Vec<u8>)]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.npz");
    let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
    for (i, (name, content)) in arrays.iter().enumerate() {
        let method = [CompressionMethod::Stored, CompressionMethod::Deflated][i % 2];
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(format!("{name}.npy"), options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap();
    (folder, path)
}

fn config(path: &Path, more: &str) -> Config {
    toml::from_str(&format!("path = {:?}\n{more}", path.display().to_string())).unwrap()
}

fn load(arrays: &[(&str, Vec<u8>)], more: &str) -> Result<Splits, String> {
    let (_folder, path) = saved(arrays);
    config(&path, more).load(&SearchPath::default(), 0).map_err(|error| {
        assert_eq!(error.exit_code(), 3);
        error.to_string()
    })
}

fn floats(shape: &str, values: &[f32]) -> Vec<u8> {
    npy("<f4", shape, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
}

#[test]
fn channels_last_images_become_channels_first() {
    let x = npy("|u1", "(2, 1, 2, 3)", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    let arrays = [("x_train", x), ("y_train", npy("|u1", "(2, 1)", &[0, 2]))];
    let splits = load(&arrays, "").unwrap();
    assert_eq!(splits.train.sample_shape, [3, 1, 2].into());
    assert_eq!(splits.train.features, Features::Bytes(vec![1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12]));
    assert_eq!(splits.train.target(), Target::Class { classes: 3 });
    assert!(splits.test.is_none());
    let first = load(&arrays, "layout = \"channels_first\"").unwrap().train;
    assert_eq!(first.sample_shape, [1, 2, 3].into());
    assert_eq!(first.features, Features::Bytes((1..=12).collect()));
}

#[test]
fn regression_takes_one_or_more_numbers() {
    let x = floats("(2, 1)", &[0.5, -1.0]);
    let one = [("a", x.clone()), ("b", floats("(2,)", &[3.0, 4.0]))];
    let names = "task = \"regression\"\nx_train = \"a\"\ny_train = \"b\"";
    let splits = load(&one, names).unwrap();
    assert_eq!(splits.train.features, Features::Floats(vec![0.5, -1.0]));
    assert_eq!(splits.train.targets, Targets::Values { values: vec![3.0, 4.0], width: 1 });
    let two = [("a", x), ("b", floats("(2, 2)", &[1.0, 2.0, 3.0, 4.0]))];
    assert_eq!(load(&two, names).unwrap().train.target(), Target::Value { width: 2 });
}

#[test]
fn splits_must_agree() {
    let x = || floats("(2, 2)", &[0.0; 4]);
    let y = |labels: &[u8]| npy("|u1", "(2,)", labels);
    let all = |test_x, test_y| {
        load(&[("x_train", x()), ("y_train", y(&[0, 1])), ("x_test", test_x), ("y_test", test_y)], "")
    };
    let test = all(x(), y(&[0, 0])).unwrap().test.unwrap();
    assert_eq!(test.target(), Target::Class { classes: 2 });
    // Without outputs to determine the classes, the labels of all splits do.
    assert_eq!(all(x(), y(&[0, 2])).unwrap().train.target(), Target::Class { classes: 3 });
    assert!(all(floats("(2, 1)", &[0.0; 2]), y(&[0, 0])).unwrap_err().contains("test samples 1"));
    assert!(all(floats("(1, 2)", &[0.0; 2]), y(&[0, 0])).unwrap_err().contains("for the 1 samples"));
    let other = all(npy("|u1", "(2, 2)", &[0; 4]), y(&[0, 0])).unwrap_err();
    assert!(other.contains("array `x_test` has bytes") && other.contains("(`x_train`)"), "{other}");
}

#[test]
fn errors_name_the_array() {
    let x = || ("x_train", floats("(1, 1)", &[0.0]));
    let message = |y: Vec<u8>| load(&[x(), ("y_train", y)], "").unwrap_err();
    assert!(load(&[x()], "").unwrap_err().contains("`y_train`: not in the file, which has x_train"));
    assert!(
        load(&[x(), ("y_train", npy("|u1", "(1,)", &[0]))], "x_test = \"typo\"")
            .unwrap_err()
            .contains("`typo`")
    );
    assert!(message(npy("|i1", "(1,)", &[0xff])).contains("label -1"));
    assert!(message(npy("<u4", "(1,)", &[0, 0, 0, 1])).contains("labels are 0 to"));
    assert!(message(floats("(1,)", &[0.5])).contains("label 0.5"));
    assert!(message(npy("|u1", "(1, 3)", &[0, 1, 0])).contains("argmax"));
    assert!(message(b"text".to_vec()).contains("not an NPY file"));
}

#[test]
fn rejects_damaged_archives() {
    let (_folder, path) =
        saved(&[("x_train", floats("(1, 1)", &[0.0])), ("y_train", npy("|u1", "(1,)", &[0]))]);
    let whole = std::fs::read(&path).unwrap();
    let config = config(&path, "");
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(config.load(&SearchPath::default(), 0).unwrap_err().exit_code(), 3);
    }
    for byte in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[byte] ^= 0x55;
        std::fs::write(&path, &damaged).unwrap();
        // Some bytes (times, host system) have no effect; none may lead to different numbers.
        if let Ok(splits) = config.load(&SearchPath::default(), 0) {
            assert_eq!(splits.train.features, Features::Floats(vec![0.0]), "byte {byte}");
        }
    }
}
