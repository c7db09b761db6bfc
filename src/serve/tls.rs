//! HTTPS: the certificate, and reading it again.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;

use super::config::Tls;
use crate::error::{Error, Result};
use crate::files;

/// The longest file of certificates or keys, in bytes.
const LIMIT: u64 = 1 << 20;

/// The certificate that new connections get.
pub struct Certificate {
    config: Tls,
    current: RwLock<Arc<ServerConfig>>,
}

impl Certificate {
    /// Reads the files of `config`.
    ///
    /// # Errors
    /// [`Error::Usage`] if one cannot be read, or they do not belong together.
    pub fn read(config: &Tls) -> Result<Self> {
        Ok(Self { config: config.clone(), current: RwLock::new(Arc::new(load(config)?)) })
    }

    /// Reads the files again; open connections keep what they have.
    ///
    /// # Errors
    /// As [`read`](Self::read); the certificate stays as it is.
    pub fn reload(&self) -> Result<()> {
        let fresh = Arc::new(load(&self.config)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// The files.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let Tls { certificate, key, client_ca } = &self.config;
        [certificate, key].into_iter().chain(client_ca).map(std::path::PathBuf::as_path)
    }

    /// What a new connection needs.
    #[must_use]
    pub fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn load(config: &Tls) -> Result<ServerConfig> {
    let refuse = |path: &Path, message: String| Error::Usage(format!("{}: {message}", path.display()));
    let read = |path: &Path| files::read(path, LIMIT).map_err(Error::of_usage);
    let certificates = |path: &Path| -> Result<Vec<CertificateDer<'static>>> {
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(path)?).collect();
        match found {
            Ok(found) if !found.is_empty() => Ok(found),
            Ok(_) => Err(refuse(path, "holds no certificate in PEM".to_owned())),
            Err(error) => Err(refuse(path, format!("cannot be read as PEM: {error}"))),
        }
    };
    let chain = certificates(&config.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&read(&config.key)?)
        .map_err(|error| refuse(&config.key, format!("holds no private key in PEM: {error}")))?;
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| refuse(&config.certificate, error.to_string()))?;
    let builder = match &config.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| refuse(path, error.to_string()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| refuse(path, error.to_string()))?)
        }
    };
    let mut config_of_server = builder.with_single_cert(chain, key).map_err(|error| {
        refuse(&config.certificate, format!("does not fit the key {}: {error}", config.key.display()))
    })?;
    config_of_server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config_of_server)
}
