//! Encrypted ClientHello: the name in SNI is read by the origin alone.

use std::{fmt, sync::Arc};

use rustls::{
    ClientConfig, ClientConnection, Error,
    client::{EchConfig, EchGreaseConfig, EchMode},
    crypto::hpke::Hpke,
};
use rustls_pki_types::{EchConfigListBytes, ServerName};

use crate::error::{BuildProblem, BuildProblemKind};

/// How the ClientHello, and the name in it, is encrypted ([RFC 9849](https://www.rfc-editor.org/rfc/rfc9849)).
///
/// It takes the feature `aws-lc-rs`: no other crypto of rustls has HPKE. ECH is a part of TLS 1.3, and with it no other version is offered. What stands in the clear is the public name of the
/// configuration.
///
/// An origin that cannot decrypt the hello proves with a certificate for the public name that it may say so. That certificate is
/// judged by the same [policy](crate::VerifyPolicy), pins and alternative names included. The handshake then fails with
/// [`EncryptedHelloRejected`](crate::ErrorKind::EncryptedHelloRejected): the name is never sent again in the clear. The newer
/// configuration that such an origin may send is not used: rustls does not hand it out.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, tls::Ech};
///
/// # fn connect(ech_config_list: Vec<u8>) -> Result<(), cdn_origin::BuildError> {
/// let connector = CdnOriginConnector::builder("https://www.example.com")
///     .ech(Ech::config_list(ech_config_list))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "it does nothing until a builder is given it"]
pub struct Ech(Mode);

#[derive(Clone)]
enum Mode {
    ConfigList(Arc<[u8]>),
    Grease,
}

impl Ech {
    /// Encrypts for the origin that publishes this `ECHConfigList`: the `ech` value of its `HTTPS` record, base64 decoded.
    pub fn config_list(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Mode::ConfigList(bytes.into().into()))
    }

    /// Sends random bytes in the place of an encrypted hello, so that whoever looks on cannot tell who uses ECH (section 6.2). The
    /// name in SNI is sent in the clear.
    pub fn grease() -> Self {
        Self(Mode::Grease)
    }

    /// Whether the name is hidden.
    pub(crate) fn encrypts(&self) -> bool {
        matches!(self.0, Mode::ConfigList(_))
    }

    pub(super) fn mode(&self) -> Result<EchMode, BuildProblem> {
        let Some(usual) = suites::usual() else {
            let why = "Encrypted ClientHello takes the feature `aws-lc-rs`";
            return Err(problem(why));
        };
        let mode = match &self.0 {
            Mode::ConfigList(bytes) => {
                let list = EchConfigListBytes::from(&**bytes);
                EchConfig::new(list, suites::ALL).map(EchMode::from)
            }
            Mode::Grease => grease(usual),
        };
        mode.map_err(|error| unusable(&error))
    }

    /// Encrypts a hello to nobody, so that a key that cannot be used is noticed before the first connection.
    pub(super) fn try_out(config: &ClientConfig) -> Result<(), BuildProblem> {
        let Ok(nobody) = ServerName::try_from("nobody.invalid") else {
            return Ok(());
        };
        let hello = ClientConnection::new(Arc::new(config.clone()), nobody);
        hello.map(|_| ()).map_err(|error| unusable(&error))
    }
}

fn grease(suite: &'static dyn Hpke) -> Result<EchMode, Error> {
    let (placeholder, _) = suite.generate_key_pair()?;
    Ok(EchGreaseConfig::new(suite, placeholder).into())
}

fn problem(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> BuildProblem {
    BuildProblem::new("ech", BuildProblemKind::CryptoProvider, why)
}

fn unusable(error: &Error) -> BuildProblem {
    problem(format!("this ECH configuration cannot be used: {error}"))
}
impl fmt::Debug for Ech {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Mode::ConfigList(_) => "Ech::config_list(..)",
            Mode::Grease => "Ech::grease()",
        })
    }
}

/// What rustls' crypto has of HPKE.
#[cfg(feature = "aws-lc-rs")]
mod suites {
    use rustls::crypto::{aws_lc_rs::hpke, hpke::Hpke};

    pub(super) const ALL: &[&dyn Hpke] = hpke::ALL_SUPPORTED_SUITES;

    /// What most clients of the web use.
    pub(super) fn usual() -> Option<&'static dyn Hpke> {
        Some(hpke::DH_KEM_X25519_HKDF_SHA256_AES_128)
    }
}

#[cfg(not(feature = "aws-lc-rs"))]
mod suites {
    use rustls::crypto::hpke::Hpke;

    pub(super) const ALL: &[&dyn Hpke] = &[];

    pub(super) fn usual() -> Option<&'static dyn Hpke> {
        None
    }
}
