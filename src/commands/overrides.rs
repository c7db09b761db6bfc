//! Values on top of a config: `TAPER__…` of the environment, and `--set`.

use crate::cli::Overrides;

/// The environment's values first: those of flags win.
pub fn overrides(flags: &Overrides) -> Vec<(String, String)> {
    let set = flags.set.iter().map(|text| ("--set".to_owned(), text.clone()));
    environment().into_iter().chain(set).collect()
}

/// `TAPER__TRAIN__EPOCHS=3` stands for `train.epochs=3`; sorted, so that it has a fixed order.
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
