//! The config files of `tensorflow_model_server`, as far as taper supports them.

pub mod text;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::model::{MOST_VERSIONS, ModelConfig};
use crate::config::nearest;
use crate::error::{Error, Result};
use crate::files;
use text::{Field, Mistake, Place, Value};

/// The longest file, in bytes.
const LIMIT: u64 = 1 << 20;

/// The paths of metrics.
const METRICS: [&str; 2] = ["/monitoring/prometheus/metrics", "/metrics"];

/// The models in a file for `tensorflow_model_server --model_config_file`, by name.
///
/// # Errors
/// [`Error::Usage`] with the place of the first mistake, or of what taper does not do.
pub fn tensorflow_models(path: &Path) -> Result<BTreeMap<String, ModelConfig>> {
    let (file, fields) = File::read(path)?;
    let mut models = BTreeMap::new();
    for list in &fields {
        if list.name != "model_config_list" {
            return Err(file.unknown(list, &["model_config_list"]));
        }
        for config in file.fields(list)? {
            if config.name != "config" {
                return Err(file.unknown(config, &["config"]));
            }
            let (name, model) = file.model(config)?;
            if models.contains_key(&name) {
                let message = format!("two models are called `{name}`; give each a name of its own");
                return Err(file.refuse(config.place, &message));
            }
            models.insert(name, model);
        }
    }
    if models.is_empty() {
        let message =
            "there is no model; add `model_config_list { config { name: 'NAME' base_path: 'PATH' } }`";
        return Err(file.refuse(Place { line: 1, column: 1 }, message));
    }
    Ok(models)
}

/// Checks a file for `tensorflow_model_server --monitoring_config_file`: taper always has metrics, at two paths.
///
/// # Errors
/// [`Error::Usage`] with the place of the first mistake, or of what taper does not do.
pub fn check_tensorflow_monitoring(path: &Path) -> Result<()> {
    let (file, fields) = File::read(path)?;
    for prometheus in &fields {
        if prometheus.name != "prometheus_config" {
            return Err(file.unknown(prometheus, &["prometheus_config"]));
        }
        for field in file.fields(prometheus)? {
            match field.name.as_str() {
                "enable" => {}
                "path" if METRICS.contains(&file.text(field)?) => {}
                "path" => {
                    let message = format!("metrics are at {}; remove `path`", METRICS.join(" and "));
                    return Err(file.refuse(field.place, &message));
                }
                _ => return Err(file.unknown(field, &["enable", "path"])),
            }
        }
    }
    Ok(())
}

/// A file, for messages about it.
struct File<'p> {
    path: &'p Path,
}

impl<'p> File<'p> {
    fn read(path: &'p Path) -> Result<(Self, Vec<Field>)> {
        let file = Self { path };
        let content = files::read(path, LIMIT).map_err(Error::of_usage)?;
        let text = String::from_utf8(content)
            .map_err(|_| Error::Usage(format!("{}: not UTF-8 text", path.display())))?;
        let fields = text::parse(&text).map_err(|Mistake { place, message }| file.refuse(place, &message))?;
        Ok((file, fields))
    }

    /// A `config`: a model with its name.
    fn model(&self, config: &Field) -> Result<(String, ModelConfig)> {
        let (mut name, mut model) = (String::new(), ModelConfig::default());
        for field in self.fields(config)? {
            match field.name.as_str() {
                "name" => self.text(field)?.clone_into(&mut name),
                "base_path" => model.source = self.folder(field)?,
                "model_version_policy" => self.policy(field, &mut model)?,
                "version_labels" => {
                    let (label, version) = self.label(field)?;
                    model.labels.insert(label, version);
                }
                "model_platform" if matches!(self.text(field)?, "tensorflow" | "taper") => {}
                "model_platform" => {
                    let message = "taper serves only networks that it trained; remove `model_platform`";
                    return Err(self.refuse(field.place, message));
                }
                // An older way to give the platform.
                "model_type" => {}
                "logging_config" => {
                    let message = "contents of requests are not logged; remove `logging_config`, and see `serve.access_log`";
                    return Err(self.refuse(field.place, message));
                }
                _ => {
                    let names =
                        ["name", "base_path", "model_platform", "model_version_policy", "version_labels"];
                    return Err(self.unknown(field, &names));
                }
            }
        }
        if name.is_empty() {
            return Err(self.refuse(config.place, "this model has no name; add `name: 'NAME'`"));
        }
        if model.source.as_os_str().is_empty() {
            return Err(self.refuse(config.place, "this model has no path; add `base_path: 'PATH'`"));
        }
        Ok((name, model))
    }

