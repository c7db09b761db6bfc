//! Adds a computed result to candle's graph, with a custom gradient.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, CustomOp3, Layout, Result, Shape, Storage, Tensor};
use std::sync::Mutex;

/// The values of a result computed outside of candle's graph.
pub enum Output {
    /// New values on the CPU, in row-major order.
    Values(CpuStorage, Shape),
    /// A tensor on any device.
    Tensor(Tensor),
}

type Backward<const N: usize> =
    dyn Fn([&Tensor; N], &Tensor, &Tensor) -> Result<[Option<Tensor>; N]> + Send + Sync;

/// A tensor with the values of `output` that depends on `inputs` through `backward`.
///
/// `backward(inputs, output, gradient)` takes the gradient of the loss with respect to the output and
/// returns the gradient of each input, in the input's shape, or `None` where it is not needed. candle
/// accepts up to three inputs.
///
/// # Errors
/// If candle rejects the operation, for example for inputs on several devices.
pub fn record<const N: usize, F>(
    name: &'static str,
    inputs: [&Tensor; N],
    output: Output,
    backward: F,
) -> Result<Tensor>
where
    Recorded<N>: Apply<N>,
    F: Fn([&Tensor; N], &Tensor, &Tensor) -> Result<[Option<Tensor>; N]> + Send + Sync + 'static,
{
    let recorded = Recorded { name, output: Mutex::new(Some(output)), backward: Box::new(backward) };
    recorded.apply(inputs)
}

/// A result until candle asks for it, and its gradient.
pub struct Recorded<const N: usize> {
    name: &'static str,
    output: Mutex<Option<Output>>,
    backward: Box<Backward<N>>,
}

impl<const N: usize> Recorded<N> {
    fn take(&self) -> Result<Output> {
        let output = self.output.lock().ok().and_then(|mut output| output.take());
        output.ok_or_else(|| candle_core::Error::Msg(format!("{} was evaluated twice", self.name)))
    }

    fn cpu(&self) -> Result<(CpuStorage, Shape)> {
        match self.take()? {
            Output::Values(storage, shape) => Ok((storage, shape)),
            Output::Tensor(tensor) => {
                let tensor = tensor.contiguous()?;
                let (storage, layout) = tensor.storage_and_layout();
                match &*storage {
                    Storage::Cpu(storage) => Ok((slice(storage, layout), tensor.shape().clone())),
                    _ => candle_core::bail!("{}: the result is not on the CPU", self.name),
                }
            }
        }
    }

    #[cfg(feature = "cuda")]
    fn cuda(&self) -> Result<(candle_core::CudaStorage, Shape)> {
        use candle_core::backend::BackendStorage;
        match self.take()? {
            Output::Values(..) => candle_core::bail!("{}: the result is not on the GPU", self.name),
            Output::Tensor(tensor) => {
                // Copies exactly the tensor's own values: a view may share a larger storage.
                let tensor = tensor.force_contiguous()?;
                let (storage, layout) = tensor.storage_and_layout();
                match &*storage {
                    Storage::Cuda(storage) => Ok((storage.try_clone(layout)?, tensor.shape().clone())),
                    _ => candle_core::bail!("{}: the result is not on the GPU", self.name),
                }
            }
        }
    }
}

/// The values that a contiguous layout selects.
fn slice(storage: &CpuStorage, layout: &Layout) -> CpuStorage {
    let range = layout.start_offset()..layout.start_offset() + layout.shape().elem_count();
    match storage {
        CpuStorage::U8(values) => CpuStorage::U8(values[range].to_vec()),
        CpuStorage::U32(values) => CpuStorage::U32(values[range].to_vec()),
        CpuStorage::F32(values) => CpuStorage::F32(values[range].to_vec()),
        CpuStorage::F64(values) => CpuStorage::F64(values[range].to_vec()),
        other => other.clone(),
    }
}

/// Adds a recorded result with N inputs to the graph.
pub trait Apply<const N: usize> {
    /// The result as a tensor that depends on `inputs`.
    ///
    /// # Errors
    /// If candle rejects the operation.
    fn apply(self, inputs: [&Tensor; N]) -> Result<Tensor>;
}

macro_rules! custom_op {
    ($count:literal, $Op:ident, $apply:ident, ($first:ident $($rest:ident)*), ($($layouts:ident)+), ($($result:ident)+)) => {
        impl Apply<$count> for Recorded<$count> {
            fn apply(self, [$first, $($rest),*]: [&Tensor; $count]) -> Result<Tensor> {
                $first.$apply($($rest,)* self)
            }
        }

        impl $Op for Recorded<$count> {
            fn name(&self) -> &'static str {
                self.name
            }

            fn cpu_fwd(&self, $(_: &CpuStorage, $layouts: &Layout),+) -> Result<(CpuStorage, Shape)> {
                $(let _ = $layouts;)+
                self.cpu()
            }

            #[cfg(feature = "cuda")]
            fn cuda_fwd(
                &self,
                $(_: &candle_core::CudaStorage, $layouts: &Layout),+
            ) -> Result<(candle_core::CudaStorage, Shape)> {
                $(let _ = $layouts;)+
                self.cuda()
            }

            fn bwd(&self, $first: &Tensor, $($rest: &Tensor,)* output: &Tensor, gradient: &Tensor) -> Result<custom_op!(@result $($result)+)> {
                let [$($result),+] = (self.backward)([$first, $($rest),*], output, gradient)?;
                Ok(custom_op!(@tuple $($result)+))
            }
        }
    };
    (@result $one:ident) => { Option<Tensor> };
    (@result $one:ident $two:ident) => { (Option<Tensor>, Option<Tensor>) };
    (@result $one:ident $two:ident $three:ident) => { (Option<Tensor>, Option<Tensor>, Option<Tensor>) };
    (@tuple $one:ident) => { $one };
    (@tuple $($many:ident)+) => { ($($many),+) };
}

custom_op!(1, CustomOp1, apply_op1, (x), (a), (dx));
custom_op!(2, CustomOp2, apply_op2, (x y), (a b), (dx dy));
custom_op!(3, CustomOp3, apply_op3, (x y z), (a b c), (dx dy dz));
