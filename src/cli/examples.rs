//! The text below the options in each command's help: example commands and where to read more.

/// Help of `taper` itself.
pub const ALL: &str = "\
Examples:
  taper train                                the built-in example, about 1 s
  taper train mnist_cnn --run-dir runs/cnn   a built-in config
  taper config init my.toml                  write a config to start from
  taper train my.toml
  taper eval runs/cnn
  taper predict runs/cnn digit.png

See `taper help COMMAND` for a command, and `taper config reference [SECTION]` for the keys of a config.

Exit codes:
  0  success                   5  training diverged
  1  run failed                6  gate failed
  2  usage or config error     7  run folder in use
  3  data error                9  inconclusive measurement
  4  checkpoint error          129, 130, 143  stopped by SIGHUP, SIGINT, SIGTERM";

/// Help of `taper train`.
pub const TRAIN: &str = "\
Examples:
  taper train my.toml
  taper train my.toml --set train.epochs=3 --set train.batch_size=64
  taper train --resume runs/my-0001 --set train.epochs=20
  taper train my.toml --resume auto          resume the latest run, or start one
  taper train my.toml --gate 'test.accuracy >= 0.97'

`taper config reference [SECTION]` describes every key that --set accepts; `taper config show my.toml` prints \
the current values.";

/// Help of `taper serve`.
#[cfg(feature = "serve")]
pub const SERVE: &str = "\
Examples:
  taper serve runs/cnn
  curl -d '{\"instances\": [[0.1, 0.2]]}' localhost:8501/v1/models/default:predict
  taper serve digits=runs/cnn churn=runs/churn --listen 127.0.0.1:9000
  taper serve --rest_api_port=8501 --model_name=my_model --model_base_path=./model

The flags of tensorflow_model_server are accepted. On SIGTERM, the server answers the requests in flight and exits with code 0.";

/// Help of `taper eval`.
pub const EVAL: &str = "\
Examples:
  taper eval runs/cnn
  taper eval runs/cnn --split validation --format json
  taper eval runs/cnn --errors 10            the 10 worst predictions
  taper eval runs/cnn --predictions all.csv  every sample with its probabilities
  taper eval runs/cnn --gate 'test.accuracy >= 0.97'
  taper eval runs/cnn/checkpoints/step-00001500
  taper eval runs/table --set data.csv.path=other.csv";

/// Help of `taper predict`.
pub const PREDICT: &str = "\
Examples:
  taper predict runs/cnn digit.png
  taper predict runs/cnn images/             all images in a folder
  taper predict runs/table new.csv --id customer --output result.csv
  taper predict runs/cnn digits.npy --format jsonl | head
  echo '[[1.5, 2.0, 0.25]]' | taper predict runs/table -

An input path that does not exist is looked up in the data folders. CSV columns are matched by the names used in \
training, in any order. A `.npy` array, an IDX file or a JSON array holds one sample or several. Images are \
resized to the network's input.";

/// Help of `taper check`.
pub const CHECK: &str = "\
Examples:
  taper check my.toml
  taper check mnist_cnn --set model.layers.0.conv2d.filters=8";

/// Help of `taper bench`.
pub const BENCH: &str = "\
Examples:
  taper bench mnist_cnn
  taper bench mnist_cnn --format json > baseline.json
  taper bench mnist_cnn --baseline baseline.json --max-regression 10%";

/// Help of `taper data`.
pub const DATA: &str = "\
Examples:
  taper data list
  taper data fetch mnist
  taper data verify --data-dir ~/datasets";

/// Help of `taper config`.
pub const CONFIG: &str = "\
Examples:
  taper config init my.toml --from mnist_cnn
  taper config show my.toml
  taper config schema > taper.schema.json
  taper config reference optimizer.adam";
