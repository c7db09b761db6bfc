//! Progress reports of runs, evaluations and predictions: to callbacks, on a terminal, without a terminal,
//! and as JSON.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use taper::callbacks::Callback;
use taper::data::SearchPath;
use taper::events::PassReport;
use taper::experiment::Experiment;
use taper::run::{Model, Options, Place};

#[cfg(target_os = "linux")]
use crate::terminal::{on_a_terminal, screen};
use crate::workspace::{Outcome, Workspace};

/// Records every pass.
#[derive(Default)]
struct Passes(Vec<PassReport>);

impl Callback for Passes {
    fn name(&self) -> &'static str {
        "passes"
    }

    fn evaluating(&mut self, report: &PassReport) -> taper::Result<()> {
        self.0.push(*report);
        Ok(())
    }
}

fn of(split: &'static str, dones: &[u64], samples: u64) -> Vec<PassReport> {
    dones.iter().map(|&done| PassReport { split, done, samples }).collect()
}

#[test]
fn callbacks_and_watchers_receive_the_progress_of_a_pass() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut experiment = Experiment::built_in("synthetic_mlp").expect("a config");
    experiment.train.epochs = 2;
    let mut passes = Passes::default();
    let place = Place::New { folder: folder.path().join("run"), force: false };
    let options = Options { place, callbacks: vec![&mut passes], ..Options::default() };
    let outcome = taper::train(&experiment, options).expect("a run");
    let validation = passes.0.iter().find(|pass| pass.split == "validation").expect("a validation").samples;
    let test = passes.0.iter().find(|pass| pass.split == "test").expect("a test").samples;
    let dones = |samples: u64| -> Vec<u64> {
        (0..=samples.div_ceil(256)).map(|batch| (batch * 256).min(samples)).collect()
    };
    let once = of("validation", &dones(validation), validation);
    assert_eq!(passes.0, [once.clone(), once, of("test", &dones(test), test)].concat());

    let mut model = Model::load(&outcome.folder).expect("a model");
    let heard = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&heard);
    model.watch(move |report| told.lock().expect("no panic").push(*report));
    model.evaluate(None, &SearchPath::default()).expect("an evaluation");
    assert_eq!(*heard.lock().expect("no panic"), of("test", &dones(test), test));
}

/// The lines of a JSON log, each with the fields that all have.
fn log(outcome: &Outcome) -> Vec<Value> {
    let lines: Vec<Value> =
        outcome.stderr.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    for line in &lines {
        let field = |name: &str| line[name].as_str().unwrap_or_else(|| panic!("no {name}: {line}"));
        let digits = field("time").replace(|c: char| c.is_ascii_digit(), "0");
        assert_eq!(digits, "0000-00-00T00:00:00.000Z", "{line}");
        assert!(["DEBUG", "INFO", "WARN", "ERROR"].contains(&field("level")), "{line}");
        assert!(!field("event").is_empty());
        if ["message", "warning", "error"].contains(&field("event")) {
            assert!(!field("message").is_empty() && !field("message").contains('\n'), "{line}");
        }
    }
    let last = lines.last().expect("a last line");
    assert_eq!(last["exit_code"], outcome.code, "{last}");
    assert_eq!(last["event"], if outcome.code == 0 { "end" } else { "error" });
    assert!(lines[..lines.len() - 1].iter().all(|line| line.get("exit_code").is_none()));
    lines
}

/// The program's exit code and its log in JSON.
fn logged(workspace: &Workspace, arguments: &[&str]) -> (i32, Vec<Value>) {
    let outcome = workspace.run(&[arguments, &["--log-format", "json"]].concat());
    (outcome.code, log(&outcome))
}

