//! The states of a model's versions.

use serde_json::json;

use super::{no_label, not_found};
use crate::serve::registry::{Absent, Served, Which};
use crate::serve::reply::Reply;

/// The states of the versions of `model` that `which` is about.
#[must_use]
pub fn status(model: &Served, which: &Which) -> Reply {
    let state = model.state();
    let entry = |number: u64, state: &str, code: &str, message: &str| {
        let status = json!({ "error_code": code, "error_message": message });
        (number, json!({ "version": number.to_string(), "state": state, "status": status }))
    };
    let mut entries: Vec<_> =
        state.versions.iter().rev().map(|version| entry(version.number, "AVAILABLE", "OK", "")).collect();
    entries.extend(state.loading.map(|number| entry(number, "LOADING", "OK", "")));
    let failed = state.failed.as_ref();
    entries.extend(failed.map(|(number, message)| entry(*number, "END", "FAILED_PRECONDITION", message)));
    let number = match which {
        Which::Latest => None,
        Which::Number(number) => Some(*number),
        Which::Label(label) => match model.version(which) {
            Ok(version) => Some(version.number),
            Err(Absent::Label | Absent::Version) => return Reply::error(400, &no_label(label)),
        },
    };
    let wanted = entries.into_iter().filter(|(other, _)| number.is_none_or(|number| number == *other));
    let wanted: Vec<_> = wanted.map(|(_, entry)| entry).collect();
    match number {
        Some(number) if wanted.is_empty() => {
            Reply::error(404, &format!("Could not find version {number} of model {}", model.name))
        }
        _ => Reply::value(&json!({ "model_version_status": wanted })),
    }
}

/// The reply for a model that does not exist.
#[must_use]
pub fn unknown(model: &str) -> Reply {
    Reply::error(404, &format!("Could not find any versions of model {model}"))
}

/// The reply for a version that does not exist, to all but status requests.
#[must_use]
pub fn absent(model: &str, which: &Which, absent: Absent) -> Reply {
    match (absent, which) {
        (Absent::Label, Which::Label(label)) => Reply::error(400, &no_label(label)),
        _ => Reply::error(404, &not_found(model, which)),
    }
}
