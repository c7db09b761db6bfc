//! Convolutions of odd shapes against plain loops.

use super::reference::{Gradients, Plain};
use super::{BackwardPass, Convolution, ForwardPass, Image, padded};
use crate::random::Stream;
use crate::simd::arena::Arena;
use crate::simd::lanes::Isa;
use crate::simd::team::Team;
use crate::window::Window;

/// Some border that the reader of the output may need.
const BORDER: [[usize; 2]; 2] = [[1, 0], [2, 1]];

/// Eighths from -1 to 1. Sums of their products are exact in `f32` in any order, so results must equal
/// those of the plain loops; and many outputs are equal, which tests the choice in pooling.
fn eighth(stream: &mut Stream) -> f32 {
    (stream.below(17) as f32 - 8.0) / 8.0
}

fn normal(stream: &mut Stream) -> f32 {
    stream.normal() as f32
}

/// A convolution with its memory, reused for consecutive batches.
struct Run {
    plain: Plain,
    kernel: Convolution,
    /// Whether the gradient of the input is requested; the input then has whole vectors of channels.
    inner: bool,
    packed: Arena,
    transposed: Arena,
    bias: Option<Arena>,
    x: Arena,
    y: Arena,
    dy: Arena,
    dx: Arena,
    argmax: Vec<u8>,
    delta: Arena,
    workspace: Arena,
    sums: Arena,
    weight_gradient: Vec<f32>,
    bias_gradient: Vec<f32>,
}

/// One batch: samples in PyTorch's order, parameters, and the gradient of the outputs.
struct Batch {
    samples: usize,
    x: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
    dy: Vec<f32>,
}

impl Batch {
    fn new(plain: &Plain, samples: usize, biased: bool, value: fn(&mut Stream) -> f32) -> Self {
        let mut stream = Stream::new([samples as u64, plain.weights() as u64]);
        let mut values = |len: usize| (0..len).map(|_| value(&mut stream)).collect::<Vec<f32>>();
        let [height, width] = plain.output();
        Self {
            samples,
            x: values(samples * plain.channels * plain.window.pixels()),
            weight: values(plain.weights()),
            bias: if biased { values(plain.filters) } else { vec![0.0; plain.filters] },
            dy: values(samples * plain.filters * height * width),
        }
    }
}

/// The results in PyTorch's order: outputs, and gradients of samples, filters and bias.
type Results = [Vec<f32>; 4];

impl Run {
    fn new(plain: Plain, samples: usize, threads: usize, inner: bool, biased: bool) -> Self {
        let window = plain.window;
        let channels = if inner { padded(plain.channels) } else { plain.channels };
        let after = [window.after(0), window.after(1)];
        let input = Image { channels, size: window.input, before: window.before, after };
        let kernel = Convolution::new(&window, plain.filters, plain.channels, input, plain.pooled, BORDER);
        Self {
            inner,
            packed: Arena::new(kernel.packed_len()),
            transposed: Arena::new(kernel.transposed_len()),
            bias: biased.then(|| Arena::new(padded(plain.filters))),
            x: Arena::new(samples * kernel.input().len()),
            y: Arena::new(samples * kernel.output().len()),
            dy: Arena::new(samples * kernel.output().len()),
            dx: Arena::new(samples * kernel.input().len()),
            argmax: vec![255; samples * kernel.argmax()],
            delta: Arena::new(threads * kernel.delta_len()),
            workspace: Arena::new(threads * kernel.workspace_len(true)),
            sums: Arena::new(kernel.sums_len(samples)),
            weight_gradient: vec![f32::NAN; plain.weights()],
            bias_gradient: vec![f32::NAN; plain.filters],
            plain,
            kernel,
        }
    }

