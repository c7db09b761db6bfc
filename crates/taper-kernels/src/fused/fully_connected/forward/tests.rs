use super::{Forward, ForwardWeights, Prepared, Scratch};
use crate::fused::fully_connected::{rows, stride};
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

/// The outputs with prepared weights, which equal those with plain ones.
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
    let bias = random(units, 0.0, 3);
    let mut scratch = Scratch::default();
    let [packed, prepared] =
        [ForwardWeights::Plain(weight, [inputs, units]), ForwardWeights::Prepared(&prepared)].map(|weight| {
            let mut y = vec![0.0; rows(samples) * stride(units)];
            let bias = Some(&bias[..]);
            let forward = Forward { samples, x, weight, bias, slope: Some(0.25), mask: None, y: &mut y };
            forward.run(&mut team, isa, &mut scratch);
            y
        });
    assert!(bits(&packed) == bits(&prepared), "{samples} {inputs} {units} {isa:?}");
    prepared
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn sizes() -> impl Iterator<Item = (usize, [usize; 2], f64)> {
    let shapes = if cfg!(miri) {
        vec![[33, 17]]
    } else {
        vec![
            [1, 1],
            [16, 16],
            [40, 10],
            [100, 65],
            [100, 100],
            [784, 130],
            [1_030, 40],
            [1_600, 200],
            [5_408, 128],
        ]
    };
    shapes.into_iter().flat_map(|shape| {
        [1, 3, 4, 30]
            .into_iter()
            .flat_map(move |samples| [0.0, 0.8, 1.0].map(|zeros| (samples, shape, zeros)))
    })
}

#[test]
fn outputs_equal_plain_sums_up_to_rounding() {
    for (samples, [inputs, units], zeros) in sizes() {
        let (x, weight) = (padded(samples, inputs, zeros), random(units * inputs, 0.0, 1));
        let bias = random(units, 0.0, 3);
        for isa in Isa::all() {
            let found = outputs(samples, [inputs, units], &x, &weight, 2, isa);
            for (sample, unit) in (0..samples).flat_map(|sample| (0..units).map(move |unit| (sample, unit))) {
                let (x, weight) = (&x[sample * stride(inputs)..], &weight[unit * inputs..][..inputs]);
                let products = x.iter().zip(weight).map(|(x, weight)| f64::from(*x) * f64::from(*weight));
                let sum = products.sum::<f64>() + f64::from(bias[unit]);
                let expected = if sum > 0.0 { sum } else { 0.25 * sum };
                let difference = f64::from(found[sample * stride(units) + unit]) - expected;
                let tolerance = 1e-7 * inputs as f64;
                assert!(difference.abs() <= tolerance, "{samples} {inputs} {units} {isa:?}: {difference}");
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
fn every_instruction_set_gives_the_same_bits() {
    for (samples, [inputs, units], zeros) in sizes() {
        let (x, weight) = (padded(samples, inputs, zeros), random(units * inputs, 0.0, 1));
        let of = |isa| outputs(samples, [inputs, units], &x, &weight, 1, isa);
        let mut all = Isa::all().map(of);
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
