//! Batch normalization against plain loops.

use super::super::grid::tests::{assert_close, gather, grids, random, scatter};
use super::*;

const EPSILON: f64 = 1e-3;

/// Outputs, the gradient of the inputs, and the gradients of γ and β, in f64.
fn reference(
    grid: &Grid,
    [scale, shift]: [&[f32]; 2],
    xs: &[Vec<f32>],
    dys: &[Vec<f32>],
) -> [Vec<Vec<f64>>; 3] {
    let (pixels, count) = (grid.pixels(), (xs.len() * grid.pixels()) as f64);
    let wide = |values: &[Vec<f32>]| -> Vec<Vec<f64>> {
        values.iter().map(|values| values.iter().map(|&value| f64::from(value)).collect()).collect()
    };
    let (x, dy) = (wide(xs), wide(dys));
    let (mut y, mut dx) = (x.clone(), x.clone());
    let mut parameters = vec![vec![0.0; grid.channels]; 2];
    for channel in 0..grid.channels {
        let places: Vec<(usize, usize)> = (0..x.len())
            .flat_map(|sample| (0..pixels).map(move |pixel| (sample, channel * pixels + pixel)))
            .collect();
        let sum = |term: &dyn Fn(usize, usize) -> f64| places.iter().map(|&(s, i)| term(s, i)).sum::<f64>();
        let mean = sum(&|s, i| x[s][i]) / count;
        let rate = 1.0 / (sum(&|s, i| (x[s][i] - mean).powi(2)) / count + EPSILON).sqrt();
        let normal = |s: usize, i: usize| (x[s][i] - mean) * rate;
        let (gamma, beta) = (f64::from(scale[channel]), f64::from(shift[channel]));
        let [along, all] = [sum(&|s, i| dy[s][i] * normal(s, i)), sum(&|s, i| dy[s][i])];
        for &(s, i) in &places {
            y[s][i] = normal(s, i) * gamma + beta;
            dx[s][i] = gamma * rate * (dy[s][i] - (all + normal(s, i) * along) / count);
        }
        (parameters[0][channel], parameters[1][channel]) = (along, all);
    }
    [y, dx, parameters]
}

/// Values below 0 times `slope`.
fn leaky(values: &[Vec<f64>], slope: Option<f32>) -> Vec<Vec<f64>> {
    let slope = f64::from(slope.unwrap_or(1.0));
    let value = |value: &f64| if *value > 0.0 { *value } else { slope * value };
    values.iter().map(|values| values.iter().map(value).collect()).collect()
}

#[test]
fn outputs_and_gradients_equal_the_formula_for_any_number_of_threads() {
    let cases = grids().into_iter().flat_map(|grids| {
        [2, 5, 40]
            .into_iter()
            .flat_map(move |samples| [None, Some(0.0), Some(0.25)].map(|slope| (grids, samples, slope)))
    });
    for ([input, output], samples, slope) in cases {
        let (xs, dys) = (random(&input, samples, 1), random(&input, samples, 2));
        let parameters =
            random(&Grid { image: crate::fused::channels_last::Image::new(16, [1, 1]), ..input }, 2, 3);
        let (scale, shift) = (&parameters[0][..], &parameters[1][..]);
        // The gradient of the activation's input, by hand.
        let [y, ..] = reference(&input, [scale, shift], &xs, &dys);
        let factor = |y: &f64| if *y > 0.0 { 1.0 } else { slope.unwrap_or(1.0) };
        let masked: Vec<Vec<f32>> = dys
            .iter()
            .zip(&y)
            .map(|(dy, y)| dy.iter().zip(y).map(|(dy, y)| dy * factor(y)).collect())
            .collect();
        let mut expected = reference(&input, [scale, shift], &xs, &masked);
        expected[0] = leaky(&expected[0], slope);
        let run = |isa: Isa, threads: usize| {
            let mut team = Team::new(threads);
            let mut kernel = BatchNorm::new(input, output, slope);
            kernel.reserve();
            let (x, mut gradient) = (scatter(&input, &xs, 9.0), scatter(&output, &dys, 9.0));
            let [mean, variance] = kernel.statistics((&mut team, isa), samples, &x);
            kernel.set(&mean, &variance, EPSILON);
            let (mut y, mut dx) = (vec![-1.0; samples * output.len()], vec![-1.0; samples * input.len()]);
            kernel.forward((&mut team, isa), samples, [scale, shift], &x, &mut y);
            let gradients =
                kernel.backward((&mut team, isa), samples, scale, [&x, &y], &mut gradient, Some(&mut dx));
            [gather(&output, &y), gather(&input, &dx), gradients.to_vec()]
        };
        let found = run(Isa::detect(), 1);
        for (found, expected) in found.iter().zip(&expected) {
            assert_close(found, expected, &format!("{input:?}, {samples} samples, {slope:?}"));
        }
        assert!(Isa::all().all(|isa| found == run(isa, 2) && found == run(isa, 3)), "the same bits");
    }
}

#[test]
fn the_variance_of_values_far_from_0_is_exact_and_that_of_nan_is_nan() {
    let grid = Grid { channels: 1, image: crate::fused::channels_last::Image::new(1, [4, 1]) };
    let mut kernel = BatchNorm::new(grid, grid, None);
    kernel.reserve();
    let mut x: Vec<f32> = (0..160).map(|i| 4096.0 + (i % 2) as f32).collect();
    let found = kernel.statistics((&mut Team::new(2), Isa::detect()), 40, &x);
    assert_eq!(found, [vec![4096.5], vec![0.25]]);
    x[70] = f32::NAN;
    let found = kernel.statistics((&mut Team::new(2), Isa::detect()), 40, &x);
    assert!(found.iter().all(|values| values[0].is_nan()));
}

#[test]
#[should_panic(expected = "layouts")]
fn layouts_of_different_images_are_refused() {
    let [large, small] = [[4, 1], [2, 1]].map(|size| crate::fused::channels_last::Image::new(1, size));
    let _ = BatchNorm::new(Grid { channels: 1, image: large }, Grid { channels: 1, image: small }, None);
}

#[test]
fn running_averages_are_updated_and_non_finite_values_are_reported() {
    let mut running = [1.0, 2.0];
    assert!(update_running(&mut running, &[3.0, 2.0], 0.5));
    assert_eq!(running, [2.0, 2.0]);
    assert!(!update_running(&mut running, &[0.0, f32::INFINITY], 0.5));
}
