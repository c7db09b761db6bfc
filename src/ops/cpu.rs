//! Conversions between tensors and the slices that kernels take.

use candle_core::{DType, Device, Layout, Result, Shape, StorageRef, Tensor, WithDType};

use super::record::Output;
use super::slices;
use taper_kernels::plain::Real;

/// The type in which a kernel can compute these tensors; `None` if the reference must be used.
pub(super) fn kernel_type(tensors: &[&Tensor]) -> Option<DType> {
    let dtype = tensors.first()?.dtype();
    let same = tensors.iter().all(|tensor| tensor.device().is_cpu() && tensor.dtype() == dtype);
    (same && matches!(dtype, DType::F32 | DType::F64)).then_some(dtype)
}

/// Read access to the values of a tensor.
pub(super) struct Values<'a>(StorageRef<'a>, &'a Layout);

impl<'a> Values<'a> {
    /// Locks the values of a contiguous tensor on the CPU.
    pub(super) fn of(tensor: &'a Tensor) -> Self {
        let (storage, layout) = tensor.storage_and_layout();
        Self(storage, layout)
    }

    /// The values in row-major order.
    pub(super) fn slice<T: Real + WithDType>(&self) -> Result<&[T]> {
        slices::values(&self.0, self.1)
    }
}

/// The result of a kernel, for [`record`](super::record()).
pub(super) fn output<T: Real + WithDType>(values: Vec<T>, shape: impl Into<Shape>) -> Output {
    Output::Values(T::to_cpu_storage_owned(values), shape.into())
}

/// The result of a kernel as a tensor in the shape of another.
pub(super) fn like<T: Real + WithDType>(values: Vec<T>, tensor: &Tensor) -> Result<Tensor> {
    Tensor::from_vec(values, tensor.shape(), &Device::Cpu)
}
