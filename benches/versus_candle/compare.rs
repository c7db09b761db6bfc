//! The comparison, with the allocator of the program that contains it.

use std::time::Instant;

use candle_core::{DType, Device, Tensor};
use candle_nn::{Module, Optimizer as _, VarBuilder, VarMap};
use taper::config::{Input, Problems};
use taper::experiment::Experiment;
use taper::internals::data::{Batch, BatchTargets, Features, Samples, Scaling};
use taper::internals::engine::{Engine, Fused, SharedTeam, compile};
use taper::internals::presets;
use taper::network::Parameters;
use taper::random::{Purpose, Stream};
use taper::shape::Shape;

const BATCH: usize = 32;
const STEPS: u64 = 30;
const ROUNDS: usize = 7;

/// Measures both sides in turn and prints the medians; `allocator` is the allocator used by both.
pub fn run(allocator: &str) {
    taper::threads::configure(None).expect("threads");
    let batches: Vec<Images> = (0..STEPS).map(Images::new).collect();
    let (mut ours, mut theirs) = (Taper::new(), Stock::new());
    ours.round(&batches[..5]);
    theirs.round(&batches[..5]);
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        times[0].push(ours.round(&batches));
        times[1].push(theirs.round(&batches));
    }
    let [ours, theirs] = times.map(median);
    println!(
        "{}",
        serde_json::json!({
            "work": "mnist_cnn training step, batch 32",
            "threads": taper::threads::count(),
            "allocator": allocator,
            "taper_us_per_sample": ours,
            "candle_us_per_sample": theirs,
            "candle_over_taper": theirs / ours,
            "taper_s_per_48000": ours * 0.048,
        })
    );
}

/// Random images with labels, in the form of a data set and as tensors.
struct Images {
    pixels: Features,
    shape: Shape,
    indices: Vec<usize>,
    scaling: Scaling,
    labels: Vec<u32>,
    features: Tensor,
    targets: Tensor,
}

impl Images {
    fn new(index: u64) -> Self {
        let mut stream = Stream::new(1, Purpose::Data, [0, index]);
        let pixels: Vec<f32> = (0..BATCH * 784).map(|_| stream.uniform() as f32).collect();
        let labels: Vec<u32> = (0..BATCH).map(|_| stream.below(10) as u32).collect();
        let features = Tensor::from_slice(&pixels, (BATCH, 1, 28, 28), &Device::Cpu).expect("images");
        let targets = Tensor::from_slice(&labels, BATCH, &Device::Cpu).expect("labels");
        let pixels = Features::Floats(pixels);
        let scaling = Scaling::new(&pixels, None);
        let (shape, indices) = (Shape::from([1, 28, 28]), (0..BATCH).collect());
        Self { pixels, shape, indices, scaling, labels, features, targets }
    }

    fn batch(&self) -> Batch<'_> {
        Batch {
            samples: Samples {
                features: &self.pixels,
                shape: &self.shape,
                indices: &self.indices,
                scaling: &self.scaling,
            },
            targets: BatchTargets::Classes(&self.labels),
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Microseconds per sample of `step` over all batches.
fn time(batches: &[Images], mut step: impl FnMut(&Images)) -> f64 {
    let start = Instant::now();
    batches.iter().for_each(&mut step);
    start.elapsed().as_secs_f64() * 1e6 / (batches.len() * BATCH) as f64
}

struct Taper {
    engine: Fused,
    step: u64,
}

impl Taper {
    fn new() -> Self {
        let text = presets::find("mnist_cnn").expect("a preset").as_bytes().to_vec();
        let input = Input { name: "mnist_cnn.toml".to_owned(), text, overrides: Vec::new() };
        let experiment = Experiment::load(&input).expect("a config");
        let shape = experiment.data.member().facts().sample_shape.expect("a shape");
        let plan = experiment.plan(&shape, None, &mut Problems::new(&mut Vec::new())).expect("a plan");
        let parameters = Parameters::initialize(&plan, 1, DType::F32, &Device::Cpu).expect("parameters");
        let optimizer = experiment.optimizer.member().build(&parameters.trainable()).expect("Adam");
        let team = SharedTeam::new(taper::threads::count());
        let compiled = compile(&plan).expect("layers that the engine supports");
        let engine = Fused::new(compiled, parameters, experiment.loss, optimizer, 1, team);
        Self { engine: engine.expect("an engine"), step: 0 }
    }

    fn round(&mut self, batches: &[Images]) -> f64 {
        time(batches, |batch| {
            self.engine.step(&batch.batch(), self.step, 1e-3).expect("a step");
            self.step += 1;
        })
    }
}

/// What a candle user would write, following candle's own MNIST example.
struct Stock {
    convolution: candle_nn::Conv2d,
    hidden: candle_nn::Linear,
    output: candle_nn::Linear,
    dropout: candle_nn::Dropout,
    optimizer: candle_nn::AdamW,
}

impl Stock {
    fn new() -> Self {
        let variables = VarMap::new();
        let builder = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
        let convolution = candle_nn::conv2d(1, 32, 3, candle_nn::Conv2dConfig::default(), builder.pp("c"));
        let parameters = candle_nn::ParamsAdamW { lr: 1e-3, weight_decay: 0.0, ..Default::default() };
        let layers = Self {
            convolution: convolution.expect("a convolution"),
            hidden: candle_nn::linear(5408, 128, builder.pp("h")).expect("a layer"),
            output: candle_nn::linear(128, 10, builder.pp("o")).expect("a layer"),
            dropout: candle_nn::Dropout::new(0.5),
            optimizer: candle_nn::AdamW::new(Vec::new(), parameters.clone()).expect("AdamW"),
        };
        let optimizer = candle_nn::AdamW::new(variables.all_vars(), parameters).expect("AdamW");
        Self { optimizer, ..layers }
    }

    fn loss(&self, batch: &Images) -> candle_core::Result<Tensor> {
        let x = self.convolution.forward(&batch.features)?.relu()?.max_pool2d(2)?.flatten_from(1)?;
        let x = self.dropout.forward(&self.hidden.forward(&x)?.relu()?, true)?;
        candle_nn::loss::cross_entropy(&self.output.forward(&x)?, &batch.targets)
    }

    fn round(&mut self, batches: &[Images]) -> f64 {
        time(batches, |batch| {
            let loss = self.loss(batch).expect("a loss");
            self.optimizer.backward_step(&loss).expect("a step");
        })
    }
}
