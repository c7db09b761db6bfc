//! Shapes of samples, without the batch.
//!
//! ```
//! let image = taper::shape::Shape::from([3, 32, 32]);
//! assert_eq!((image.elements(), image.to_string()), (Some(3072), "3 x 32 x 32".to_owned()));
//! ```

/// The size of one sample along each dimension: `[features]` or `[channels, height, width]`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Shape(pub Vec<usize>);

impl Shape {
    /// The number of values in one sample, or `None` if it exceeds `usize`.
    #[must_use]
    pub fn elements(&self) -> Option<usize> {
        self.0.iter().try_fold(1_usize, |product, &size| product.checked_mul(size))
    }

    /// Channels, height and width, if this is the shape of an image.
    #[must_use]
    pub fn image(&self) -> Option<[usize; 3]> {
        <[usize; 3]>::try_from(self.0.as_slice()).ok()
    }

    /// The shape of a batch of `samples`, for tensors.
    #[must_use]
    pub fn batch(&self, samples: usize) -> Vec<usize> {
        std::iter::once(samples).chain(self.0.iter().copied()).collect()
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(sizes: [usize; N]) -> Self {
        Self(sizes.to_vec())
    }
}

/// Formatted as in `32 x 13 x 13`.
impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (i, size) in self.0.iter().enumerate() {
            write!(f, "{}{size}", if i == 0 { "" } else { " x " })?;
        }
        Ok(())
    }
}
