//! `[serve]`: what is served, where, and within which limits.

mod limits;
mod model;
mod model_server;
mod security;

pub use limits::{Batching, Limits};
pub use model::{Follow, ModelConfig};
#[cfg(feature = "internals")]
pub use model_server::text;
pub use model_server::{check_tensorflow_monitoring, tensorflow_models};
pub use security::{Auth, Tls};

use std::collections::BTreeMap;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::config::{self, Input, Problems};
use crate::error::{Error, Result};

/// The whole config of a server, `serve.toml`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServeConfig {
    /// The server.
    pub serve: Config,
}

/// `[serve]`: a server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The address and the port to listen on; port 0 picks a free one.
    pub listen: String,
    /// Seconds between checks for new versions of the models, and for changed files of tokens and certificates; 0 turns
    /// them off.
    #[schemars(range(min = 0, max = 86_400))]
    pub poll_seconds: f64,
    /// Seconds for which the server still accepts connections after a signal to stop, while it reports that
    /// it is not ready: time for a load balancer to notice.
    #[schemars(range(min = 0, max = 3_600))]
    pub drain_delay: f64,
    /// The maximum time in seconds to answer the requests in flight when the server stops.
    #[schemars(range(min = 0, max = 3_600))]
    pub drain_timeout: f64,
    /// Which requests are logged.
    pub access_log: AccessLog,
    /// Whether `/` shows a page on which the models can be tried.
    pub page: bool,
    /// The web pages that may send requests from a browser, such as `https://example.com`, or `*`.
    pub cors_origins: Vec<String>,
    /// The models by name.
    pub models: BTreeMap<String, ModelConfig>,
    /// The limits of requests.
    pub limits: Limits,
    /// How requests share passes through a network.
    pub batching: Batching,
    /// HTTPS.
    pub tls: Option<Tls>,
    /// Who may send requests.
    pub auth: Auth,
}

/// Which requests are logged to stderr, one line each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessLog {
    /// None.
    #[default]
    Off,
    /// Those that failed.
    Errors,
    /// All.
    All,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8501".to_owned(),
            poll_seconds: 1.0,
            drain_delay: 0.0,
            drain_timeout: 30.0,
            access_log: AccessLog::default(),
            page: true,
            cors_origins: Vec::new(),
            models: BTreeMap::new(),
            limits: Limits::default(),
            batching: Batching::default(),
            tls: None,
            auth: Auth::default(),
        }
    }
}

impl Config {
    /// Loads and checks a config. Its relative paths start at `folder`, by default the working folder.
    ///
    /// # Errors
    /// [`Error::Config`] with all mistakes in it.
    pub fn from_input(input: &Input, folder: Option<&Path>) -> Result<Self> {
        let validate = |config: &ServeConfig, problems: &mut Problems<'_>| {
            config.serve.validate(&mut problems.key("serve"));
        };
        let loaded: ServeConfig = config::load(input, &config::schema::<ServeConfig>(), &[], validate)
            .map_err(|diagnostics| Error::Config(Box::new(diagnostics)))?;
        let mut config = loaded.serve;
        let folder = folder.unwrap_or(Path::new(""));
        let models = config.models.values_mut().map(|model| &mut model.source);
        let tls = config.tls.iter_mut();
        let tls =
            tls.flat_map(|tls| [&mut tls.certificate, &mut tls.key].into_iter().chain(&mut tls.client_ca));
        for path in models.chain(tls).chain(&mut config.auth.tokens) {
            *path = folder.join(&*path);
        }
        Ok(config)
    }

    /// The address and the port to listen on.
    ///
    /// # Errors
    /// If `listen` is not an address and a port; the message says so.
    pub fn address(&self) -> Result<SocketAddr, String> {
        let found = self.listen.to_socket_addrs().ok().and_then(|mut all| all.next());
        found.ok_or_else(|| {
            format!("expected an address and a port, such as 127.0.0.1:8501, found {:?}", self.listen)
        })
    }

    /// Reports what a schema cannot express.
    pub fn validate(&self, problems: &mut Problems<'_>) {
        if self.models.is_empty() {
            problems.key("models").report("there is no model; add `[serve.models.NAME]` with a `source`");
        }
        for (name, model) in &self.models {
            let mut models = problems.key("models");
            let mut problems = models.key(name);
            if model.source.as_os_str().is_empty() {
                problems
                    .key("source")
                    .report("a model needs a run folder, a checkpoint or a folder of versions");
            }
            if name.is_empty() {
                problems.report("a model needs a name");
            }
            if model.input.is_empty() {
                problems.key("input").report("the input needs a name");
            }
        }
        let Limits { body_bytes, all_bodies_bytes, .. } = self.limits;
        if all_bodies_bytes < body_bytes.saturating_mul(2) {
            problems.key("limits").key("all_bodies_bytes").report(format!(
                "{all_bodies_bytes} bytes are not enough for a body of {body_bytes} (`body_bytes`) that is as large again after \
                 decompression; set at least {}",
                body_bytes.saturating_mul(2)
            ));
        }
        match self.address() {
            Ok(address) if !address.ip().is_loopback() => self.validate_access(problems),
            Ok(_) => {}
            Err(message) => problems.key("listen").report(message),
        }
    }

    /// Reports what is missing to serve other machines safely.
    fn validate_access(&self, problems: &mut Problems<'_>) {
        if self.auth.tokens.is_none() && !self.auth.allow_anonymous {
            problems.key("listen").report(
                "other machines can reach this address; set a file of tokens in `serve.auth.tokens`, or set \
                 `serve.auth.allow_anonymous = true`",
            );
        }
        if self.tls.is_none() && !self.auth.allow_plaintext {
            problems.key("listen").report(
                "other machines can reach this address; set a certificate in `[serve.tls]`, or set \
                 `serve.auth.allow_plaintext = true`",
            );
        }
    }
}
