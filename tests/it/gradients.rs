//! Every trainable parameter of every config has a finite gradient that is not all zero.

use candle_core::{DType, Device, Tensor};
use taper::config::{Input, Problems};
use taper::data::Target;
use taper::experiment::Experiment;
use taper::internals::presets;
use taper::layers::Mode;
use taper::network::Parameters;
use taper::random::{Purpose, Stream};

#[test]
fn every_trainable_parameter_has_a_gradient() {
    for (name, text) in presets::ALL {
        let mut overrides = Vec::new();
        if *name == "images_cnn_224" {
            // The same layers on smaller images: a gradient can be checked without 88 million weights.
            let sizes = ["data.image_folder.height=30", "data.image_folder.width=30"];
            overrides.extend(sizes.map(|set| ("--set".to_owned(), set.to_owned())));
        }
        let input = Input { name: format!("{name}.toml"), text: text.as_bytes().to_vec(), overrides };
        let experiment = Experiment::load(&input).unwrap_or_else(|error| panic!("{error}"));
        let shape = experiment.data.member().facts().sample_shape.expect("a known shape");
        let mut found = Vec::new();
        let plan = experiment.plan(&shape, None, &mut Problems::new(&mut found)).expect("a plan");
        let parameters = Parameters::initialize(&plan, 1, DType::F32, &Device::Cpu).expect("parameters");

        let mut stream = Stream::new(1, Purpose::Data, [0, 0]);
        let values: Vec<f32> =
            (0..8 * shape.elements().expect("few")).map(|_| stream.normal() as f32).collect();
        let x = Tensor::from_vec(values, shape.batch(8), &Device::Cpu).expect("a batch");
        let logits = plan
            .forward(&parameters.variables(), &x, Mode::Training { seed: 1, step: 0, first: 0 })
            .expect("logits");
        let targets = match experiment.data.member().facts().target {
            Some(Target::Value { width }) => Tensor::ones((8, width), DType::F32, &Device::Cpu),
            _ => Tensor::new(&[0_u32, 1, 0, 1, 0, 1, 1, 1], &Device::Cpu),
        };
        let loss = experiment.loss.member().sum(&logits, &targets.expect("targets")).expect("a loss");
        let gradients = loss.backward().expect("gradients");
        for parameter in parameters.iter().filter(|parameter| parameter.trainable) {
            let gradient = gradients.get(&parameter.variable);
            let gradient = gradient.unwrap_or_else(|| panic!("{name}: {} has no gradient", parameter.name));
            let largest: f32 =
                gradient.abs().and_then(|g| g.max_all()).and_then(|g| g.to_scalar()).expect("a maximum");
            assert!(largest.is_finite() && largest > 0.0, "{name}: {}: {largest}", parameter.name);
        }
    }
}
