//! How often a proof is repeated, and what it reports.

use std::fs::OpenOptions;
use std::io::Write as _;

use serde_json::{Value, json};

/// How much time there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// At every commit: all tests together take a few minutes on two cores.
    Fast,
    /// `just trust`: within some hours.
    Nightly,
    /// `just trust-release`: the figures that the README claims.
    Release,
}

impl Tier {
    /// What `TAPER_TRUST` says: `fast` (also if it is not set), `nightly` or `release`.
    pub fn now() -> Self {
        match std::env::var("TAPER_TRUST").as_deref() {
            Err(_) | Ok("" | "fast") => Self::Fast,
            Ok("nightly") => Self::Nightly,
            Ok("release") => Self::Release,
            Ok(other) => panic!("TAPER_TRUST is `{other}`; it may be fast, nightly or release"),
        }
    }

    /// One number for each tier.
    pub fn pick<T>(self, [fast, nightly, release]: [T; 3]) -> T {
        match self {
            Self::Fast => fast,
            Self::Nightly => nightly,
            Self::Release => release,
        }
    }
}

/// One number for each tier: that of this run.
pub fn times<T>(numbers: [T; 3]) -> T {
    Tier::now().pick(numbers)
}

/// Adds a line to the file that `TAPER_TRUST_REPORT` names, if it does: what was counted for a claim.
pub fn report(claim: &str, figures: &Value) {
    let line = json!({ "claim": claim, "tier": format!("{:?}", Tier::now()), "figures": figures });
    eprintln!("{line}");
    if let Some(path) = std::env::var_os("TAPER_TRUST_REPORT") {
        let mut file = OpenOptions::new().create(true).append(true).open(path).expect("the report opens");
        // One write for a line: tests run at the same time.
        file.write_all(format!("{line}\n").as_bytes()).expect("the report is written");
    }
}
