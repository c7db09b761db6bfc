//! The instruction sets that kernels are compiled for.

/// An instruction set that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// 512-bit vectors of `x86_64`.
    Avx512,
    /// 256-bit vectors of `x86_64` with fused multiply-add.
    Avx2,
    /// The baseline of the target; NEON on aarch64.
    Portable,
}

impl Isa {
    /// The best instruction set of this machine.
    #[must_use]
    pub fn detect() -> Self {
        Self::all().next().unwrap_or(Self::Portable)
    }

    /// All instruction sets of this machine, best first.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::Avx512, Self::Avx2, Self::Portable].into_iter().filter(|isa| isa.available())
    }

    /// Whether this machine has this instruction set.
    #[must_use]
    pub fn available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Avx2.available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512dq")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => false,
            Self::Portable => true,
        }
    }

    /// One lane of [`Lanes::mul_add`].
    #[cfg(test)]
    pub(crate) fn mul_add(self, value: f32, factor: f32, term: f32) -> f32 {
        let fused = self != Self::Portable || cfg!(target_arch = "aarch64");
        if fused { value.mul_add(factor, term) } else { value * factor + term }
    }
}
