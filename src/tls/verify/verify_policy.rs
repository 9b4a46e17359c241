//! `VerifyPolicy`: how the origin's certificate is verified.
//!
//! `certificate_verifier.rs` applies it to names and pins, `chain_verifier.rs` to the chain.

use std::{path::Path, time::Duration};

use super::{
    CertificatePin, Crls, Roots, SanMatcher, SpkiPin, danger::unverified::Unverified, pin::Pins,
};

/// How the origin's certificate is verified. The default is [`VerifyPolicy::native_roots`].
///
/// * [`native_roots`] and [`roots`] check chain ([RFC 5280]), name and dates.
/// * [`and_pin`] and [`and_certificate_pin`] also demand a pinned key or certificate.
/// * [`crls`] also refuses revoked certificates.
/// * [`expecting_any`] accepts one of several names.
/// * [`pinned`] and [`pinned_certificate`] check the pin, and no chain, name or dates.
/// * [`danger`](crate::tls::danger) weakens one of these.
///
/// Names are matched by [RFC 9525]: subject alternative names only, wildcards for one whole label.
/// No name is ever taken from DNS. Under every policy the peer must prove that it holds the
/// certificate's key.
///
/// A [resumed session](crate::connector::Sessions) relies on the verification of the session's
/// first handshake, at most 24 hours ago.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, Roots, VerifyPolicy};
///
/// # fn connect() -> Result<(), cdn_origin::BuildError> {
/// let connector = CdnOriginConnector::builder("https://origin.internal.example")
///     .verify(VerifyPolicy::roots(Roots::pem_file("/etc/pki/company.pem")))
///     .build()?;
/// # Ok(())
/// # }
/// ```
///
/// [`native_roots`]: Self::native_roots
/// [`roots`]: Self::roots
/// [`and_pin`]: Self::and_pin
/// [`and_certificate_pin`]: Self::and_certificate_pin
/// [`crls`]: Self::crls
/// [`expecting_any`]: Self::expecting_any
/// [`pinned`]: Self::pinned
/// [`pinned_certificate`]: Self::pinned_certificate
/// [RFC 5280]: https://www.rfc-editor.org/rfc/rfc5280#section-6
/// [RFC 9525]: https://www.rfc-editor.org/rfc/rfc9525
#[derive(Clone, Debug)]
#[must_use = "a policy does nothing until it is passed to a builder"]
pub struct VerifyPolicy {
    pub(crate) trust: TrustAnchor,
    pub(crate) names: NameCheck,
    pub(crate) pins: Pins,
    pub(crate) crls: Option<Crls>,
    pub(crate) grace: Option<ExpiryGrace>,
}

#[derive(Clone, Debug)]
pub(crate) enum TrustAnchor {
    /// A root certificate must have signed the chain.
    Roots(Roots),
    /// The operating system's verifier decides.
    #[cfg(feature = "platform-verifier")]
    Platform,
    /// The pins decide.
    Pins,
    /// No check. The value proves that the policy comes from `danger`.
    Anyone(Unverified),
}

/// The names that the certificate is checked for.
#[derive(Clone, Debug)]
pub(crate) enum NameCheck {
    /// The origin's expected name.
    Expected,
    /// One of these instead.
    AnyOf(Vec<SanMatcher>),
    /// None. The value proves that the policy comes from `danger`.
    Ignored(Unverified),
}

/// How long after its end a chain is accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExpiryGrace {
    pub(crate) length: Duration,
    _proof: Unverified,
}

impl ExpiryGrace {
    pub(super) fn new(length: Duration, proof: Unverified) -> Self {
        Self {
            length,
            _proof: proof,
        }
    }
}

impl VerifyPolicy {
    /// Trusts the root certificates of the system. The default.
    ///
    /// ```
    /// let policy = cdn_origin::VerifyPolicy::native_roots();
    /// ```
    pub fn native_roots() -> Self {
        Self::roots(Roots::native())
    }

