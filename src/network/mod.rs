//! A network as plain data: its operations with their shapes and parameters.
//!
//! Each layer describes itself as [nodes](Node). The graph engine interprets these one by one; the fused
//! engine compiles them into stages.
//!
//! ```
//! use taper::network::{Id, Net, Operation};
//! use taper::ops::Activation;
//!
//! let mut net = Net::new([4].into());
//! net.layer(("layers", 0, "activation"), |net| {
//!     net.add(Operation::Activation(Activation::Relu), &[Id::INPUT], Vec::new())
//! })?;
//! let plan = net.finish();
//! assert_eq!((plan.nodes.len(), plan.output()), (1, &[4].into()));
//! # Ok::<(), String>(())
//! ```

mod custom;
mod mode;
mod net;
mod node;
mod operation;
mod parameters;
mod plan;
mod spec;

pub use custom::{Custom, CustomLayer};
pub use mode::Mode;
pub use net::Net;
pub use node::{Id, Node};
pub use operation::Operation;
pub use parameters::{Parameter, Parameters};
pub use plan::{Plan, Row};
pub use spec::ParameterSpec;

/// The maximum number of parameters of a network: 16 GiB of `f32` with Adam's moments.
pub const MAX_PARAMETERS: u64 = 1 << 30;
