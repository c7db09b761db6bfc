//! Random values, and the kernels that move or update values without products.

use candle_core::{Device, Var};
use taper::internals::optimizer::Optimizer;
use taper::optimizer;
use taper::random::{Purpose, Stream};
use taper_kernels::fused::channels_last::{Flattening, Image};
use taper_kernels::fused::load::{Data, Load, Order};
use taper_kernels::rule::{MAX_STATE, Trained};
use taper_kernels::simd::arena::Arena;
use taper_kernels::work::Work;

use super::Case;

/// The size of a value in bytes.
pub const WORD: usize = size_of::<f32>();

/// Small, so that parameters hardly change over all calls of a benchmark.
const LEARNING_RATE: f64 = 1e-7;
/// The step number, far from the first steps, in which Adam's bias correction matters.
const STEP: u64 = 1000;

/// Roughly the number of parameters of the textbook CNN.
const PARAMETERS: usize = 700_000;
/// The number of images that a batch is drawn from.
const IMAGES: usize = 4096;

pub fn cases() -> Vec<Case> {
    let adam = serde_json::json!({"adam": {}});
    let adamw = serde_json::json!({"adamw": {}});
    let momentum = serde_json::json!({"sgd": {"momentum": 0.9}});
    let rmsprop = serde_json::json!({"rmsprop": {}});
    let adagrad = serde_json::json!({"adagrad": {}});
    let adamax = serde_json::json!({"adamax": {}});
    let nadam = serde_json::json!({"nadam": {}});
    let lion = serde_json::json!({"lion": {}});
    vec![
        loading(32, [1, 28]),
        loading(64, [3, 32]),
        flattening(true),
        flattening(false),
        update("adam update", &adam, 2),
        update("adamw update", &adamw, 2),
        update("sgd with momentum update", &momentum, 1),
        update("rmsprop update", &rmsprop, 1),
        update("adagrad update", &adagrad, 1),
        update("adamax update", &adamax, 2),
        update("nadam update", &nadam, 2),
        update("lion update", &lion, 1),
    ]
}

/// Normal numbers times `scale`.
pub fn normals(len: usize, scale: f64) -> Arena {
    let mut stream = Stream::new(len as u64, Purpose::Data, [0, 0]);
    let mut values = Arena::new(len);
    values.fill_with(|| (stream.normal() * scale) as f32);
    values
}

/// The optimizer of a config, during a step.
pub fn optimizer(config: &serde_json::Value) -> Box<dyn Optimizer> {
    let config: optimizer::Config = serde_json::from_value(config.clone()).expect("an optimizer");
    // Its own state is unused: the state is part of the work.
    let parameter = Var::new(&[0_f32], &Device::Cpu).expect("a variable");
    let mut optimizer = config.member().build(&[parameter]).expect("an optimizer");
    optimizer.begin(LEARNING_RATE, STEP);
    optimizer
}

/// Parameters with optimizer state.
pub struct Parameters {
    pub theta: Arena,
    state: [Arena; MAX_STATE],
}

impl Parameters {
    /// `len` parameters with `kinds` state values each.
    pub fn new(len: usize, kinds: usize) -> Self {
        let state = [0, 1].map(|kind| Arena::new(if kind < kinds { len } else { 0 }));
        Self { theta: normals(len, 0.05), state }
    }

    pub fn trained(&mut self) -> Trained<'_> {
        let [first, second] = &mut self.state;
        Trained { theta: &mut self.theta, state: [first, second] }
    }
}

fn update(kernel: &'static str, config: &serde_json::Value, kinds: usize) -> Case {
    let optimizer = optimizer(config);
    let gradient = normals(PARAMETERS, 0.01);
    let mut parameters = Parameters::new(PARAMETERS, kinds);
    Case {
        kernel,
        shape: format!("{PARAMETERS} parameters"),
        flops: None,
        moved: PARAMETERS * WORD * (3 + 2 * kinds),
        memory: PARAMETERS * WORD * (2 + kinds),
        run: Box::new(move |team, isa| {
            let work = Work::Values(team, isa, parameters.trained(), &gradient);
            assert!(optimizer.update(None, work));
        }),
    }
}

/// A batch of square images of bytes, gathered and scaled.
fn loading(samples: usize, [channels, side]: [usize; 2]) -> Case {
    let size = side * side;
    let mut stream = Stream::new(1, Purpose::Data, [1, 0]);
    let pixels: Vec<u8> = (0..IMAGES * channels * size).map(|_| stream.below(256) as u8).collect();
    let mut order: Vec<usize> = (0..IMAGES).collect();
    stream.shuffle(&mut order);
    let mut to = Arena::new(samples * channels * size);
    let values = samples * channels * size;
    let mut batch = 0;
    Case {
        kernel: "load",
        shape: format!("{samples} of {channels}x{side}x{side} bytes"),
        flops: None,
        moved: values * (1 + WORD),
        // The samples change from call to call, as in training.
        memory: pixels.len() + values * WORD,
        run: Box::new(move |team, isa| {
            let indices = &order[batch * samples..(batch + 1) * samples];
            batch = (batch + 1) % (IMAGES / samples);
            let order = Order::ChannelsLast(Image::new(channels, [side, side]));
            let (scale, shift) = (&[1.0 / 255.0], &[0.0]);
            let load = Load { data: Data::Bytes(&pixels), indices, channels, size, scale, shift, order };
            load.run(team, isa, &mut to);
        }),
    }
}

/// Images of the textbook CNN after pooling, to rows or back.
fn flattening(forward: bool) -> Case {
    let (samples, channels, side) = (32, 32, 13);
    let row = channels * side * side;
    let kernel = Flattening::new(&Image::new(channels, [side, side]), channels, row);
    let mut images = normals(samples * row, 1.0);
    let mut rows = normals(samples * row, 1.0);
    let bytes = 2 * samples * row * WORD;
    Case {
        kernel: if forward { "flatten forward" } else { "flatten backward" },
        shape: format!("{samples}x{side}x{side}x{channels}"),
        flops: None,
        moved: bytes,
        memory: bytes,
        run: Box::new(move |team, isa| {
            if forward {
                kernel.forward(team, isa, samples, &images, &mut rows);
            } else {
                kernel.backward(team, isa, samples, &rows, &mut images);
            }
        }),
    }
}