    fn step(&mut self, team: &mut Team, isa: Isa, batch: &Batch) -> Results {
        let (kernel, samples) = (&self.kernel, batch.samples);
        let (channels, filters) = (self.plain.channels, self.plain.filters);
        store(&mut self.x, *kernel.input(), channels, samples, &batch.x);
        store(&mut self.dy, *kernel.output(), filters, samples, &batch.dy);
        // Of an earlier batch.
        self.sums.fill(f32::NAN);
        self.workspace.fill(f32::NAN);
        kernel.pack(team, isa, &batch.weight, &mut self.packed);
        if let Some(bias) = &mut self.bias {
            bias[..filters].copy_from_slice(&batch.bias);
        }
        let forward = ForwardPass {
            x: &self.x,
            weights: &self.packed,
            bias: self.bias.as_deref(),
            slope: self.plain.slope,
            y: &mut self.y,
            argmax: &mut self.argmax,
            workspace: &mut self.workspace,
        };
        kernel.forward(team, isa, samples, forward);
        if self.inner {
            kernel.pack_transposed(team, isa, &batch.weight, &mut self.transposed);
        }
        let backward = BackwardPass {
            x: &self.x,
            y: &self.y,
            gradient: &self.dy,
            slope: self.plain.slope,
            argmax: &self.argmax,
            transposed: &self.transposed,
            x_gradient: self.inner.then_some(&mut *self.dx),
            delta: &mut self.delta,
            workspace: &mut self.workspace,
            sums: &mut self.sums,
            weight_gradient: &mut self.weight_gradient,
            bias_gradient: &mut self.bias_gradient,
        };
        kernel.backward(team, isa, samples, backward);
        [
            load(&self.y, *kernel.output(), filters, samples),
            if self.inner { load(&self.dx, *kernel.input(), channels, samples) } else { Vec::new() },
            self.weight_gradient.clone(),
            self.bias_gradient.clone(),
        ]
    }
}

/// The offsets of `[samples, channels, height, width]` in memory, in order.
fn places(image: Image, channels: usize, samples: usize) -> impl Iterator<Item = usize> {
    let [height, width] = image.size;
    (0..samples * channels * height * width).map(move |i| {
        let (pixel, rest) = (i % (height * width), i / (height * width));
        let (channel, sample) = (rest % channels, rest / channels);
        sample * image.len() + image.pixel(pixel / width, pixel % width) + channel
    })
}

fn store(to: &mut [f32], image: Image, channels: usize, samples: usize, values: &[f32]) {
    places(image, channels, samples).zip(values).for_each(|(at, value)| to[at] = *value);
}

/// Extracts the values; everything in between must be 0, because readers rely on it. Next to NaN, padding
/// channels may be 0 times NaN.
fn load(from: &[f32], image: Image, channels: usize, samples: usize) -> Vec<f32> {
    let mut rest = from.to_vec();
    let values = places(image, channels, samples).map(|at| std::mem::take(&mut rest[at]));
    let values: Vec<f32> = values.collect();
    if values.iter().any(|value| value.is_nan()) {
        places(image, image.channels, samples).for_each(|at| rest[at] = 0.0);
    }
    assert!(rest[..samples * image.len()].iter().all(|value| *value == 0.0), "a value in the padding");
    values
}

fn reference(plain: &Plain, batch: &Batch) -> [Vec<f64>; 4] {
    let mut sums = Gradients { weight: vec![0.0; plain.weights()], bias: vec![0.0; plain.filters] };
    let (mut y, mut dx) = (Vec::new(), Vec::new());
    let (inputs, outputs) = (batch.x.len() / batch.samples, batch.dy.len() / batch.samples);
    for i in 0..batch.samples {
        let (x, dy) = (&batch.x[i * inputs..][..inputs], &batch.dy[i * outputs..][..outputs]);
        let sample = plain.sample(x, &batch.weight, &batch.bias, dy, &mut sums);
        y.extend(sample.y);
        dx.extend(sample.x_gradient);
    }
    [y, dx, sums.weight, sums.bias]
}

/// More samples than partial sums, then fewer, then more again in the same memory.
const SAMPLES: [usize; 4] = if cfg!(miri) { [1, 2, 1, 2] } else { [3, 35, 1, 2] };

/// Numbers of threads.
const THREADS: &[usize] = if cfg!(miri) { &[1, 2] } else { &[1, 2, 3] };

