//! Conditions that end a run before its last epoch: a signal, or a limit of `[train]`.

use std::time::Instant;

use super::{Config, Stop};
use crate::interrupt::Interrupt;
use crate::position::Position;

/// The limits of a session, which starts when this is created.
pub struct Limits<'a> {
    config: &'a Config,
    interrupt: &'a Interrupt,
    start: Instant,
}

impl<'a> Limits<'a> {
    /// The limits of `config`, and `interrupt`.
    pub fn new(config: &'a Config, interrupt: &'a Interrupt) -> Self {
        Self { config, interrupt, start: Instant::now() }
    }

    /// Why the run stops at `position`, if it does.
    pub fn reached(&self, position: &Position) -> Option<Stop> {
        let train = self.config;
        if let Some(signal) = self.interrupt.signal() {
            Some(Stop::Signal(signal))
        } else if train.max_steps.is_some_and(|most| position.step >= most) {
            Some(Stop::MaxSteps)
        } else if train.max_minutes.is_some_and(|most| self.start.elapsed().as_secs_f64() >= most * 60.0) {
            Some(Stop::MaxMinutes)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_stops_at_the_first_limit_that_it_reaches() {
        let at = |step| Position { step, ..Position::default() };
        let (interrupt, five) = (Interrupt::default(), Config { max_steps: Some(5), ..Config::default() });
        assert_eq!(Limits::new(&five, &interrupt).reached(&at(4)), None);
        assert_eq!(Limits::new(&five, &interrupt).reached(&at(5)), Some(Stop::MaxSteps));
        let soon = Config { max_minutes: Some(1e-12), ..Config::default() };
        let limits = Limits::new(&soon, &interrupt);
        std::thread::sleep(std::time::Duration::from_millis(1));
        assert_eq!(limits.reached(&at(1)), Some(Stop::MaxMinutes));
        assert_eq!(Limits::new(&Config::default(), &interrupt).reached(&at(1)), None);
    }
}
