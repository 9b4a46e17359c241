//! `ClientIdentity`: client certificates (mutual TLS).
//!
//! They are read again when the application calls `reload` or `reload_if_changed`
//! (`connector/tls_reload.rs`).

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    Error, InconsistentKeys,
    client::ResolvesClientCert,
    crypto::CryptoProvider,
    sign::{CertifiedKey, SingleCertAndKey},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use crate::error::{BuildProblem, BuildProblemKind};

use super::read_file;

/// A client certificate and its private key, for origins that request one (mutual TLS).
///
/// The chain starts with the client's own certificate; intermediate ones follow it. The key must
/// belong to that certificate and must not be encrypted: `openssl pkey -in key.pem -out plain.pem`
/// asks for the passphrase and writes a plain key. The connector's `build()` checks both. A PEM
/// text with certificates and key can be passed for both.
///
/// TLS 1.3 sends the certificate encrypted, TLS 1.2 in the clear ([RFC 8446 section 4.4.2]). No
/// text of this crate shows the key.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, tls::ClientIdentity};
///
/// # fn connect(url: &str) -> Result<(), cdn_origin::BuildError> {
/// let connector = CdnOriginConnector::builder(url)
///     .client_identity(ClientIdentity::pem_files("/etc/pki/client.pem", "/etc/pki/client.key"))
///     .build()?;
/// # Ok(())
/// # }
/// ```
///
/// [RFC 8446 section 4.4.2]: https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2
#[derive(Clone)]
#[must_use = "an identity does nothing until it is passed to a builder"]
pub struct ClientIdentity(IdentitySource);

#[derive(Clone)]
enum IdentitySource {
    Der(Vec<CertificateDer<'static>>, Arc<PrivateKeyDer<'static>>),
    Files { chain: PathBuf, key: PathBuf },
    Resolver(Arc<dyn ResolvesClientCert>),
    Unusable(UnusableIdentity),
}

/// What is wrong with a key or a certificate. It never holds their text.
#[derive(Clone, Copy)]
struct UnusableIdentity {
    kind: BuildProblemKind,
    why: &'static str,
    /// Appended if the value was passed as a text.
    hint: &'static str,
}

const NOT_ITS_NAME: &str = "; it takes the content of a file, not its name";

const ENCRYPTED: UnusableIdentity = UnusableIdentity {
    kind: BuildProblemKind::InvalidKey,
    why: "the private key is encrypted: `openssl pkey -in key.pem -out plain.pem` asks for its \
          passphrase and writes a plain one",
    hint: "",
};
const NO_KEY: UnusableIdentity = UnusableIdentity {
    kind: BuildProblemKind::InvalidKey,
    why: "there is no private key in the PEM text",
    hint: NOT_ITS_NAME,
};
const BROKEN_KEY: UnusableIdentity = UnusableIdentity {
    kind: BuildProblemKind::InvalidKey,
    why: "the private key cannot be read as PKCS#8, PKCS#1 or SEC1",
    hint: "",
};
const NO_CERTIFICATE: UnusableIdentity = UnusableIdentity {
    kind: BuildProblemKind::InvalidCertificate,
    why: "there is no certificate in the PEM text",
    hint: NOT_ITS_NAME,
};
const BROKEN_CERTIFICATE: UnusableIdentity = UnusableIdentity {
    kind: BuildProblemKind::InvalidCertificate,
    why: "the PEM text of the certificate chain cannot be read",
    hint: "",
};

