//! What is told while a run, an evaluation or a prediction is under way: to callbacks, on a terminal, off it, and
//! as JSON.

use std::sync::{Arc, Mutex};

use taper::callbacks::Callback;
use taper::data::SearchPath;
use taper::events::PassReport;
use taper::experiment::Experiment;
use taper::run::{Model, Options, Place};

/// Notes every pass.
#[derive(Default)]
struct Passes(Vec<PassReport>);

impl Callback for Passes {
    fn name(&self) -> &'static str {
        "passes"
    }

    fn evaluating(&mut self, report: &PassReport) -> taper::Result<()> {
        self.0.push(*report);
        Ok(())
    }
}

fn of(split: &'static str, dones: &[u64], samples: u64) -> Vec<PassReport> {
    dones.iter().map(|&done| PassReport { split, done, samples }).collect()
}

#[test]
fn callbacks_and_watchers_hear_how_far_a_pass_has_come() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut experiment = Experiment::built_in("synthetic_mlp").expect("a config");
    experiment.train.epochs = 2;
    let mut passes = Passes::default();
    let place = Place::New { folder: folder.path().join("run"), force: false };
    let options = Options { place, callbacks: vec![&mut passes], ..Options::default() };
    let outcome = taper::train(&experiment, options).expect("a run");
    let validation = passes.0.iter().find(|pass| pass.split == "validation").expect("a validation").samples;
    let test = passes.0.iter().find(|pass| pass.split == "test").expect("a test").samples;
    let dones = |samples: u64| -> Vec<u64> {
        (0..=samples.div_ceil(256)).map(|batch| (batch * 256).min(samples)).collect()
    };
    let once = of("validation", &dones(validation), validation);
    assert_eq!(passes.0, [once.clone(), once, of("test", &dones(test), test)].concat());

    let mut model = Model::load(&outcome.folder).expect("a model");
    let heard = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&heard);
    model.watch(move |report| told.lock().expect("no panic").push(*report));
    model.evaluate(None, &SearchPath::default()).expect("an evaluation");
    assert_eq!(*heard.lock().expect("no panic"), of("test", &dones(test), test));
}
