//! The device that holds tensors: `--device auto|cpu|cuda|cuda:N`.
//!
//! ```
//! use taper::device::Choice;
//!
//! # fn main() -> taper::Result<()> {
//! assert_eq!("cuda:1".parse(), Ok(Choice::Cuda(1)));
//! assert!(Choice::Cpu.open()?.is_cpu());
//! # Ok(())
//! # }
//! ```

use std::str::FromStr;

use candle_core::Device;

use crate::error::{Error, Result};

/// The requested device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The first GPU of a `cuda` build if there is one, otherwise the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The GPU with this number.
    Cuda(usize),
}

impl FromStr for Choice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => text
                .strip_prefix("cuda:")
                .and_then(|number| number.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| "expected auto, cpu, cuda or cuda:N".to_owned()),
        }
    }
}

impl Choice {
    /// Opens the device.
    ///
    /// # Errors
    /// [`Error::Usage`] if a GPU is requested and this build or machine has none.
    pub fn open(self) -> Result<Device> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Auto if !candle_core::utils::cuda_is_available() => Ok(Device::Cpu),
            Self::Auto => Ok(first_gpu(Device::new_cuda(0), |message| tracing::warn!("{message}"))),
            Self::Cuda(number) if candle_core::utils::cuda_is_available() => Device::new_cuda(number)
                .map_err(|error| Error::Usage(format!("--device cuda:{number} cannot be opened: {error}"))),
            Self::Cuda(_) => Err(Error::Usage(
                "--device cuda needs a build with `--features cuda`; use --device cpu or auto".to_owned(),
            )),
        }
    }
}

/// The GPU, or the CPU with a warning if the GPU cannot be opened.
fn first_gpu(opened: candle_core::Result<Device>, warn: impl FnOnce(&str)) -> Device {
    opened.unwrap_or_else(|error| {
        warn(&format!(
            "cannot open the GPU, falling back to the CPU: {error}; --device cuda would fail instead"
        ));
        Device::Cpu
    })
}

/// `cpu` or `cuda:N`, as on the command line.
#[must_use]
pub fn describe(device: &Device) -> String {
    match device.location() {
        candle_core::DeviceLocation::Cpu => "cpu".to_owned(),
        candle_core::DeviceLocation::Cuda { gpu_id } => format!("cuda:{gpu_id}"),
        candle_core::DeviceLocation::Metal { gpu_id } => format!("metal:{gpu_id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gpu_that_cannot_be_opened_is_reported_before_falling_back_to_the_cpu() {
        let mut warnings = Vec::new();
        let error = candle_core::Error::msg("out of memory");
        assert!(first_gpu(Err(error), |message| warnings.push(message.to_owned())).is_cpu());
        assert!(warnings.len() == 1 && warnings[0].contains("out of memory"), "{warnings:?}");
    }

    #[test]
    fn reads_the_names_of_devices() {
        assert_eq!("cuda:3".parse(), Ok(Choice::Cuda(3)));
        assert_eq!("cuda".parse(), Ok(Choice::Cuda(0)));
        assert!("gpu".parse::<Choice>().is_err());
        assert!("cuda:-1".parse::<Choice>().is_err());
    }
}
