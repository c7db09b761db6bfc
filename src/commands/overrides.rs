//! Values that override those of a config: `TAPER__…` variables, `--set` and `--gate`.

use crate::cli::Overrides;

/// All overrides; the environment comes first, so that flags take precedence.
pub fn overrides(flags: &Overrides) -> Vec<(String, String)> {
    environment().into_iter().chain(flags.assignments()).collect()
}

/// The values of the environment for the keys that start with `section`.
#[cfg(feature = "serve")]
pub fn environment_of(section: &str) -> Vec<(String, String)> {
    environment().into_iter().filter(|(_, assignment)| assignment.starts_with(section)).collect()
}

/// `TAPER__TRAIN__EPOCHS=3` as `train.epochs=3`, sorted for a fixed order.
fn environment() -> Vec<(String, String)> {
    let mut values: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            let path = name.strip_prefix("TAPER__")?.to_lowercase().replace("__", ".");
            Some((name, format!("{path}={}", value.into_string().ok()?)))
        })
        .collect();
    values.sort();
    values
}
