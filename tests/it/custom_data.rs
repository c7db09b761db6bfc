//! Data sets of user code, in runs through the library.

use std::path::Path;

use serde_json::{Value, json};
use taper::config::{Input, Problems, reference, schema};
use taper::data::sets::custom::{self, CustomData};
use taper::data::{Config, Dataset, Facts, Features, SearchPath, Splits, Target, Targets};
use taper::experiment::Experiment;
use taper::internals::inference::Prediction;
use taper::random::{Purpose, Stream};
use taper::run::{Options, Outcome, Place, SplitName, Stopped};
use taper::{Error, Model};

use crate::workspace::Workspace;

/// Points around the corners of a triangle, the second of which has three times as many. Tests change it to
/// make it invalid.
#[derive(Clone)]
struct Corners {
    samples: usize,
    facts: Facts,
    change: fn(&mut Splits),
}

impl Default for Corners {
    fn default() -> Self {
        let facts = Facts { sample_shape: Some([2].into()), target: Some(Target::Class { classes: 3 }) };
        Self { samples: 60, facts, change: |_| {} }
    }
}

impl CustomData for Corners {
    fn name(&self) -> &'static str {
        "corners"
    }

    fn options(&self) -> Value {
        json!({ "samples": self.samples })
    }

    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    fn validate(&self, problems: &mut Problems<'_>) {
        if self.samples == 0 {
            problems.key("samples").report("must be at least 1");
        }
    }

    fn load(&self, _: &SearchPath, seed: u64) -> taper::Result<Splits> {
        let points = |split: u64, samples: usize| {
            let mut draw = Stream::new(seed, Purpose::Data, [split, 0]);
            let labels: Vec<u32> = [0, 1, 1, 1, 2].into_iter().cycle().take(samples).collect();
            let point = |label: &u32| {
                let (sine, cosine) = libm::sincos(f64::from(*label) * std::f64::consts::TAU / 3.0);
                [sine, cosine].map(|corner| (100.0 + 10.0 * corner + draw.normal()) as f32)
            };
            Dataset {
                sample_shape: [2].into(),
                features: Features::Floats(labels.iter().flat_map(point).collect()).into(),
                targets: Targets::Classes { labels, names: ["a", "b", "c"].map(str::to_owned).to_vec() },
            }
        };
        let mut splits = Splits {
            train: points(0, self.samples),
            validation: None,
            test: Some(points(1, 20)),
            columns: None,
        };
        (self.change)(&mut splits);
        Ok(splits)
    }

    fn takes_validation_file(&self) -> bool {
        true
    }

    fn load_validation(&self, file: &Path, train: &Dataset, search: &SearchPath) -> taper::Result<Dataset> {
        if file.ends_with("others") {
            return Err(Error::data(file, "has no corners"));
        }
        let test = self.load(search, 1)?.test;
        Ok(test.unwrap_or_else(|| train.clone()))
    }
}

/// 48 training samples in batches of 16: three steps per epoch.
const TEXT: &str = r#"
name = "c"
seed = 3
[data.digits]
[split]
validation = 0.2
stratified = true
[preprocess]
normalize = "standardize"
[model]
layers = [ { flatten = {} }, { dense = { units = 5, activation = "tanh" } }, { dense = { units = 3 } } ]
[loss.cross_entropy]
[optimizer.adam]
learning_rate = 0.03
[train]
epochs = 4
batch_size = 16
"#;

fn experiment(data: Corners, more: &[&str]) -> Experiment {
    let overrides = more.iter().map(|text| ("--set".to_owned(), (*text).to_owned()));
    // Any data set with three classes, which the custom one replaces.
    let text = TEXT.replace("[data.digits]", "[data.synthetic]\nfeatures = 2\nclasses = 3");
    let input = Input { name: "c.toml".to_owned(), text: text.into(), overrides: overrides.collect() };
    let mut experiment = Experiment::load(&input).expect("a config");
    experiment.data = custom::Config::new(data).into();
    experiment
}

fn train(run: &Path, experiment: &Experiment) -> taper::Result<Outcome> {
    let place = if run.exists() {
        Place::Resumed(Box::new(Stopped::latest(run, |_| {})?))
    } else {
        Place::New { folder: run.to_path_buf(), force: false }
    };
    taper::train(experiment, Options { place, ..Options::default() })
}

