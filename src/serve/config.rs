//! `[serve]`: what is served, where, and within which limits.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::{self, Input, Problems};
use crate::data::input::Units;
use crate::error::{Error, Result};

/// The whole config of a server, `serve.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServeConfig {
    /// The server.
    pub serve: Config,
}

/// `[serve]`: a server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The address and the port to listen on; port 0 takes a free one.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// Seconds between looks at the sources of the models for new versions; 0 turns them off.
    #[schemars(range(min = 0, max = 86_400))]
    pub poll_seconds: f64,
    /// Seconds between a signal to stop and the end of accepting connections, in which the server reports that it is not ready.
    /// A load balancer needs them to notice.
    #[schemars(range(min = 0, max = 3_600))]
    pub drain_delay: f64,
    /// The longest time in seconds to answer what is in flight when the server stops.
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

/// `[serve.models.NAME]`: a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// A run folder, a checkpoint folder, a `.safetensors` file written by taper, or a folder of versions, which are
    /// folders with numbers as names.
    pub source: PathBuf,
    /// Which checkpoint of a run folder is served.
    pub follow: Follow,
    /// The number of versions served at once: the latest ones of a folder of versions, or loaded ones of a run.
    #[schemars(range(min = 1, max = 100))]
    pub keep: usize,
    /// The name of the input.
    pub input: String,
    /// What numbers mean to a network that was trained on pixels.
    pub units: Units,
    /// Versions by label, such as `stable = 1500`.
    pub labels: BTreeMap<String, u64>,
}

/// Which checkpoint of a run is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Follow {
    /// The best, as training goes on.
    #[default]
    Best,
    /// The latest, as training goes on.
    Latest,
    /// The one that was the best when the server started.
    None,
}

/// `[serve.limits]`: what a client may use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The largest body in bytes, as sent and unpacked; 413 beyond it.
    #[schemars(range(min = 1, max = 0x4000_0000_u64))]
    pub body_bytes: usize,
    /// The largest head of a request in bytes; 431 beyond it.
    #[schemars(range(min = 8_192, max = 1_048_576))]
    pub head_bytes: usize,
    /// The most samples in a request; 413 beyond it.
    #[schemars(range(min = 1))]
    pub samples: usize,
    /// The most open connections; further ones are closed.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub connections: usize,
    /// Seconds for the head of a request to arrive.
    #[schemars(range(min = 0.001, max = 3_600))]
    pub head_seconds: f64,
    /// Seconds for the body of a request to arrive; 408 beyond them.
    #[schemars(range(min = 0.001, max = 3_600))]
    pub body_seconds: f64,
    /// Seconds for a client to accept more of a reply.
    #[schemars(range(min = 0.001, max = 3_600))]
    pub write_seconds: f64,
    /// Seconds that a connection may be idle between requests.
    #[schemars(range(min = 0.001, max = 86_400))]
    pub idle_seconds: f64,
    /// Seconds until a request must be answered; 504 beyond them.
    #[schemars(range(min = 0.001, max = 3_600))]
    pub answer_seconds: f64,
}

/// `[serve.batching]`: requests that wait for the network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Batching {
    /// The most requests that wait for the network; 503 beyond them.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub queue: usize,
    /// The most memory of the samples that wait, in bytes; 503 beyond it.
    #[schemars(range(min = 1))]
    pub queue_bytes: usize,
}

/// `[serve.tls]`: a certificate. Both files are read again when they change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The file with the certificate and those of its issuers, in PEM.
    pub certificate: PathBuf,
    /// The file with the private key, in PEM.
    pub key: PathBuf,
    /// A file with certificates in PEM; if given, clients must present a certificate that one of them issued.
    #[serde(default)]
    pub client_ca: Option<PathBuf>,
}

/// `[serve.auth]`: bearer tokens.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// A file with one token per line, each after a name and a colon, as in `team-a: 5f0c…`. It is read again when it changes.
    pub tokens: Option<PathBuf>,
    /// Whether metrics can be read without a token.
    pub metrics_public: bool,
    /// Whether an address that other machines reach is served without tokens.
    pub allow_anonymous: bool,
    /// Whether an address that other machines reach is served without TLS.
    pub allow_plaintext: bool,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self { serve: Config::default() }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8501),
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

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            source: PathBuf::new(),
            follow: Follow::default(),
            keep: 1,
            input: "x".to_owned(),
            units: Units::default(),
            labels: BTreeMap::new(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 32 << 20,
            head_bytes: 16 << 10,
            samples: 65_536,
            connections: 4_096,
            head_seconds: 10.0,
            body_seconds: 30.0,
            write_seconds: 30.0,
            idle_seconds: 75.0,
            answer_seconds: 30.0,
        }
    }
}

impl Default for Batching {
    fn default() -> Self {
        Self { queue: 1_024, queue_bytes: 256 << 20 }
    }
}

impl ModelConfig {
    /// Whether at most one version is served at a time.
    #[must_use]
    pub fn serves_one(&self) -> bool {
        self.keep == 1
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
        if self.listen.ip().is_loopback() {
            return;
        }
        if self.auth.tokens.is_none() && !self.auth.allow_anonymous {
            problems.key("listen").report(
                "other machines reach this address: name a file of tokens in `serve.auth.tokens`, or set \
                 `serve.auth.allow_anonymous = true`",
            );
        }
        if self.tls.is_none() && !self.auth.allow_plaintext {
            problems.key("listen").report(
                "other machines reach this address: name a certificate in `[serve.tls]`, or set \
                 `serve.auth.allow_plaintext = true`",
            );
        }
    }
}
