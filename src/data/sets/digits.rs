//! Digits drawn from strokes: a classification task like MNIST that needs no download.
//!
//! Each digit has several shapes, drawn as smooth curves (Catmull and Rom, 1974). Their control points are
//! jittered, an affine map rotates, slants, scales and shifts them, and a smooth random field bends them, as
//! in elastic distortion (Simard, Steinkraus and Platt, 2003); a pen of varying width then draws them with
//! anti-aliasing. Every image depends only on the seed, the split and its own index, so the number of threads
//! has no effect.

mod glyphs;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::glyphs::{GLYPHS, Point};
use super::DataConfig;
use crate::config::Problems;
use crate::data::{Dataset, Facts, Features, SearchPath, Splits, Target, Targets};
use crate::error::{Error, Result};
use crate::random::{Purpose, Stream};
use crate::shape::Shape;

/// `[data.digits]`: images of digits drawn by taper, white on black.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The number of training samples; digits 0 to 9 in turn.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub samples: usize,
    /// The number of test samples.
    #[schemars(range(min = 0, max = 10_000_000))]
    pub test_samples: usize,
    /// The height and width of each image in pixels.
    #[schemars(range(min = 8, max = 1024))]
    pub size: usize,
    /// How much the digits differ from their templates: 0 not at all, 1 as in careless writing.
    #[schemars(range(min = 0, max = 1))]
    pub distortion: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self { samples: 6000, test_samples: 1000, size: 28, distortion: 0.7 }
    }
}

impl DataConfig for Config {
    fn validate(&self, problems: &mut Problems<'_>) {
        let largest = self.samples.max(self.test_samples);
        if largest.checked_mul(self.size * self.size).is_none_or(|pixels| pixels > 1 << 32) {
            let message = format!("{largest} images of {0} x {0} pixels are more than 2^32 bytes", self.size);
            problems.key("samples").report(message);
        }
    }

    fn facts(&self) -> Facts {
        Facts {
            sample_shape: Some([1, self.size, self.size].into()),
            target: Some(Target::Class { classes: GLYPHS.len() }),
        }
    }

    fn samples(&self, _search: &SearchPath) -> Option<usize> {
        Some(self.samples)
    }

    fn locate(&self, _search: &SearchPath) -> Result<String> {
        Ok("generated".to_owned())
    }

    fn load(&self, _search: &SearchPath, seed: u64) -> Result<Splits> {
        Ok(Splits {
            train: self.draw_all(self.samples, seed, 1)?,
            validation: None,
            columns: None,
            test: if self.test_samples > 0 { Some(self.draw_all(self.test_samples, seed, 2)?) } else { None },
        })
    }
}

impl Config {
    fn draw_all(&self, samples: usize, seed: u64, split: u64) -> Result<Dataset> {
        let area = self.size * self.size;
        let mut pixels = Vec::new();
        let length = samples.checked_mul(area).filter(|&length| pixels.try_reserve_exact(length).is_ok());
        let length = length.ok_or_else(|| Error::data("digits", "not enough memory for the images"))?;
        pixels.resize(length, 0);
        pixels.par_chunks_exact_mut(area).enumerate().for_each(|(sample, image)| {
            let stream = Stream::new(seed, Purpose::Data, [split, sample as u64]);
            self.draw(sample % GLYPHS.len(), stream, image);
        });
        Ok(Dataset {
            sample_shape: Shape::from([1, self.size, self.size]),
            features: Features::Bytes(pixels).into(),
            targets: Targets::Classes {
                labels: (0..=9).cycle().take(samples).collect(),
                names: (0..=9).map(|digit| digit.to_string()).collect(),
            },
        })
    }