impl ClientIdentity {
    /// Takes PEM texts: the chain, and its key in PKCS#8, PKCS#1 or SEC1.
    ///
    /// ```
    /// # fn identity(chain: &str, key: &str) -> cdn_origin::tls::ClientIdentity {
    /// cdn_origin::tls::ClientIdentity::pem(chain, key)
    /// # }
    /// ```
    pub fn pem(chain: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Self {
        let read = read_pem(chain.as_ref(), key.as_ref());
        Self(read.unwrap_or_else(IdentitySource::Unusable))
    }

    /// Takes PEM files: the chain, and its key in PKCS#8, PKCS#1 or SEC1.
    ///
    /// They are read when the connector is built, and again at each
    /// [reload](crate::CdnOriginConnector::reload).
    ///
    /// ```
    /// use cdn_origin::tls::ClientIdentity;
    ///
    /// let identity = ClientIdentity::pem_files("/etc/pki/client.pem", "/etc/pki/client.key");
    /// ```
    pub fn pem_files(chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self(IdentitySource::Files {
            chain: chain.into(),
            key: key.into(),
        })
    }

    /// Takes DER: the chain, and its key in PKCS#8, PKCS#1 or SEC1.
    ///
    /// ```
    /// # fn identity(certificate: Vec<u8>, key: Vec<u8>) -> cdn_origin::tls::ClientIdentity {
    /// cdn_origin::tls::ClientIdentity::der([certificate], key)
    /// # }
    /// ```
    pub fn der<C>(chain: impl IntoIterator<Item = C>, key: impl Into<Vec<u8>>) -> Self
    where
        C: Into<Vec<u8>>,
    {
        let chain: Vec<_> = chain
            .into_iter()
            .map(|certificate| CertificateDer::from(certificate.into()))
            .collect();
        let key = key.into();
        let encrypted = is_encrypted_der(&key);
        Self(match PrivateKeyDer::try_from(key) {
            _ if encrypted => IdentitySource::Unusable(ENCRYPTED),
            _ if chain.is_empty() => IdentitySource::Unusable(UnusableIdentity {
                kind: BuildProblemKind::InvalidCertificate,
                why: "the chain holds no certificate",
                hint: "",
            }),
            Ok(key) => IdentitySource::Der(chain, Arc::new(key)),
            Err(_) => IdentitySource::Unusable(BROKEN_KEY),
        })
    }

    /// Takes a resolver of your own.
    ///
    /// For keys in a device or in another process, and for identities that depend on the origin's
    /// request.
    ///
    /// A resumed session does not call it, and keeps the certificate that it began with for up to
    /// 24 hours. When the certificate has changed, call
    /// [`reload`](crate::CdnOriginConnector::reload), which drops all sessions.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use cdn_origin::tls::{ClientIdentity, rustls::client::ResolvesClientCert};
    ///
    /// # fn identity(hsm: Arc<dyn ResolvesClientCert>) -> ClientIdentity {
    /// ClientIdentity::resolver(hsm)
    /// # }
    /// ```
    pub fn resolver(resolver: Arc<dyn ResolvesClientCert>) -> Self {
        Self(IdentitySource::Resolver(resolver))
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        let files = match &self.0 {
            IdentitySource::Files { chain, key } => [Some(chain), Some(key)],
            _ => [None, None],
        };
        files.into_iter().flatten().map(PathBuf::as_path)
    }

    pub(super) fn load(
        &self,
        provider: &CryptoProvider,
    ) -> Result<Arc<dyn ResolvesClientCert>, BuildProblem> {
        match &self.0 {
            IdentitySource::Der(chain, key) => certified(chain.clone(), key.clone_key(), provider),
            IdentitySource::Files { chain, key } => load_files(chain, key, provider),
            IdentitySource::Resolver(resolver) => Ok(resolver.clone()),
            IdentitySource::Unusable(unusable) => Err(unusable.in_text()),
        }
    }
}

const SETTER: &str = "client_identity";

impl UnusableIdentity {
    fn in_text(self) -> BuildProblem {
        let Self { kind, why, hint } = self;
        BuildProblem::new(SETTER, kind, format!("{why}{hint}"))
    }