    fn folder(&self, field: &Field) -> Result<PathBuf> {
        let path = self.text(field)?;
        if path.contains("://") {
            let message = "models are read from file systems only; copy or mount this one, and give its path";
            return Err(self.refuse(field.place, message));
        }
        Ok(PathBuf::from(path))
    }

    /// Which versions of a model are served.
    fn policy(&self, policy: &Field, model: &mut ModelConfig) -> Result<()> {
        let choices = self.fields(policy)?;
        let [choice] = choices else {
            return Err(self.refuse(policy.place, "expected one of `latest`, `all` and `specific`"));
        };
        let options = self.fields(choice)?;
        let known = match choice.name.as_str() {
            "latest" => "num_versions",
            "specific" => "versions",
            "all" => "",
            _ => return Err(self.unknown(choice, &["latest", "all", "specific"])),
        };
        if let Some(other) = options.iter().find(|option| option.name != known) {
            return Err(self.unknown(other, &[known]));
        }
        let numbers: Vec<u64> = options.iter().map(|option| self.number(option)).collect::<Result<_>>()?;
        let most = MOST_VERSIONS as u64;
        match (choice.name.as_str(), numbers.as_slice()) {
            ("latest", []) => model.keep = 1,
            ("latest", &[.., count]) if (1..=most).contains(&count) => model.keep = count as usize,
            ("specific", versions @ [_, ..]) if versions.len() <= MOST_VERSIONS => {
                model.versions = versions.to_vec();
            }
            ("all", _) => model.keep = MOST_VERSIONS,
            _ => {
                let message = format!("a model can have 1 to {most} versions at once");
                return Err(self.refuse(choice.place, &message));
            }
        }
        Ok(())
    }

    /// A name of a version.
    fn label(&self, field: &Field) -> Result<(String, u64)> {
        let (mut label, mut version) = (None, None);
        for part in self.fields(field)? {
            match part.name.as_str() {
                "key" => label = Some(self.text(part)?.to_owned()),
                "value" => version = Some(self.number(part)?),
                _ => return Err(self.unknown(part, &["key", "value"])),
            }
        }
        let missing = || self.refuse(field.place, "expected `key: 'LABEL' value: VERSION`");
        label.zip(version).ok_or_else(missing)
    }