    /// Draws one digit into a black image.
    fn draw(&self, digit: usize, mut stream: Stream, image: &mut [u8]) {
        let strength = self.distortion;
        let variants = GLYPHS[digit];
        let glyph = variants[usize::try_from(stream.below(variants.len() as u64)).unwrap_or(0)];
        // The pen's radius, its slow variation along a stroke, and its intensity.
        let radius = 0.045 + 0.018 * strength * stream.normal().clamp(-1.6, 2.0);
        let (swell, phase) =
            (0.25 * strength * stream.uniform(), stream.uniform_in(0.0, std::f64::consts::TAU));
        let ink = 255.0 * (1.0 - 0.2 * strength * stream.uniform());
        let warp = Warp::random(strength, &mut stream);
        let mut coverage = vec![0.0; image.len()];
        for stroke in glyph {
            let shaken: Vec<Point> = stroke
                .iter()
                .map(|point| point.map(|place| place + 0.022 * strength * stream.normal().clamp(-2.0, 2.0)))
                .collect();
            let curve: Vec<Point> = smooth(&shaken).iter().map(|&point| warp.apply(point)).collect();
            for (i, ends) in curve.windows(2).enumerate() {
                let width = radius * (1.0 + swell * libm::sin(0.15 * i as f64 + phase));
                segment(&mut coverage, self.size, [ends[0], ends[1]], width);
            }
        }
        for (pixel, covered) in image.iter_mut().zip(coverage) {
            let noise = 8.0 * strength * stream.normal();
            *pixel = (covered * ink + noise).round().clamp(0.0, 255.0) as u8;
        }
    }
}

/// A random map of the unit square that keeps digits legible.
struct Warp {
    /// The rows of the linear part, applied about the center.
    linear: [Point; 2],
    shift: Point,
    /// Waves that bend the digit: direction and length, phase, and displacement.
    waves: [(Point, f64, Point); 3],
}

impl Warp {
    fn random(strength: f64, stream: &mut Stream) -> Self {
        let mut normal = |deviation: f64| strength * deviation * stream.normal().clamp(-2.2, 2.2);
        let (sin, cos) = libm::sincos(normal(0.16));
        let slant = normal(0.2);
        // The whole image except the margin, as in MNIST.
        let size = 0.72 * (1.0 + normal(0.08));
        let (width, height) = (size * (0.92 + normal(0.12)), size);
        let linear =
            [[width * cos, height * (-sin - slant * cos)], [width * sin, height * (cos - slant * sin)]];
        let shift = [normal(0.03), normal(0.03)];
        let waves = [(); 3].map(|()| {
            let direction = [4.0 * normal(1.0), 4.0 * normal(1.0)];
            (direction, normal(6.0), [normal(0.03), normal(0.03)])
        });
        Self { linear, shift, waves }
    }

    fn apply(&self, point: Point) -> Point {
        let mut bent = point;
        for (direction, phase, displacement) in &self.waves {
            let wave = libm::sin(direction[0] * point[0] + direction[1] * point[1] + phase);
            bent = [bent[0] + displacement[0] * wave, bent[1] + displacement[1] * wave];
        }
        let [x, y] = [bent[0] - 0.5, bent[1] - 0.5];
        let row = |i: usize| 0.5 + self.linear[i][0] * x + self.linear[i][1] * y + self.shift[i];
        [row(0), row(1)]
    }
}

/// Points on the Catmull-Rom curve through `points`, dense enough to be joined by lines.
fn smooth(points: &[Point]) -> Vec<Point> {
    const STEPS: usize = 8;
    let mut curve = Vec::with_capacity(points.len() * STEPS);
    for (i, ends) in points.windows(2).enumerate() {
        let [from, to] = [ends[0], ends[1]];
        let before = points[i.saturating_sub(1)];
        let after = points.get(i + 2).copied().unwrap_or(to);
        for step in 0..=STEPS {
            let t = step as f64 / STEPS as f64;
            let at = |k: usize| {
                let (m0, m1) = ((to[k] - before[k]) / 2.0, (after[k] - from[k]) / 2.0);
                let (t2, t3) = (t * t, t * t * t);
                from[k] * (2.0 * t3 - 3.0 * t2 + 1.0)
                    + m0 * (t3 - 2.0 * t2 + t)
                    + to[k] * (3.0 * t2 - 2.0 * t3)
                    + m1 * (t3 - t2)
            };
            curve.push([at(0), at(1)]);
        }
    }
    curve
}

