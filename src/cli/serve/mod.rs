//! The arguments of `taper serve`.

mod tensorflow;

use std::path::{Path, PathBuf};

use clap::Args;

use super::shared::{Format, Overrides};
use tensorflow::TensorFlow;

/// The name of a model for which none is given, as in TensorFlow Serving.
const UNNAMED: &str = "default";

#[derive(Debug, Args)]
pub struct Serve {
    /// What to serve: a run folder (its best checkpoint, updated as training continues), a checkpoint folder,
    /// a `.safetensors` file written by taper, or a folder of numbered versions. With several, each needs a
    /// name.
    #[arg(value_name = "[NAME=]MODEL")]
    models: Vec<String>,
    /// The same as MODEL, as a flag; --name sets the name.
    #[arg(long, value_name = "PATH", conflicts_with = "models")]
    checkpoint: Option<PathBuf>,
    /// The name of a MODEL given without NAME= [default: default].
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// A `.toml` or `.json` file with `[serve]`; flags take precedence.
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The address and port to listen on; port 0 picks a free one [default: 127.0.0.1:8501].
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// A file of tokens, one `NAME: TOKEN` per line; every request must send one of them.
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
    #[arg(help = "Number of CPU threads for predictions; results do not depend on it [default: all cores]")]
    pub threads: Option<u16>,
    /// The format of the line printed to stdout when the server is ready.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    #[command(flatten)]
    tensorflow: TensorFlow,
}

impl Serve {
    /// The values of the flags, each with its name in messages, as assignments to keys of `[serve]`.
    ///
    /// # Errors
    /// If several models are given without names, or a file of `tensorflow_model_server` has a mistake.
    pub fn assignments(&self) -> Result<Vec<(String, String)>, taper::Error> {
        let mut all = Vec::new();
        let mut set = |flag: &str, key: &str, value: String| {
            all.push((flag.to_owned(), format!("serve.{key}={value}")));
        };
        let other = &self.tensorflow;
        if let Some(listen) = &self.listen {
            set("--listen", "listen", quoted(listen));
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
        other.assign(&mut set)?;
        for (name, place) in self.models()? {
            set("MODEL", &format!("models.{}.source", quoted(&name)), path(&place));
        }
        Ok(all)
    }

    /// Flags that were given, but have no effect.
    pub fn ignored(&self) -> Vec<&'static str> {
        self.tensorflow.ignored()
    }

    /// The models with their names.
    fn models(&self) -> Result<Vec<(String, PathBuf)>, taper::Error> {
        let lone = self.name.as_deref().or(self.tensorflow.model_name()).unwrap_or(UNNAMED);
        let flag = self.checkpoint.as_deref().or(self.tensorflow.model_base_path());
        let mut models: Vec<(String, PathBuf)> =
            flag.into_iter().map(|place| (lone.to_owned(), place.to_path_buf())).collect();
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

/// A path resolved against the working folder, wherever the config is.
fn path(path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    quoted(&whole.display().to_string())
}