    /// Trusts these root certificates and no others.
    ///
    /// ```
    /// use cdn_origin::{Roots, VerifyPolicy};
    ///
    /// let policy = VerifyPolicy::roots(Roots::pem_file("/etc/pki/company.pem"));
    /// ```
    pub fn roots(roots: Roots) -> Self {
        Self::trusting(TrustAnchor::Roots(roots))
    }

    /// Lets the operating system verify chain and name.
    ///
    /// On Windows, macOS, iOS and Android that is the system's own verifier, elsewhere webpki with
    /// the system's roots. [`crls`](Self::crls), [`expecting_any`](Self::expecting_any) and the
    /// relaxations of [`danger`](crate::tls::danger) cannot be combined with it: a build error.
    ///
    /// ```
    /// let policy = cdn_origin::VerifyPolicy::platform();
    /// ```
    #[cfg(feature = "platform-verifier")]
    #[cfg_attr(cdn_origin_docsrs, doc(cfg(feature = "platform-verifier")))]
    pub fn platform() -> Self {
        Self::trusting(TrustAnchor::Platform)
    }

    /// Trusts the holder of this key. Chain, name and dates are not checked.
    ///
    /// For self-signed certificates, and the safe alternative to HAProxy's `verify none`. With more
    /// pins, one match among all of them is enough.
    ///
    /// ```
    /// use cdn_origin::{SpkiPin, VerifyPolicy};
    ///
    /// let pin: SpkiPin = "sha256/YLh1dUR9y6Kja30RrAn7JKnbQG/uEtLMkBgFF2Fuihg=".parse()?;
    /// let policy = VerifyPolicy::pinned(pin);
    /// # Ok::<(), cdn_origin::error::InvalidValue>(())
    /// ```
    pub fn pinned(pin: SpkiPin) -> Self {
        Self::trusting(TrustAnchor::Pins).and_pin(pin)
    }

    /// Trusts this certificate. Chain, name and dates are not checked.
    ///
    /// With more pins, one match among all of them is enough.
    ///
    /// ```
    /// use cdn_origin::tls::{CertificatePin, VerifyPolicy};
    ///
    /// # fn policy(certificate: &[u8]) -> VerifyPolicy {
    /// VerifyPolicy::pinned_certificate(CertificatePin::of_certificate(certificate))
    /// # }
    /// ```
    pub fn pinned_certificate(pin: CertificatePin) -> Self {
        Self::trusting(TrustAnchor::Pins).and_certificate_pin(pin)
    }

    /// Adds a key to the pins, and also demands a match with one of them.
    ///
    /// One match among all pins, of keys and of certificates, is enough: pin the present key and
    /// the next one.
    ///
    /// ```
    /// use cdn_origin::{SpkiPin, VerifyPolicy};
    ///
    /// # let (present, next) = (SpkiPin::sha256([0; 32]), SpkiPin::sha256([1; 32]));
    /// let policy = VerifyPolicy::native_roots().and_pin(present).and_pin(next);
    /// ```
    pub fn and_pin(mut self, pin: SpkiPin) -> Self {
        self.pins.keys.push(pin);
        self
    }

    /// Adds a certificate to the pins, and also demands a match with one of them.
    ///
    /// One match among all pins, of keys and of certificates, is enough.
    ///
    /// ```
    /// use cdn_origin::tls::{CertificatePin, VerifyPolicy};
    ///
    /// # let pin = CertificatePin::sha256([0; 32]);
    /// let policy = VerifyPolicy::native_roots().and_certificate_pin(pin);
    /// ```
    pub fn and_certificate_pin(mut self, pin: CertificatePin) -> Self {
        self.pins.certificates.push(pin);
        self
    }

