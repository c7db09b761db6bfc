//! Certificates that a test makes for itself, and clients that trust them.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, IsCa, Issuer, PublicKeyData, SignatureAlgorithm, SigningKey,
};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use rustls::crypto::ring as provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};

use super::client::Client;
use crate::workspace::Workspace;

/// An issuer of certificates.
pub struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, Key>,
}

/// A certificate with its key.
pub struct Pair {
    pub certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

/// A connection over TLS.
pub type Secure = StreamOwned<ClientConnection, TcpStream>;

impl Authority {
    pub fn new() -> Self {
        let mut parameters = parameters(vec![]);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = Key::new();
        let certificate = parameters.self_signed(&key).expect("a certificate").der().clone();
        Self { certificate, issuer: Issuer::new(parameters, key) }
    }

    /// The certificate of the authority itself, in PEM.
    pub fn pem(&self) -> String {
        pem("CERTIFICATE", &self.certificate)
    }

    /// A certificate for this machine, as a server or a client, that is valid through 2098.
    pub fn issue(&self) -> Pair {
        self.issue_until(2099)
    }

    /// The same, valid until the beginning of `year`.
    pub fn issue_until(&self, year: i32) -> Pair {
        let mut parameters = parameters(vec!["localhost".to_owned()]);
        parameters.not_after = rcgen::date_time_ymd(year, 1, 1);
        let key = Key::new();
        let certificate = parameters.signed_by(&key, &self.issuer).expect("a certificate").der().clone();
        Pair { certificate, key: key.content }
    }

    /// Connects to a server at `address` whose certificate is of this authority, and shows the certificate of `own`.
    pub fn connect(&self, address: &str, own: Option<&Pair>) -> io::Result<Client<Secure>> {
        self.connect_by(address, own, rustls::ALL_VERSIONS)
    }

    /// The same, by one of `versions` of TLS.
    pub fn connect_by(
        &self,
        address: &str,
        own: Option<&Pair>,
        versions: &[&'static SupportedProtocolVersion],
    ) -> io::Result<Client<Secure>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).expect("a certificate");
        let config = ClientConfig::builder_with_provider(Arc::new(provider::default_provider()))
            .with_protocol_versions(versions)
            .expect("versions")
            .with_root_certificates(roots);
        let config = match own {
            None => config.with_no_client_auth(),
            Some(pair) => {
                let key = PrivateKeyDer::Pkcs8(pair.key.clone().into());
                config.with_client_auth_cert(vec![pair.certificate.clone()], key).expect("a key")
            }
        };
        let name = "localhost".try_into().expect("a name");
        let mut connection = ClientConnection::new(Arc::new(config), name).expect("a connection");
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        Ok(Client::over(StreamOwned::new(connection, stream)))
    }
}

impl Pair {
    /// The certificate and the key in PEM.
    pub fn pem(&self) -> (String, String) {
        (pem("CERTIFICATE", &self.certificate), pem("PRIVATE KEY", &self.key))
    }

    /// Puts them in the place of `tls.crt` and `tls.key`, as tools for certificates do.
    pub fn install(&self, workspace: &Workspace) {
        let (certificate, key) = self.pem();
        replace(workspace, "tls.crt", &certificate);
        replace(workspace, "tls.key", &key);
    }
}

/// Puts a file with `content` in the place of the file called `name`.
pub fn replace(workspace: &Workspace, name: &str, content: &str) {
    let new = workspace.file(&format!("{name}.new"), content);
    std::fs::rename(new, workspace.path(name)).expect("it is moved");
}

/// The parameters of a certificate with a serial number of its own.
fn parameters(names: Vec<String>) -> CertificateParams {
    let mut parameters = CertificateParams::new(names).expect("names");
    let mut number = [1; 9];
    SystemRandom::new().fill(&mut number[1..]).expect("random numbers");
    parameters.serial_number = Some(rcgen::SerialNumber::from_slice(&number));
    parameters
}

fn pem(kind: &str, content: &[u8]) -> String {
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", STANDARD.encode(content))
}

/// A key of ring, as rcgen needs it.
struct Key {
    pair: EcdsaKeyPair,
    /// In PKCS #8.
    content: Vec<u8>,
}

impl Key {
    fn new() -> Self {
        let (kind, random) = (&ECDSA_P256_SHA256_ASN1_SIGNING, SystemRandom::new());
        let content = EcdsaKeyPair::generate_pkcs8(kind, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(kind, content.as_ref(), &random).expect("a key");
        Self { pair, content: content.as_ref().to_vec() }
    }
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature = self.pair.sign(&SystemRandom::new(), message).expect("a signature");
        Ok(signature.as_ref().to_vec())
    }
}
