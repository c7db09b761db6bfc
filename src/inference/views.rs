//! Test-time augmentation: predictions averaged over several views of each image.

use std::str::FromStr;

use crate::augment::{Border, Config, Image};
use crate::data::{Features, Samples};
use crate::engine::Predictor;
use crate::error::{Error, Result};
use crate::network::Parameters;
use crate::shape::Shape;

/// The greatest distance of a shift, in pixels.
const MOST: u32 = 1000;

/// The views of each image: as it is, moved by whole pixels, and each of these reflected. Beyond the border, pixels repeat those at
/// the edge.
///
/// ```
/// use taper::run::Views;
///
/// let views: Views = "flip,shift=1".parse()?;
/// assert_eq!(views.count(), 10); // five places, reflected and not
/// # Ok::<(), taper::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Views {
    /// Whether left and right are exchanged in half of the views.
    flip: bool,
    /// The distance by which images are moved to the left, to the right, up and down, if at all.
    shift: Option<u32>,
}

impl Views {
    /// The number of views of an image.
    #[must_use]
    pub fn count(&self) -> usize {
        self.places().count() * if self.flip { 2 } else { 1 }
    }

    /// The distances to the right and down.
    fn places(&self) -> impl Iterator<Item = [f64; 2]> + use<> {
        let around = self.shift.map(f64::from).map(|d| [[-d, 0.0], [d, 0.0], [0.0, -d], [0.0, d]]);
        std::iter::once([0.0, 0.0]).chain(around.into_iter().flatten())
    }

    /// All views, the image as it is first: whether it is reflected, and how far it is moved then.
    fn all(&self) -> impl Iterator<Item = (bool, [f64; 2])> + use<> {
        let reflections = if self.flip { &[false, true][..] } else { &[false] };
        let places = self.places().collect::<Vec<_>>();
        reflections.iter().flat_map(move |flip| places.clone().into_iter().map(|place| (*flip, place)))
    }
}

impl FromStr for Views {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut views = Self { flip: false, shift: None };
        for part in text.split(',').map(str::trim) {
            match part.split_once('=') {
                None if part == "flip" => views.flip = true,
                Some(("shift", pixels)) => {
                    let pixels = pixels.parse().ok().filter(|pixels| (1..=MOST).contains(pixels));
                    views.shift = Some(pixels.ok_or_else(|| {
                        Error::Usage(format!("`{part}`: must be a number of pixels from 1 to {MOST}"))
                    })?);
                }
                _ => {
                    let message = format!("`{part}` is not a view; use `flip`, `shift=1` or `flip,shift=1`");
                    return Err(Error::Usage(message));
                }
            }
        }
        Ok(views)
    }
}

/// A predictor whose logits are the means over the views of each image.
pub struct Viewed {
    inner: Box<dyn Predictor>,
    views: Views,
    image: Image,
    /// The views of a batch, one image after the other.
    features: Features,
    indices: Vec<usize>,
    logits: Vec<f32>,
}

impl Viewed {
    /// Means of the predictions of `inner` for samples of `shape`.
    ///
    /// # Errors
    /// [`Error::Usage`] if these are no images.
    pub fn new(inner: Box<dyn Predictor>, views: Views, shape: &Shape) -> Result<Self> {
        if shape.image().is_none() {
            return Err(Error::Usage(format!("--tta needs images, but a sample has shape {shape}")));
        }
        let config = Config { operations: Vec::new(), border: Border::Edge, fill: 0.0, until: 1.0 };
        let features = Features::Floats(Vec::new());
        let image = Image::new(shape, &config);
        Ok(Self { inner, views, image, features, indices: Vec::new(), logits: Vec::new() })
    }

    /// Makes one view of all samples.
    fn look(&mut self, samples: &Samples<'_>, flip: bool, [right, down]: [f64; 2]) {
        let Features::Floats(values) = &mut self.features else { return };
        values.clear();
        for index in samples.indices {
            self.image.load(samples.features, *index);
            if flip {
                let last = self.image.size()[1] as f64 - 1.0;
                self.image.transform([[-1.0, 0.0, last], [0.0, 1.0, 0.0]]);
            }
            self.image.transform([[1.0, 0.0, -right], [0.0, 1.0, -down]]);
            values.extend_from_slice(self.image.values());
        }
        self.indices.clear();
        self.indices.extend(0..samples.len());
    }
}

