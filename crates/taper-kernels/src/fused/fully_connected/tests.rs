//! Dense layers of odd sizes against plain loops in `f64`.
#![allow(clippy::inline_always, reason = "rules are inlined into the kernels")]

use super::{Backward, Delta, Forward, ForwardWeights, Scratch, chain, rows, stride};
use crate::random::Stream;
use crate::rule::{MAX_STATE, Rule, Trained};
use crate::simd::arena::Arena;
use crate::simd::lanes::{Isa, Lanes};
use crate::simd::team::Team;
use crate::work::Work;

/// Gradient descent at rate 1, so that a parameter decreases by its gradient; the state is the sum of all
/// gradients, and the previous parameter.
#[derive(Clone, Copy)]
struct Descent;

impl Rule for Descent {
    #[inline(always)]
    fn state_count(self) -> usize {
        2
    }

    #[inline(always)]
    fn apply<L: Lanes>(self, theta: L, gradient: L, [sum, _]: [L; MAX_STATE]) -> (L, [L; MAX_STATE]) {
        (theta - gradient, [sum + gradient, theta])
    }
}

/// The same without state.
#[derive(Clone, Copy)]
struct PlainDescent;

impl Rule for PlainDescent {
    #[inline(always)]
    fn state_count(self) -> usize {
        0
    }

    #[inline(always)]
    fn apply<L: Lanes>(self, theta: L, gradient: L, state: [L; MAX_STATE]) -> (L, [L; MAX_STATE]) {
        (theta - gradient, state)
    }
}

/// A layer and its inputs, without padding.
struct Problem {
    samples: usize,
    inputs: usize,
    units: usize,
    slope: Option<f32>,
    x: Vec<f32>,
    weight: Vec<f32>,
    bias: Option<Vec<f32>>,
    mask: Option<Vec<f32>>,
    dy: Vec<f32>,
}

/// Samples, inputs and units: every number of vectors in a row of weights, and of values left over, more than
/// one block of inputs, and both ways of splitting the backward pass.
const SIZES: [[usize; 3]; 17] = [
    [1, 1, 1],
    [3, 5, 2],
    [8, 16, 16],
    [9, 17, 33],
    [13, 31, 7],
    [40, 32, 49],
    [7, 40, 25],
    [4, 48, 3],
    [2, 60, 6],
    [11, 64, 23],
    [33, 70, 26],
    [65, 130, 50],
    [5, 384, 3],
    [17, 399, 20],
    [10, 770, 5],
    [12, 1536, 18],
    [9, 1610, 31],
];

/// All sizes; under Miri, only the small ones.
fn sizes() -> impl Iterator<Item = [usize; 3]> {
    SIZES.into_iter().filter(|sizes| !cfg!(miri) || sizes.iter().product::<usize>() < 2000)
}

/// How many variants of a problem are tested, and the numbers of threads.
const VARIANTS: usize = if cfg!(miri) { 1 } else { 3 };
const THREADS: &[usize] = if cfg!(miri) { &[1, 3] } else { &[1, 2, 3] };

/// Eighths from -1 to 1: sums of their products are exact in `f32` in any order.
fn eighth(stream: &mut Stream) -> f32 {
    (stream.below(17) as f32 - 8.0) / 8.0
}

fn normal(stream: &mut Stream) -> f32 {
    stream.normal() as f32
}

impl Problem {
    fn new([samples, inputs, units]: [usize; 3], variant: usize, value: fn(&mut Stream) -> f32) -> Self {
        let mut stream = Stream::new([(samples * inputs) as u64, units as u64]);
        let mut values = |len: usize| (0..len).map(|_| value(&mut stream)).collect::<Vec<f32>>();
        let (x, weight) = (values(samples * inputs), values(units * inputs));
        let (bias, dy) = (values(units), values(samples * units));
        let mask = (0..samples * units).map(|_| if stream.below(3) == 0 { 0.0 } else { 2.0 }).collect();
        Self {
            samples,
            inputs,
            units,
            slope: [None, Some(0.0), Some(0.25)][variant % 3],
            x,
            weight,
            bias: variant.is_multiple_of(2).then_some(bias),
            mask: (!variant.is_multiple_of(3)).then_some(mask),
            dy,
        }
    }