    /// Expects one of these subject alternative names.
    ///
    /// They replace the origin's
    /// [expected name](crate::connector::CdnOriginBuilder::expected_name). Together with
    /// [`pinned`](Self::pinned) the names are checked, too. An empty list is a build error.
    ///
    /// ```
    /// use cdn_origin::tls::{Roots, SanMatcher, VerifyPolicy};
    ///
    /// # let mesh_ca = b"";
    /// let policy = VerifyPolicy::roots(Roots::pem(mesh_ca)).expecting_any([
    ///     SanMatcher::uri("spiffe://prod.example/shop"),
    ///     SanMatcher::dns("shop.example.com"),
    /// ]);
    /// ```
    pub fn expecting_any(mut self, names: impl IntoIterator<Item = SanMatcher>) -> Self {
        self.names = NameCheck::AnyOf(names.into_iter().collect());
        self
    }

    /// Refuses certificates that these lists revoke ([RFC 5280 section 5]).
    ///
    /// The policy must have [`roots`](Self::roots), otherwise the connector's `build()` fails.
    ///
    /// ```
    /// use cdn_origin::tls::{Crls, Roots, VerifyPolicy};
    ///
    /// let policy = VerifyPolicy::roots(Roots::pem_file("/etc/pki/company.pem"))
    ///     .crls(Crls::pem_file("/etc/pki/company.crl.pem"));
    /// ```
    ///
    /// [RFC 5280 section 5]: https://www.rfc-editor.org/rfc/rfc5280#section-5
    pub fn crls(mut self, crls: Crls) -> Self {
        self.crls = Some(crls);
        self
    }

    /// The same policy with its roots loaded now, once and for all.
    pub(crate) fn with_loaded_roots(self) -> Self {
        let trust = match self.trust {
            TrustAnchor::Roots(roots) => TrustAnchor::Roots(roots.loaded()),
            other => other,
        };
        Self { trust, ..self }
    }

    pub(super) fn anyone(unverified: Unverified) -> Self {
        Self::trusting(TrustAnchor::Anyone(unverified))
    }

    pub(super) fn without_names(mut self, unverified: Unverified) -> Self {
        self.names = NameCheck::Ignored(unverified);
        self
    }

    pub(super) fn with_grace(mut self, grace: ExpiryGrace) -> Self {
        self.grace = Some(grace);
        self
    }

    fn trusting(trust: TrustAnchor) -> Self {
        Self {
            trust,
            names: NameCheck::Expected,
            pins: Pins::default(),
            crls: None,
            grace: None,
        }
    }

    /// Whether it checks the origin's expected name.
    pub(crate) fn checks_expected_name(&self) -> bool {
        matches!(self.names, NameCheck::Expected) && self.checks_chain()
    }

    /// Whether it checks a chain but no name.
    pub(crate) fn ignores_names(&self) -> bool {
        matches!(self.names, NameCheck::Ignored(_)) && self.checks_chain()
    }

    pub(crate) fn expiry_grace(&self) -> Option<Duration> {
        self.grace.map(|grace| grace.length)
    }

    pub(crate) fn is_unverified(&self) -> bool {
        matches!(self.trust, TrustAnchor::Anyone(_)) && self.pins.is_empty()
    }

    /// The names that are expected instead of the origin's expected name, as a text.
    pub(in crate::tls) fn alternatives(&self) -> Option<String> {
        let NameCheck::AnyOf(names) = &self.names else {
            return None;
        };
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        Some(names.join(" or "))
    }

    /// The files that this policy reads.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        let roots = match &self.trust {
            TrustAnchor::Roots(roots) => Some(roots.files()),
            _ => None,
        };
        let crls = self.crls.iter().flat_map(Crls::files);
        roots.into_iter().flatten().chain(crls)
    }

    fn checks_chain(&self) -> bool {
        !matches!(self.trust, TrustAnchor::Pins | TrustAnchor::Anyone(_))
    }
}

impl Default for VerifyPolicy {
    fn default() -> Self {
        Self::native_roots()
    }
}
