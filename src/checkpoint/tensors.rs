//! The named tensors of a safetensors file, written by taper or by another program.

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor, Var};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;

use super::open::read_file;
use super::{Checkpoint, header};
use crate::digest::sha256;
use crate::error::{Error, Result};

/// A tensor in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The name.
    pub name: String,
    /// The shape.
    pub shape: Vec<usize>,
}

/// The named tensors of a file, in memory.
pub struct Tensors {
    /// The file, or the checkpoint folder that holds it.
    pub place: PathBuf,
    bytes: Vec<u8>,
}

impl Tensors {
    /// Opens a run folder (its best checkpoint, else the latest), a checkpoint folder, or any safetensors file. Calls `skipped` for each
    /// damaged checkpoint of a run.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] that describes what was found instead.
    pub fn open(path: &Path, skipped: impl FnMut(&Error)) -> Result<Self> {
        if fs::metadata(path).is_ok_and(|facts| !facts.is_dir()) {
            let bytes = read_file(path)?;
            header::check(&bytes, path)?;
            let found = Self { place: path.to_path_buf(), bytes };
            found.parsed()?;
            return Ok(found);
        }
        let checkpoint = Checkpoint::open(path, skipped)?;
        let place = checkpoint.place.clone();
        Ok(Self { place, bytes: checkpoint.into_weights() })
    }

    /// The SHA-256 of the file, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> String {
        sha256(&self.bytes)
    }

    fn parsed(&self) -> Result<SafeTensors<'_>> {
        SafeTensors::deserialize(&self.bytes)
            .map_err(|error| Error::checkpoint(&self.place, format!("not a safetensors file: {error}")))
    }

    /// All tensors of floating-point numbers, sorted by name. Others are never weights: PyTorch stores the number of batches that a
    /// normalization has counted.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if the file is damaged.
    pub fn list(&self) -> Result<Vec<Stored>> {
        let file = self.parsed()?;
        let floats = file.iter().filter(|(_, view)| dtype(view.dtype()).is_some());
        let mut all: Vec<Stored> = floats
            .map(|(name, view)| Stored { name: name.to_owned(), shape: view.shape().to_vec() })
            .collect();
        all.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// Sets each variable to the tensor of this name: all of them, or none on an error.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] if a tensor is missing, of another shape, or not finite.
    pub fn load(&self, variables: &[(&str, &Var)]) -> Result<()> {
        let (file, mut values) = (self.parsed()?, Vec::with_capacity(variables.len()));
        let refuse = |name: &str, what: &str| Error::checkpoint(&self.place, format!("`{name}` {what}"));
        for (name, variable) in variables {
            let view = file.tensor(name).map_err(|_| refuse(name, "is not in the file"))?;
            let kind = dtype(view.dtype()).ok_or_else(|| refuse(name, "holds no floating-point numbers"))?;
            if view.shape() != variable.dims() {
                return Err(refuse(name, "has another shape"));
            }
            let tensor = Tensor::from_raw_buffer(view.data(), kind, view.shape(), &Device::Cpu)?;
            let tensor = tensor.to_dtype(DType::F32)?;
            if tensor.flatten_all()?.to_vec1::<f32>()?.iter().any(|value| !value.is_finite()) {
                return Err(refuse(name, "holds values that are not finite"));
            }
            values.push(tensor.to_dtype(variable.dtype())?.to_device(variable.device())?);
        }
        for ((_, variable), tensor) in variables.iter().zip(values) {
            variable.set(&tensor)?;
        }
        Ok(())
    }
}

/// candle's type for the numbers of a tensor, if they are floating-point numbers.
fn dtype(stored: Dtype) -> Option<DType> {
    match stored {
        Dtype::F32 => Some(DType::F32),
        Dtype::F64 => Some(DType::F64),
        Dtype::F16 => Some(DType::F16),
        Dtype::BF16 => Some(DType::BF16),
        _ => None,
    }
}
