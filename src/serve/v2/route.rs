//! Parses paths into routes: a model, and what is requested of it.

use crate::serve::percent;
use crate::serve::registry::Which;

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// The server's metadata.
    Server,
    /// Whether the server runs.
    Live,
    /// Whether the server accepts requests.
    Ready,
    /// The names of the models.
    Models,
    /// The versions of all models.
    Index,
    /// A request about a model.
    Model {
        /// Its name.
        model: String,
        /// Its version.
        which: Which,
        /// What is requested.
        what: What,
    },
}

/// What a request can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Its inputs and outputs.
    Metadata,
    /// Whether it can predict.
    Ready,
    /// Predictions.
    Infer,
}

/// Why a request has no route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unroutable {
    /// There is no such path.
    NotFound,
    /// The path supports only these methods.
    Method(&'static str),
    /// The version number is too large.
    Version(String),
}

/// The route of a request with `method` and `path`, which starts with `/v2`, without its query.
///
/// # Errors
/// If there is none.
pub fn route(method: &str, path: &str) -> Result<Route, Unroutable> {
    let rest = path.strip_prefix("/v2").ok_or(Unroutable::NotFound)?;
    let parts: Vec<&str> = rest.strip_prefix('/').unwrap_or(rest).split('/').collect();
    let route = match *parts.as_slice() {
        [""] => Route::Server,
        ["health", "live"] => Route::Live,
        ["health", "ready"] => Route::Ready,
        ["models"] => Route::Models,
        ["repository", "index"] => Route::Index,
        ["models", model] => of_model(model, None, What::Metadata)?,
        ["models", model, "ready"] => of_model(model, None, What::Ready)?,
        ["models", model, "infer"] => of_model(model, None, What::Infer)?,
        ["models", model, "versions", version] => of_model(model, Some(version), What::Metadata)?,
        ["models", model, "versions", version, "ready"] => of_model(model, Some(version), What::Ready)?,
        ["models", model, "versions", version, "infer"] => of_model(model, Some(version), What::Infer)?,
        _ => return Err(Unroutable::NotFound),
    };
    let allowed = match route {
        Route::Index | Route::Model { what: What::Infer, .. } => "POST",
        _ => "GET, HEAD",
    };
    let is_allowed = allowed.split(", ").any(|allowed| allowed == method);
    if is_allowed { Ok(route) } else { Err(Unroutable::Method(allowed)) }
}

fn of_model(model: &str, version: Option<&str>, what: What) -> Result<Route, Unroutable> {
    if model.is_empty() {
        return Err(Unroutable::NotFound);
    }
    let which = match version {
        None => Which::Latest,
        Some(version) if version.is_empty() || !version.bytes().all(|byte| byte.is_ascii_digit()) => {
            return Err(Unroutable::NotFound);
        }
        Some(version) => match version.parse() {
            Ok(number) => Which::Number(number),
            Err(_) => return Err(Unroutable::Version(version.to_owned())),
        },
    };
    Ok(Route::Model { model: percent::decode(model), which, what })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn m(which: Which, what: What) -> Route {
        Route::Model { model: "m".to_owned(), which, what }
    }

    #[test]
    fn paths_are_those_of_the_protocol() {
        assert_eq!(route("GET", "/v2"), Ok(Route::Server));
        assert_eq!(route("HEAD", "/v2/"), Ok(Route::Server));
        assert_eq!(route("GET", "/v2/health/live"), Ok(Route::Live));
        assert_eq!(route("GET", "/v2/health/ready"), Ok(Route::Ready));
        assert_eq!(route("GET", "/v2/models"), Ok(Route::Models));
        assert_eq!(route("POST", "/v2/repository/index"), Ok(Route::Index));
        assert_eq!(route("GET", "/v2/models/m"), Ok(m(Which::Latest, What::Metadata)));
        assert_eq!(route("GET", "/v2/models/m/versions/07"), Ok(m(Which::Number(7), What::Metadata)));
        assert_eq!(route("GET", "/v2/models/m/ready"), Ok(m(Which::Latest, What::Ready)));
        assert_eq!(route("POST", "/v2/models/m/infer"), Ok(m(Which::Latest, What::Infer)));
        assert_eq!(route("POST", "/v2/models/%6d/versions/3/infer"), Ok(m(Which::Number(3), What::Infer)));
        let Ok(Route::Model { model, .. }) = route("GET", "/v2/models/a%2Fb") else { panic!("no route") };
        assert_eq!(model, "a/b");
    }

    #[test]
    fn other_paths_are_not_found() {
        for path in [
            "/v2/models/",
            "/v2/models//ready",
            "/v2/models/m/",
            "/v2/models/m/versions",
            "/v2/models/m/versions/",
            "/v2/models/m/versions/abc",
            "/v2/models/m/versions/-1/infer",
            "/v2/models/m/config",
            "/v2/models/m/versions/1/infer/more",
            "/v2/health",
            "/v2//",
            "/V2",
            "/v2é",
        ] {
            assert_eq!(route("GET", path), Err(Unroutable::NotFound), "{path}");
        }
        let large = "99999999999999999999";
        let path = format!("/v2/models/m/versions/{large}");
        assert_eq!(route("GET", &path), Err(Unroutable::Version(large.to_owned())));
    }

    #[test]
    fn other_methods_are_refused_with_those_that_are_allowed() {
        assert_eq!(route("POST", "/v2/health/live"), Err(Unroutable::Method("GET, HEAD")));
        assert_eq!(route("GET", "/v2/models/m/infer"), Err(Unroutable::Method("POST")));
        assert_eq!(route("GET", "/v2/repository/index"), Err(Unroutable::Method("POST")));
    }
}