/// Odd shapes. `kind` gives the padding, and whether outputs are pooled.
fn cases() -> Vec<Plain> {
    let case = |input, kernel, stride, kind: &str, channels, filters, slope| {
        let window = if kind.starts_with("same") { Window::same } else { Window::valid };
        let window = window(input, kernel, stride).expect("a window");
        Plain { window, channels, filters, pooled: kind.ends_with("pooled"), slope }
    };
    let cases = vec![
        case([1, 1], [1, 1], [1, 1], "valid each", 1, 1, None),
        case([1, 1], [5, 4], [3, 1], "same each", 3, 17, Some(0.0)),
        case([7, 3], [3, 3], [1, 1], "same each", 1, 16, Some(0.25)),
        case([5, 23], [2, 19], [1, 1], "valid each", 2, 5, None),
        case([3, 20], [1, 17], [1, 2], "same each", 1, 33, Some(0.0)),
        case([9, 9], [2, 2], [4, 5], "valid each", 3, 2, Some(0.0)),
        case([10, 7], [1, 1], [3, 3], "same each", 16, 32, None),
        case([6, 5], [4, 2], [1, 1], "same each", 5, 8, Some(0.0)),
        case([2, 9], [3, 1], [1, 1], "same each", 3, 40, None),
        case([9, 11], [3, 2], [2, 1], "valid each", 15, 18, Some(0.25)),
        case([6, 5], [3, 3], [2, 2], "same each", 33, 48, Some(0.0)),
        case([8, 11], [3, 3], [1, 1], "same pooled", 1, 33, Some(0.0)),
        case([13, 14], [5, 4], [2, 1], "same pooled", 1, 20, Some(0.25)),
        case([9, 12], [1, 3], [1, 2], "valid pooled", 1, 16, None),
        case([7, 10], [3, 2], [1, 1], "valid pooled", 17, 18, Some(0.25)),
        case([11, 9], [3, 3], [2, 2], "valid pooled", 4, 7, None),
        case([5, 4], [2, 2], [1, 1], "valid pooled", 2, 16, Some(0.0)),
        case([7, 7], [2, 4], [3, 2], "same pooled", 6, 20, Some(0.0)),
        // By Winograd's algorithm in small tiles: outputs of odd and even sides, one tile, padded channels.
        case([7, 6], [3, 3], [1, 1], "same each", 16, 32, Some(0.25)),
        case([3, 3], [3, 3], [1, 1], "valid each", 16, 16, None),
        case([1, 5], [3, 3], [1, 1], "same each", 16, 20, Some(0.0)),
        case([9, 10], [3, 3], [1, 1], "valid pooled", 17, 40, Some(0.0)),
        case([2, 61], [3, 3], [1, 1], "same pooled", 33, 16, Some(0.25)),
    ];
    // Under Miri, only the small ones.
    let work = |plain: &Plain| plain.window.positions() * plain.weights();
    cases.into_iter().filter(|plain| !cfg!(miri) || work(plain) < 1000).collect()
}

