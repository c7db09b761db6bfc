//! Parses paths into routes: a model, and what is requested of it.

use crate::serve::percent;
use crate::serve::registry::Which;

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Predictions.
    Call {
        /// The model.
        model: String,
        /// Its version.
        which: Which,
        /// The form of the predictions.
        method: Method,
    },
    /// The states of the versions of a model.
    Status {
        /// The model.
        model: String,
        /// Its version.
        which: Which,
    },
    /// The signatures of a version.
    Metadata {
        /// The model.
        model: String,
        /// Its version.
        which: Which,
    },
}

/// The form of predictions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Tensors in, tensors out.
    Predict,
    /// Examples in, labels with scores out.
    Classify,
    /// Examples in, one number per example out.
    Regress,
}

/// Why a path has no route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unroutable {
    /// It is malformed.
    Malformed,
    /// It names no model.
    NoModel,
    /// The version number is too large.
    Version(String),
}

impl Unroutable {
    /// The text for the client; `method` and `path` are those of the request.
    #[must_use]
    pub fn message(&self, method: &str, path: &str) -> String {
        match self {
            Self::NoModel => "Missing model name in request.".to_owned(),
            Self::Version(number) => format!("Failed to convert version: {number} to numeric."),
            Self::Malformed => {
                let message = format!("Malformed request: {method} {path}");
                match path.rsplit_once(':').map(|(_, verb)| verb) {
                    Some("predict" | "classify" | "regress") if method != "POST" => {
                        format!("{message}; send it with POST")
                    }
                    _ => message,
                }
            }
        }
    }
}

/// The route of a request with `method` and `path`, which starts with `/v1/`, without its query.
///
/// # Errors
/// If there is none.
pub fn route(method: &str, path: &str) -> Result<Route, Unroutable> {
    let rest = strip(path, "/v1/models").ok_or(Unroutable::Malformed)?;
    match method {
        "POST" => call(rest),
        "GET" | "HEAD" => look(rest),
        _ => Err(Unroutable::Malformed),
    }
}

fn call(rest: &str) -> Result<Route, Unroutable> {
    let (place, verb) = rest.rsplit_once(':').ok_or(Unroutable::Malformed)?;
    let method = match verb {
        "predict" => Method::Predict,
        "classify" => Method::Classify,
        "regress" => Method::Regress,
        _ => return Err(Unroutable::Malformed),
    };
    let parts: Vec<&str> = place.strip_prefix('/').ok_or(Unroutable::Malformed)?.split('/').collect();
    let (model, which) = match *parts.as_slice() {
        [model] => (model, Which::Latest),
        [model, kind, value] => (model, version(kind, value)?),
        _ => return Err(Unroutable::Malformed),
    };
    Ok(Route::Call { model: name(model)?, which, method })
}

fn look(rest: &str) -> Result<Route, Unroutable> {
    if rest.is_empty() {
        return Err(Unroutable::NoModel);
    }
    let parts: Vec<&str> = rest.strip_prefix('/').ok_or(Unroutable::Malformed)?.split('/').collect();
    let (parts, last) = match parts.split_last() {
        // In any case: TensorFlow Serving matches the word without regard to case, and then compares it exactly.
        Some((last, front)) if !front.is_empty() && last.eq_ignore_ascii_case("metadata") => {
            (front, Some(*last))
        }
        _ => (parts.as_slice(), None),
    };
    let (model, which) = match *parts {
        [model] => (model, Which::Latest),
        [model, kind, value] => (model, version(kind, value)?),
        [kind, value] if version(kind, value).is_ok() => return Err(Unroutable::NoModel),
        _ => return Err(Unroutable::Malformed),
    };
    let model = name(model)?;
    Ok(match last {
        Some("metadata") => Route::Metadata { model, which },
        _ => Route::Status { model, which },
    })
}

fn version(kind: &str, value: &str) -> Result<Which, Unroutable> {
    if kind.eq_ignore_ascii_case("labels") {
        return name(value).map(Which::Label);
    }
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    if !kind.eq_ignore_ascii_case("versions") || !is_number {
        return Err(Unroutable::Malformed);
    }
    match value.parse::<i64>() {
        Ok(number) => Ok(Which::Number(number.unsigned_abs())),
        Err(_) => Err(Unroutable::Version(value.to_owned())),
    }
}

fn name(text: &str) -> Result<String, Unroutable> {
    if text.is_empty() || text.contains(':') {
        return Err(Unroutable::Malformed);
    }
    Ok(percent::decode(text))
}

/// The rest of `path` after `prefix`, in any case.
fn strip<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let front = path.get(..prefix.len())?;
    front.eq_ignore_ascii_case(prefix).then(|| &path[prefix.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_by_tensorflow_serving() {
        let call = |which| Ok(Route::Call { model: "m".to_owned(), which, method: Method::Predict });
        assert_eq!(route("POST", "/v1/models/m:predict"), call(Which::Latest));
        assert_eq!(route("POST", "/V1/Models/m/VERSIONS/007:predict"), call(Which::Number(7)));
        assert_eq!(route("POST", "/v1/models/m/labels/a:predict"), call(Which::Label("a".to_owned())));
        let model = || "m".to_owned();
        assert_eq!(route("GET", "/v1/models/m"), Ok(Route::Status { model: model(), which: Which::Latest }));
        let metadata = Route::Metadata { model: model(), which: Which::Number(3) };
        assert_eq!(route("GET", "/v1/models/m/versions/3/metadata"), Ok(metadata));
        let status = Route::Status { model: model(), which: Which::Latest };
        assert_eq!(route("GET", "/v1/models/m/METADATA"), Ok(status));
        let named = Route::Status { model: "metadata".to_owned(), which: Which::Latest };
        assert_eq!(route("GET", "/v1/models/metadata"), Ok(named));
    }

    #[test]
    fn other_paths_are_malformed() {
        for (method, path) in [
            ("GET", "/v1/foo"),
            ("POST", "/v1/models"),
            ("GET", "/v1/models/debug/name"),
            ("GET", "/v1/models/m:predict"),
            ("GET", "/v1/models/m/version/50:predict"),
            ("POST", "/v1/models/m/versions/HELLO:regress"),
            ("POST", "/v1/models/m/label/x:regress"),
            ("POST", "/v1/models/m/metadata"),
            ("POST", "/v1/models/m/versions/50/labels/x:regress"),
            ("POST", "/v1/models/m:PREDICT"),
            ("POST", "/v1/models/:predict"),
            ("PUT", "/v1/models/m"),
            ("GET", "/v1/models/"),
            ("GET", "/v1"),
            ("GET", "/v1/modelsé"),
        ] {
            assert_eq!(route(method, path), Err(Unroutable::Malformed), "{method} {path}");
        }
        assert_eq!(route("GET", "/v1/models"), Err(Unroutable::NoModel));
        assert_eq!(route("GET", "/v1/models/versions/1"), Err(Unroutable::NoModel));
        let large = "18446744073709551615";
        let path = format!("/v1/models/m/versions/{large}:predict");
        assert_eq!(route("POST", &path), Err(Unroutable::Version(large.to_owned())));
    }

    #[test]
    fn names_are_decoded() {
        let path = "/v1/models/modelsname%21%23%24%25%26%27%28%29%2A%2B%2C%2F%3A%3B%3D%3F%40%5B%5D";
        let Ok(Route::Status { model, .. }) = route("GET", path) else { panic!("no status") };
        assert_eq!(model, "modelsname!#$%&'()*+,/:;=?@[]");
    }
}
