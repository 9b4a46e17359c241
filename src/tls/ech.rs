//! Encrypted ClientHello: the name in SNI is read by the origin alone.

use std::{fmt, sync::Arc};

use rustls::{
    client::{EchGreaseConfig, EchMode},
    crypto::hpke::Hpke,
};

use crate::error::{BuildProblem, BuildProblemKind, EchStatus};

use super::{
    ech_config::Configuration,
    hello::{First, Hello, Otherwise, Plan, Rejections},
    parameters::Fips,
    versions::Versions,
};

/// How the ClientHello, and the name in it, is encrypted ([RFC
/// 9849](https://www.rfc-editor.org/rfc/rfc9849)).
///
/// It takes the feature `aws-lc-rs`: no other crypto of rustls has HPKE. ECH is a part of TLS 1.3,
/// and with it no other version is offered. What stands in the clear is the public name of the
/// configuration.
///
/// | | with a configuration | without one |
/// |---|---|---|
/// | [`config_list`](Self::config_list) | encrypted | a build error |
/// | [`from_dns`](Self::from_dns) | encrypted | in the clear, as without ECH |
/// | [`from_dns_or_grease`](Self::from_dns_or_grease) | encrypted | in the clear, with GREASE |
/// | [`grease`](Self::grease) | | in the clear, with GREASE |
/// | one of the first two, [`required`](Self::required) | encrypted | no connection |
///
/// # When the origin cannot decrypt it
///
/// It proves with a certificate for the public name that it may say so. That certificate is judged
/// by the same [policy](crate::VerifyPolicy), pins and alternative names included; where
/// [`danger`](super::danger) takes the certificate or the names out of the policy, no rejection is
/// believed. Then there is one second attempt, over a new connection to the same address and within
/// the same [`connect_timeout`](crate::connector::CdnOriginBuilder::connect_timeout) (section
/// 6.1.6):
///
/// * with the configuration that the origin sent along, which serves for this one connection;
/// * without ECH, if it sent none of a known version: it has turned ECH off.
///   [`required`](Self::required) forbids this.
///
/// A second rejection, and one that is not believed, is the failure
/// [`EchProblem::Rejected`](crate::error::EchProblem::Rejected). An origin that has gone
/// back to TLS 1.2 fails the handshake, too: rustls does not see that through to a certificate.
/// What became of ECH is in [`TlsSession::ech`](crate::error::TlsSession::ech).
///
/// # What who looks on can do
///
/// Answers of DNS are as good as the way they came. Whoever can suppress them turns
/// [`from_dns`](Self::from_dns) off, unless ECH is [`required`](Self::required); whoever can write
/// them can put a key of his own into the record, and read the name. In any case the question
/// itself tells the dialled name. So it takes a resolver that is asked over TLS or HTTPS.
/// Certificates are judged the same with and without ECH: it is the name in SNI that is at stake,
/// and nothing else.
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
pub struct Ech {
    source: Source,
    clear: Clear,
}

#[derive(Clone)]
enum Source {
    ConfigList(Arc<[u8]>),
    Dns,
    DnsOrGrease,
    Grease,
}

/// Whether the name may be sent in the clear.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Clear {
    Allowed,
    Never,
}

impl Ech {
    /// Encrypts for the origin that publishes this `ECHConfigList`: the `ech` value of its `HTTPS`
    /// record, base64 decoded.
    pub fn config_list(bytes: impl Into<Vec<u8>>) -> Self {
        Self::of(Source::ConfigList(bytes.into().into()))
    }

    /// Encrypts where the `HTTPS` record of the dialled name has an `ech` value that can be used
    /// ([RFC 9848](https://www.rfc-editor.org/rfc/rfc9848)), and otherwise connects as without ECH.
    ///
    /// It takes a resolver that reads such records, and a dialled name:
    ///
    /// ```no_run
    /// # #[cfg(all(feature = "hickory", feature = "aws-lc-rs"))]
    /// # fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use cdn_origin::{CdnOriginConnector, dial::HickoryResolver, tls::Ech};
    ///
    /// let connector = CdnOriginConnector::builder("https://www.example.com")
    ///     .resolver(HickoryResolver::system()?.https_records())
    ///     .ech(Ech::from_dns())
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_dns() -> Self {
        Self::of(Source::Dns)
    }

    /// The same, but with [GREASE](Self::grease) where the record has no value that can be used.
    /// Origins that do not speak TLS 1.3 are then out of reach.
    pub fn from_dns_or_grease() -> Self {
        Self::of(Source::DnsOrGrease)
    }

    /// Sends random bytes in the place of an encrypted hello, so that whoever looks on cannot tell
    /// who uses ECH (section 6.2). The name in SNI is sent in the clear.
    pub fn grease() -> Self {
        Self::of(Source::Grease)
    }