/// Covers the pixels within `radius` of the line between `ends`; those at the edge partially.
fn segment(coverage: &mut [f64], size: usize, ends: [Point; 2], radius: f64) {
    let scale = size as f64;
    let [[ax, ay], [bx, by]] = ends.map(|point| point.map(|place| place * scale));
    // A line thinner than a pixel would fade.
    let radius = (radius * scale).max(0.5);
    let (dx, dy) = (bx - ax, by - ay);
    let squared = dx * dx + dy * dy;
    let range = |a: f64, b: f64| {
        let (low, high) = (a.min(b) - radius - 1.0, a.max(b) + radius + 1.0);
        (low.max(0.0) as usize).min(size)..(high.max(0.0).ceil() as usize).min(size)
    };
    for row in range(ay, by) {
        for column in range(ax, bx) {
            let (x, y) = (column as f64 + 0.5 - ax, row as f64 + 0.5 - ay);
            let along = if squared > 0.0 { ((x * dx + y * dy) / squared).clamp(0.0, 1.0) } else { 0.0 };
            let distance = libm::hypot(x - along * dx, y - along * dy);
            let covered = (radius + 0.5 - distance).clamp(0.0, 1.0);
            let pixel = &mut coverage[row * size + column];
            *pixel = f64::max(*pixel, covered);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(config: &Config, seed: u64) -> Vec<Vec<u8>> {
        match config.load(&SearchPath::default(), seed).unwrap().train.features.memory() {
            Some(Features::Bytes(pixels)) => {
                pixels.chunks(config.size * config.size).map(<[u8]>::to_vec).collect()
            }
            _ => panic!("digits are bytes"),
        }
    }

    #[test]
    fn an_image_depends_only_on_seed_and_index() {
        let few = Config { samples: 20, ..Config::default() };
        let many = Config { samples: 50, ..Config::default() };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let alone = pool.install(|| images(&few, 3));
        assert_eq!(alone, images(&many, 3)[..20]);
        assert_ne!(alone, images(&few, 4));
        assert_ne!(alone[0], alone[10], "two zeros look the same");
    }

    #[test]
    fn test_samples_differ_from_training_samples() {
        let splits = Config { samples: 10, test_samples: 10, ..Config::default() };
        let splits = splits.load(&SearchPath::default(), 0).unwrap();
        assert_ne!(splits.train.features, splits.test.unwrap().features);
    }

    #[test]
    fn digits_have_an_empty_margin_at_any_size() {
        for size in [8, 28, 100] {
            for distortion in [0.0, 0.6, 1.0] {
                for image in images(&Config { samples: 200, size, distortion, ..Config::default() }, 1) {
                    let share =
                        image.iter().filter(|pixel| **pixel > 127).count() as f64 / image.len() as f64;
                    assert!((0.02..0.5).contains(&share), "{share} at size {size}");
                    assert!(image[0] < 60 && image[image.len() - 1] < 60);
                }
            }
        }
    }

    /// A classifier that knows only the mean image of each class gets most digits right.
    #[test]
    fn classes_are_distinguishable() {
        let train = images(&Config { samples: 1000, ..Config::default() }, 1);
        let test = images(&Config { samples: 300, ..Config::default() }, 2);
        let mean = |digit: usize| -> Vec<f64> {
            let of_class: Vec<&Vec<u8>> = train.iter().skip(digit).step_by(10).collect();
            let sum = |pixel: usize| of_class.iter().map(|image| f64::from(image[pixel])).sum::<f64>();
            (0..784).map(|pixel| sum(pixel) / of_class.len() as f64).collect()
        };
        let means: Vec<Vec<f64>> = (0..10).map(mean).collect();
        let distance = |image: &[u8], mean: &[f64]| -> f64 {
            image.iter().zip(mean).map(|(pixel, mean)| (f64::from(*pixel) - mean).powi(2)).sum()
        };
        let right = test.iter().enumerate().filter(|(i, image)| {
            let best = (0..10)
                .min_by(|a, b| distance(image, &means[*a]).total_cmp(&distance(image, &means[*b])))
                .unwrap();
            best == i % 10
        });
        let right = right.count();
        assert!((150..295).contains(&right), "{right} of 300");
    }
}
