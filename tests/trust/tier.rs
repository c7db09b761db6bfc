//! The number of repetitions of a proof, and its report.

use std::fs::OpenOptions;
use std::io::Write as _;

use serde_json::{Value, json};

/// The available time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// At every commit: all tests together take a few minutes on two cores.
    Fast,
    /// `just trust`: a few hours.
    Nightly,
    /// `just trust-release`: the figures claimed in the README.
    Release,
}

impl Tier {
    /// The tier in `TAPER_TRUST`: `fast` (the default), `nightly` or `release`.
    pub fn now() -> Self {
        match std::env::var("TAPER_TRUST").as_deref() {
            Err(_) | Ok("" | "fast") => Self::Fast,
            Ok("nightly") => Self::Nightly,
            Ok("release") => Self::Release,
            Ok(other) => panic!("TAPER_TRUST is `{other}`, but must be fast, nightly or release"),
        }
    }

    /// Chooses the number for the tier.
    pub fn pick<T>(self, [fast, nightly, release]: [T; 3]) -> T {
        match self {
            Self::Fast => fast,
            Self::Nightly => nightly,
            Self::Release => release,
        }
    }
}

/// Chooses the number for the current tier.
pub fn times<T>(numbers: [T; 3]) -> T {
    Tier::now().pick(numbers)
}

/// Appends a line to the file named by `TAPER_TRUST_REPORT`, if set: the counts for a claim.
pub fn report(claim: &str, figures: &Value) {
    let line = json!({ "claim": claim, "tier": format!("{:?}", Tier::now()), "figures": figures });
    eprintln!("{line}");
    if let Some(path) = std::env::var_os("TAPER_TRUST_REPORT") {
        let mut file = OpenOptions::new().create(true).append(true).open(path).expect("the report opens");
        // A single write per line, because tests run concurrently.
        file.write_all(format!("{line}\n").as_bytes()).expect("the report is written");
    }
}
