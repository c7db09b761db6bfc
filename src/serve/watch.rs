//! Keeps the served versions up to date with their sources.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::config::Follow;
use super::metrics::Metrics;
use super::model::Version;
use super::registry::{Registry, Served};
use super::source::{Candidate, Stamp, look, open};
use crate::engine::SharedTeam;
use crate::error::{Error, Result};

/// The first pause before a version that could not be loaded is tried again, and the longest one: each is
/// twice the one before. What was missing, such as memory or a free file descriptor, may be available by
/// then; damage is permanent, and not worth reading often.
pub const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(10));

/// What the watcher remembers about a version.
struct Seen {
    stamp: Stamp,
    failure: Option<Failure>,
}

/// A version that could not be loaded.
struct Failure {
    message: String,
    pause: Duration,
    again: Instant,
}

/// Looks at the sources of all models and loads what is new.
///
/// A version is read whole, verified and warmed up before it is served, on this thread; if anything goes
/// wrong, the versions that are being served are kept.
pub struct Watcher {
    registry: Arc<Registry>,
    metrics: Arc<Metrics>,
    team: SharedTeam,
    /// What was loaded, or could not be, by model and place.
    seen: BTreeMap<(String, PathBuf), Seen>,
}

impl Watcher {
    /// A watcher of `registry`, whose networks compute on `team`.
    #[must_use]
    pub fn new(registry: Arc<Registry>, metrics: Arc<Metrics>, team: SharedTeam) -> Self {
        Self { registry, metrics, team, seen: BTreeMap::new() }
    }

    /// Loads all models for the first time.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] for the first model of which no version can be loaded.
    pub fn load_all(&mut self) -> Result<()> {
        let registry = Arc::clone(&self.registry);
        for model in registry.all() {
            let candidates = look(&model.config)?;
            let mut failure = None;
            for candidate in candidates {
                failure = self.load(model, candidate).err().or(failure);
            }
            match failure {
                Some(error) if model.state().versions.is_empty() => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Looks at all sources once, and loads what has changed. Failures are logged once per change, and tried
    /// again after some time.
    pub fn poll(&mut self) {
        let registry = Arc::clone(&self.registry);
        for model in registry.all().filter(|model| model.config.follow != Follow::None) {
            match look(&model.config) {
                Ok(candidates) => {
                    self.source_is(model, None);
                    self.seen.retain(|(name, place), _| {
                        *name != model.name || candidates.iter().any(|candidate| candidate.place == *place)
                    });
                    for candidate in candidates {
                        let _ = self.load(model, candidate);
                    }
                }
                Err(error) => self.source_is(model, Some(error.to_string())),
            }
        }
    }

    /// Notes whether the source of `model` can be read; logs a change.
    fn source_is(&self, model: &Served, problem: Option<String>) {
        let before = model.state().source_problem;
        self.metrics.model(&model.name).source_ok.set(u64::from(problem.is_none()));
        if before == problem {
            return;
        }
        if let Some(problem) = &problem {
            tracing::warn!(
                "{}: the source cannot be read; versions loaded before are kept: {problem}",
                model.name
            );
        } else {
            tracing::info!("{}: the source can be read again", model.name);
        }
        model.change(|state| state.source_problem = problem);
    }

    /// Loads `candidate`, unless it has not changed and is loaded already, or is not to be tried again yet.
    fn load(&mut self, model: &Served, candidate: Candidate) -> Result<()> {
        let key = (model.name.clone(), candidate.place.clone());
        let before = self.seen.get(&key).filter(|seen| seen.stamp == candidate.stamp);
        let failed = match before.map(|seen| &seen.failure) {
            None => None,
            Some(Some(failure)) if failure.again <= Instant::now() => Some(failure),
            Some(_) => return Ok(()),
        };
        model.change(|state| state.loading = candidate.number);
        let result = self.load_new(model, &candidate);
        model.change(|state| state.loading = None);
        let failure = result.as_ref().err().map(|error| {
            let message = error.to_string();
            if failed.is_none_or(|failed| failed.message != message) {
                self.metrics.model(&model.name).failed_loads.add(1);
                tracing::warn!(
                    "{}: cannot be loaded; versions loaded before are kept: {message}",
                    model.name
                );
            }
            model.change(|state| state.failed = Some((candidate.number.unwrap_or(0), message.clone())));
            let pause = failed.map_or(RETRY.0, |failed| RETRY.1.min(2 * failed.pause));
            Failure { message, pause, again: Instant::now() + pause }
        });
        self.seen.insert(key, Seen { stamp: candidate.stamp, failure });
        result
    }

    /// Loads `candidate` and serves it, unless its weights are served already.
    fn load_new(&self, model: &Served, candidate: &Candidate) -> Result<()> {
        let (number, checkpoint) = open(candidate, model.config.follow)?;
        let digest = checkpoint.digest();
        let current = model.state().versions.into_iter().find(|version| version.number == number);
        if let Some(current) = &current {
            if current.digest == digest {
                return Ok(());
            }
            // Clients may rely on what a number stands for, except for a lone file, which has no number of
            // its own.
            if candidate.number != Some(1) || !candidate.place.is_file() {
                return Err(Error::checkpoint(
                    &candidate.place,
                    format!(
                        "version {number} was changed after it was loaded; give new weights a new number"
                    ),
                ));
            }
        }
        let config = &model.config;
        let version =
            Version::load(checkpoint, &digest, number, &config.input, config.units, self.team.clone())?;
        let metrics = self.metrics.model(&model.name);
        metrics.loads.add(1);
        metrics.version.set(number);
        metrics.load_seconds.set(version.load_time.as_secs_f64());
        tracing::info!(
            "{}: serving version {number} from {}, loaded in {:.0} ms",
            model.name,
            version.place.display(),
            version.load_time.as_secs_f64() * 1e3
        );
        model.serve(Arc::new(version));
        Ok(())
    }
}
