//! The builder's setting for Encrypted ClientHello.

use std::{fmt, sync::Arc};

use crate::{
    error::{BuildProblem, BuildProblemKind, TlsVersion},
    tls::{VerifyPolicy, parameters::Fips, versions::Versions},
};

use super::{
    EchPlan, HelloEncryption, HelloPlan,
    config_list::EchConfiguration,
    hpke_suites,
    plan::{EchFallback, EchRetry, FirstHello, unusable},
};

/// Encrypts the ClientHello, and with it the name in SNI ([RFC 9849]).
///
/// This type needs the cargo features `ech` and `aws-lc-rs`: no other crypto of rustls has HPKE.
///
/// **The feature `ech` uses interfaces of rustls that are public but not covered by semantic
/// versioning** (`rustls::internal`). A patch release of rustls may break the build. Then pin the
/// release of rustls, or turn the feature off.
///
/// ECH is a part of TLS 1.3. No other version is offered with it, except where a fallback sends a
/// ClientHello without ECH. The public name of the configuration is sent in the clear.
///
/// | | with a configuration | without one |
/// |---|---|---|
/// | [`config_list`](Self::config_list) | encrypted | a build error |
/// | [`from_dns`](Self::from_dns) | encrypted | in the clear, as without ECH |
/// | [`from_dns_or_grease`](Self::from_dns_or_grease) | encrypted | in the clear, with GREASE |
/// | [`grease`](Self::grease) | | in the clear, with GREASE |
/// | one of the first two, [`required`](Self::required) | encrypted | no connection |
///
/// # Rejection by the origin
///
/// An origin that cannot decrypt the hello rejects ECH. It proves by a certificate for the public
/// name that it may. The same [policy](crate::VerifyPolicy) verifies that certificate, pins and
/// alternative names included. Where [`danger`](crate::tls::danger) turns off the check of the
/// certificate or of its names, a rejection is an error.
///
/// After a verified rejection the connector tries once more, over a new connection to the same
/// address and within the same
/// [connect timeout](crate::connector::Timeouts::connect) ([section 6.1.6]):
///
/// * with the configuration that the origin sent along, for this one connection;
/// * without ECH, if the origin sent no configuration of a known version: it has turned ECH off.
///   [`required`](Self::required) forbids this.
///
/// A second rejection fails with
/// [`ErrorKind::EchRejected`](crate::ErrorKind::EchRejected), and so does one that is
/// not verified. An origin that has gone back to TLS 1.2 fails the handshake too, since rustls
/// stops before its certificate.
/// [`TlsSession::ech`](crate::error::TlsSession::ech) reports the outcome.
///
/// # What an on-path observer can do
///
/// * An observer who suppresses DNS answers turns [`from_dns`](Self::from_dns) off, unless ECH is
///   [`required`](Self::required).
/// * An observer who forges DNS answers can insert a key of their own and read the name.
/// * The DNS question itself contains the dialled name.
///
/// So use a resolver over TLS or HTTPS. Certificates are verified in the same way with and without
/// ECH: only the confidentiality of the name in SNI is at stake.
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
///
/// [RFC 9849]: https://www.rfc-editor.org/rfc/rfc9849
/// [section 6.1.6]: https://www.rfc-editor.org/rfc/rfc9849#section-6.1.6
#[derive(Clone)]
#[must_use = "it does nothing until it is passed to a builder"]
#[cfg_attr(cdn_origin_docsrs, doc(cfg(feature = "ech")))]
pub struct Ech {
    source: EchSource,
    clear: ClearSni,
}

#[derive(Clone)]
enum EchSource {
    ConfigList(Arc<[u8]>),
    Dns,
    DnsOrGrease,
    Grease,
}

/// Whether the name may be sent in the clear.
#[derive(Clone, Copy, Eq, PartialEq)]
enum ClearSni {
    Allowed,
    Never,
}

impl Ech {
    /// Encrypts with a given `ECHConfigList`.
    ///
    /// The list is the `ech` value of the origin's `HTTPS` record, base64-decoded. A list without a
    /// usable configuration is a build error.
    ///
    /// ```
    /// use cdn_origin::tls::Ech;
    ///
    /// # fn ech(ech_config_list: Vec<u8>) -> Ech {
    /// // Fail instead of falling back to a name in the clear.
    /// Ech::config_list(ech_config_list).required()
    /// # }
    /// ```
    pub fn config_list(bytes: impl Into<Vec<u8>>) -> Self {
        Self::of(EchSource::ConfigList(bytes.into().into()))
    }

    /// Encrypts if the `HTTPS` record of the dialled name has a usable `ech` value ([RFC 9848]).
    ///
    /// Otherwise it connects as without ECH. The connector needs a dialled name and a resolver that
    /// reads `HTTPS` records. It cannot be the source of [members from
    /// DNS](crate::group::MemberSource::dns):
    ///
    /// ```no_run
    /// # #[cfg(all(feature = "hickory", feature = "aws-lc-rs"))]
    /// # fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use cdn_origin::{CdnOriginConnector, dial::{Dns, HickoryResolver}, tls::Ech};
    ///
    /// let connector = CdnOriginConnector::builder("https://www.example.com")
    ///     .dns(Dns::default().resolver(HickoryResolver::system()?.https_records()))
    ///     .ech(Ech::from_dns())
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [RFC 9848]: https://www.rfc-editor.org/rfc/rfc9848
    pub fn from_dns() -> Self {
        Self::of(EchSource::Dns)
    }

