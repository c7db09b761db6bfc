//! The datatypes of the protocol, and which of them a network can take.

/// A datatype of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Datatype {
    /// 32-bit floats, as which all numbers enter a network.
    Fp32,
    /// 64-bit floats, rounded to 32 bits.
    Fp64,
    /// Pixels from 0 to 255.
    Uint8,
    /// 32-bit integers.
    Int32,
    /// 64-bit integers.
    Int64,
    /// The contents of PNG and JPEG files.
    Bytes,
}

/// The datatypes of the protocol that no network takes.
const OTHERS: [&str; 8] = ["BOOL", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "FP16", "BF16"];

/// Why a datatype is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// The protocol has no such datatype.
    Unknown,
    /// No network takes it.
    Unsupported,
}

impl Datatype {
    /// The datatype called `name`.
    ///
    /// # Errors
    /// If it cannot be used.
    pub fn of(name: &str) -> Result<Self, Unusable> {
        match name {
            "FP32" => Ok(Self::Fp32),
            "FP64" => Ok(Self::Fp64),
            "UINT8" => Ok(Self::Uint8),
            "INT32" => Ok(Self::Int32),
            "INT64" => Ok(Self::Int64),
            "BYTES" => Ok(Self::Bytes),
            other if OTHERS.contains(&other) => Err(Unusable::Unsupported),
            _ => Err(Unusable::Unknown),
        }
    }

    /// The number of bytes of an element; `None` if it varies.
    #[must_use]
    pub fn size(self) -> Option<usize> {
        match self {
            Self::Uint8 => Some(1),
            Self::Fp32 | Self::Int32 => Some(4),
            Self::Fp64 | Self::Int64 => Some(8),
            Self::Bytes => None,
        }
    }

    /// Whether its values are integers.
    #[must_use]
    pub fn is_whole(self) -> bool {
        matches!(self, Self::Uint8 | Self::Int32 | Self::Int64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datatypes_are_known_by_their_exact_names() {
        assert_eq!(Datatype::of("FP32"), Ok(Datatype::Fp32));
        assert_eq!(Datatype::of("BOOL"), Err(Unusable::Unsupported));
        assert_eq!(Datatype::of("fp32"), Err(Unusable::Unknown));
        assert_eq!(Datatype::of(""), Err(Unusable::Unknown));
    }
}
