//! Random numbers with a beta distribution.

use crate::random::Stream;

/// A number with the distribution Beta(`alpha`, `alpha`), for `alpha` above 0: the share of one of two gamma numbers in
/// their sum.
pub fn beta(alpha: f64, draws: &mut Stream) -> f64 {
    let (first, second) = (log_gamma(alpha, draws), log_gamma(alpha, draws));
    1.0 / (1.0 + libm::exp(second - first))
}

/// The logarithm of a number with the distribution Gamma(`shape`, 1) (Marsaglia and Tsang, "A simple method for generating
/// gamma variables", 2000); small shapes give numbers that are 0 without the logarithm.
fn log_gamma(shape: f64, draws: &mut Stream) -> f64 {
    if shape < 1.0 {
        let power = libm::log(1.0 - draws.uniform()) / shape;
        return log_gamma(shape + 1.0, draws) + power;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = draws.normal();
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && libm::log(1.0 - draws.uniform()) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return libm::log(d * v);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    #[test]
    fn mean_and_variance_are_those_of_the_distribution() {
        for alpha in [0.1, 0.2, 1.0, 4.0] {
            let mut draws = Stream::new(3, Purpose::Augmentation, [0, 0]);
            let numbers: Vec<f64> = (0..20_000).map(|_| beta(alpha, &mut draws)).collect();
            assert!(numbers.iter().all(|number| (0.0..=1.0).contains(number)));
            let mean = numbers.iter().sum::<f64>() / 20_000.0;
            let variance = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0;
            assert!((mean - 0.5).abs() < 0.01, "{alpha}: {mean}");
            assert!((variance - 0.25 / (2.0 * alpha + 1.0)).abs() < 0.005, "{alpha}: {variance}");
        }
    }
}
