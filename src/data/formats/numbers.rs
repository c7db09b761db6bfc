//! Numbers as decoded from a file.

/// Numbers as decoded from a file or a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// The size along each dimension.
    pub shape: Vec<usize>,
    /// Whether the first dimension is known to be the number of samples.
    pub counted: bool,
    /// All values, in row-major order.
    pub values: Vec<f32>,
    /// Whether all were written as integers, as pixels are.
    pub whole: bool,
}
