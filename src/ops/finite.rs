//! Whether values are finite, on any device.

use candle_core::{DType, Result, Tensor};

/// Whether all values of all `tensors`, which are of one type and on one device, are finite. However
/// many there are, the device is waited for once.
///
/// # Errors
/// If the tensor library refuses.
pub fn all_finite<'a>(tensors: impl IntoIterator<Item = &'a Tensor>) -> Result<bool> {
    // 0 times a finite value is 0, and 0 times any other is NaN, which no sum takes away. The values'
    // own sum would not do: that of large ones overflows.
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
    fn one_value_that_is_not_finite_is_found_among_many() -> Result<()> {
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
    fn nothing_is_finite() -> Result<()> {
        assert!(all_finite([])?);
        all_finite([&Tensor::zeros((0, 3), DType::F32, &Device::Cpu)?]).map(|finite| assert!(finite))
    }
}