#[test]
fn all_lines_of_a_json_log_have_the_same_schema() {
    let workspace = Workspace::new();
    let arguments = ["train", "--run-dir", "r", "--set", "train={epochs=2,log_every_steps=20}"];
    let (code, lines) = logged(&workspace, &arguments);
    assert_eq!(code, 0);
    let mut events: Vec<&str> = lines.iter().filter_map(|line| line["event"].as_str()).collect();
    events.retain(|event| *event != "warning");
    let expected = ["start", "step", "epoch", "checkpoint", "step", "epoch", "checkpoint", "end"];
    assert_eq!(events, expected);
    let end = lines.last().expect("a line");
    assert_eq!((&end["reason"], end["metrics"]["test.loss"].is_f64()), (&"epochs".into(), true), "{end}");
    assert_eq!(logged(&workspace, &["eval", "r"]).0, 0);

    let gate = ["train", "--run-dir", "g", "--set", "gate={\"test.accuracy\"=\"> 1\"}"];
    let (code, lines) = logged(&workspace, &gate);
    assert_eq!((code, &lines.last().expect("a line")["reason"]), (6, &"epochs".into()));
    let (code, lines) = logged(&workspace, &["train", "--run-dir", "r"]);
    let last = lines.last().expect("a line")["message"].as_str().expect("a message");
    assert!(code != 0 && last.starts_with("r: ") && !last.contains("error:"), "{code} {last}");
}

#[test]
fn mistakes_in_flags_and_configs_are_reported_in_json() {
    let workspace = Workspace::new();
    let mistake = |arguments: &[&str]| {
        let (code, mut lines) = logged(&workspace, arguments);
        assert_eq!(code, 2, "{lines:?}");
        lines.pop().expect("a line")
    };
    for (arguments, message) in [
        (&["train", "--bad"][..], "unexpected argument '--bad' found"),
        (&["trian"], "unrecognized subcommand 'trian'"),
        (&["eval"], "the following required arguments were not provided"),
        (&["train", "--progress", "loud"], "expected auto, bar, lines or none"),
    ] {
        let found = mistake(arguments);
        assert!(found["message"].as_str().is_some_and(|text| text.contains(message)), "{found}");
    }
    workspace.file("bad.toml", "name = \"x\"\n[train]\nepoch = 3\nbatch_size = 0\n[data.digits]\n");
    let found = mistake(&["check", "--config", "bad.toml"]);
    assert!(found["message"].as_str().is_some_and(|text| text.ends_with(" (and 4 more)")), "{found}");
    let mistakes = found["mistakes"].as_array().expect("mistakes");
    assert_eq!(mistakes.len(), 5, "{mistakes:?}");
    let at = |line: u64| mistakes.iter().find(|mistake| mistake["line"] == line).expect("a mistake");
    assert_eq!(at(3)["file"], "bad.toml");
    assert_eq!((&at(3)["column"], &at(3)["help"]), (&1.into(), &"did you mean `epochs`?".into()));
    assert_eq!(at(4)["column"], 14);
}

#[test]
fn v_prints_more() {
    let workspace = Workspace::new();
    workspace.file("table.csv", "a,b,y\n1,2,x\n3,4,z\n5,6,x\n7,8,z\n");
    let set = [
        "--set",
        "data={csv={path=\"table.csv\",target=\"y\"}}",
        "--set",
        "model.layers=[{dense={units=2}}]",
    ];
    let said = |more: &[&str]| {
        let fixed = ["train", "--set", "train.epochs=1", "--set", "split.validation=0.25"];
        workspace.ok(&[&fixed[..], &set, more].concat()).messages()
    };
    let (one, two) = (said(&["-v"]), said(&["-vv"]));
    for text in
        ["note: data csv, digest ", "note: the CPU uses ", "note: wrote runs/", "is the best so far: "]
    {
        assert!(one.contains(text) && two.contains(text), "{text}: {one}");
    }
    assert!(two.contains("debug: reading table.csv, ") && !one.contains("debug: "), "{two}");
    assert!(!said(&[]).contains("note: "));
}

#[test]
fn the_amount_of_output_can_be_chosen() {
    let workspace = Workspace::new();
    let said = |arguments: &[&str]| {
        let outcome = workspace.ok(&[&["train", "--set", "train.epochs=2"], arguments].concat());
        outcome.messages()
    };
    let lines = said(&["--progress", "lines"]);
    assert_eq!(lines.lines().count(), 3, "{lines}");
    assert_eq!(said(&["--progress", "none"]), "");
    assert_eq!(said(&["-q"]), "");
    // Long enough for a progress bar, however fast this build is.
    let long = ["--progress", "bar", "--set", "train.epochs=100000", "--set", "train.max_minutes=0.02"];
    assert!(said(&long).contains("\repoch "), "a bar");
    let json = said(&["--progress", "none", "--log-format", "json"]);
    assert_eq!(json.lines().count(), 1, "{json}");
    assert_eq!(said(&["-q", "--log-format", "json"]).lines().count(), 1);
    let with = |value: &str| {
        let mut command = workspace.command(&["train", "--set", "train.epochs=2"]);
        Outcome::of(command.env("TAPER_PROGRESS", value).output().expect("the program starts"))
    };
    assert_eq!(with("none").messages(), "");
    assert_eq!(with("").messages().lines().count(), 3);
    assert_eq!(with("never").code, 2);
}