    /// Outputs and the gradients of inputs, weights and bias.
    fn reference(&self) -> [Vec<f64>; 4] {
        let Self { samples, inputs, units, .. } = *self;
        let mut y = vec![0.0; samples * units];
        let mut dx = vec![0.0; samples * inputs];
        let mut dw = vec![0.0; units * inputs];
        let mut db = vec![0.0; units];
        for sample in 0..samples {
            for unit in 0..units {
                let (x, w) = (&self.x[sample * inputs..][..inputs], &self.weight[unit * inputs..][..inputs]);
                let products = x.iter().zip(w).map(|(x, w)| f64::from(*x) * f64::from(*w));
                let sum = products.sum::<f64>() + self.bias.as_ref().map_or(0.0, |bias| bias[unit].into());
                let slope = if sum > 0.0 { 1.0 } else { self.slope.map_or(1.0, f64::from) };
                let at = sample * units + unit;
                let factor = slope * self.mask.as_ref().map_or(1.0, |mask| f64::from(mask[at]));
                y[at] = sum * factor;
                let delta = f64::from(self.dy[at]) * factor;
                db[unit] += delta;
                for k in 0..inputs {
                    dx[sample * inputs + k] += delta * f64::from(w[k]);
                    dw[unit * inputs + k] += delta * f64::from(x[k]);
                }
            }
        }
        [y, dx, dw, db]
    }

    /// The same computed by the kernels, with the new parameters in place of their gradients; and the
    /// state.
    fn run<R: Rule>(&self, isa: Isa, threads: usize, inner: bool, rule: R) -> ([Vec<f32>; 4], [Vec<f32>; 4]) {
        let Self { samples, inputs, units, slope, .. } = *self;
        let mut team = Team::new(threads);
        let (x, mut dy) = (spread(&self.x, inputs, samples), spread(&self.dy, units, samples));
        let mask = self.mask.as_ref().map(|mask| spread(mask, units, samples));
        let mut y = spread(&vec![f32::NAN; samples * units], units, samples);
        let mut dx = spread(&vec![f32::NAN; samples * inputs], inputs, samples);
        let mut transposed = vec![f32::NAN; units * rows(samples)];
        let (mut weight, mut bias) = (self.weight.clone(), self.bias.clone());
        let forward = Forward {
            samples,
            x: &x,
            weight: ForwardWeights::Plain(&weight, [inputs, units]),
            bias: bias.as_deref(),
            slope,
            mask: mask.as_deref(),
            y: &mut y,
        };
        forward.run(&mut team, isa, &mut Scratch::default());
        let kept = |len: usize| vec![0.5; if rule.state_count() > 0 { len } else { 0 }];
        let mut state = [kept(weight.len()), kept(weight.len()), kept(units), kept(units)];
        let [s0, s1, s2, s3] = &mut state;
        let delta = Delta {
            team: &mut team,
            isa,
            samples,
            units,
            y: &y,
            slope,
            mask: mask.as_deref(),
            gradient: &mut dy,
            transposed: &mut transposed,
            bias: bias.as_mut().map(|theta| Trained { theta, state: [s2, s3] }),
        };
        let mut finite = Work::Delta(delta).run(rule);
        let backward = Backward {
            team: &mut team,
            isa,
            samples,
            inputs,
            units,
            x: &x,
            delta: &dy,
            transposed: &transposed,
            weight: Trained { theta: &mut weight, state: [s0, s1] },
            x_gradient: inner.then_some(&mut *dx),
            lists: None,
        };
        finite &= Work::Backward(backward).run(rule);
        let written = bias.iter().flatten().chain(&weight).chain(state.iter().flatten());
        assert_eq!(finite, written.copied().all(f32::is_finite), "non-finite values are noticed");
        let dx = if inner { gathered(&dx, inputs, samples) } else { Vec::new() };
        ([gathered(&y, units, samples), dx, weight, bias.unwrap_or_default()], state)
    }
}

