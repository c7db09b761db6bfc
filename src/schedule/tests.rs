use super::*;
use crate::config::Problems;

fn schedule(text: &str, course: Course) -> Schedule {
    Schedule::new(&read(text), 1.0, course)
}

fn read(text: &str) -> Config {
    toml::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn course(steps: u64) -> Course {
    Course { epochs: 1, samples: steps, steps, all_steps: steps }
}

/// One of each, with settings that make all parts of the formula matter.
const EACH: [&str; 14] = [
    "constant = {}",
    "exponential = { decay_rate = 0.3, decay_steps = 7 }",
    "exponential = { decay_rate = 0.3, decay_steps = 7, staircase = true }",
    "exponential = {}",
    "step = { every_steps = 3, gamma = 0.5 }",
    "multi_step = { milestone_steps = [0, 2, 1000], gamma = 0.5 }",
    "polynomial = { power = 2, end = 0.1 }",
    "polynomial = { decay_steps = 4, cycle = true }",
    "cosine = { end = 0.1 }",
    "cosine_restarts = { first_decay_steps = 2, t_mul = 1.5, m_mul = 0.9, end = 0.01 }",
    "cosine_restarts = { first_decay_epochs = 0.1, t_mul = 1 }",
    "one_cycle = {}",
    "one_cycle = { pct_start = 0, anneal = 'linear' }",
    "one_cycle = { pct_start = 1, div_factor = 10 }",
];

/// The lengths of runs that the formulas are tested with.
const LENGTHS: [u64; 5] = [1, 2, 3, 10, 1875];

#[test]
fn every_schedule_is_tested_here() {
    for name in Config::NAMES {
        assert!(EACH.iter().any(|text| read(text).name() == *name), "{name}");
    }
}

#[test]
fn factors_are_in_0_to_1_also_after_the_end() {
    for (text, steps) in EACH.iter().flat_map(|text| LENGTHS.map(|steps| (text, steps))) {
        for warmup in
            ["", "warmup_steps = 3", "warmup_epochs = 0.5, warmup_shape = 'cosine'", "warmup_steps = 5000"]
        {
            let text = text.replace('}', &format!(", {warmup} }}")).replace("{,", "{").replace("{ ,", "{");
            let schedule = schedule(&text, course(steps));
            for step in (0..steps + 3).chain([u64::MAX]) {
                let factor = schedule.factor(step);
                assert!((0.0..=1.0).contains(&factor), "{text}, step {step} of {steps}: {factor}");
            }
        }
    }
}

#[test]
fn a_warm_up_rises_to_the_full_rate_and_the_schedule_starts_after_it() {
    for text in EACH {
        let with = text
            .replace('}', ", warmup_steps = 4, warmup_start = 0.2 }")
            .replace("{,", "{")
            .replace("{ ,", "{");
        let (with, without) =
            (schedule(&with, course(20)), schedule(text, Course { all_steps: 16, ..course(20) }));
        let rising: Vec<f64> = (0..4).map(|step| with.factor(step)).collect();
        for (rising, expected) in rising.iter().zip([0.4, 0.6, 0.8, 1.0]) {
            assert!((rising - expected).abs() < 1e-15, "{text}");
        }
        for step in 0..20 {
            assert_eq!(with.factor(step + 4), without.factor(step), "{text}, step {step}");
        }
    }
}

#[test]
fn durations_in_epochs_are_rounded_to_steps() {
    let course = Course::new(100, 10, 4, None);
    let a = schedule("cosine = { decay_epochs = 1.26, warmup_epochs = 0.5 }", course);
    let b = schedule("cosine = { decay_steps = 13, warmup_steps = 5 }", course);
    assert!((0..40).all(|step| a.factor(step) == b.factor(step)));
    let short = schedule("step = { every_epochs = 1e-9 }", course);
    assert_eq!(short.factor(3), libm::pow(0.1, 3.0), "at least one step");
}

#[test]
fn a_schedule_is_planned_for_the_steps_that_are_taken() {
    let whole = Course::new(100, 10, 4, None);
    let cut = Course::new(100, 10, 4, Some(17));
    assert_eq!(schedule("polynomial = {}", whole).factor(20), 0.5);
    assert_eq!(schedule("polynomial = {}", cut).factor(17), 0.0);
}

#[test]
fn cycles_without_a_rising_or_a_falling_phase_leave_it_out() {
    let factors = |text: &str, steps| {
        let schedule = schedule(text, course(steps));
        (0..steps + 2).map(|step| schedule.factor(step)).collect::<Vec<_>>()
    };
    let end = 1.0 / (25.0 * 1e4);
    assert_eq!(factors("one_cycle = {}", 1), [1.0; 3]);
    assert_eq!(factors("one_cycle = { pct_start = 0, anneal = 'linear' }", 2), [1.0, end, end, end]);
    assert_eq!(factors("one_cycle = { pct_start = 1, anneal = 'linear' }", 3), [0.04, 0.52, 1.0, 1.0, 1.0]);
}

#[test]
fn durations_in_both_units_and_in_neither_are_reported() {
    for (text, place) in [
        ("cosine = { warmup_steps = 1, warmup_epochs = 1 }", "warmup_epochs"),
        ("exponential = { decay_steps = 1, decay_epochs = 1 }", "decay_epochs"),
        ("polynomial = { decay_steps = 1, decay_epochs = 1 }", "decay_epochs"),
        ("cosine = { decay_steps = 1, decay_epochs = 1 }", "decay_epochs"),
        ("step = { every_steps = 1, every_epochs = 1 }", "every_epochs"),
        ("step = {}", ""),
        ("multi_step = {}", ""),
        ("multi_step = { milestone_steps = [1], milestone_epochs = [1.0] }", "milestone_epochs"),
        ("multi_step = { milestone_steps = [2, 2] }", "milestone_steps"),
        ("multi_step = { milestone_epochs = [-1, 2] }", "milestone_epochs"),
        ("cosine_restarts = {}", ""),
        ("cosine_restarts = { first_decay_steps = 1, t_mul = 1.001 }", "t_mul"),
    ] {
        let config = read(text);
        let mut found = Vec::new();
        config.member().validate(&mut Problems::new(&mut found));
        config.member().warmup().validate(&mut Problems::new(&mut found));
        let places: Vec<String> = found.iter().map(|problem| problem.path.to_string()).collect();
        assert_eq!(places, [place], "{text}");
    }
}
