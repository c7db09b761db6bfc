//! `taper serve`: predictions over HTTP.

use serde_json::json;
use taper::config::Input;
use taper::experiment::file;
use taper::serve::{Config, Server};

use super::overrides::environment_of;
use super::system;
use crate::cli::{Common, Format, Serve};
use crate::terminal;

/// Runs the command: loads the models, reports that the server is ready, and serves until a signal arrives.
///
/// # Errors
/// If the config is invalid, a model cannot be loaded, or the address cannot be listened on.
pub fn run(options: &Serve, _common: &Common) -> anyhow::Result<()> {
    let config = config(options)?;
    for flag in options.ignored() {
        let instead = if flag == "--port" { ": taper has no gRPC; --listen sets the HTTP port" } else { "" };
        terminal::warn(&format!("{flag} has no effect{instead}"));
    }
    taper::threads::configure(options.threads.map(usize::from))?;
    let interrupt = system::catch()?;
    let server = Server::start(config, interrupt)?;
    terminal::print(&ready(&server, options.format))?;
    server.run()?;
    Ok(())
}

/// The config in a file, if there is one, with the values of the environment and of flags.
fn config(options: &Serve) -> anyhow::Result<Config> {
    let (mut input, folder) = match &options.config {
        None => (Input { name: "flags.toml".to_owned(), ..Input::default() }, None),
        Some(path) => (file::open(path)?, path.parent()),
    };
    input.overrides = environment_of("serve.");
    input.overrides.extend(options.overrides.assignments());
    input.overrides.extend(options.assignments()?);
    Ok(Config::from_input(&input, folder)?)
}

/// The line that reports that the server is ready, and what it serves.
fn ready(server: &Server, format: Format) -> String {
    let scheme = if server.is_secure() { "https" } else { "http" };
    let url = format!("{scheme}://{}", server.address());
    let models = server.models();
    match format {
        Format::Json => {
            let models: serde_json::Map<_, _> =
                models.into_iter().map(|(name, version)| (name, json!(version))).collect();
            json!({ "event": "ready", "url": url, "models": models }).to_string()
        }
        Format::Text => {
            let names: Vec<String> =
                models.into_iter().map(|(name, version)| format!("{name} {version}")).collect();
            format!("serving {} at {url}", names.join(", "))
        }
    }
}