const REFUSED: &str = "data set `corners` is implemented in Rust; run a program that contains it \
                       (`taper::train`, `taper::Model::load_as`), or use other data";

#[test]
fn a_run_on_custom_data_resumes_bit_for_bit_and_only_on_the_same_samples() {
    let folder = tempfile::tempdir().expect("a folder");
    let [whole, parts] = ["whole", "parts"].map(|name| folder.path().join(name));
    let data = Corners::default;
    let outcome = train(&whole, &experiment(data(), &[])).expect("a run");
    train(&parts, &experiment(data(), &["train.max_steps=5"])).expect("a run");
    train(&parts, &experiment(data(), &[])).expect("a run");
    for file in ["model.safetensors", "optimizer.safetensors"] {
        let read =
            |run: &Path| std::fs::read(run.join("checkpoints/step-00000012").join(file)).expect("a file");
        assert!(read(&whole) == read(&parts), "{file}");
    }
    // A fifth of 12, 36 and 12 samples is held out, and the rest is standardized.
    let summary = outcome.summary;
    assert!(summary.metrics.get("validation.loss").is_some_and(f64::is_finite));
    assert!(summary.metrics.get("test.accuracy").is_some_and(|accuracy| accuracy > 0.7));

    let other = Corners { samples: 61, ..data() };
    let error = train(&parts, &experiment(other, &["train.epochs=5"])).expect_err("other data").to_string();
    assert!(error.contains("was trained on different data"), "{error}");
}

#[test]
fn a_network_predicts_without_its_custom_data_and_is_evaluated_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (run, own) = (folder.path().join("run"), experiment(Corners::default(), &[]));
    train(&run, &own).expect("a run");
    let search = SearchPath::default();

    let mut model = Model::load(&run).expect("a model");
    assert_eq!(model.classes(), ["a", "b", "c"]);
    let inputs = model.reader().json(Path::new("points"), b"[[100, 110], [109, 95]]").expect("samples");
    let classes =
        model.predict(&inputs).expect("predictions").iter().map(Prediction::class).collect::<Vec<_>>();
    assert_eq!(classes, [0, 1]);
    let error = model.evaluate(None, &search).err().expect("no code").to_string();
    assert!(error.contains(REFUSED), "{error}");
    let mut further = model.experiment().clone();
    further.train.epochs += 1;
    let error = train(&run, &further).expect_err("no code").to_string();
    assert!(error.contains(REFUSED), "{error}");
    let samples = || Corners::default().load(&search, own.seed).expect("samples");
    let at_hand = model.evaluate_on(samples(), None).expect("an evaluation");

    let mut model = Model::load_as(&run, &own).expect("a model");
    let evaluation = model.evaluate(None, &search).expect("an evaluation");
    assert_eq!((evaluation.split, evaluation.running.samples()), (SplitName::Test, 20));
    assert_eq!(evaluation.running.loss().to_bits(), at_hand.running.loss().to_bits());
    let validation = model.evaluate(Some(SplitName::Validation), &search).expect("an evaluation");
    assert_eq!(validation.running.samples(), 12);
    let report = validation.to_json();
    let support = [0, 1, 2].map(|class| report["per_class"][class]["support"].as_u64());
    // A fifth of 12, 36 and 12, rounded so that they add up.
    assert_eq!(support, [Some(3), Some(7), Some(2)], "{report}");

    let mut wrong = samples();
    wrong.train.targets = Targets::Values { values: vec![0.5; 7], width: 1 };
    let error = model.evaluate_on(wrong, None).err().expect("wrong").to_string();
    assert!(error.contains("samples: training samples: 120 values do not make 7"), "{error}");
}

#[test]
fn the_program_predicts_with_a_network_of_custom_data_and_explains_why_it_cannot_evaluate_it() {
    let workspace = Workspace::new();
    train(&workspace.path("run"), &experiment(Corners::default(), &[])).expect("a run");
    workspace.file("points.json", "[[100, 110], [109, 95]]");
    let predicted = workspace.run(&["predict", "--checkpoint", "run", "--input", "points.json"]);
    assert!(
        predicted.code == 0 && predicted.stdout.contains('b'),
        "{}{}",
        predicted.stdout,
        predicted.stderr
    );
    let refused = workspace.run(&["eval", "--checkpoint", "run"]);
    assert!(refused.code != 0 && refused.stderr.contains(REFUSED), "{}", refused.stderr);
    let other =
        workspace.run(&["eval", "--checkpoint", "run", "--set", "data={synthetic={features=2,classes=3}}"]);
    assert!(other.stderr.contains("but the checkpoint was trained for the classes"), "{}", other.stderr);
    let refused = workspace.run(&["train", "--resume", "run"]);
    assert!(refused.code != 0 && refused.stderr.contains(REFUSED), "{}", refused.stderr);
}

