//! From files to batches.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use taper::internals::data::{Dataset, Features, Loader, Prepared};
use taper::random::{Purpose, Stream};
use taper_kernels::fused::channels_last::Image;
use taper_kernels::fused::load::{Data, Load, Order};
use taper_kernels::simd::arena::Arena;
use taper_kernels::simd::lanes::Isa;
use taper_kernels::simd::team::Team;

use super::{Setting, median, milliseconds};

const REPEATS: usize = 5;

/// Reading and checking the files (or drawing the digits), then splitting off validation samples, with the
/// digest of all training samples.
pub fn loading(setting: &Setting) -> Value {
    let experiment = setting.experiment();
    let source = experiment.data.member();
    let (mut loads, mut preparations) = (Vec::new(), Vec::new());
    let (mut samples, mut bytes) = (0, 0);
    for _ in 0..REPEATS {
        let start = Instant::now();
        let splits = source.load(&setting.search, experiment.seed).expect("data");
        loads.push(milliseconds(start));
        let sets = [Some(&splits.train), splits.test.as_ref()];
        samples = sets.into_iter().flatten().map(Dataset::len).sum();
        bytes = sets.into_iter().flatten().map(size).sum();
        let start = Instant::now();
        let (split, preprocess) = (&experiment.split, &experiment.preprocess);
        black_box(
            Prepared::new(splits, split, preprocess, experiment.seed, &setting.search.loading)
                .expect("a split"),
        );
        preparations.push(milliseconds(start));
    }
    let load = median(loads);
    json!({
        "repeats": REPEATS,
        "from": files(setting),
        "samples": samples,
        "bytes": bytes,
        "load_ms": load,
        "load_mb_per_s": bytes as f64 / load / 1e3,
        "prepare_ms": median(preparations),
    })
}

/// The format of the samples on disk.
fn files(setting: &Setting) -> &'static str {
    let place = setting.experiment().data.member().locate(&setting.search).expect("data");
    let images = Path::new(&place).join("train-images-idx3-ubyte");
    match (images.exists(), images.with_extension("gz").exists()) {
        (true, _) => "IDX files",
        (false, true) => "IDX files with .gz",
        (false, false) => "drawn",
    }
}

/// The size of all values in bytes.
fn size(dataset: &Dataset) -> usize {
    match dataset.features.memory() {
        Some(Features::Bytes(bytes)) => bytes.len(),
        Some(Features::Floats(floats)) => size_of_val(&floats[..]),
        None => 0,
    }
}

/// An epoch without its steps: a new order, its batches (which refer to samples by index and hold their
/// labels), and loading the pixels of all batches as numbers into the network's input.
pub fn epoch(setting: &Setting) -> Value {
    let run = setting.run();
    let (data, batch_size) = (&run.data, run.experiment.train.batch_size);
    let [channels, height, width] = data.train.sample_shape.image().expect("images");
    let mut team = Team::new(setting.threads);
    let mut input = Arena::new(batch_size * channels * height * width);
    let factors = [data.scaling.scale(), data.scaling.shift()];
    let features = match data.train.features.memory().expect("samples in memory") {
        Features::Bytes(bytes) => Data::Bytes(bytes),
        Features::Floats(floats) => Data::Floats(floats),
    };
    let (mut shuffles, mut batches, mut loads) = (Vec::new(), Vec::new(), Vec::new());
    for epoch in 0..REPEATS as u64 {
        let start = Instant::now();
        let mut order = data.train_indices.clone();
        Stream::new(run.experiment.seed, Purpose::Shuffle, [epoch, 0]).shuffle(&mut order);
        shuffles.push(milliseconds(start));

        let start = Instant::now();
        let mut loader = Loader::new(&data.train, &order, batch_size, &data.scaling);
        while let Some(batch) = loader.next().expect("samples in memory") {
            black_box(&batch);
        }
        batches.push(milliseconds(start));

        let start = Instant::now();
        for indices in order.chunks(batch_size) {
            let order = Order::ChannelsLast(Image::new(channels, [height, width]));
            let size = height * width;
            let [scale, shift] = factors;
            let load = Load { data: features, indices, channels, size, scale, shift, order };
            load.run(&mut team, Isa::detect(), &mut input);
            black_box(&input[..]);
        }
        loads.push(milliseconds(start));
    }
    json!({
        "repeats": REPEATS,
        "samples": data.train_indices.len(),
        "batch": batch_size,
        "shuffle_ms": median(shuffles),
        "batches_ms": median(batches),
        "pixels_ms": median(loads),
    })
}
