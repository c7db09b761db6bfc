//! Progress of loading, and stopping it by signals.

use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use taper::data::{Loading, SearchPath, Unit};
use taper::interrupt::Interrupt;
use taper::run::{Options, Place};
use taper::{Error, Experiment};

use crate::workspace::{Outcome, Workspace};

const REST: &str = "[model]\nlayers = [{ flatten = {} }, { dense = { units = 2 } }]\n[loss.cross_entropy]\n\
                    [optimizer.adam]\n[train]\nepochs = 1\n";

/// A table with this number of rows of ten numbers and a class.
fn table(rows: usize) -> String {
    let row = |i: usize| format!("{}{}\n", "0.12345,".repeat(10), ["p", "q"][i % 2]);
    format!("a,b,c,d,e,f,g,h,i,j,y\n{}", (0..rows).map(row).collect::<String>())
}

/// Two class folders with `each` images of 4x4 pixels.
fn images(workspace: &Workspace, each: usize) {
    for class in ["dark", "light"] {
        std::fs::create_dir_all(workspace.path("images").join(class)).expect("a folder");
        for i in 0..each {
            let image = image::GrayImage::from_pixel(4, 4, image::Luma([i as u8]));
            image.save(workspace.path(format!("images/{class}/{i:03}.png"))).expect("an image");
        }
    }
}

fn experiment(data: &str) -> Experiment {
    Experiment::from_toml(&format!("name = \"l\"\n{data}\n{REST}")).expect("a config")
}

/// Trains in the workspace with `loading`.
fn train(workspace: &Workspace, data: &str, loading: Loading) -> taper::Result<()> {
    let interrupt = loading.interrupt().clone();
    let search = SearchPath { config_folder: workspace.path(""), loading, ..SearchPath::default() };
    let place = Place::New { folder: workspace.path("run"), force: false };
    taper::train(&experiment(data), Options { place, search, interrupt, ..Options::default() }).map(drop)
}

/// A [`Loading`] that is interrupted at the first report, and the number of reports.
fn stopped_at_once() -> (Loading, Arc<AtomicU64>) {
    let (interrupt, reports) = (Interrupt::default(), Arc::new(AtomicU64::new(0)));
    let (flag, count) = (interrupt.flag(), Arc::clone(&reports));
    let loading = Loading::new(interrupt).observed_by(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        flag.store(15, Ordering::Relaxed);
    });
    (loading, reports)
}

#[test]
fn reading_any_kind_of_file_stops_at_once_and_leaves_no_run_folder() {
    let workspace = Workspace::new();
    workspace.file("t.csv", table(100_000));
    images(&workspace, 200);
    for (data, most) in [
        ("[data.csv]\npath = \"t.csv\"\ntarget = \"y\"", 1),
        ("[data.image_folder]\npath = \"images\"\nheight = 4\nwidth = 4\nchannels = 1", 64),
    ] {
        let (loading, reports) = stopped_at_once();
        let error = train(&workspace, data, loading).expect_err("a signal");
        assert!(matches!(error, Error::StoppedReading(15)), "{error}");
        assert_eq!(error.to_string(), "stopped by SIGTERM while reading the data");
        let reports = reports.load(Ordering::Relaxed);
        assert!((1..=most).contains(&reports), "{data}: {reports} reports");
        assert!(!workspace.path("run").exists());
    }
}

#[test]
fn progress_is_reported_to_the_end() {
    let workspace = Workspace::new();
    let csv = workspace.file("t.csv", table(30_000));
    images(&workspace, 20);
    let length = std::fs::metadata(csv).expect("the file").len();
    for (data, total, unit) in [
        ("[data.csv]\npath = \"t.csv\"\ntarget = \"y\"", length, Unit::Bytes),
        ("[data.image_folder]\npath = \"images\"\nheight = 4\nwidth = 4", 40, Unit::Samples),
    ] {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        let loading = Loading::default().observed_by(move |report| {
            assert_eq!((report.total, report.unit), (total, unit));
            kept.lock().expect("no panic").push(report.done);
        });
        let search = SearchPath { config_folder: workspace.path(""), loading, ..SearchPath::default() };
        let experiment = experiment(data);
        experiment.data.load(&experiment.split, &search, 1).expect("samples");
        let mut seen = seen.lock().expect("no panic").clone();
        seen.sort_unstable();
        assert_eq!(seen.last(), Some(&total), "{data}");
        assert!(unit == Unit::Bytes || seen == (1..=total).collect::<Vec<_>>(), "{seen:?}");
    }
}

/// Sends a signal to the program while it reads `big.csv`; returns its output.
fn signaled(workspace: &Workspace, arguments: &[&str], signal: &str) -> Outcome {
    let child = workspace
        .command(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // Signals are handled once it reads, which `/proc` shows by the open file.
    let open = Path::new("/proc").join(child.id().to_string()).join("fd");
    let start = Instant::now();
    let reads = || {
        let files = std::fs::read_dir(&open).into_iter().flatten().flatten();
        files.flat_map(|file| std::fs::read_link(file.path())).any(|file| file.ends_with("big.csv"))
    };
    while !reads() {
        assert!(start.elapsed() < Duration::from_mins(1), "the file was not opened");
        std::thread::sleep(Duration::from_millis(2));
    }
    let sent = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
    Outcome::of(child.wait_with_output().expect("the program's output"))
}

#[test]
fn ctrl_c_stops_loading() {
    let workspace = Workspace::new();
    workspace.file("small.csv", table(10));
    workspace.file("big.csv", table(400_000));
    workspace
        .file("c.toml", format!("name = \"l\"\n[data.csv]\npath = \"small.csv\"\ntarget = \"y\"\n{REST}"));
    workspace.ok(&["train", "c.toml", "--run-dir", "small"]);
    let big = "data.csv.path=big.csv";
    for (arguments, signal, code, name) in [
        (&["train", "c.toml", "--run-dir", "run", "--set", big][..], "-INT", 130, "SIGINT"),
        (&["train", "c.toml", "--set", big], "-TERM", 143, "SIGTERM"),
        (&["eval", "small", "--set", big], "-INT", 130, "SIGINT"),
        (&["bench", "c.toml", "--set", big], "-TERM", 143, "SIGTERM"),
        (&["predict", "small", "big.csv"], "-INT", 130, "SIGINT"),
    ] {
        let outcome = signaled(&workspace, arguments, signal);
        assert_eq!(outcome.code, code, "{arguments:?}: {}", outcome.stderr);
        assert_eq!(
            outcome.messages(),
            format!("error: stopped by {name} while reading the data"),
            "{arguments:?}"
        );
        assert_eq!(outcome.stdout, "");
    }
    assert!(!workspace.path("run").exists() && !workspace.path("runs").exists());
}
