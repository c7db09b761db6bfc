//! The flags of `tensorflow_model_server`, which are accepted unchanged.

use std::path::{Path, PathBuf};

use clap::Args;
use taper::serve::{ModelConfig, check_tensorflow_monitoring, tensorflow_models};

use super::{path, quoted};

#[derive(Debug, Args)]
pub struct TensorFlow {
    #[arg(long = "rest_api_port", alias = "rest-api-port", hide = true, conflicts_with = "listen")]
    rest_api_port: Option<u16>,
    #[arg(long = "model_name", alias = "model-name", hide = true, conflicts_with = "name")]
    model_name: Option<String>,
    #[arg(long = "model_base_path", alias = "model-base-path", hide = true, conflicts_with = "checkpoint")]
    model_base_path: Option<PathBuf>,
    #[arg(long = "model_config_file", alias = "model-config-file", hide = true)]
    #[arg(conflicts_with_all = ["models", "checkpoint", "name"])]
    model_config_file: Option<PathBuf>,
    #[arg(long = "monitoring_config_file", hide = true)]
    monitoring_config_file: Option<PathBuf>,
    #[arg(long = "file_system_poll_wait_seconds", hide = true, allow_negative_numbers = true)]
    poll_seconds: Option<f64>,
    #[arg(long = "rest_api_timeout_in_ms", hide = true)]
    timeout: Option<u32>,
    #[arg(long = "rest_api_enable_cors_support", hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    enable_cors: Option<bool>,
    /// Flags that have no meaning here: there is no gRPC, requests are always batched, networks always warmed
    /// up, and what could not be loaded is tried again when it changes.
    #[arg(long = "port", hide = true)]
    port: Option<u16>,
    #[arg(long = "enable_batching", hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    enable_batching: Option<bool>,
    #[arg(long = "batching_parameters_file", hide = true)]
    batching_parameters_file: Option<PathBuf>,
    #[arg(long = "enable_model_warmup", hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    enable_model_warmup: Option<bool>,
    #[arg(long = "model_config_file_poll_wait_seconds", hide = true, allow_negative_numbers = true)]
    model_config_file_poll_seconds: Option<f64>,
    #[arg(long = "rest_api_num_threads", hide = true)]
    rest_api_num_threads: Option<u16>,
    #[arg(long = "max_num_load_retries", hide = true)]
    max_num_load_retries: Option<u32>,
    #[arg(long = "load_retry_interval_micros", hide = true)]
    load_retry_interval_micros: Option<u64>,
    #[arg(long = "tensorflow_session_parallelism", hide = true)]
    tensorflow_session_parallelism: Option<u32>,
}

impl TensorFlow {
    /// Calls `set` with the flag, the key of `[serve]` and the value of each setting.
    ///
    /// # Errors
    /// If a file that a flag names has a mistake, or describes what taper does not support.
    pub fn assign(&self, set: &mut impl FnMut(&str, &str, String)) -> Result<(), taper::Error> {
        if let Some(port) = self.rest_api_port {
            set("--rest_api_port", "listen", quoted(&format!("127.0.0.1:{port}")));
        }
        if let Some(seconds) = self.poll_seconds {
            // TensorFlow Serving polls continuously at 0, and never below 0.
            let seconds = if seconds < 0.0 { 0.0 } else { seconds.max(0.1) };
            set("--file_system_poll_wait_seconds", "poll_seconds", seconds.to_string());
        }
        if let Some(timeout) = self.timeout {
            let seconds = f64::from(timeout) / 1e3;
            set("--rest_api_timeout_in_ms", "limits.answer_seconds", seconds.to_string());
        }
        if self.enable_cors == Some(true) {
            set("--rest_api_enable_cors_support", "cors_origins", "[\"*\"]".to_owned());
        }
        if let Some(file) = &self.monitoring_config_file {
            check_tensorflow_monitoring(file)?;
        }
        let models = self.model_config_file.as_deref().map(tensorflow_models).transpose()?;
        for (name, model) in models.iter().flatten() {
            assign_model(name, model, &mut |key, value| set("--model_config_file", key, value));
        }
        Ok(())
    }

    /// The name of a model for which none is given.
    pub fn model_name(&self) -> Option<&str> {
        self.model_name.as_deref()
    }

    /// The folder of a lone model. As in TensorFlow Serving, a file of models takes precedence.
    pub fn model_base_path(&self) -> Option<&Path> {
        self.model_base_path.as_deref().filter(|_| self.model_config_file.is_none())
    }

    /// Flags that were given, but have no effect.
    pub fn ignored(&self) -> Vec<&'static str> {
        let lone = self.model_config_file.is_some();
        let flags = [
            ("--port", self.port.is_some()),
            ("--model_name", lone && self.model_name.is_some()),
            ("--model_base_path", lone && self.model_base_path.is_some()),
            ("--model_config_file_poll_wait_seconds", self.model_config_file_poll_seconds.is_some()),
            ("--rest_api_num_threads", self.rest_api_num_threads.is_some()),
            ("--max_num_load_retries", self.max_num_load_retries.is_some()),
            ("--load_retry_interval_micros", self.load_retry_interval_micros.is_some()),
            ("--tensorflow_session_parallelism", self.tensorflow_session_parallelism.is_some()),
            ("--enable_batching", self.enable_batching == Some(false)),
            ("--batching_parameters_file", self.batching_parameters_file.is_some()),
            ("--enable_model_warmup", self.enable_model_warmup == Some(false)),
        ];
        flags.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag).collect()
    }
}

/// Calls `set` with the keys of a model that differ from their defaults.
fn assign_model(name: &str, model: &ModelConfig, set: &mut impl FnMut(&str, String)) {
    let prefix = format!("models.{}", quoted(name));
    set(&format!("{prefix}.source"), path(&model.source));
    if model.keep != ModelConfig::default().keep {
        set(&format!("{prefix}.keep"), model.keep.to_string());
    }
    if !model.versions.is_empty() {
        set(&format!("{prefix}.versions"), format!("{:?}", model.versions));
    }
    for (label, version) in &model.labels {
        set(&format!("{prefix}.labels.{}", quoted(label)), version.to_string());
    }
}
