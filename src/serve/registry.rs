//! The models by name, with the versions that are served.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::config::ModelConfig;
use super::model::Version;

/// All models of a server. Their names are fixed; their versions change.
pub struct Registry {
    models: BTreeMap<String, Served>,
}

/// A model.
pub struct Served {
    /// Its name.
    pub name: String,
    /// Where it comes from and how it is served.
    pub config: ModelConfig,
    state: RwLock<State>,
}

/// The versions of a model.
#[derive(Clone, Default)]
pub struct State {
    /// Those that are served, in ascending order.
    pub versions: Vec<Arc<Version>>,
    /// The version that is being loaded.
    pub loading: Option<u64>,
    /// The last version that could not be loaded, and why, until a later one is loaded.
    pub failed: Option<(u64, String)>,
    /// Why the source cannot be read at the moment.
    pub source_problem: Option<String>,
}

/// Which version of a model a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The latest.
    Latest,
    /// The one with this number.
    Number(u64),
    /// The one with this label.
    Label(String),
}

/// Why there is no such version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// The model has no such version, or none at all.
    Version,
    /// The model has no such label.
    Label,
}

impl Registry {
    /// The models of a config, none of which is loaded.
    #[must_use]
    pub fn new(models: &BTreeMap<String, ModelConfig>) -> Self {
        let served = |(name, config): (&String, &ModelConfig)| {
            let served = Served { name: name.clone(), config: config.clone(), state: RwLock::default() };
            (name.clone(), served)
        };
        Self { models: models.iter().map(served).collect() }
    }

    /// The model called `name`.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Served> {
        self.models.get(name)
    }

    /// All models, by name.
    pub fn all(&self) -> impl Iterator<Item = &Served> {
        self.models.values()
    }

    /// Whether each model has a version.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.all().all(|model| !model.read().versions.is_empty())
    }
}

impl Served {
    /// The version of the model that a request is for.
    ///
    /// # Errors
    /// If there is none.
    pub fn version(&self, which: &Which) -> Result<Arc<Version>, Absent> {
        let state = self.read();
        let numbered = |number: u64| {
            let found = state.versions.iter().find(|version| version.number == number);
            found.cloned().ok_or(Absent::Version)
        };
        match which {
            Which::Latest => state.versions.last().cloned().ok_or(Absent::Version),
            Which::Number(number) => numbered(*number),
            Which::Label(label) => match self.config.labels.get(label) {
                Some(number) => numbered(*number).map_err(|_| Absent::Label),
                None => Err(Absent::Label),
            },
        }
    }

    /// The versions at this moment.
    #[must_use]
    pub fn state(&self) -> State {
        self.read().clone()
    }

    /// Changes the state; requests wait meanwhile.
    pub fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.write());
    }

    /// Serves `version`, replacing one with the same number, and the latest versions before it, `keep` in
    /// total.
    pub fn serve(&self, version: Arc<Version>) {
        let (mut old, most) = (Vec::new(), self.config.most_versions());
        self.change(|state| {
            let number = version.number;
            let at = state.versions.partition_point(|other| other.number < number);
            if state.versions.get(at).is_some_and(|other| other.number == number) {
                old.push(std::mem::replace(&mut state.versions[at], version));
            } else {
                state.versions.insert(at, version);
            }
            // A run may return to an earlier best step: the version loaded last is served, and those above it
            // are not.
            if most == 1 {
                let last = state.versions.iter().position(|other| other.number == number);
                old.extend(state.versions.split_off(last.map_or(0, |last| last + 1)));
            }
            let superfluous = state.versions.len().saturating_sub(most);
            old.extend(state.versions.drain(..superfluous));
            state.failed = None;
        });
        // Freed without the lock, and only when the last request has finished with it.
        drop(old);
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}
