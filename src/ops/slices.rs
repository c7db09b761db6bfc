//! Mutable slices of the values of variables and tensors on the CPU.
//!
//! candle gives mutable access to a tensor's values only inside an in-place operation. Nesting one such
//! operation per variable gives access to all of them at once, in safe code: each operation locks a
//! different storage.

use std::any::Any;
use std::borrow::Borrow;
use std::cell::Cell;
use std::ops::Range;

use candle_core::{
    CpuStorage, DType, InplaceOp1, Layout, Result, Storage, StorageRef, Tensor, Var, WithDType,
};

/// The values of several variables, lent repeatedly as slices; allocates only the first time.
pub struct Slices<T: 'static> {
    variables: Vec<Place>,
    /// Empty between loans; keeps the allocation of the list of slices.
    list: Vec<&'static mut [T]>,
}

/// The location of a variable's values.
struct Place {
    /// Its first value. For a tensor updated in place, candle sorts a list of the sizes above 1 to check
    /// for overlapping elements; for a single element that list is empty.
    first: Tensor,
    /// All its values, within the storage shared with the first.
    range: Range<usize>,
}

impl<T: WithDType> Slices<T> {
    /// The values of `variables`, in row-major order.
    ///
    /// # Errors
    /// If one is not contiguous, not on the CPU, or not of type `T`, or if two share their values.
    pub fn new<V: Borrow<Var>>(variables: &[V]) -> Result<Self> {
        // Locking one storage twice would deadlock.
        let storages: Vec<*const Storage> = variables.iter().map(|var| address(var.borrow())).collect();
        if (0..storages.len()).any(|i| storages[..i].contains(&storages[i])) {
            candle_core::bail!("two of the variables share their values");
        }
        let variables = variables.iter().map(|var| Place::of::<T>(var.borrow())).collect::<Result<_>>()?;
        Ok(Self { variables, list: Vec::new() })
    }

    /// Calls `f` with the values, which it may change. Within `f` the variables must not be used through
    /// candle, which would deadlock.
    ///
    /// # Errors
    /// The error of `f`.
    pub fn lend(&mut self, f: impl FnOnce(&mut [&mut [T]]) -> Result<()>) -> Result<()> {
        let Self { variables, list } = self;
        let slices = emptied(std::mem::take(list));
        let mut f = Some(f);
        nest(variables, slices, &mut |mut slices| {
            let result = f.take().map_or(Ok(()), |f| f(&mut slices));
            *list = emptied(slices);
            result
        })
    }
}

impl Place {
    fn of<T: WithDType>(var: &Var) -> Result<Self> {
        let (start, end) = {
            let (storage, layout) = var.storage_and_layout();
            values::<T>(&storage, layout)?;
            range(layout)?
        };
        let flat = var.as_detached_tensor().flatten_all()?;
        Ok(Self { first: flat.narrow(0, 0, flat.elem_count().min(1))?, range: start..end })
    }
}

/// An empty list that reuses the allocation of `slices`, with a shorter lifetime. (The standard library
/// collects in place if the elements have the same size.)
fn emptied<'a, T>(mut slices: Vec<&mut [T]>) -> Vec<&'a mut [T]> {
    slices.clear();
    slices.into_iter().map(|_| Default::default()).collect()
}

/// Calls `f` with the values of `vars`, mutable, and of `inputs`, in row-major order: [`Slices::lend`] for
/// a single use.
///
/// # Errors
/// As [`Slices::new`], also for the inputs (`f` is then not called), or the error of `f`.
pub fn with_slices<T: WithDType, V: Borrow<Var>>(
    vars: &[V],
    inputs: &[&Tensor],
    f: impl FnOnce(&mut [&mut [T]], &[&[T]]) -> Result<()>,
) -> Result<()> {
    let shared = |input: &Tensor| vars.iter().any(|var| address(var.borrow()) == address(input));
    if inputs.iter().any(|input| shared(input)) {
        candle_core::bail!("an input shares its values with a variable to update");
    }
    let mut slices = Slices::new(vars)?;
    let guards: Vec<(StorageRef<'_>, &Layout)> =
        inputs.iter().map(|input| input.storage_and_layout()).collect();
    let inputs =
        guards.iter().map(|(storage, layout)| values(storage, layout)).collect::<Result<Vec<_>>>()?;
    slices.lend(|slices| f(slices, &inputs))
}

/// The values of a contiguous tensor on the CPU.
///
/// # Errors
/// If it is elsewhere, not contiguous, or not of type `T`.
pub fn values<'a, T: WithDType>(storage: &'a Storage, layout: &Layout) -> Result<&'a [T]> {
    let Storage::Cpu(storage) = storage else {
        candle_core::bail!("the tensor is not on the CPU");
    };
    let (start, end) = range(layout)?;
    Ok(&T::cpu_storage_as_slice(storage)?[start..end])
}

/// The storage of a tensor, to detect whether two tensors share it.
fn address(tensor: &Tensor) -> *const Storage {
    std::ptr::from_ref(&*tensor.storage_and_layout().0)
}

fn range(layout: &Layout) -> Result<(usize, usize)> {
    match layout.contiguous_offsets() {
        Some(range) => Ok(range),
        None => candle_core::bail!("the tensor is not contiguous"),
    }
}

/// The function to call with all slices; it receives their list to keep its allocation.
type Body<'a, T> = dyn for<'s> FnMut(Vec<&'s mut [T]>) -> Result<()> + 'a;

/// Adds the slices of `variables` to `slices`, then calls `body`.
fn nest<T: WithDType>(variables: &[Place], slices: Vec<&mut [T]>, body: &mut Body<'_, T>) -> Result<()> {
    match variables {
        [] => body(slices),
        [own, rest @ ..] => {
            own.first.inplace_op1(&Nested { own, rest, state: Cell::new(Some((slices, body))) })
        }
    }
}

/// The slices so far, and the function to call with all of them.
type State<'a, T> = (Vec<&'a mut [T]>, &'a mut Body<'a, T>);

/// Adds the slice of one variable.
struct Nested<'a, T> {
    own: &'a Place,
    rest: &'a [Place],
    state: Cell<Option<State<'a, T>>>,
}

impl<T: WithDType> InplaceOp1 for Nested<'_, T> {
    fn name(&self) -> &'static str {
        "slices"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, _first: &Layout) -> Result<()> {
        let Some((mut slices, body)) = self.state.take() else {
            candle_core::bail!("slices were lent twice at once");
        };
        slices.push(&mut vector(storage)?[self.own.range.clone()]);
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
        _ => candle_core::bail!("values of type {found:?} cannot be updated in place"),
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
    fn an_inner_error_is_returned_and_the_variables_stay_usable() -> Result<()> {
        let a = var(&[1.])?;
        let result = with_slices::<f32, _>(&[&a], &[], |_, _| candle_core::bail!("no"));
        assert!(result.is_err());
        assert_eq!(a.to_vec1::<f32>()?, [1.]);
        Ok(())
    }
}