    fn in_file(self, path: &Path) -> BuildProblem {
        BuildProblem::new(SETTER, self.kind, self.why).in_file(path)
    }
}

fn load_files(
    chain: &Path,
    key: &Path,
    provider: &CryptoProvider,
) -> Result<Arc<dyn ResolvesClientCert>, BuildProblem> {
    let certificates = read_chain(&read_file::read(SETTER, chain)?);
    let certificates = certificates.map_err(|unusable| unusable.in_file(chain))?;
    let private = read_key(&read_file::read(SETTER, key)?);
    let private = private.map_err(|unusable| unusable.in_file(key))?;
    // A mismatch is reported for the key's file.
    certified(certificates, private, provider).map_err(|problem| match problem.kind() {
        BuildProblemKind::InvalidCertificate => problem.in_file(chain),
        _ => problem.in_file(key),
    })
}

fn read_pem(chain: &[u8], key: &[u8]) -> Result<IdentitySource, UnusableIdentity> {
    Ok(IdentitySource::Der(
        read_chain(chain)?,
        Arc::new(read_key(key)?),
    ))
}

fn read_chain(chain: &[u8]) -> Result<Vec<CertificateDer<'static>>, UnusableIdentity> {
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<_, _>>()
        .map_err(|_| BROKEN_CERTIFICATE)?;
    match certificates.is_empty() {
        true => Err(NO_CERTIFICATE),
        false => Ok(certificates),
    }
}

fn read_key(key: &[u8]) -> Result<PrivateKeyDer<'static>, UnusableIdentity> {
    if is_encrypted_pem(key) {
        return Err(ENCRYPTED);
    }
    PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
        rustls_pki_types::pem::Error::NoItemsFound => NO_KEY,
        _ => BROKEN_KEY,
    })
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> Result<Arc<dyn ResolvesClientCert>, BuildProblem> {
    let refused = |error: Error| match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            let why = "the private key does not belong to the first certificate of the chain";
            BuildProblem::new(SETTER, BuildProblemKind::InvalidKey, why)
        }
        Error::InvalidCertificate(_) => {
            let why = "the first certificate of the chain cannot be read";
            BuildProblem::new(SETTER, BuildProblemKind::InvalidCertificate, why)
        }
        // The error of a key provider does not hold the key.
        error => {
            let why = format!("the crypto provider does not take the private key: {error}");
            BuildProblem::new(SETTER, BuildProblemKind::InvalidKey, why)
        }
    };
    let certified = CertifiedKey::from_der(chain, key, provider).map_err(refused)?;
    Ok(Arc::new(SingleCertAndKey::from(certified)))
}

/// Whether a key is encrypted: by PKCS#8's label or by the header of OpenSSL's older form (RFC 1421
/// section 4.6.1.1).
fn is_encrypted_pem(text: &[u8]) -> bool {
    let lines = text.split(|byte| *byte == b'\n');
    lines.map(<[u8]>::trim_ascii).any(|line| {
        line == b"-----BEGIN ENCRYPTED PRIVATE KEY-----"
            || line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED")
    })
}

/// Whether a key is encrypted: such keys start with an algorithm (RFC 5958 section 3), plain ones
/// with a version.
fn is_encrypted_der(key: &[u8]) -> bool {
    const SEQUENCE: u8 = 0x30;
    let content = match key {
        [SEQUENCE, length, rest @ ..] if *length < 0x80 => rest,
        [SEQUENCE, length, rest @ ..] => {
            let more = usize::from(length & 0x7f);
            rest.get(more..).unwrap_or_default()
        }
        _ => return false,
    };
    content.first() == Some(&SEQUENCE)
}

/// Never shows the key.
impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ClientIdentity");
        match &self.0 {
            IdentitySource::Der(chain, _) => shown.field("certificates", &chain.len()),
            IdentitySource::Files { chain, key } => shown
                .field("chain", &read_file::shown(chain))
                .field("key", &read_file::shown(key)),
            IdentitySource::Resolver(_) => shown.field("resolver", &".."),
            IdentitySource::Unusable(UnusableIdentity { why, .. }) => shown.field("unusable", why),
        };
        shown.finish_non_exhaustive()
    }
}
