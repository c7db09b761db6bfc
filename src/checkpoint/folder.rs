//! The names of checkpoint folders.

use std::ffi::OsStr;

/// The name of the checkpoint folder of `step`.
pub fn folder_name(step: u64) -> String {
    format!("step-{step:08}")
}

/// The step of the checkpoint folder called `name`; `None` for any other name, such as `step-75`, which is
/// somebody's copy.
#[must_use]
pub fn named_step(name: &OsStr) -> Option<u64> {
    let step = name.to_str()?.strip_prefix("step-")?.parse().ok()?;
    (name == folder_name(step).as_str()).then_some(step)
}
