//! What a run came to: `summary.json`, and the lines at the end of `taper train`.

use std::io::Read as _;
use std::path::Path;

use serde_json::{Value, json};
use taper::checkpoint::State;
use taper::device;
use taper::run::Run;
use taper::train::Stop;

/// The last value of the metric called `name`.
pub fn value(state: &State, name: &str) -> Option<f64> {
    state.last.iter().find(|(own, _)| own == name).map(|(_, value)| *value)
}

/// The content of `summary.json`. `tested_epoch` is the epoch of the weights that were tested.
pub fn summary(run: &Run, state: &State, stop: Stop, tested_epoch: Option<u64>, folder: &Path) -> Value {
    let metrics: serde_json::Map<String, Value> =
        state.last.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let samples =
        state.epoch.saturating_mul(run.data.train_order.len() as u64).saturating_add(state.samples_in_epoch);
    json!({
        "version": 1,
        "run": folder.display().to_string(),
        "name": run.experiment.name,
        "reason": stop.reason(),
        "epochs": state.epoch,
        "steps": state.step,
        "metrics": metrics,
        "test_epoch": tested_epoch,
        "best": state.best,
        "seconds": state.seconds,
        "samples_per_second": samples as f64 / state.seconds.max(1e-9),
        "parameters": run.plan.parameters(),
        "train_samples": run.data.train_order.len(),
        "seed": run.experiment.seed,
        "data_sha256": run.data.digest,
        "taper": env!("CARGO_PKG_VERSION"),
        "engine": run.engine.name(),
        "device": device::describe(&run.device),
        "threads": taper::threads::count(),
        "git_commit": git_commit(),
        "host": std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|name| name.trim().to_owned()),
        "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH,
        "debug_build": cfg!(debug_assertions),
    })
}

/// The commit of the folder that the run was started in, if that is a git checkout.
fn git_commit() -> Option<String> {
    use std::process::Stdio;

    let mut git = std::process::Command::new("git");
    git.args(["rev-parse", "HEAD"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut git = git.spawn().ok()?;
    // Not `Command::output`, which panics where the pipe cannot be read.
    let mut commit = String::new();
    let read = git.stdout.take()?.read_to_string(&mut commit);
    let ended = git.wait().ok()?;
    (read.is_ok() && ended.success()).then(|| commit.trim().to_owned())
}

/// The same for people: test metrics, where the run is, what to do next.
pub fn describe(state: &State, tested_epoch: Option<u64>, folder: &Path) -> String {
    let mut lines = Vec::new();
    let of = |split: &str, name: &str| value(state, &format!("{split}.{name}"));
    if let (Some(epoch), Some(loss)) = (tested_epoch, of("test", "loss")) {
        let best = state.best.as_ref().is_some_and(|best| best.epoch == epoch);
        let which = if best { format!("best epoch, {epoch}") } else { "last weights".to_owned() };
        let rest = match (of("test", "accuracy"), of("test", "rmse")) {
            (Some(accuracy), _) => format!("  accuracy {accuracy:.4}"),
            (_, Some(rmse)) => format!("  rmse {rmse:.6}"),
            _ => String::new(),
        };
        lines.push(format!("test   loss {loss:.4}{rest}  ({which})"));
    }
    lines.push(format!("saved  {}", folder.display()));
    lines.push(format!("next   taper eval --checkpoint {}", folder.display()));
    lines.join("\n")
}
