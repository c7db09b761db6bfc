//! `--set` and `TAPER__…`, whose errors are explained like those of a file.

use super::{Case, RIGHT};

/// The assignment, the position in it of the message (counted from 1), and the expected message.
const ASSIGNMENTS: &[(&str, usize, &str, &str)] = &[
    (
        "optimizer.adam.lerning_rate=1",
        16,
        "unknown key `lerning_rate` in `optimizer.adam`",
        "did you mean `learning_rate`?",
    ),
    ("optimiser.adam.learning_rate=1", 1, "unknown key `optimiser`", "did you mean `optimizer`?"),
    ("train.batch_size=0", 18, "train.batch_size: must be at least 1, not 0", ""),
    ("train.batch_size=\"32\"", 18, "train.batch_size: expected an integer, found the string \"32\"", ""),
    ("train.batch_size=9223372036854775808", 18, "train.batch_size: must be at most 10000000", ""),
    ("train.epochs=1.5", 14, "train.epochs: expected an integer, found `1.5`", ""),
    ("train.epochs=", 14, "train.epochs: expected an integer, found the string \"\"", ""),
    ("train.epochs=[1", 14, "not a valid TOML value", "close every quote and bracket"),
    (
        "optimizer.adam.learning_rate=nan",
        30,
        "optimizer.adam.learning_rate: must be a finite number, not NaN",
        "",
    ),
    (
        "optimizer.adam.learning_rate=-inf",
        30,
        "optimizer.adam.learning_rate: must be a finite number, not -inf",
        "",
    ),
    (
        "optimizer.adam={lr=1}",
        17,
        "unknown key `lr` in `optimizer.adam`",
        "did you mean `optimizer.adam.learning_rate`?",
    ),
    ("model.layers.9.dense.units=3", 14, "layer 9 does not exist: indices are 0 to 5", ""),
    ("model.layers.-7.dense.units=3", 14, "layer -7 does not exist: indices are 0 to 5", ""),
    ("model.layers[0][1].x=3", 16, "unknown key `1` in `model.layers[0]`", ""),
    ("model.layers.0.conv2d.strides=0", 31, "model.layers[0].conv2d.strides: must be at least 1, not 0", ""),
    ("model.layers=[]", 14, "model.layers: must have at least 1 element", ""),
    (
        "model.layers.5.dense.units=3",
        0,
        "loss.cross_entropy: the last layer has 3 outputs for 10 classes",
        "set `units = 10` in the last `dense` layer",
    ),
    ("train..epochs=1", 1, "empty part in the key", ""),
    ("seed.x=1", 6, "cannot set `x`: the key before it is not a table", ""),
    ("data=null", 0, "missing section `data`", "add `[data.synthetic]`"),
    ("train.epohcs=null", 7, "unknown key `epohcs` in `train`", "did you mean `epochs`?"),
    ("loss.cross_entropy=null", 0, "loss: no member is chosen", "choose one of `cross_entropy`"),
    ("gate.\"test.loss\"=9", 18, "gate.test.loss: `9` is not a condition", "write a comparison and a number"),
    ("gate.test.loss=9 <", 16, "gate.test.loss: `9 <` is not a condition", "write a comparison and a number"),
];

/// The variable, its value, the position of the message in `path=value`, and the expected message.
const VARIABLES: &[(&str, &str, usize, &str, &str)] = &[
    ("TAPER__TRAIN__EPOCH", "3", 7, "unknown key `epoch` in `train`", "did you mean `epochs`?"),
    ("TAPER__TRAIN__EPOCHS", "many", 14, "train.epochs: expected an integer, found the string \"many\"", ""),
    ("TAPER__TRAIN__EPOCHS", "18446744073709551616", 14, "train.epochs: must be at most 1000000000", ""),
    ("TAPER__TRIAN__EPOCHS", "3", 1, "unknown key `trian`", "did you mean `train`?"),
    ("TAPER__SEED", "-1", 6, "seed: must be at least 0, not -1", ""),
    ("TAPER____SEED", "1", 1, "empty part in the key", ""),
    ("TAPER__", "1", 1, "empty part in the key", ""),
    (
        "TAPER__MODEL__LAYERS__0__CONV2D__FILTERS",
        "0",
        31,
        "model.layers[0].conv2d.filters: must be at least 1, not 0",
        "",
    ),
];

pub fn cases() -> Vec<Case> {
    let case = |name: String, source: &str, column: usize, message: &str, help: &str| Case {
        name,
        file: "x.toml".to_owned(),
        content: RIGHT.into(),
        place: if column == 0 { String::new() } else { format!("{source}:1:{column}\n") },
        says: vec![message.to_owned(), help.to_owned()],
        ..Case::default()
    };
    let set = ASSIGNMENTS.iter().map(|(assignment, column, message, help)| Case {
        arguments: vec!["--set".to_owned(), (*assignment).to_owned()],
        ..case(format!("--set {assignment}"), "--set", *column, message, help)
    });
    let variables = VARIABLES.iter().map(|(name, value, column, message, help)| Case {
        environment: vec![((*name).to_owned(), (*value).to_owned())],
        ..case(format!("{name}={value}"), name, *column, message, help)
    });
    let memory =
        ["train.batch_size=10000000", "model.layers.0.conv2d.filters=100000"].map(|set| ["--set", set]);
    let memory = Case {
        arguments: memory.concat().iter().map(|text| (*text).to_owned()).collect(),
        ..case("memory".to_owned(), "--set", 18, "train.batch_size: one step would need more than 1 TiB", "")
    };
    set.chain(variables).chain([memory]).collect()
}
