//! The instruction sets that kernels are compiled for.

use std::str::FromStr;
use std::sync::OnceLock;

/// What this process computes with.
static CHOSEN: OnceLock<Isa> = OnceLock::new();

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
    /// The one that was [chosen](Self::choose) for this process, or else the best of this machine.
    #[must_use]
    pub fn detect() -> Self {
        *CHOSEN.get_or_init(|| Self::all().next().unwrap_or(Self::Portable))
    }

    /// Chooses this one for the whole process. Returns whether it is used now: the machine has it, and no other one was used
    /// before.
    #[must_use]
    pub fn choose(self) -> bool {
        self.available() && *CHOSEN.get_or_init(|| self) == self
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

    /// Its name: `avx512`, `avx2` or `portable`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        }
    }
}

impl FromStr for Isa {
    type Err = String;

    /// Reads the name of an instruction set that this machine has.
    fn from_str(name: &str) -> Result<Self, String> {
        Self::all().find(|isa| isa.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::all().map(Self::name).collect();
            format!("this machine has {}", names.join(", "))
        })
    }
}
