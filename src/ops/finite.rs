//! Checks whether values are finite, on any device.

use candle_core::{DType, Result, Tensor};

/// Whether all values of all `tensors`, which have one type and are on one device, are finite. Synchronizes
/// with the device once, regardless of the number of tensors.
///
/// # Errors
/// If candle returns an error.
pub fn all_finite<'a>(tensors: impl IntoIterator<Item = &'a Tensor>) -> Result<bool> {
    // 0 times a finite value is 0; 0 times any other value is NaN, which stays in every later sum. The sum
    // of the values themselves would not do: sums of large values overflow.
    let zeros = tensors.into_iter().map(|tensor| (tensor.detach() * 0.0)?.sum_all());
    let zeros = zeros.collect::<Result<Vec<_>>>()?;
    if zeros.is_empty() {
        return Ok(true);
    }
    let sum = Tensor::stack(&zeros, 0)?.sum_all()?.to_dtype(DType::F64)?.to_scalar::<f64>()?;
    Ok(!sum.is_nan())
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn a_non_finite_value_is_found_among_many() -> Result<()> {
        for dtype in [DType::F32, DType::F64] {
            let large = Tensor::full(f32::MAX, (3, 5), &Device::Cpu)?.to_dtype(dtype)?;
            assert!(all_finite([&large, &large.neg()?])?, "{dtype:?}: large is not infinite");
            for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let mut values = [1.0; 40];
                values[33] = bad;
                let tensor = Tensor::new(&values, &Device::Cpu)?.to_dtype(dtype)?;
                assert!(!all_finite([&large, &tensor, &large])?, "{dtype:?}: {bad}");
            }
        }
        Ok(())
    }

    #[test]
    fn an_empty_list_of_values_is_finite() -> Result<()> {
        assert!(all_finite([])?);
        all_finite([&Tensor::zeros((0, 3), DType::F32, &Device::Cpu)?]).map(|finite| assert!(finite))
    }
}
