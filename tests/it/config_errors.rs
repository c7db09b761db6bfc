//! Invalid configs: exit code 2, with the place and the remedy, in reviewed snapshots.
//!
//! After an intended change: `INSTA_UPDATE=always cargo test --test it config_errors`.

use std::time::{Duration, Instant};

use crate::workspace::Workspace;

/// A valid config, in which each case makes one mistake.
const RIGHT: &str = r#"name = "x"
seed = 1

[data.digits]
samples = 100

[model]
layers = [
  { conv2d = { filters = 4, kernel_size = 3, activation = "relu" } },
  { max_pool2d = { pool_size = 2 } },
  { flatten = {} },
  { dense = { units = 10 } },
]

[loss.cross_entropy]

[optimizer.adam]
learning_rate = 1e-3

[train]
epochs = 1
batch_size = 32
"#;

/// The mistake, the text that is replaced, and its replacement.
const WRONG: &[(&str, &str, &str)] = &[
    ("typo_in_a_key", "learning_rate", "lerning_rate"),
    ("typo_in_a_section", "[train]", "[trian]"),
    ("typo_in_a_layer_name", "max_pool2d", "maxpool2d"),
    ("typo_within_a_layer", "filters", "filter"),
    ("typo_in_a_word", "\"relu\"", "\"rulu\""),
    ("unknown_data_set", "[data.digits]", "[data.imagenet]"),
    ("text_for_a_number", "epochs = 1", "epochs = \"one\""),
    ("fraction_for_a_whole_number", "batch_size = 32", "batch_size = 32.5"),
    ("number_for_a_text", "name = \"x\"", "name = 5"),
    ("number_for_a_section", "[loss.cross_entropy]", "loss = 3"),
    ("word_for_a_section", "[loss.cross_entropy]", "[loss]"),
    ("negative", "batch_size = 32", "batch_size = -32"),
    ("zero_epochs", "epochs = 1", "epochs = 0"),
    ("nan", "learning_rate = 1e-3", "learning_rate = nan"),
    ("infinite", "learning_rate = 1e-3", "learning_rate = inf"),
    ("zero_learning_rate", "learning_rate = 1e-3", "learning_rate = 0.0"),
    ("number_beyond_64_bits", "seed = 1", "seed = 99999999999999999999"),
    ("negative_seed", "seed = 1", "seed = -1"),
    ("kernel_larger_than_the_image", "kernel_size = 3", "kernel_size = 29"),
    ("pool_larger_than_the_image", "pool_size = 2", "pool_size = 27"),
    ("zero_stride", "kernel_size = 3", "kernel_size = 3, strides = 0"),
    ("zero_filters", "filters = 4", "filters = 0"),
    ("parameters_beyond_memory", "units = 10", "units = 99999999"),
    ("classes_that_do_not_match", "units = 10", "units = 9"),
    ("dense_after_an_image", "  { flatten = {} },\n", ""),
    ("image_as_last_output", "  { flatten = {} },\n  { dense = { units = 10 } },\n", ""),
    (
        "no_layers",
        "  { conv2d = { filters = 4, kernel_size = 3, activation = \"relu\" } },\n  { max_pool2d = { pool_size = 2 } },\n  { flatten = {} },\n  { dense = { units = 10 } },\n",
        "",
    ),
    ("two_layers_in_one", "{ flatten = {} }", "{ flatten = {}, dropout = { rate = 0.5 } }"),
    ("dropout_of_everything", "{ flatten = {} }", "{ flatten = {} }, { dropout = { rate = 1.0 } }"),
    ("two_optimizers", "[train]", "[optimizer.sgd]\nlearning_rate = 0.1\n\n[train]"),
    ("missing_section", "[optimizer.adam]\nlearning_rate = 1e-3\n", ""),
    ("missing_key", "filters = 4, ", ""),
    (
        "missing_key_with_a_long_description",
        "[data.digits]\nsamples = 100",
        "[data.image_folder]\nheight = 8\nwidth = 8",
    ),
    ("activation_against_the_loss", "units = 10", "units = 10, activation = \"sigmoid\""),
    ("loss_against_the_data", "[loss.cross_entropy]", "[loss.mse]"),
    ("unknown_monitor", "[train]", "[checkpoint]\nmonitor = \"validation.acuracy\"\n\n[train]"),
    ("unreadable_gate", "[train]", "[gate]\n\"test.accuracy\" = \"at least 0.9\"\n\n[train]"),
    ("name_with_a_slash", "name = \"x\"", "name = \"../x\""),
    ("unclosed_table", "[train]", "[train"),
    ("unclosed_text", "name = \"x\"", "name = \"x"),
    ("duplicate_key", "seed = 1", "seed = 1\nseed = 2"),
    ("several_at_once", "[loss.cross_entropy]", "sede = 1\n[loss.cross_entropi]\n[trein]\nepohcs = 3"),
];