/// Rows in the kernels' layout, with NaN in those after the last sample, which must have no effect.
fn spread(values: &[f32], len: usize, samples: usize) -> Arena {
    let mut arena = Arena::new(rows(samples) * stride(len));
    for (i, row) in arena.chunks_exact_mut(stride(len)).enumerate() {
        let values = if i < samples { &values[i * len..][..len] } else { &vec![f32::NAN; len] };
        row[..len].copy_from_slice(values);
    }
    arena
}

/// The rows of the samples without padding, which must be 0 next to numbers, because readers rely on it.
fn gathered(arena: &Arena, len: usize, samples: usize) -> Vec<f32> {
    let rows = arena.chunks_exact(stride(len)).take(samples);
    let gap = |row: &[f32]| row[len..].iter().all(|value| *value == 0.0);
    rows.flat_map(|row| {
        assert!(gap(row) || row[..len].iter().any(|value| value.is_nan()), "a value after the end of a row");
        row[..len].to_vec()
    })
    .collect()
}

fn doubles(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

fn difference(before: &[f32], gradient: &[f64]) -> Vec<f64> {
    before.iter().zip(gradient).map(|(before, gradient)| f64::from(*before) - gradient).collect()
}

#[test]
fn odd_sizes_equal_plain_loops_for_every_instruction_set_and_any_number_of_threads() {
    for (i, sizes) in sizes().enumerate() {
        for variant in i..i + VARIANTS {
            let problem = Problem::new(sizes, variant, eighth);
            let [y, dx, dw, db] = problem.reference();
            let bias = problem.bias.clone().unwrap_or_default();
            let weight = difference(&problem.weight, &dw);
            let new_bias = difference(&bias, &db);
            let sums = dw.iter().map(|gradient| gradient + 0.5).collect::<Vec<_>>();
            for (isa, threads) in
                Isa::all().flat_map(|isa| THREADS.iter().map(move |threads| (isa, *threads)))
            {
                for inner in [false, true] {
                    let what = format!("{sizes:?}, variant {variant}, {isa:?}, {threads} threads");
                    let ([a, b, c, d], [s0, s1, s2, s3]) = problem.run(isa, threads, inner, Descent);
                    assert!(doubles(&a) == y, "outputs of {what}");
                    assert!(!inner || doubles(&b) == dx, "gradient of the inputs of {what}");
                    assert!(doubles(&c) == weight, "weights of {what}");
                    assert!(doubles(&d) == new_bias, "bias of {what}");
                    assert!(doubles(&s0) == sums && s1 == problem.weight, "state of {what}");
                    if problem.bias.is_some() {
                        let sums = db.iter().map(|gradient| gradient + 0.5).collect::<Vec<_>>();
                        assert!(doubles(&s2) == sums && s3 == bias, "state of the bias of {what}");
                    }
                    let (stateless, _) = problem.run(isa, threads, inner, PlainDescent);
                    assert!(stateless == [a, b, c, d], "a rule without state: {what}");
                }
            }
        }
    }
}

#[test]
fn rounded_values_are_right_up_to_rounding_and_bit_identical_for_any_number_of_threads() {
    for sizes in sizes() {
        let mut problem = Problem::new(sizes, 2, normal);
        // A sum near 0 could fall on the other side of the kink.
        problem.slope = None;
        let [y, dx, dw, db] = problem.reference();
        let weight = difference(&problem.weight, &dw);
        let bias = difference(problem.bias.as_deref().unwrap_or_default(), &db);
        let [samples, inputs, units] = sizes;
        for isa in Isa::all() {
            let (first, _) = problem.run(isa, 1, true, PlainDescent);
            let terms = [inputs, units, samples, samples];
            for ((values, expected), terms) in first.iter().zip([&y, &dx, &weight, &bias]).zip(terms) {
                // One rounding for each product and sum, of values around 1, doubled by the mask.
                let tolerance = (terms + 2) as f64 * 16.0 * f64::from(f32::EPSILON) / 2.0;
                for (value, expected) in values.iter().zip(expected) {
                    let gap = (f64::from(*value) - expected).abs();
                    assert!(gap <= tolerance, "{value} is not {expected}: {sizes:?}, {isa:?}");
                }
            }
            for &threads in &THREADS[1..] {
                let (more, _) = problem.run(isa, threads, true, PlainDescent);
                let bits = |all: &[Vec<f32>; 4]| {
                    all.each_ref().map(|values| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>())
                };
                assert!(bits(&more) == bits(&first), "{sizes:?}, {isa:?}, {threads} threads");
            }
        }
    }
}

#[test]
fn nan_is_not_hidden() {
    for (sizes, variant) in sizes().flat_map(|sizes| (0..VARIANTS).map(move |variant| (sizes, variant))) {
        let [samples, inputs, units] = sizes;
        for isa in Isa::all() {
            let (sample, unit) = (samples / 2, units - 1);
            let mut problem = Problem::new(sizes, variant, eighth);
            problem.x[sample * inputs + inputs - 1] = f32::NAN;
            let ([y, ..], _) = problem.run(isa, 2, false, PlainDescent);
            for (at, value) in y.iter().enumerate() {
                assert_eq!(value.is_nan(), at / units == sample, "{sizes:?} {variant} {isa:?}: input");
            }
            let mut problem = Problem::new(sizes, variant, eighth);
            // A product with an input that is zero may be left out.
            problem.x.iter_mut().step_by(inputs).for_each(|x| *x = 0.5);
            problem.weight[unit * inputs] = f32::NAN;
            let ([y, dx, ..], _) = problem.run(isa, 2, true, PlainDescent);
            for (at, value) in y.iter().enumerate() {
                assert_eq!(value.is_nan(), at % units == unit, "{sizes:?} {variant} {isa:?}: weight");
            }
            for (at, value) in dx.iter().enumerate() {
                assert_eq!(value.is_nan(), at % inputs == 0, "{sizes:?} {variant} {isa:?}: gradient");
            }
        }
    }
}

#[test]
#[should_panic(expected = "a chain without gaps")]
fn a_chain_with_a_gap_is_refused() {
    let (mut ys, weight) = ([[0.0; 128], [0.0; 128]], [0.0; 4]);
    let mut layers: chain::Each<chain::Layer<'_>> = Default::default();
    for (place, y) in [0, 2].into_iter().zip(&mut ys) {
        let (weight, y) = (&weight[..], &mut y[..]);
        layers[place] =
            Some(chain::Layer { inputs: 2, units: 2, weight, bias: None, slope: None, mask: None, y });
    }
    chain::forward(&mut Team::new(1), Isa::detect(), 8, &[0.0; 128], layers);
}

#[test]
fn sizes_that_overflow_are_refused() {
    let refused = |samples: usize, inputs: usize| {
        let (x, mut y) = ([0.0; 128], [0.0; 128]);
        let (weight, bias, slope, mask) = (ForwardWeights::Plain(&[], [inputs, 0]), None, None, None);
        let forward = Forward { samples, x: &x, weight, bias, slope, mask, y: &mut y };
        let run = || forward.run(&mut Team::new(1), Isa::detect(), &mut Scratch::default());
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err()
    };
    assert!(!refused(8, 16));
    assert!(refused(8, usize::MAX) && refused(usize::MAX, 16) && refused(usize::MAX / 16 + 1, 16));
}
