//! Converts named tensors to safetensors bytes, and restores variables from them, all or nothing.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use candle_core::{DType, Device, Tensor, Var};
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};

use super::header;
use crate::error::{Error, Result};

/// The only metadata key: a map of several has no fixed order in the file, but equal runs must give equal
/// bytes.
const METADATA: &str = "taper";

/// Encodes `tensors` as a safetensors file with `metadata`, after `step` steps.
///
/// # Errors
/// [`Error::NotFinite`] if a value is not finite: such weights must never replace good ones.
pub fn to_bytes(tensors: &[(String, Tensor)], step: u64, metadata: &str) -> Result<Vec<u8>> {
    let mut blobs = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let values: Vec<f32> = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
        if let Some(value) = values.iter().find(|value| !value.is_finite()) {
            return Err(Error::NotFinite { name: name.clone(), value: f64::from(*value), step });
        }
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        blobs.push((name.as_str(), tensor.dims().to_vec(), bytes));
    }
    let broken = |error: safetensors::SafeTensorError| Error::checkpoint("checkpoint", error.to_string());
    let views: Vec<(&str, TensorView<'_>)> = blobs
        .iter()
        .map(|(name, shape, bytes)| Ok((*name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<_, _>>()
        .map_err(broken)?;
    let metadata = HashMap::from([(METADATA.to_owned(), metadata.to_owned())]);
    serialize(views, Some(metadata)).map_err(broken)
}

/// The metadata written by [`to_bytes`]. `place` is used in errors only.
///
/// # Errors
/// [`Error::Checkpoint`] if the bytes are not a safetensors file written by taper.
pub fn metadata(bytes: &[u8], place: &Path) -> Result<String> {
    header::check(bytes, place)?;
    let (_, header) = SafeTensors::read_metadata(bytes)
        .map_err(|error| Error::checkpoint(place, format!("not a safetensors file: {error}")))?;
    header
        .metadata()
        .as_ref()
        .and_then(|map| map.get(METADATA))
        .cloned()
        .ok_or_else(|| Error::checkpoint(place, "was not written by taper: it contains no config"))
}

/// Sets `variables` (by name) from the content of a file: all of them, or none on an error.
///
/// # Errors
/// [`Error::Checkpoint`] if a tensor is missing, unexpected, of a different shape or not finite.
pub fn restore(variables: &[(String, Var)], bytes: &[u8], place: &Path) -> Result<()> {
    header::check(bytes, place)?;
    let file = SafeTensors::deserialize(bytes)
        .map_err(|error| Error::checkpoint(place, format!("not a safetensors file: {error}")))?;
    let own: HashSet<&str> = variables.iter().map(|(name, _)| name.as_str()).collect();
    // The first by name, because the library's order is random.
    if let Some(name) = file.names().into_iter().filter(|name| !own.contains(name)).min() {
        return Err(Error::checkpoint(place, format!("holds `{name}`, which this network does not have")));
    }
    let mut values = Vec::with_capacity(variables.len());
    for (name, variable) in variables {
        let view = file
            .tensor(name)
            .map_err(|_| Error::checkpoint(place, format!("lacks `{name}`, which this network needs")))?;
        values.push(read(name, variable, &view, place)?);
    }
    for ((_, variable), tensor) in variables.iter().zip(values) {
        variable.set(&tensor)?;
    }
    Ok(())
}

fn read(name: &str, variable: &Var, view: &TensorView<'_>, place: &Path) -> Result<Tensor> {
    if view.shape() != variable.dims() || view.dtype() != Dtype::F32 {
        return Err(Error::checkpoint(
            place,
            format!(
                "`{name}` is {:?} {:?}, but this network needs F32 {:?}",
                view.dtype(),
                view.shape(),
                variable.dims()
            ),
        ));
    }
    let (chunks, _) = view.data().as_chunks::<4>();
    let values: Vec<f32> = chunks.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    if values.iter().any(|value| !value.is_finite()) {
        return Err(Error::checkpoint(place, format!("`{name}` holds values that are not finite")));
    }
    let tensor = Tensor::from_vec(values, view.shape(), &Device::Cpu)?;
    Ok(tensor.to_dtype(variable.dtype())?.to_device(variable.device())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Vec<(String, Var)> {
        let tensor = Tensor::new(&[[1.5_f32, -2.0], [0.0, 3.0]], &Device::Cpu).unwrap();
        vec![("layers.0.weight".to_owned(), Var::from_tensor(&tensor).unwrap())]
    }

    fn saved() -> Vec<u8> {
        let tensors: Vec<_> =
            variables().into_iter().map(|(name, v)| (name, v.as_detached_tensor())).collect();
        to_bytes(&tensors, 1, "{}").unwrap()
    }

    #[test]
    fn a_saved_tensor_is_restored_unchanged() {
        let place = Path::new("model.safetensors");
        let own = variables();
        own[0].1.set(&own[0].1.zeros_like().unwrap()).unwrap();
        restore(&own, &saved(), place).unwrap();
        assert_eq!(own[0].1.to_vec2::<f32>().unwrap(), [[1.5, -2.0], [0.0, 3.0]]);
        assert_eq!(metadata(&saved(), place).unwrap(), "{}");
    }

    #[test]
    fn equal_tensors_give_equal_bytes() {
        assert_eq!(saved(), saved());
    }

    #[test]
    fn refuses_every_truncation() {
        let bytes = saved();
        for length in 0..bytes.len() {
            assert!(restore(&variables(), &bytes[..length], Path::new("x")).is_err(), "{length}");
        }
    }

    #[test]
    fn refuses_other_names_and_shapes() {
        let mut renamed = variables();
        renamed[0].0 = "layers.1.weight".to_owned();
        assert!(restore(&renamed, &saved(), Path::new("x")).is_err());
        let flat = Var::from_tensor(&Tensor::zeros(4, DType::F32, &Device::Cpu).unwrap()).unwrap();
        assert!(restore(&[("layers.0.weight".to_owned(), flat)], &saved(), Path::new("x")).is_err());
    }

    #[test]
    fn refuses_to_write_non_finite_values() {
        let tensor = Tensor::new(&[f32::NAN], &Device::Cpu).unwrap();
        let error = to_bytes(&[("w".to_owned(), tensor)], 7, "").unwrap_err();
        assert!(error.to_string().contains("`w` contains NaN after step 7"), "{error}");
    }
}
