use super::{Backward, COLUMNS, Lists};
use crate::fused::fully_connected::{rows, stride};
use crate::random::Stream;
use crate::rule::{Accumulate, Trained};
use crate::simd::lanes::Isa;
use crate::simd::team::Team;
use crate::work::Work;

/// A layer's values: `[samples, inputs, units]`, rows of inputs and of gradients, and weights.
struct Layer {
    sizes: [usize; 3],
    x: Vec<f32>,
    delta: Vec<f32>,
    weight: Vec<f32>,
}

impl Layer {
    /// Random values, where the share `zeros` of the gradients is zero, of either sign.
    fn new(sizes: [usize; 3], zeros: f64) -> Self {
        let [samples, inputs, units] = sizes;
        let mut stream = Stream::new([5, zeros.to_bits()]);
        let mut random = |len: usize, zeros: f64| -> Vec<f32> {
            let mut value = || {
                let factor = if stream.uniform() < zeros { 0.0 } else { 1.0 };
                (stream.uniform_in(-1.0, 1.0) * factor) as f32
            };
            (0..len).map(|_| value()).collect()
        };
        let x = random(rows(samples) * stride(inputs), 0.0);
        let mut delta = random(rows(samples) * stride(units), zeros);
        // Rows of the padding, and what follows the last unit, are zero.
        delta[samples * stride(units)..].fill(0.0);
        delta.chunks_mut(stride(units)).for_each(|row| row[units..].fill(0.0));
        Self { sizes, x, delta, weight: random(units * inputs, 0.0) }
    }

    /// The bits of the gradients of the inputs and of the weights, and whether all are finite.
    fn backward(&self, lists: Option<&mut Lists>, isa: Isa) -> ([Vec<u32>; 2], bool) {
        let [samples, inputs, units] = self.sizes;
        let height = rows(samples);
        let mut transposed = vec![0.0; units * height];
        for (at, value) in transposed.iter_mut().enumerate() {
            *value = self.delta[at % height * stride(units) + at / height];
        }
        let mut weight = self.weight.clone();
        let (mut gradient, mut none) = (vec![0.0; weight.len()], Vec::new());
        let mut x_gradient = vec![f32::NAN; self.x.len()];
        let work = Backward {
            team: &mut Team::new(2),
            isa,
            samples,
            inputs,
            units,
            x: &self.x,
            delta: &self.delta,
            transposed: &transposed,
            weight: Trained { theta: &mut weight, state: [&mut gradient, &mut none] },
            x_gradient: Some(&mut x_gradient),
            lists,
        };
        let finite = Work::Backward(work).run(Accumulate);
        ([x_gradient, gradient].map(|values| values.iter().map(|value| value.to_bits()).collect()), finite)
    }

    fn with_lists(&self, isa: Isa) -> ([Vec<u32>; 2], bool) {
        self.backward(Some(&mut Lists::default()), isa)
    }
}

#[test]
fn products_with_zeros_can_be_left_out() {
    // The last columns fill a vector, or not; strips of every width.
    let columns =
        if cfg!(miri) { vec![COLUMNS + 1] } else { vec![COLUMNS, COLUMNS + 5, 1_536 + 16, 1_536 + 95] };
    for (inputs, zeros, isa) in columns.into_iter().flat_map(|inputs| {
        [0.0, 0.5, 0.85, 1.0]
            .into_iter()
            .flat_map(move |zeros| Isa::all().map(move |isa| (inputs, zeros, isa)))
    }) {
        for [samples, units] in [[1, 3], [8, 20], [13, 7]] {
            let layer = Layer::new([samples, inputs, units], zeros);
            let (tiles, lists) = (layer.backward(None, isa), layer.with_lists(isa));
            assert!(tiles == lists, "{samples} samples, {inputs} inputs, {zeros} zeros, {isa:?}");
        }
    }
}

#[test]
fn a_batch_may_be_empty() {
    let layer = Layer::new([0, COLUMNS, 3], 0.0);
    assert!(layer.with_lists(Isa::detect()) == layer.backward(None, Isa::detect()));
}

#[test]
fn lists_are_kept_from_batch_to_batch() {
    let mut lists = Lists::default();
    for (samples, zeros) in [(9, 0.9), (4, 0.7), (9, 1.0), (12, 0.5)] {
        let layer = Layer::new([samples, COLUMNS, 6], zeros);
        let isa = Isa::detect();
        assert!(layer.backward(Some(&mut lists), isa) == layer.backward(None, isa), "{samples} samples");
    }
}

#[test]
fn sums_that_underflow_have_the_same_sign_of_zero() {
    // A product of -1e-60 is rounded to -0, to which 0 times a number above 0 adds 0, and below 0 adds -0.
    let tiny = 1e-30;
    for (sign, isa) in [1.0, -1.0].into_iter().flat_map(|sign| Isa::all().map(move |isa| (sign, isa))) {
        let mut layer = Layer::new([2, COLUMNS, 2], 1.0);
        layer.delta.fill(0.0);
        layer.delta[0] = -tiny;
        for values in [&mut layer.x, &mut layer.weight] {
            let (first, others) = values.split_at_mut(COLUMNS);
            first.fill(tiny);
            others.fill(sign);
        }
        assert!(layer.backward(None, isa) == layer.with_lists(isa), "{sign}, {isa:?}");
    }
}

#[test]
fn an_infinite_input_is_noticed_without_its_products() {
    for (at, isa) in [0, 17, COLUMNS - 1].into_iter().flat_map(|at| Isa::all().map(move |isa| (at, isa))) {
        for value in [f32::INFINITY, f32::NAN] {
            let mut layer = Layer::new([3, COLUMNS, 4], 1.0);
            assert!(layer.with_lists(isa).1, "{isa:?}");
            layer.x[stride(COLUMNS) + at] = value;
            assert!(!layer.with_lists(isa).1, "{value} at {at}, {isa:?}");
        }
    }
}
