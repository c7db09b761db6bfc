//! The arguments of `taper serve`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::shared::{Format, Overrides};

/// The name of a model that is given without one, as in TensorFlow Serving.
const UNNAMED: &str = "default";

#[derive(Debug, Args)]
pub struct Serve {
    /// What to serve: a run folder (its best checkpoint, as training goes on), a checkpoint folder, a `.safetensors`
    /// file written by taper, or a folder of numbered versions. With several, each needs a name.
    #[arg(value_name = "[NAME=]MODEL")]
    models: Vec<String>,
    /// The same as MODEL, as a flag, called --name.
    #[arg(long, value_name = "PATH", conflicts_with = "models")]
    checkpoint: Option<PathBuf>,
    /// The name of a model that is given without one [default: default].
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// A `.toml` or `.json` file with `[serve]`; flags take precedence.
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The address and port to listen on; port 0 takes a free one [default: 127.0.0.1:8501].
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// A file of tokens, one `NAME: TOKEN` per line, of which every request must send one.
    #[arg(long, value_name = "FILE")]
    tokens: Option<PathBuf>,
    /// The certificate for HTTPS, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// Its private key, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Serve other machines without tokens.
    #[arg(long)]
    allow_anonymous: bool,
    /// Serve other machines without TLS.
    #[arg(long)]
    allow_plaintext: bool,
    /// Log requests to stderr, one JSON line each: none, failed ones, or all [default: off].
    #[arg(long, value_name = "off|errors|all")]
    access_log: Option<String>,
    #[command(flatten)]
    pub overrides: Overrides,
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    #[arg(help = "Number of CPU threads for predictions; they do not depend on it [default: all cores]")]
    pub threads: Option<u16>,
    /// The format of the line on stdout that says that the server is ready.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    tensorflow: TensorFlow,
}

/// The flags of `tensorflow_model_server`, which are accepted as they are.
#[derive(Debug, Args)]
struct TensorFlow {
    #[arg(long = "rest_api_port", alias = "rest-api-port", hide = true, conflicts_with = "listen")]
    rest_api_port: Option<u16>,
    #[arg(long = "model_name", alias = "model-name", hide = true, conflicts_with = "name")]
    model_name: Option<String>,
    #[arg(long = "model_base_path", alias = "model-base-path", hide = true, conflicts_with = "checkpoint")]
    model_base_path: Option<PathBuf>,
    #[arg(long = "file_system_poll_wait_seconds", hide = true, allow_negative_numbers = true)]
    poll_seconds: Option<f64>,
    #[arg(long = "rest_api_timeout_in_ms", hide = true)]
    timeout: Option<u32>,
    /// Flags that have no meaning here: there is no gRPC, requests are always batched, and networks always warmed up.
    #[arg(long = "port", hide = true)]
    port: Option<u16>,
    #[arg(long = "enable_batching", hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    enable_batching: Option<bool>,
    #[arg(long = "enable_model_warmup", hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    enable_model_warmup: Option<bool>,
    #[arg(long = "rest_api_num_threads", hide = true)]
    rest_api_num_threads: Option<u16>,
    #[arg(long = "max_num_load_retries", hide = true)]
    max_num_load_retries: Option<u32>,
    #[arg(long = "load_retry_interval_micros", hide = true)]
    load_retry_interval_micros: Option<u64>,
    #[arg(long = "tensorflow_session_parallelism", hide = true)]
    tensorflow_session_parallelism: Option<u32>,
}

impl Serve {
    /// The values of the flags, each with its name in messages, as assignments to keys of `[serve]`.
    ///
    /// # Errors
    /// If several models are given without names.
    pub fn assignments(&self) -> Result<Vec<(String, String)>, taper::Error> {
        let mut all = Vec::new();
        let mut set = |flag: &str, key: &str, value: String| {
            all.push((flag.to_owned(), format!("serve.{key}={value}")));
        };
        let other = &self.tensorflow;
        if let Some(listen) = &self.listen {
            set("--listen", "listen", quoted(listen));
        }
        if let Some(port) = other.rest_api_port {
            set("--rest_api_port", "listen", quoted(&format!("127.0.0.1:{port}")));
        }
        for (flag, key, file) in [
            ("--tokens", "auth.tokens", &self.tokens),
            ("--tls-certificate", "tls.certificate", &self.tls_certificate),
            ("--tls-key", "tls.key", &self.tls_key),
        ] {
            if let Some(file) = file {
                set(flag, key, path(file));
            }
        }
        if self.allow_anonymous {
            set("--allow-anonymous", "auth.allow_anonymous", "true".to_owned());
        }
        if self.allow_plaintext {
            set("--allow-plaintext", "auth.allow_plaintext", "true".to_owned());
        }
        if let Some(which) = &self.access_log {
            set("--access-log", "access_log", quoted(which));
        }
        if let Some(seconds) = other.poll_seconds {
            // TensorFlow Serving looks all the time at 0, and never below.
            let seconds = if seconds < 0.0 { 0.0 } else { seconds.max(0.1) };
            set("--file_system_poll_wait_seconds", "poll_seconds", seconds.to_string());
        }
        if let Some(timeout) = other.timeout {
            let seconds = f64::from(timeout) / 1e3;
            set("--rest_api_timeout_in_ms", "limits.answer_seconds", seconds.to_string());
        }
        for (name, place) in self.models()? {
            set("MODEL", &format!("models.{}.source", quoted(&name)), path(&place));
        }
        Ok(all)
    }

    /// Flags that were given, but have no effect.
    pub fn ignored(&self) -> Vec<&'static str> {
        let other = &self.tensorflow;
        let flags = [
            ("--port", other.port.is_some()),
            ("--rest_api_num_threads", other.rest_api_num_threads.is_some()),
            ("--max_num_load_retries", other.max_num_load_retries.is_some()),
            ("--load_retry_interval_micros", other.load_retry_interval_micros.is_some()),
            ("--tensorflow_session_parallelism", other.tensorflow_session_parallelism.is_some()),
            ("--enable_batching", other.enable_batching == Some(false)),
            ("--enable_model_warmup", other.enable_model_warmup == Some(false)),
        ];
        flags.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag).collect()
    }

    /// The models with their names.
    fn models(&self) -> Result<Vec<(String, PathBuf)>, taper::Error> {
        let lone = self.name.as_deref().or(self.tensorflow.model_name.as_deref()).unwrap_or(UNNAMED);
        let flag = self.checkpoint.as_ref().or(self.tensorflow.model_base_path.as_ref());
        let mut models: Vec<(String, PathBuf)> =
            flag.into_iter().map(|place| (lone.to_owned(), place.clone())).collect();
        for text in &self.models {
            // A path may have `=` in it, as the folders of some schedulers do.
            let named = text
                .split_once('=')
                .filter(|(name, _)| !name.contains(['/', '\\']) && !Path::new(text).exists());
            let (name, place) = named.unwrap_or((lone, text));
            if models.iter().any(|(other, _)| other == name) {
                let message = format!(
                    "two models are called `{name}`; give each a name of its own, as in NAME={place}"
                );
                return Err(taper::Error::Usage(message));
            }
            models.push((name.to_owned(), place.into()));
        }
        Ok(models)
    }
}

/// `text` as a TOML string, which is a quoted key as well.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A path that starts at the working folder, wherever the config is.
fn path(path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    quoted(&whole.display().to_string())
}
