//! The states of a model's versions.

use serde::Serialize;

use super::{no_label, not_found};
use crate::serve::registry::{Absent, Served, State, Which};
use crate::serve::reply::Reply;

/// The reply to a status request.
#[derive(Serialize, schemars::JsonSchema)]
pub struct ModelStatus {
    /// The versions, the latest first.
    pub model_version_status: Vec<VersionStatus>,
}

/// The state of a version.
#[derive(Serialize, schemars::JsonSchema)]
pub struct VersionStatus {
    /// Its number.
    pub version: String,
    /// Whether it can predict.
    pub state: VersionState,
    /// Whether something went wrong.
    pub status: LoadStatus,
}

/// Whether a version can predict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum VersionState {
    /// It is being loaded.
    Loading,
    /// It can predict.
    Available,
    /// It could not be loaded.
    End,
}

/// The outcome of loading a version.
#[derive(Serialize, schemars::JsonSchema)]
pub struct LoadStatus {
    /// `OK` or `FAILED_PRECONDITION`.
    pub error_code: String,
    /// Why it could not be loaded; empty otherwise.
    pub error_message: String,
}

/// The versions in `state` with their numbers, the latest first; then the one that is loading, and the one that could not be
/// loaded.
#[must_use]
pub fn versions(state: &State) -> Vec<(u64, VersionStatus)> {
    let entry = |number: u64, state: VersionState, code: &str, message: &str| {
        let status = LoadStatus { error_code: code.to_owned(), error_message: message.to_owned() };
        (number, VersionStatus { version: number.to_string(), state, status })
    };
    let served = state.versions.iter().rev();
    let mut all: Vec<_> =
        served.map(|version| entry(version.number, VersionState::Available, "OK", "")).collect();
    all.extend(state.loading.map(|number| entry(number, VersionState::Loading, "OK", "")));
    let failed = state.failed.as_ref();
    all.extend(
        failed.map(|(number, message)| entry(*number, VersionState::End, "FAILED_PRECONDITION", message)),
    );
    all
}

/// The states of the versions of `model` that `which` is about.
#[must_use]
pub fn status(model: &Served, which: &Which) -> Reply {
    let number = match which {
        Which::Latest => None,
        Which::Number(number) => Some(*number),
        Which::Label(label) => match model.version(which) {
            Ok(version) => Some(version.number),
            Err(Absent::Label | Absent::Version) => return Reply::error(400, &no_label(label)),
        },
    };
    let all = versions(&model.state()).into_iter();
    let wanted = all.filter(|(other, _)| number.is_none_or(|number| number == *other));
    let model_version_status: Vec<_> = wanted.map(|(_, entry)| entry).collect();
    match number {
        Some(number) if model_version_status.is_empty() => {
            Reply::error(404, &format!("Could not find version {number} of model {}", model.name))
        }
        _ => Reply::of(&ModelStatus { model_version_status }),
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