#[cfg(target_os = "linux")]
#[test]
fn no_color_turns_colors_off() {
    let workspace = Workspace::new();
    workspace.file("bad.toml", "[train]\nepoch = 3\n");
    for arguments in [
        "check --config bad.toml",
        "train --set train.epochs=1 --progress lines",
        "train --bad",
        "check nofile.toml",
    ] {
        let words: Vec<&str> = arguments.split(' ').collect();
        // With and without `CI`, which some libraries take for a sign of colors.
        let said_in = |ci: Option<&str>, environment: &[(&str, &str)]| {
            let mut command = workspace.command(&words);
            if let Some(value) = ci {
                command.env("CI", value);
            }
            command.env_remove("NO_COLOR").env("TERM", "xterm-256color").envs(environment.iter().copied());
            on_a_terminal(command, 80)
        };
        let said = |environment: &[(&str, &str)]| said_in(None, environment);
        let colored = said(&[]);
        assert!(colored.contains("\x1b[1m"), "{arguments}: {colored:?}");
        for off in [("NO_COLOR", "1"), ("NO_COLOR", "false"), ("TERM", "dumb")] {
            for plain in [said(&[off]), said_in(Some("true"), &[off])] {
                assert!(!plain.contains('\x1b') && plain.contains(": "), "{off:?} {arguments}: {plain:?}");
            }
        }
        assert!(said(&[("NO_COLOR", "")]).contains('\x1b'), "{arguments}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_bar_shows_each_epoch_fits_the_window_and_is_erased() {
    let workspace = Workspace::new();
    for columns in [120, 80, 50] {
        let mut command = workspace.command(&["train", "--set", "train.epochs=30"]);
        command.env_remove("NO_COLOR").env("TERM", "xterm-256color");
        let written = on_a_terminal(command, columns);
        // The bar shows the epoch after the last one with a line of its own, or that it is being validated.
        let (mut finished, mut drawn) = (0, 0);
        for text in written.split(['\r', '\n']) {
            let text = text.replace("\x1b[J", "");
            assert!(
                text.chars().count() <= usize::from(columns) || !text.starts_with("epoch "),
                "{columns}: {text}"
            );
            let number = text
                .strip_prefix("epoch ")
                .and_then(|rest| rest.trim().split('/').next()?.parse::<u64>().ok());
            let Some(number) = number else { continue };
            assert_eq!(number, finished + 1, "{columns}: {text}");
            if text.contains('%') { drawn += 1 } else { finished += 1 }
        }
        assert!(finished == 30 && drawn > 1, "{columns}: {finished} {drawn} {written:?}");
        let screen = screen(&written);
        assert_eq!(
            screen.iter().filter(|line| line.starts_with("epoch ")).count(),
            30,
            "{columns}: {screen:#?}"
        );
        assert!(screen.iter().all(|line| !line.contains('%')), "{columns}: {screen:#?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn lines_for_people_are_broken_between_words_on_a_narrow_terminal() {
    let workspace = Workspace::new();
    let train = ["train", "synthetic_mlp", "--run-dir", "r", "--set", "train.epochs=1"];
    for arguments in [&train[..], &["eval", "r"], &["check", "digits_cnn"]] {
        let mut command = workspace.command(arguments);
        command.env("TERM", "xterm");
        let lines = screen(&on_a_terminal(command, 50));
        // Warnings and commands are left to the terminal.
        let own = lines.iter().filter(|line| !line.starts_with("warning: ") && !line.contains("taper "));
        let long: Vec<&String> = own.filter(|line| line.chars().count() > 50).collect();
        assert!(long.is_empty(), "{arguments:?}: {long:?}");
    }
    let mut piped = workspace.command(&["check", "digits_cnn"]);
    let text = Outcome::of(piped.env("COLUMNS", "50").output().expect("it starts")).stdout;
    assert!(text.lines().any(|line| line.chars().count() > 50), "a pipe has no width: {text}");
}