#[test]
fn odd_shapes_equal_plain_loops_for_every_instruction_set_and_any_number_of_threads() {
    for plain in cases() {
        for biased in [true, false] {
            let batches = SAMPLES.map(|samples| Batch::new(&plain, samples, biased, eighth));
            let expected = batches.each_ref().map(|batch| reference(&plain, batch));
            for (isa, threads) in
                Isa::all().flat_map(|isa| THREADS.iter().map(move |threads| (isa, *threads)))
            {
                let mut team = Team::new(threads);
                for inner in [false, true] {
                    let mut run = Run::new(plain, 35, team.threads(), inner, biased);
                    for (batch, expected) in batches.iter().zip(&expected) {
                        let results = run.step(&mut team, isa, batch);
                        for (what, (result, expected)) in results.iter().zip(expected).enumerate() {
                            if what == 1 && !inner {
                                continue;
                            }
                            let result: Vec<f64> = result.iter().map(|&value| f64::from(value)).collect();
                            assert!(
                                result == *expected,
                                "result {what} of {plain:?}, {isa:?}, {threads} threads"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn images_with_a_background_of_zeros_equal_plain_loops() {
    for plain in cases().into_iter().filter(|plain| plain.channels == 1) {
        for biased in [true, false] {
            let mut batch = Batch::new(&plain, 9, biased, eighth);
            let kept = |at: usize| at % 31 == 3 || at % 47 == 5;
            batch.x.iter_mut().enumerate().filter(|(at, _)| !kept(*at)).for_each(|(_, x)| *x = 0.0);
            let expected = reference(&plain, &batch);
            for isa in Isa::all() {
                let results = Run::new(plain, 9, 2, false, biased).step(&mut Team::new(2), isa, &batch);
                for what in [0, 2, 3] {
                    let result: Vec<f64> = results[what].iter().map(|&value| f64::from(value)).collect();
                    assert!(result == expected[what], "result {what} of {plain:?}, {isa:?}");
                }
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "takes hours")]
fn large_filters_equal_plain_loops() {
    // Large enough for fewer parts, and several ranges to add up. The last one has too many sums for
    // Winograd's algorithm to compute the gradient of the filters; those before have several blocks of tiles.
    for (input, channels, filters) in [([4, 4], 64, 32), ([8, 10], 96, 200), ([4, 4], 96, 400)] {
        let window = Window::valid(input, [3, 3], [1, 1]).expect("a window");
        let plain = Plain { window, channels, filters, pooled: true, slope: Some(0.0) };
        let batch = Batch::new(&plain, 19, true, eighth);
        let expected = reference(&plain, &batch);
        for isa in Isa::all() {
            let mut team = Team::new(3);
            let results = Run::new(plain, 19, team.threads(), true, true).step(&mut team, isa, &batch);
            let results = results.map(|values| values.into_iter().map(f64::from).collect::<Vec<_>>());
            assert!(results == expected, "{channels} to {filters}, {isa:?}");
        }
    }
}

#[test]
fn rounded_values_are_right_up_to_rounding_and_bit_identical_for_any_number_of_threads() {
    for plain in cases().into_iter().filter(|plain| !plain.pooled) {
        let batch = Batch::new(&plain, 5, true, normal);
        let expected = reference(&plain, &batch);
        // The number of products in each result's sum.
        let Window { kernel, .. } = plain.window;
        let (under, positions) = (kernel[0] * kernel[1], 5 * plain.window.positions());
        let terms = [under * plain.channels, under * plain.filters, positions, positions];
        for isa in Isa::all() {
            let mut first = None;
            for &threads in THREADS {
                let mut team = Team::new(threads);
                let results = Run::new(plain, 5, team.threads(), true, true).step(&mut team, isa, &batch);
                for ((result, expected), terms) in results.iter().zip(&expected).zip(terms) {
                    // One rounding for each product and sum, of values around 1.
                    let tolerance = (terms + 1) as f64 * 8.0 * f64::from(f32::EPSILON) / 2.0;
                    for (value, expected) in result.iter().zip(expected) {
                        let gap = (f64::from(*value) - expected).abs();
                        assert!(gap <= tolerance, "{value} is not {expected}: {plain:?}, {isa:?}");
                    }
                }
                let bits = results.map(|values| values.into_iter().map(f32::to_bits).collect::<Vec<_>>());
                assert!(*first.get_or_insert(bits.clone()) == bits, "{plain:?}, {isa:?}, {threads} threads");
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "takes hours")]
fn large_tiles_are_right_up_to_a_few_roundings_and_the_same_on_every_instruction_set() {
    // Sides that are a multiple of a tile's or not, in both directions; several blocks of tiles.
    let kinds = [([14, 14], false), ([17, 25], false), ([14, 27], true), ([13, 16], true), ([24, 24], true)];
    for (input, pooled) in kinds {
        for (channels, filters) in [(16, 16), (40, 70)] {
            let window = Window::same(input, [3, 3], [1, 1]).expect("a window");
            let plain = Plain { window, channels, filters, pooled, slope: Some(0.25) };
            let batch = Batch::new(&plain, 2, true, normal);
            let expected = reference(&plain, &batch);
            let mut first = None;
            for (isa, threads) in Isa::all().flat_map(|isa| [(isa, 1), (isa, 2)]) {
                let mut team = Team::new(threads);
                let results = Run::new(plain, 2, team.threads(), true, true).step(&mut team, isa, &batch);
                for (what, (result, expected)) in results.iter().zip(&expected).enumerate() {
                    let rms = |squares: Vec<f64>| (squares.iter().sum::<f64>() / squares.len() as f64).sqrt();
                    let size = rms(expected.iter().map(|value| value * value).collect());
                    let gaps = result.iter().zip(expected).map(|(a, b)| (f64::from(*a) - b).abs() / size);
                    let (largest, usual) =
                        (gaps.clone().fold(0.0, f64::max), rms(gaps.map(|gap| gap * gap).collect()));
                    // Direct sums have 6e-7 and 8e-6 at most.
                    let what = format!("result {what} of {plain:?}, {isa:?}: {usual:e}, {largest:e}");
                    assert!(usual < 3e-6 && largest < 4e-5, "{what}");
                }
                let bits = results.map(|values| values.into_iter().map(f32::to_bits).collect::<Vec<_>>());
                assert!(*first.get_or_insert(bits.clone()) == bits, "{plain:?}, {isa:?}, {threads} threads");
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "takes hours")]
fn nan_is_not_hidden() {
    for pooled in [false, true] {
        for slope in [None, Some(0.0), Some(0.25)] {
            let window = Window::same([6, 6], [3, 3], [1, 1]).expect("a window");
            let plain = Plain { window, channels: 3, filters: 18, pooled, slope };
            let plane = plain.output()[0] * plain.output()[1];
            for isa in Isa::all() {
                let mut team = Team::new(2);
                let mut y = |batch: &Batch| {
                    let [y, ..] = Run::new(plain, 1, team.threads(), true, true).step(&mut team, isa, batch);
                    y
                };
                // In a pixel: affects all windows over it, for every filter. At row 3, column 4 these are
                // 3x3, and rows 2 to 4 by columns 3 to 5 lie in 2x2 pools.
                let mut batch = Batch::new(&plain, 1, true, eighth);
                batch.x[2 * 36 + 3 * 6 + 4] = f32::NAN;
                let found: Vec<bool> = y(&batch).iter().map(|value| value.is_nan()).collect();
                for filter in found.chunks(plane) {
                    let expected = if pooled { 4 } else { 9 };
                    assert_eq!(filter.iter().filter(|nan| **nan).count(), expected, "{plain:?} {isa:?}");
                }
                // In the center of a filter, which always overlaps the image: affects all of its outputs.
                let mut batch = Batch::new(&plain, 1, true, eighth);
                batch.weight[(17 * 3 + 1) * 9 + 4] = f32::NAN;
                for (filter, values) in y(&batch).chunks(plane).enumerate() {
                    let all = values.iter().all(|value| value.is_nan() == (filter == 17));
                    assert!(all, "filter {filter} of {plain:?} {isa:?}");
                }
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "takes hours")]
fn nan_in_a_tile_spreads_to_the_windows_over_it_at_least() {
    for side in [6, 16] {
        let window = Window::same([side; 2], [3, 3], [1, 1]).expect("a window");
        let plain = Plain { window, channels: 16, filters: 16, pooled: false, slope: Some(0.0) };
        for isa in Isa::all() {
            let mut batch = Batch::new(&plain, 1, true, eighth);
            batch.x[7 * side * side + 3 * side + 4] = f32::NAN;
            let [y, ..] = Run::new(plain, 1, 1, true, true).step(&mut Team::new(1), isa, &batch);
            for filter in y.chunks(side * side) {
                let windows = (2..5).flat_map(|row| (3..6).map(move |column| row * side + column));
                assert!(windows.into_iter().all(|at| filter[at].is_nan()), "{plain:?} {isa:?}");
                assert!(filter[side * side - 1].is_finite(), "{plain:?} {isa:?}");
            }
        }
    }
}

#[test]
#[should_panic(expected = "the image and its border")]
fn an_input_without_the_border_is_refused() {
    let window = Window::same([6, 6], [3, 3], [1, 1]).expect("a window");
    let _ = Convolution::new(&window, 4, 16, Image::new(16, [6, 6]), false, BORDER);
}

#[test]
#[should_panic(expected = "values of a pixel")]
fn pixels_with_other_channels_are_refused() {
    let window = Window::valid([6, 6], [3, 3], [1, 1]).expect("a window");
    let _ = Convolution::new(&window, 4, 10, Image::new(32, [6, 6]), false, BORDER);
}

#[test]
fn layouts_that_overflow_are_refused() {
    let refused = |window: Window, filters: usize, channels: usize, border: usize| {
        let image = Image { channels, size: window.input, before: window.before, after: [0; 2] };
        let make = || Convolution::new(&window, filters, channels, image, false, [[border; 2]; 2]);
        std::panic::catch_unwind(make).is_err()
    };
    let window = Window::valid([6, 6], [3, 3], [1, 1]).expect("is possible");
    assert!(!refused(window, 16, 16, 1));
    assert!(refused(window, 16, 16, usize::MAX / 2), "a border");
    assert!(refused(window, usize::MAX, 16, 0) && refused(window, 16, usize::MAX - 15, 0), "channels");
    let longer = Window { output: [usize::MAX / 2, 4], ..window };
    assert!(refused(longer, 16, 16, 0), "a window not made by its constructors");
}
