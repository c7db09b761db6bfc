//! Plain slices of the values of variables and tensors on the CPU.
//!
//! candle gives mutable access to a tensor's values only inside an in-place operation. Nesting one
//! such operation for each variable gives all of them at once, in safe code: each takes the lock of
//! another storage.

use std::any::Any;
use std::borrow::Borrow;
use std::cell::Cell;

use candle_core::{
    CpuStorage, DType, InplaceOp1, Layout, Result, Storage, StorageRef, Tensor, Var, WithDType,
};

/// Calls `f` with the values of `vars`, mutable, and of `inputs`, in row-major order.
///
/// All must be contiguous, on the CPU and of type `T`; no variable may share its storage with
/// another one or with an input. Within `f` the same tensors must not be used through candle, which
/// would wait for their locks forever.
///
/// # Errors
/// If one of the above does not hold (`f` is not called then), or what `f` returns.
pub fn with_slices<T: WithDType, V: Borrow<Var>>(
    vars: &[V],
    inputs: &[&Tensor],
    f: impl FnOnce(&mut [&mut [T]], &[&[T]]) -> Result<()>,
) -> Result<()> {
    // Taking the lock of one storage twice would wait forever.
    let storages: Vec<*const Storage> = vars.iter().map(|var| address(var.borrow())).collect();
    let shared = |i: usize| storages[..i].contains(&storages[i]);
    if (0..storages.len()).any(shared) || inputs.iter().any(|input| storages.contains(&address(input))) {
        candle_core::bail!("two of the tensors share their values, of which one is to be changed");
    }
    let guards: Vec<(StorageRef<'_>, &Layout)> =
        inputs.iter().map(|input| input.storage_and_layout()).collect();
    let inputs =
        guards.iter().map(|(storage, layout)| values(storage, layout)).collect::<Result<Vec<_>>>()?;
    nest(vars, Vec::with_capacity(vars.len()), Box::new(move |slices| f(slices, &inputs)))
}

/// The values of a contiguous tensor on the CPU.
///
/// # Errors
/// If it is elsewhere, has gaps, or is of another type than `T`.
pub fn values<'a, T: WithDType>(storage: &'a Storage, layout: &Layout) -> Result<&'a [T]> {
    let Storage::Cpu(storage) = storage else {
        candle_core::bail!("the tensor is not on the CPU");
    };
    let (start, end) = range(layout)?;
    Ok(&T::cpu_storage_as_slice(storage)?[start..end])
}

/// Where a tensor's values are, to tell whether two tensors share them.
fn address(tensor: &Tensor) -> *const Storage {
    std::ptr::from_ref(&*tensor.storage_and_layout().0)
}

fn range(layout: &Layout) -> Result<(usize, usize)> {
    match layout.contiguous_offsets() {
        Some(range) => Ok(range),
        None => candle_core::bail!("the tensor is not contiguous"),
    }
}

type Body<'a, T> = Box<dyn FnOnce(&mut [&mut [T]]) -> Result<()> + 'a>;

/// Adds the slices of `vars` to `slices`, then calls `body`.
fn nest<T: WithDType, V: Borrow<Var>>(
    vars: &[V],
    mut slices: Vec<&mut [T]>,
    body: Body<'_, T>,
) -> Result<()> {
    match vars {
        [] => body(&mut slices),
        [first, rest @ ..] => {
            first.borrow().inplace_op1(&Nested { rest, state: Cell::new(Some((slices, body))) })
        }
    }
}

/// The slices so far, and what is to be done with all of them.
type State<'a, T> = (Vec<&'a mut [T]>, Body<'a, T>);

/// Waits for the slice of one variable.
struct Nested<'a, T, V> {
    rest: &'a [V],
    state: Cell<Option<State<'a, T>>>,
}

impl<T: WithDType, V: Borrow<Var>> InplaceOp1 for Nested<'_, T, V> {
    fn name(&self) -> &'static str {
        "with_slices"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let (start, end) = range(layout)?;
        let Some((mut slices, body)) = self.state.take() else {
            candle_core::bail!("with_slices was evaluated twice");
        };
        slices.push(&mut vector(storage)?[start..end]);
        nest(self.rest, slices, body)
    }
}

fn vector<T: WithDType>(storage: &mut CpuStorage) -> Result<&mut Vec<T>> {
    let found = candle_core::backend::BackendStorage::dtype(storage);
    let values: &mut dyn Any = match storage {
        CpuStorage::U8(values) => values,
        CpuStorage::U32(values) => values,
        CpuStorage::F32(values) => values,
        CpuStorage::F64(values) => values,
        _ => candle_core::bail!("values of type {found:?} cannot be changed in place"),
    };
    let wanted: DType = T::DTYPE;
    values
        .downcast_mut()
        .ok_or_else(|| candle_core::Error::Msg(format!("the variable holds {found:?}, not {wanted:?}")))
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    fn var(values: &[f32]) -> Result<Var> {
        Var::new(values, &Device::Cpu)
    }

    #[test]
    fn changes_several_variables_at_once() -> Result<()> {
        let (a, b, c) = (var(&[1., 2.])?, var(&[10., 20., 30.])?, var(&[7.])?);
        let input = Tensor::new(&[0_f32, 5., 6.], &Device::Cpu)?.narrow(0, 1, 2)?;
        with_slices::<f32, _>(&[&a, &b, &c], &[&input, &input], |vars, inputs| {
            assert_eq!(inputs, [&[5_f32, 6.][..], &[5., 6.]]);
            vars[0][1] = vars[1][2] + inputs[0][0];
            vars[2][0] = -1.;
            Ok(())
        })?;
        assert_eq!(a.to_vec1::<f32>()?, [1., 35.]);
        assert_eq!(b.to_vec1::<f32>()?, [10., 20., 30.]);
        assert_eq!(c.to_vec1::<f32>()?, [-1.]);
        Ok(())
    }

    #[test]
    fn refuses_shared_strided_and_wrongly_typed_tensors() -> Result<()> {
        let a = var(&[1., 2., 3., 4.])?;
        let run = |vars: &[&Var], inputs: &[&Tensor]| {
            with_slices::<f32, _>(vars, inputs, |_, _| panic!("must not be called"))
                .map_err(|error| error.to_string())
        };
        assert!(run(&[&a, &a], &[]).is_err_and(|error| error.contains("share")));
        assert!(run(&[&a], &[&a.as_detached_tensor()]).is_err_and(|error| error.contains("share")));
        let strided = Tensor::new(&[[1_f32, 2.], [3., 4.]], &Device::Cpu)?.t()?;
        assert!(run(&[&a], &[&strided]).is_err_and(|error| error.contains("contiguous")));
        let double = Var::new(&[1_f64], &Device::Cpu)?;
        assert!(run(&[&a, &double], &[]).is_err_and(|error| error.contains("F64")));
        assert!(run(&[&a], &[&double]).is_err());
        Ok(())
    }

    #[test]
    fn an_error_inside_comes_out_and_leaves_the_variables_usable() -> Result<()> {
        let a = var(&[1.])?;
        let result = with_slices::<f32, _>(&[&a], &[], |_, _| candle_core::bail!("no"));
        assert!(result.is_err());
        assert_eq!(a.to_vec1::<f32>()?, [1.]);
        Ok(())
    }
}
