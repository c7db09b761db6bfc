//! `[serve.tls]` and `[serve.auth]`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

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
