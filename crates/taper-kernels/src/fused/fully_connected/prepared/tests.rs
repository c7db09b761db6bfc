use super::{Outputs, Prepared, Scratch};
use crate::fused::fully_connected::{Forward, rows, stride};
use crate::random::Stream;
use crate::simd::lanes::Isa;
use crate::simd::team::Team;

/// Random values, where the share `zeros` is zero.
fn random(len: usize, zeros: f64, id: u64) -> Vec<f32> {
    let mut stream = Stream::new([id, 0]);
    let mut value = || if stream.uniform() < zeros { 0.0 } else { stream.uniform_in(-1.0, 1.0) as f32 };
    (0..len).map(|_| value()).collect()
}

/// Rows padded with zeros.
fn padded(samples: usize, inputs: usize, zeros: f64) -> Vec<f32> {
    let mut x = random(rows(samples) * stride(inputs), zeros, 2);
    x.chunks_mut(stride(inputs)).for_each(|row| row[inputs..].fill(0.0));
    x
}

fn outputs(
    samples: usize,
    [inputs, units]: [usize; 2],
    x: &[f32],
    weight: &[f32],
    threads: usize,
    isa: Isa,
) -> Vec<f32> {
    let (mut prepared, mut team) = (Prepared::default(), Team::new(threads));
    prepared.prepare(&mut team, isa, [inputs, units], weight);
    let (bias, mut y) = (random(units, 0.0, 3), vec![0.0; rows(samples) * stride(units)]);
    let outputs = Outputs { samples, x, bias: Some(&bias), slope: Some(0.25), y: &mut y };
    prepared.forward(&mut team, isa, outputs, &mut Scratch::default());
    y
}

fn sizes() -> impl Iterator<Item = (usize, [usize; 2], f64)> {
    let shapes = if cfg!(miri) {
        vec![[33, 17]]
    } else {
        vec![[1, 1], [16, 16], [40, 10], [100, 65], [784, 130], [1_600, 200], [5_408, 128]]
    };
    shapes.into_iter().flat_map(|shape| {
        [1, 3, 4, 30]
            .into_iter()
            .flat_map(move |samples| [0.0, 0.8, 1.0].map(|zeros| (samples, shape, zeros)))
    })
}

#[test]
fn outputs_equal_those_of_the_tiles_up_to_rounding() {
    for (samples, [inputs, units], zeros) in sizes() {
        let (x, weight) = (padded(samples, inputs, zeros), random(units * inputs, 0.0, 1));
        let bias = random(units, 0.0, 3);
        for isa in Isa::all() {
            let mut expected = vec![0.0; rows(samples) * stride(units)];
            let forward = Forward {
                samples,
                inputs,
                units,
                x: &x,
                weight: &weight,
                bias: Some(&bias),
                slope: Some(0.25),
                mask: None,
                y: &mut expected,
            };
            forward.run(&mut Team::new(1), isa, &mut Scratch::default());
            let found = outputs(samples, [inputs, units], &x, &weight, 2, isa);
            for (found, expected) in found.iter().zip(&expected) {
                let tolerance = 1e-6 * (inputs as f32).sqrt() * 4.0;
                assert!(
                    (found - expected).abs() <= tolerance,
                    "{samples} {inputs} {units} {isa:?}: {found} {expected}"
                );
            }
        }
    }
}

#[test]
fn a_sample_has_the_same_bits_alone_and_in_any_batch_with_any_number_of_threads() {
    for (samples, [inputs, units], zeros) in sizes() {
        let (x, weight) = (padded(samples, inputs, zeros), random(units * inputs, 0.0, 1));
        for isa in Isa::all() {
            let together = outputs(samples, [inputs, units], &x, &weight, 1, isa);
            assert!(together == outputs(samples, [inputs, units], &x, &weight, 3, isa), "{isa:?}");
            for sample in [0, samples / 2, samples - 1] {
                let mut row = vec![0.0; rows(1) * stride(inputs)];
                row[..stride(inputs)].copy_from_slice(&x[sample * stride(inputs)..][..stride(inputs)]);
                let alone = outputs(1, [inputs, units], &row, &weight, 2, isa);
                let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                let expected = &together[sample * stride(units)..][..units];
                assert!(
                    bits(&alone[..units]) == bits(expected),
                    "{sample} of {samples}, {inputs} {units} {isa:?}"
                );
            }
        }
    }
}

#[test]
fn every_instruction_set_with_fused_multiply_add_gives_the_same_bits() {
    for (samples, [inputs, units], zeros) in sizes() {
        let (x, weight) = (padded(samples, inputs, zeros), random(units * inputs, 0.0, 1));
        let of = |isa| outputs(samples, [inputs, units], &x, &weight, 1, isa);
        let mut all = Isa::all().filter(|isa| *isa != Isa::Portable).map(of);
        if let Some(first) = all.next() {
            assert!(all.all(|other| other == first), "{samples} {inputs} {units}");
        }
    }
}

#[test]
fn padding_that_is_not_zero_is_not_multiplied() {
    let (inputs, units) = (17, 3);
    let mut x = padded(1, inputs, 0.0);
    let weight = random(units * inputs, 0.0, 1);
    let expected = outputs(1, [inputs, units], &x, &weight, 1, Isa::detect());
    x[inputs..stride(inputs)].fill(f32::NAN);
    assert!(outputs(1, [inputs, units], &x, &weight, 1, Isa::detect()) == expected);
}
