//! A reply, before it is sent over HTTP.

use std::borrow::Cow;

use serde::Serialize;

/// What is sent back for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The media type of the body.
    pub content_type: &'static str,
    /// Other headers.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// The body.
    pub body: Vec<u8>,
}

/// The body of an error.
#[derive(Serialize, schemars::JsonSchema)]
pub struct Failure {
    /// What is wrong.
    pub error: String,
}

/// The media type of JSON.
pub const JSON: &str = "application/json";

impl Reply {
    /// A reply with a JSON document.
    #[must_use]
    pub fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, content_type: JSON, headers: Vec::new(), body: body.into() }
    }

    /// The JSON of `value`.
    #[must_use]
    pub fn value(value: &serde_json::Value) -> Self {
        Self::json(200, value.to_string())
    }

    /// `body` as JSON. It must not have maps with keys other than strings.
    #[must_use]
    pub fn of(body: &impl Serialize) -> Self {
        Self::json(200, serde_json::to_vec(body).unwrap_or_default())
    }

    /// `{"error": message}`, as both protocols report errors.
    #[must_use]
    pub fn error(status: u16, message: &str) -> Self {
        Self { status, ..Self::of(&Failure { error: message.to_owned() }) }
    }

    /// A reply with text.
    #[must_use]
    pub fn text(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, content_type, headers: Vec::new(), body: body.into() }
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}
