//! What stands below the options in each command's help: commands to copy, and where to read on.

/// Of `taper` itself.
pub const ALL: &str = "\
Examples:
  taper train                                the built-in example, a second or so
  taper train mnist_cnn --run-dir runs/cnn   a built-in config
  taper config init my.toml                  a config to start from
  taper train my.toml
  taper eval runs/cnn
  taper predict runs/cnn digit.png

`taper help COMMAND` explains a command, `taper config reference [SECTION]` the keys of a config.

Exit codes: 0 done, 1 run failed, 2 usage or config, 3 data, 4 checkpoint, 5 diverged, 6 gate failed, \
7 run folder in use, 9 inconclusive, 129/130/143 stopped by a signal.";

/// Of `taper train`.
pub const TRAIN: &str = "\
Examples:
  taper train my.toml
  taper train my.toml --set train.epochs=3 --set optimizer.adam.learning_rate=0.01
  taper train --resume runs/my-0001 --set train.epochs=20
  taper train my.toml --resume auto          start, or continue what was stopped
  taper train my.toml --gate 'test.accuracy >= 0.97'

`taper config reference [SECTION]` describes every key for --set; `taper config show my.toml` prints their values.";

/// Of `taper eval`.
pub const EVAL: &str = "\
Examples:
  taper eval runs/cnn
  taper eval runs/cnn --split validation --format json
  taper eval runs/cnn --errors 10            the most confident wrong predictions
  taper eval runs/cnn --predictions all.csv  every sample with its probabilities
  taper eval runs/cnn --gate 'test.accuracy >= 0.97'
  taper eval runs/cnn/checkpoints/step-00001500
  taper eval runs/table --set data.csv.path=other.csv";

/// Of `taper predict`.
pub const PREDICT: &str = "\
Examples:
  taper predict runs/cnn digit.png
  taper predict runs/cnn pictures/           all pictures in a folder
  taper predict runs/table new.csv --id customer --output result.csv
  taper predict runs/cnn digits.npy --format jsonl | head
  echo '[[1.5, 2.0, 0.25]]' | taper predict runs/table -

An input that is not there is looked for in the data folders. Columns of a CSV file are found by the names of those \
that were trained on, in any order. A `.npy` array, \
IDX file or JSON list holds one sample or a list of them. Pictures are resized to the network's input.";

/// Of `taper check`.
pub const CHECK: &str = "\
Examples:
  taper check my.toml
  taper check mnist_cnn --set model.layers.0.conv2d.filters=8";

/// Of `taper bench`.
pub const BENCH: &str = "\
Examples:
  taper bench mnist_cnn
  taper bench mnist_cnn --format json > baseline.json
  taper bench mnist_cnn --baseline baseline.json --max-regression 10%";

/// Of `taper data`.
pub const DATA: &str = "\
Examples:
  taper data list
  taper data fetch mnist
  taper data verify --data-dir ~/datasets";

/// Of `taper config`.
pub const CONFIG: &str = "\
Examples:
  taper config init my.toml --from mnist_cnn
  taper config show my.toml
  taper config schema > taper.schema.json
  taper config reference optimizer.adam";