    fn fields<'f>(&self, field: &'f Field) -> Result<&'f [Field]> {
        match &field.value {
            Value::Fields(fields) => Ok(fields),
            _ => Err(self.refuse(field.place, &format!("expected `{} {{ … }}`", field.name))),
        }
    }

    fn text<'f>(&self, field: &'f Field) -> Result<&'f str> {
        match &field.value {
            Value::Text(text) => Ok(text),
            _ => Err(self.refuse(field.place, &format!("expected a string, `{}: '…'`", field.name))),
        }
    }

    fn number(&self, field: &Field) -> Result<u64> {
        let number = match &field.value {
            Value::Word(word) => word.parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| {
            self.refuse(field.place, &format!("expected `{}: ` and a number from 0", field.name))
        })
    }

    fn unknown(&self, field: &Field, names: &[&str]) -> Error {
        let name = &field.name;
        let names: Vec<&str> = names.iter().copied().filter(|name| !name.is_empty()).collect();
        let help = match (nearest(name, &names), names.as_slice()) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, []) => "remove it".to_owned(),
            (None, names) => format!("supported: {}", names.join(", ")),
        };
        self.refuse(field.place, &format!("unsupported field `{name}`; {help}"))
    }

    fn refuse(&self, Place { line, column }: Place, message: &str) -> Error {
        Error::Usage(format!("{}:{line}:{column}: {message}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("models.config");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    fn models(text: &str) -> Result<BTreeMap<String, ModelConfig>> {
        tensorflow_models(&written(text).1)
    }

    #[test]
    fn the_models_of_tensorflows_documentation_are_read() {
        let found = models(
            "model_config_list {
               config {
                 name: 'my_first_model'
                 base_path: '/tmp/my_first_model/'
                 model_platform: 'tensorflow'
               }
               config {
                 name: \"second\", base_path: \"/tmp/second\"
                 model_version_policy { specific { versions: 42 versions: [43, 44] } }
                 version_labels { key: 'stable' value: 42 }
                 version_labels { key: 'canary' value: 43 }
               }
             }
             model_config_list: <
               config: [ { name: 'latest' base_path: 'a' model_version_policy: { latest { num_versions: 2 } } },
                         { name: 'all' base_path: 'b' model_version_policy: { all: {} } } ]
             >",
        );
        let found = found.unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["all", "latest", "my_first_model", "second"]);
        let [all, latest, first, second] =
            ["all", "latest", "my_first_model", "second"].map(|name| &found[name]);
        assert_eq!(first, &ModelConfig { source: "/tmp/my_first_model/".into(), ..ModelConfig::default() });
        assert_eq!((latest.keep, all.keep), (2, MOST_VERSIONS));
        assert_eq!(second.versions, [42, 43, 44]);
        assert_eq!(second.labels, [("stable".to_owned(), 42), ("canary".to_owned(), 43)].into());
    }

    #[test]
    fn what_taper_does_not_do_is_refused_with_its_place() {
        let config = |content: &str| format!("model_config_list {{\n config {{\n{content}\n }} }}");
        let named = |content: &str| config(&format!("name: 'a' base_path: 'b'\n  {content}"));
        for (text, place, message) in [
            (String::new(), ":1:1", "there is no model"),
            ("custom_model_config {}".to_owned(), ":1:1", "unsupported field `custom_model_config`"),
            ("model_config_list { model {} }".to_owned(), ":1:21", "`model`; supported: config"),
            (config("name: 'a'"), ":2:2", "add `base_path"),
            (config("base_path: 'a'"), ":2:2", "add `name"),
            (config("base_path: 7"), ":3:1", "expected a string, `base_path: '…'`"),
            (config("name: 'a' base_path: 's3://b/c'"), ":3:11", "copy or mount this one"),
            (named("nmae: 'c'"), ":4:3", "did you mean `name`?"),
            (named("model_platform: 'pytorch'"), ":4:3", "remove `model_platform`"),
            (named("logging_config {}"), ":4:3", "serve.access_log"),
            (named("model_version_policy {}"), ":4:3", "expected one of `latest`"),
            (named("model_version_policy { newest {} }"), ":4:26", "supported: latest, all, specific"),
            (named("model_version_policy { all { x: 1 } }"), ":4:32", "unsupported field `x`; remove it"),
            (named("model_version_policy { latest { num_versions: 0 } }"), ":4:26", "1 to 100 versions"),
            (named("model_version_policy { specific {} }"), ":4:26", "1 to 100 versions"),
            (named("model_version_policy { specific { versions: -1 } }"), ":4:37", "a number from 0"),
            (named("version_labels { key: 'a' }"), ":4:3", "expected `key: 'LABEL' value: VERSION`"),
            (named("version_labels: 1"), ":4:3", "expected `version_labels { … }`"),
            (
                named("}} model_config_list { config { name: 'a' base_path: 'c'"),
                ":4:26",
                "two models are called `a`",
            ),
            ("model_config_list {".to_owned(), ":1:20", "the name of a field"),
        ] {
            let error = models(&text).unwrap_err().to_string();
            assert!(
                error.contains(&format!("models.config{place}: ")) && error.contains(message),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn monitoring_is_as_it_is() {
        let check = |text: &str| check_tensorflow_monitoring(&written(text).1);
        check("prometheus_config { enable: true path: '/monitoring/prometheus/metrics' }").unwrap();
        check("prometheus_config: { enable: false }").unwrap();
        let error = check("prometheus_config { enable: true, path: '/other' }").unwrap_err().to_string();
        assert!(
            error.contains("models.config:1:35: metrics are at /monitoring/prometheus/metrics and /metrics"),
            "{error}"
        );
    }
}