    /// Never sends the name in the clear. Without a configuration that can be used, a connection
    /// fails with [`EchProblem::Unavailable`](crate::error::EchProblem::Unavailable); where
    /// the origin has turned ECH off, with
    /// [`EchProblem::Rejected`](crate::error::EchProblem::Rejected). With GREASE it is a
    /// build error.
    pub fn required(mut self) -> Self {
        self.clear = Clear::Never;
        self
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            clear: Clear::Allowed,
        }
    }

    /// Whether the name is hidden, if all goes well.
    pub(crate) fn encrypts(&self) -> bool {
        !matches!(self.source, Source::Grease)
    }

    /// Whether the configuration comes from DNS.
    pub(crate) fn reads_dns(&self) -> bool {
        matches!(self.source, Source::Dns | Source::DnsOrGrease)
    }

    /// The versions of a hello without ECH, where there may be one.
    pub(super) fn versions(&self, asked: Versions) -> Result<Versions, BuildProblem> {
        let newest = asked.newest_alone()?;
        let never_without = matches!(self.source, Source::Grease) || self.clear == Clear::Never;
        Ok(if never_without { newest } else { asked })
    }

    pub(super) fn plan(&self, fips: Fips, rejections: Rejections) -> Result<Plan, BuildProblem> {
        let suites = suites::approved(fips);
        let Some(usual) = suites.first().copied() else {
            let why = "Encrypted ClientHello takes the feature `aws-lc-rs`, and suites that `require_fips()` leaves over";
            return Err(problem(why));
        };
        let grease = grease(usual)?;
        let may_be_clear = match (&self.source, self.clear) {
            (Source::Dns | Source::ConfigList(_), Clear::Never) => Otherwise::Refused,
            (Source::Dns | Source::ConfigList(_), Clear::Allowed) => Otherwise::Plain,
            (Source::Grease | Source::DnsOrGrease, Clear::Allowed) => {
                Otherwise::Greased(grease.clone())
            }
            (Source::Grease | Source::DnsOrGrease, Clear::Never) => {
                let why = "GREASE hides nothing, so it cannot stand in where ECH is required";
                let kind = BuildProblemKind::Contradiction;
                return Err(BuildProblem::new("ech", kind, why));
            }
        };
        let first = match &self.source {
            Source::ConfigList(bytes) => {
                let configuration =
                    Configuration::read(bytes, &suites).map_err(|error| unusable(&error))?;
                First::Given(Hello::encrypted(configuration, EchStatus::Accepted))
            }
            Source::Dns | Source::DnsOrGrease => First::Dns { sample: grease },
            Source::Grease => First::Given(Hello::greased(grease)),
        };
        Ok(Plan::new(first, may_be_clear, rejections, suites))
    }
}

fn grease(suite: &'static dyn Hpke) -> Result<EchMode, BuildProblem> {
    let pair = suite.generate_key_pair();
    let (placeholder, _) = pair.map_err(|error| unusable(&error))?;
    Ok(EchGreaseConfig::new(suite, placeholder).into())
}

fn problem(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> BuildProblem {
    BuildProblem::new("ech", BuildProblemKind::CryptoProvider, why)
}

pub(super) fn unusable(error: &rustls::Error) -> BuildProblem {
    problem(format!("this ECH configuration cannot be used: {error}"))
}

impl fmt::Debug for Ech {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.source {
            Source::ConfigList(_) => "Ech::config_list(..)",
            Source::Dns => "Ech::from_dns()",
            Source::DnsOrGrease => "Ech::from_dns_or_grease()",
            Source::Grease => "Ech::grease()",
        })?;
        match self.clear {
            Clear::Never => f.write_str(".required()"),
            Clear::Allowed => Ok(()),
        }
    }
}

/// What rustls' crypto has of HPKE.
mod suites {
    #[cfg(feature = "aws-lc-rs")]
    use rustls::crypto::aws_lc_rs::hpke;
    use rustls::crypto::hpke::Hpke;

    use super::Fips;

    /// Those that may be used, first the one that most clients of the web use.
    pub(super) fn approved(fips: Fips) -> Vec<&'static dyn Hpke> {
        let approved = |suite: &&dyn Hpke| fips == Fips::NotAsked || suite.fips();
        all().filter(approved).collect()
    }

    #[cfg(feature = "aws-lc-rs")]
    fn all() -> impl Iterator<Item = &'static dyn Hpke> {
        let usual: &dyn Hpke = hpke::DH_KEM_X25519_HKDF_SHA256_AES_128;
        std::iter::once(usual).chain(hpke::ALL_SUPPORTED_SUITES.iter().copied())
    }

    #[cfg(not(feature = "aws-lc-rs"))]
    fn all() -> impl Iterator<Item = &'static dyn Hpke> {
        std::iter::empty()
    }
}
