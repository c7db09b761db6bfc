//! Kernels that compute several operations in one pass over memory, in `f32`, in their own layouts.

pub mod channels_last;
pub mod fully_connected;
pub mod load;
