//! Tensor operations with gradients that agree with PyTorch and Keras.
//!
//! candle's own max-pool gradient, relu'(0) and several fused operations are wrong or cut the graph (see
//! `clippy.toml`), and its convolution computes input gradients that are not needed. Each operation here
//! has a reference made of plain tensor operations, which runs on every device, and where it pays off a CPU
//! kernel, which is tested against the reference.
//!
//! ```
//! use taper::candle_core::{Device, Result, Var};
//!
//! # fn main() -> Result<()> {
//! let x = Var::new(&[-1_f32, 0.0, 2.0], &Device::Cpu)?;
//! let gradients = taper::ops::relu(&x)?.sum_all()?.backward()?;
//! let dx = gradients.get(&x).expect("x was used");
//! assert_eq!(dx.to_vec1::<f32>()?, [0.0, 0.0, 1.0]);
//! # Ok(())
//! # }
//! ```

mod activation;
mod avg_pool2d;
mod batch_norm;
mod conv2d;
mod cpu;
mod dense;
mod dropout;
mod finite;
pub mod gaussian_noise;
#[cfg(test)]
pub(crate) mod gradient_check;
mod layer_norm;
mod max_pool2d;
#[cfg(test)]
mod parity;
mod record;
mod relu;
pub(crate) mod slices;
mod window;

pub use activation::Activation;
pub use avg_pool2d::avg_pool2d;
pub use batch_norm::batch_norm;
pub use conv2d::conv2d;
pub use dense::dense;
pub use dropout::{Unit, dropout};
pub(crate) use finite::all_finite;
pub use gaussian_noise::gaussian_noise;
pub use layer_norm::layer_norm;
pub use max_pool2d::max_pool2d;
pub(crate) use record::{Output, record};
pub use relu::relu;