    /// Like [`from_dns`](Self::from_dns), with [GREASE](Self::grease) where no value is usable.
    ///
    /// Origins without TLS 1.3 are then out of reach.
    ///
    /// ```
    /// let ech = cdn_origin::tls::Ech::from_dns_or_grease();
    /// ```
    pub fn from_dns_or_grease() -> Self {
        Self::of(EchSource::DnsOrGrease)
    }

    /// Sends random bytes in the place of an encrypted hello ([RFC 9849 section 6.2]).
    ///
    /// An observer then cannot tell which clients use ECH. The name in SNI is sent in the clear.
    ///
    /// ```
    /// let ech = cdn_origin::tls::Ech::grease();
    /// ```
    ///
    /// [RFC 9849 section 6.2]: https://www.rfc-editor.org/rfc/rfc9849#section-6.2
    pub fn grease() -> Self {
        Self::of(EchSource::Grease)
    }

    /// Never sends the name in the clear.
    ///
    /// Without a usable configuration, a connection fails with
    /// [`ErrorKind::EchUnavailable`](crate::ErrorKind::EchUnavailable). If the origin has
    /// turned ECH off, it fails with
    /// [`ErrorKind::EchRejected`](crate::ErrorKind::EchRejected). Together with GREASE it
    /// is a build error.
    ///
    /// ```
    /// let ech = cdn_origin::tls::Ech::from_dns().required();
    /// ```
    pub fn required(mut self) -> Self {
        self.clear = ClearSni::Never;
        self
    }

    fn of(source: EchSource) -> Self {
        Self {
            source,
            clear: ClearSni::Allowed,
        }
    }

    /// Whether it hides the name in SNI where it can.
    pub(in crate::tls) fn encrypts(&self) -> bool {
        !matches!(self.source, EchSource::Grease)
    }

    /// Whether the configuration comes from DNS.
    pub(in crate::tls) fn reads_dns(&self) -> bool {
        matches!(self.source, EchSource::Dns | EchSource::DnsOrGrease)
    }

    /// The versions of a hello without ECH, where one may be sent.
    pub(in crate::tls) fn versions(&self, requested: Versions) -> Result<Versions, BuildProblem> {
        let newest = tls13_alone(requested)?;
        let never_without =
            matches!(self.source, EchSource::Grease) || self.clear == ClearSni::Never;
        Ok(if never_without { newest } else { requested })
    }

    pub(in crate::tls) fn plan(
        &self,
        fips: Fips,
        policy: &VerifyPolicy,
    ) -> Result<EchPlan, BuildProblem> {
        let suites = hpke_suites::approved(fips);
        let Some(usual) = suites.first().copied() else {
            let why = "Encrypted ClientHello needs the feature `aws-lc-rs`, and HPKE suites that \
                       `require_fips()` allows";
            return Err(BuildProblem::new("ech", BuildProblemKind::Unsupported, why));
        };
        let grease = HelloEncryption::grease(usual).map_err(|error| unusable(&error))?;
        let fallback = match (&self.source, self.clear) {
            (EchSource::Dns | EchSource::ConfigList(_), ClearSni::Never) => EchFallback::Fail,
            (EchSource::Dns | EchSource::ConfigList(_), ClearSni::Allowed) => EchFallback::Clear,
            (EchSource::Grease | EchSource::DnsOrGrease, ClearSni::Allowed) => {
                EchFallback::Grease(grease.clone())
            }
            (EchSource::Grease | EchSource::DnsOrGrease, ClearSni::Never) => {
                let why = "GREASE hides nothing, so it cannot stand in where ECH is required";
                let kind = BuildProblemKind::Contradiction;
                return Err(BuildProblem::new("ech", kind, why));
            }
        };
        let first = match &self.source {
            EchSource::ConfigList(bytes) => {
                let configuration = EchConfiguration::read(bytes, &suites);
                let configuration = configuration.map_err(|error| unusable(&error))?;
                FirstHello::Fixed(configuration.first_hello())
            }
            EchSource::Dns | EchSource::DnsOrGrease => FirstHello::Dns { sample: grease },
            EchSource::Grease => FirstHello::Fixed(HelloPlan::greased(grease)),
        };
        Ok(EchPlan::new(
            first,
            fallback,
            EchRetry::under(policy),
            suites,
        ))
    }
}

/// TLS 1.3 alone, if it is among the requested versions.
fn tls13_alone(requested: Versions) -> Result<Versions, BuildProblem> {
    let newest = TlsVersion::V1_3;
    if requested.newest != newest {
        let kind = BuildProblemKind::Contradiction;
        let why = "Encrypted ClientHello is a part of TLS 1.3, which `tls_versions(..)` leaves out";
        return Err(BuildProblem::new("ech", kind, why));
    }
    Ok(Versions {
        oldest: newest,
        newest,
    })
}

impl fmt::Debug for Ech {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.source {
            EchSource::ConfigList(_) => "Ech::config_list(..)",
            EchSource::Dns => "Ech::from_dns()",
            EchSource::DnsOrGrease => "Ech::from_dns_or_grease()",
            EchSource::Grease => "Ech::grease()",
        })?;
        match self.clear {
            ClearSni::Never => f.write_str(".required()"),
            ClearSni::Allowed => Ok(()),
        }
    }
}