#[test]
fn custom_data_named_in_a_file_is_an_error_with_place_and_remedy() {
    let text = experiment(Corners::default(), &[]).to_toml();
    assert!(text.contains("[data.custom]\nname = \"corners\"") && text.contains("samples = 60"), "{text}");
    let error = Experiment::from_toml(&text).expect_err("no code").to_string();
    assert!(error.contains(REFUSED) && error.contains("--> config.toml:"), "{error}");
    let unread = text.replace("name = \"corners\"", "nome = \"corners\"");
    assert!(Experiment::from_toml(&unread).is_err());
    let schema = schema::<Experiment>();
    assert!(!schema.to_string().contains("\"custom\"") && !reference(&schema).contains(".custom"));
    assert!(!Config::NAMES.contains(&"custom"));
    let listed = taper::data::catalogue::list(&SearchPath::default());
    assert!(listed.iter().all(|entry| entry.name != "custom"));
    let misspelt = Experiment::from_toml("[data.custm]").expect_err("unknown").to_string();
    assert!(misspelt.contains("unknown key `custm`") && !misspelt.contains("`custom`"), "{misspelt}");
}

#[test]
fn the_error_about_invalid_custom_data_names_the_data_set() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = |data: Corners, more: &[&str]| {
        let run = folder.path().join("run");
        train(&run, &experiment(data, more)).expect_err("wrong data").to_string()
    };
    let with = |change| Corners { change, ..Corners::default() };
    let facts = |shape: usize, classes| Corners {
        facts: Facts { sample_shape: Some([shape].into()), target: Some(Target::Class { classes }) },
        ..Corners::default()
    };
    for (data, message) in [
        (
            with(|splits| splits.train.features = Features::Floats(vec![0.0; 7]).into()),
            "corners: training samples: 7 values",
        ),
        (
            with(|splits| splits.train.sample_shape = [0].into()),
            "corners: training samples: a sample of shape",
        ),
        (
            with(|splits| {
                splits.test = Some(Dataset { sample_shape: [1, 1, 2].into(), ..splits.train.clone() });
            }),
            "corners: test samples: has samples of shape 1 x 1 x 2, but the training samples have shape 2",
        ),
        (with(|splits| splits.validation = splits.test.clone()), "`[split]` holds out validation samples"),
        (facts(3, 3), "corners: loaded samples of 2, but declared 3"),
        (facts(2, 4), "corners: loaded 3 classes, but declared 4 classes"),
    ] {
        let error = error(data, &[]);
        assert!(error.contains(message), "{error}");
    }
    let mut numbers = experiment(Corners::default(), &[]);
    let regression = with(|splits| {
        splits.train.targets = Targets::Values { values: vec![0.5; 60], width: 1 };
        splits.test = None;
    });
    numbers.data = custom::Config::new(Corners { facts: Facts::default(), ..regression }).into();
    let error = train(&folder.path().join("numbers"), &numbers).expect_err("not classes").to_string();
    assert!(error.contains("does not match the config"), "{error}");
}

#[test]
fn custom_data_loads_its_own_validation_samples_from_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let with_file = |file: &str| {
        let mut experiment =
            experiment(Corners::default(), &["split.validation=0", "split.stratified=false"]);
        experiment.split.file = Some(file.into());
        experiment
    };
    let run = folder.path().join("run");
    train(&run, &with_file("corners")).expect("a run");
    let mut model = Model::load_as(&run, &with_file("corners")).expect("a model");
    let evaluation = model.evaluate(Some(SplitName::Validation), &SearchPath::default()).expect("measured");
    assert_eq!(evaluation.running.samples(), 20);
    // Without the code, the checkpoint can still be read.
    assert!(Model::load(&run).is_ok());
    let error = train(&folder.path().join("others"), &with_file("others")).expect_err("no file").to_string();
    assert!(error.contains("others: has no corners"), "{error}");
}