impl Predictor for Viewed {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn logits(&mut self, samples: &Samples<'_>) -> Result<&[f32]> {
        let share = 1.0 / self.views.count() as f32;
        self.logits.clear();
        for (i, (flip, place)) in self.views.all().enumerate() {
            self.look(samples, flip, place);
            let (features, indices) = (&self.features, &self.indices[..]);
            let logits = self.inner.logits(&Samples { features, indices, ..*samples })?;
            if i == 0 {
                self.logits.extend(logits.iter().map(|logit| logit * share));
            } else {
                self.logits.iter_mut().zip(logits).for_each(|(sum, logit)| *sum += logit * share);
            }
        }
        Ok(&self.logits)
    }

    fn parameters(&self) -> &Parameters {
        self.inner.parameters()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Scaling;

    /// Its logit is the value of the first pixel.
    struct First(Vec<f32>, Parameters);

    impl Predictor for First {
        fn name(&self) -> &'static str {
            "first"
        }

        fn logits(&mut self, samples: &Samples<'_>) -> Result<&[f32]> {
            let size = samples.shape.elements().unwrap_or(1);
            let value = |index: &usize| match samples.features {
                Features::Bytes(bytes) => f32::from(bytes[index * size]),
                Features::Floats(floats) => floats[index * size],
            };
            self.0 = samples.indices.iter().map(value).collect();
            Ok(&self.0)
        }

        fn parameters(&self) -> &Parameters {
            &self.1
        }
    }

    #[test]
    fn logits_are_the_means_over_all_views() -> Result<()> {
        let features = Features::Bytes(vec![9, 9, 9, 9, 9, 9, 10, 20, 40, 70, 0, 5]);
        let (shape, scaling) = (Shape::from([1, 2, 3]), Scaling::new(&features, None));
        let samples = Samples { features: &features, shape: &shape, indices: &[1, 0], scaling: &scaling };
        // The first pixel of the image as it is, and moved to the left, to the right, up and down.
        let (plain, reflected) = ([10.0, 20.0, 10.0, 70.0, 10.0], [40.0, 20.0, 40.0, 5.0, 40.0]);
        for (views, expected) in [
            ("flip", f32::midpoint(plain[0], reflected[0])),
            ("shift=1", plain.iter().sum::<f32>() / 5.0),
            ("flip,shift=1", plain.iter().chain(&reflected).sum::<f32>() / 10.0),
        ] {
            let first = Box::new(First(Vec::new(), Parameters::default()));
            let mut viewed = Viewed::new(first, views.parse()?, &shape)?;
            let found = viewed.logits(&samples)?;
            assert!(
                (found[0] - expected).abs() < 1e-5 && (found[1] - 9.0).abs() < 1e-5,
                "{views}: {found:?}"
            );
        }
        Ok(())
    }

    #[test]
    fn samples_that_are_no_images_have_no_views() {
        let first = Box::new(First(Vec::new(), Parameters::default()));
        let views = Views { flip: true, shift: None };
        assert!(Viewed::new(first, views, &Shape::from([5])).is_err());
    }

    #[test]
    fn views_are_read_from_text() {
        let views = |text: &str| text.parse::<Views>();
        assert_eq!(views("flip").unwrap().count(), 2);
        assert_eq!(views("shift=2").unwrap().count(), 5);
        assert_eq!(views("flip, shift=1").unwrap(), views("shift=1,flip").unwrap());
        for (wrong, expected) in [
            ("", "``"),
            ("mirror", "`mirror`"),
            ("shift", "`shift`"),
            ("shift=0", "from 1"),
            ("flip=1", "`flip=1`"),
        ] {
            let message = views(wrong).unwrap_err().to_string();
            assert!(message.contains(expected), "{wrong}: {message}");
        }
    }
}
