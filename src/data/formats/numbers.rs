//! Numbers as a file has them.

/// Numbers as a file or a request has them.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    /// The size along each dimension.
    pub shape: Vec<usize>,
    /// Whether the first dimension certainly counts the samples.
    pub counted: bool,
    /// All values, in row-major order.
    pub values: Vec<f32>,
    /// Whether all were written as integers, which pixels are.
    pub whole: bool,
}
