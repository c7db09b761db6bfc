//! HTTPS: loads the certificate, and reloads it when it changes.

use std::fmt::Display;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{Error as Problem, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;

use super::config::Tls;
use super::validity::{self, Validity};
use crate::error::{Error, Result};
use crate::files;

/// The longest file of certificates or keys, in bytes.
const LIMIT: u64 = 1 << 20;

/// The certificate that new connections get.
pub struct Certificate {
    files: Tls,
    current: RwLock<Loaded>,
}

/// What was read.
#[derive(Clone)]
struct Loaded {
    config: Arc<ServerConfig>,
    validity: Validity,
}

impl Certificate {
    /// Reads the files that `files` names.
    ///
    /// # Errors
    /// [`Error::Usage`] if one cannot be read, they do not belong together, or the certificate has expired.
    pub fn read(files: &Tls) -> Result<Self> {
        Ok(Self { files: files.clone(), current: RwLock::new(load(files, SystemTime::now())?) })
    }

    /// Reads the files again; open connections keep the certificate that they have.
    ///
    /// # Errors
    /// As [`read`](Self::read); the certificate is then unchanged.
    pub fn reload(&self) -> Result<()> {
        let fresh = load(&self.files, SystemTime::now())?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// What a new connection needs.
    #[must_use]
    pub fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).config)
    }

    /// The last second in which the certificate is valid, counted from 1970.
    #[must_use]
    pub fn valid_until(&self) -> u64 {
        let validity = self.current.read().unwrap_or_else(PoisonError::into_inner).validity;
        u64::try_from(validity.until).unwrap_or(0)
    }
}

/// Reads and checks the files; `now` decides whether the certificate has expired.
fn load(files: &Tls, now: SystemTime) -> Result<Loaded> {
    let chain = certificates(&files.certificate)?;
    let validity = chain.first().and_then(|certificate| validity::of(certificate)).ok_or_else(|| {
        refuse(&files.certificate, "its first certificate is damaged; get it from its issuer again")
    })?;
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs().cast_signed();
    if validity.until < now {
        let days = (now - validity.until) / (24 * 60 * 60);
        let message = format!("the certificate expired {days} days ago; renew it, and use the new file");
        return Err(refuse(&files.certificate, &message));
    }
    if validity.from > now {
        let path = files.certificate.display();
        tracing::warn!(
            "{path}: the certificate is not valid yet; clients reject it, unless this machine's clock is wrong"
        );
    }
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| refuse(&files.certificate, &error.to_string()))?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let refused = |error: &dyn Display| refuse(path, &format!("cannot verify clients: {error}"));
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| refused(&error))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| refused(&error))?)
        }
    };
    let mut config = builder.with_single_cert(chain, key(&files.key)?).map_err(|error| {
        let key = files.key.display();
        let message = match error {
            rustls::Error::InconsistentKeys(_) => {
                format!(
                    "the key in {key} does not belong to the certificate; use the key that it was issued for"
                )
            }
            error => format!("cannot be used with the key in {key}: {error}"),
        };
        refuse(&files.certificate, &message)
    })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Loaded { config: Arc::new(config), validity })
}

/// The certificates in the file at `path`.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let content = files::read(path, LIMIT).map_err(Error::of_usage)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&content).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => {
            let message = "holds no certificate in PEM, which begins with `-----BEGIN CERTIFICATE-----`";
            Err(refuse(path, message))
        }
        Err(error) => Err(refuse(path, &unreadable(&error))),
    }
}

/// The private key in the file at `path`.
fn key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    let content = files::read(path, LIMIT).map_err(Error::of_usage)?;
    PrivateKeyDer::from_pem_slice(&content).map_err(|error| {
        let is_encrypted = content.windows(ENCRYPTED.len()).any(|found| found == ENCRYPTED);
        let message = match error {
            _ if is_encrypted => "the key is encrypted; decrypt it with `openssl pkey`".to_owned(),
            Problem::NoItemsFound => {
                "holds no private key in PEM, which begins with `-----BEGIN PRIVATE KEY-----`".to_owned()
            }
            error => unreadable(&error),
        };
        refuse(path, &message)
    })
}

fn unreadable(error: &Problem) -> String {
    match error {
        Problem::MissingSectionEnd { .. } => {
            "is cut off, because an `-----END` line is missing; copy it again".to_owned()
        }
        error => format!("cannot be read as PEM: {error}; copy it again"),
    }
}

/// Text that occurs in key files that need a password.
const ENCRYPTED: &[u8] = b"ENCRYPTED";

fn refuse(path: &Path, message: &str) -> Error {
    Error::Usage(format!("{}: {message}", path.display()))
}
