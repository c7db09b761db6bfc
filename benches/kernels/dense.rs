//! Dense layers with relu, trained by Adam.

use serde_json::json;
use taper_kernels::fused::fully_connected::{
    Backward, Delta, Forward, ForwardWeights, Lists, Prepared, Scratch, rows, stride,
};
use taper_kernels::simd::arena::Arena;
use taper_kernels::work::Work;

use super::Case;
use super::values::{Parameters, WORD, normals, optimizer};

/// Adam's state values per parameter and its operations, as in `taper bench`.
const STATE: usize = 2;
const UPDATE: usize = 13;

/// Samples, inputs and units of a layer.
type Sizes = [usize; 3];

/// The sizes, and whether the layer follows another one, which needs a gradient.
const LAYERS: [(Sizes, bool); 6] = [
    ([32, 5408, 128], true),
    ([128, 5408, 128], true),
    ([512, 5408, 128], true),
    ([32, 784, 128], false),
    ([32, 100, 100], true),
    ([64, 3200, 256], true),
];

pub fn cases() -> Vec<Case> {
    LAYERS
        .into_iter()
        .flat_map(|(sizes, inner)| {
            let few = inner.then(|| [forward(sizes, true), backward(sizes, true, true)]);
            let all = [copy(sizes), forward(sizes, false), delta(sizes), backward(sizes, inner, false)];
            all.into_iter().chain(few.into_iter().flatten())
        })
        .collect()
}

fn text([samples, inputs, units]: Sizes) -> String {
    format!("{samples}x{inputs}x{units}")
}

/// Rows of normal numbers times `scale`, padded with zeros after the last value and the last sample.
fn random_rows(samples: usize, values: usize, scale: f64) -> Arena {
    let step = stride(values);
    let numbers = normals(samples * values, scale);
    let mut to = Arena::new(rows(samples) * step);
    for (to, from) in to.chunks_exact_mut(step).zip(numbers.chunks_exact(values)) {
        to[..values].copy_from_slice(from);
    }
    to
}

/// The rows transposed to `[units, rows]`.
fn turn(delta: &[f32], height: usize, units: usize) -> Arena {
    let mut transposed = Arena::new(units * height);
    for (unit, column) in transposed.chunks_exact_mut(height).enumerate() {
        for (row, value) in column.iter_mut().enumerate() {
            *value = delta[row * stride(units) + unit];
        }
    }
    transposed
}

/// The copy of all weights, which predictions read.
fn copy(sizes: Sizes) -> Case {
    let [_, inputs, units] = sizes;
    let weight = normals(units * inputs, 0.05);
    let mut prepared = Prepared::default();
    Case {
        kernel: "dense weights prepared",
        shape: text(sizes),
        flops: None,
        moved: 2 * weight.len() * WORD,
        memory: 2 * weight.len() * WORD,
        run: Box::new(move |team, isa| prepared.prepare(team, isa, [inputs, units], &weight)),
    }
}

/// Some inputs are zero, as after relu and pooling, if they are `sparse`; the products with them count as
/// operations all the same.
fn forward(sizes: Sizes, sparse: bool) -> Case {
    let [samples, inputs, units] = sizes;
    let mut x = random_rows(samples, inputs, 1.0);
    if sparse {
        // At random places, 18 % are left.
        let kept = normals(x.len(), 1.0);
        x.iter_mut().zip(kept.iter()).filter(|(_, kept)| **kept < 0.915).for_each(|(x, _)| *x = 0.0);
    }
    let weight = normals(units * inputs, 0.05);
    let bias = normals(units, 0.05);
    let mut y = Arena::new(rows(samples) * stride(units));
    let mut scratch = Scratch::default();
    let bytes = (x.len() + units * inputs + bias.len() + y.len()) * WORD;
    Case {
        kernel: if sparse { "dense forward of few inputs" } else { "dense forward" },
        shape: text(sizes),
        flops: Some(2 * samples * inputs * units),
        moved: bytes,
        memory: bytes,
        run: Box::new(move |team, isa| {
            let weight = ForwardWeights::Plain(&weight, [inputs, units]);
            let (bias, slope, mask) = (Some(&bias[..]), Some(0.0), None);
            Forward { samples, x: &x, weight, bias, slope, mask, y: &mut y }.run(team, isa, &mut scratch);
        }),
    }
}

/// Includes the update of the bias.
fn delta(sizes: Sizes) -> Case {
    let [samples, _, units] = sizes;
    let y = random_rows(samples, units, 1.0);
    let mut gradient = random_rows(samples, units, 0.03);
    let mut transposed = Arena::new(units * rows(samples));
    let mut bias = Parameters::new(units, STATE);
    let optimizer = optimizer(&json!({"adam": {}}));
    let rows = y.len() + gradient.len() + transposed.len();
    Case {
        kernel: "dense delta",
        shape: text(sizes),
        flops: None,
        moved: (rows + gradient.len() + 2 * (1 + STATE) * units) * WORD,
        memory: (rows + (1 + STATE) * units) * WORD,
        run: Box::new(move |team, isa| {
            let work = Delta {
                team,
                isa,
                samples,
                units,
                y: &y,
                slope: Some(0.0),
                mask: None,
                gradient: &mut gradient,
                transposed: &mut transposed,
                bias: Some(bias.trained()),
            };
            assert!(optimizer.update(None, Work::Delta(work)));
        }),
    }
}

/// Includes the update of the weights, and the gradient of the inputs if the layer is `inner`. Some gradients
/// are zero, as after relu and dropout, if they are `sparse`; the products with them count as operations all
/// the same.
fn backward(sizes: Sizes, inner: bool, sparse: bool) -> Case {
    let [samples, inputs, units] = sizes;
    let x = random_rows(samples, inputs, 1.0);
    let mut delta = random_rows(samples, units, 0.03);
    if sparse {
        // One of six is left.
        delta
            .iter_mut()
            .enumerate()
            .filter(|(at, _)| (at * 7 + at / 128 * 5) % 6 != 0)
            .for_each(|(_, value)| *value = 0.0);
    }
    let transposed = turn(&delta, rows(samples), units);
    let mut lists = Lists::default();
    let mut weight = Parameters::new(units * inputs, STATE);
    let mut x_gradient = inner.then(|| Arena::new(x.len()));
    let optimizer = optimizer(&json!({"adam": {}}));
    let products = if inner { 2 } else { 1 };
    let values = products * x.len() + delta.len() + transposed.len();
    Case {
        kernel: match (inner, sparse) {
            (true, false) => "dense backward",
            (true, true) => "dense backward of few gradients",
            (false, _) => "dense backward without input gradient",
        },
        shape: text(sizes),
        flops: Some((2 * products * samples + UPDATE) * inputs * units),
        moved: (values + 2 * (1 + STATE) * units * inputs) * WORD,
        memory: (values + (1 + STATE) * units * inputs) * WORD,
        run: Box::new(move |team, isa| {
            let work = Backward {
                team,
                isa,
                samples,
                inputs,
                units,
                x: &x,
                delta: &delta,
                transposed: &transposed,
                weight: weight.trained(),
                x_gradient: x_gradient.as_deref_mut(),
                lists: Some(&mut lists),
            };
            assert!(optimizer.update(None, Work::Backward(work)));
        }),
    }
}
