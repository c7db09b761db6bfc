//! Tensor operations with gradients that agree with PyTorch and Keras.
//!
//! candle's own max-pool gradient, relu'(0) and several fused operations are wrong or cut the graph
//! (see `clippy.toml`), and its convolution computes an input gradient that nobody needs. Each
//! operation here has a reference made of plain tensor operations, which runs on every device, and
//! where it pays a CPU kernel; tests hold the two together.

mod record;

pub use record::{Output, record};