fn snapshot(name: &str, workspace: &Workspace, arguments: &[&str]) {
    let start = Instant::now();
    let outcome = workspace.run(arguments);
    let elapsed = start.elapsed();
    assert_eq!(outcome.code, 2, "{name}: {}", outcome.stderr);
    assert_eq!(outcome.stdout, "", "{name}");
    assert!(elapsed < Duration::from_secs(5), "{name} took {elapsed:?}");
    assert!(!workspace.path("runs").exists(), "{name} left a run folder");
    let messages = outcome.messages();
    assert!(messages.starts_with("error: "), "{name}: {messages}");
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(format!("config_{name}"), messages);
    });
}

#[test]
fn the_valid_config_is_valid() {
    let workspace = Workspace::new();
    workspace.file("x.toml", RIGHT);
    workspace.ok(&["check", "--config", "x.toml"]);
}

#[test]
fn invalid_configs_are_explained() {
    for (name, right, wrong) in WRONG {
        assert!(RIGHT.contains(right), "{name}: `{right}` is not in the config");
        let workspace = Workspace::new();
        workspace.file("x.toml", RIGHT.replacen(right, wrong, 1));
        snapshot(name, &workspace, &["train", "--config", "x.toml"]);
    }
}

#[test]
fn invalid_files_are_explained() {
    let files: [(&str, &str, &[u8]); 8] = [
        ("empty", "x.toml", b""),
        ("not_utf_8", "x.toml", b"name = \"x\"\nseed = \xff\n"),
        ("binary", "x.toml", &[0; 64]),
        ("empty_json", "x.json", b""),
        ("json_syntax", "x.json", b"{\n  \"name\": \"x\",\n  \"seed\": 1,\n}"),
        ("json_duplicate_key", "x.json", b"{\n  \"seed\": 1,\n  \"seed\": 2\n}"),
        ("json_list", "x.json", b"[]"),
        ("json_typo", "x.json", b"{\n  \"data\": { \"digits\": { \"sampels\": 3 } }\n}"),
    ];
    for (name, file, content) in files {
        let workspace = Workspace::new();
        workspace.file(file, content);
        snapshot(name, &workspace, &["train", "--config", file]);
    }
}

#[test]
fn invalid_flags_are_explained() {
    let cases: [(&str, &[&str]); 8] = [
        ("set_typo", &["--set", "optimizer.adam.lerning_rate=0.1"]),
        ("set_type", &["--set", "train.epochs=many"]),
        ("set_without_value", &["--set", "train.epochs"]),
        ("set_beyond_a_list", &["--set", "model.layers.7.dense.units=3"]),
        ("set_below_a_value", &["--set", "train.epochs.more=3"]),
        ("set_another_optimizer", &["--set", "optimizer.sgd.learning_rate=0.1"]),
        ("missing_file", &["--config", "mnist_cn"]),
        ("folder_as_config", &["--config", "."]),
    ];
    for (name, arguments) in cases {
        let workspace = Workspace::new();
        workspace.file("x.toml", RIGHT);
        let own = arguments.contains(&"--config");
        let base: &[&str] = if own { &["train"] } else { &["train", "--config", "x.toml"] };
        snapshot(name, &workspace, &[base, arguments].concat());
    }
}

#[test]
fn the_environment_is_explained_like_a_flag() {
    let workspace = Workspace::new();
    workspace.file("x.toml", RIGHT);
    let output =
        workspace.command(&["check", "--config", "x.toml"]).env("TAPER__TRAIN__EPOHCS", "3").output();
    let outcome = crate::workspace::Outcome::of(output.expect("the program starts"));
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("TAPER__TRAIN__EPOHCS"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("did you mean `epochs`?"), "{}", outcome.stderr);
}

#[test]
fn a_byte_order_mark_does_not_shift_positions() {
    let workspace = Workspace::new();
    for (name, text, place) in [("a.toml", "\u{feff}x = 1\n", "1:1"), ("a.json", "\u{feff}{\"x\": 1}", "1:2")]
    {
        workspace.file(name, text);
        let outcome = workspace.run(&["check", "--config", name]);
        assert_eq!(outcome.code, 2, "{}", outcome.stderr);
        assert!(outcome.stderr.contains(&format!("{name}:{place}")), "{}", outcome.stderr);
    }
}
