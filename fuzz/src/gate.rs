//! `[gate]`: names of metrics and conditions on them.

use taper::config::Problems;
use taper::internals::gate::Config;

use super::properties::check_error;

/// Each line is a metric and, after a space, its condition.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let measured = ["train.loss", "test.accuracy"].map(str::to_owned);
    let lines = text.split('\0').take(4).filter_map(|line| line.split_once(' '));
    let gate: Config = lines.map(|(name, condition)| (name.to_owned(), condition.to_owned())).collect();
    let mut found = Vec::new();
    gate.validate(&measured, &mut Problems::new(&mut found));
    for problem in &found {
        assert!(!problem.message.is_empty());
        assert!(problem.help.as_ref().is_some_and(|help| !help.is_empty()), "{problem:?}");
    }
    if gate == Config::default() {
        assert_eq!(found, []);
        gate.check(|_| None).expect("no condition always holds");
        return;
    }
    let unmeasured = gate.check(|_| None).expect_err("what was not measured fails");
    check_error(&unmeasured);
    gate.check(|_| Some(f64::NAN)).expect_err("NaN fails");
    for value in [f64::NEG_INFINITY, -1.0, 0.0, 0.97, f64::INFINITY] {
        if let Err(error) = gate.check(|_| Some(value)) {
            check_error(&error);
        } else {
            assert!(found.iter().all(|problem| !problem.message.ends_with("is not a condition")), "{found:?}");
        }
    }
}
