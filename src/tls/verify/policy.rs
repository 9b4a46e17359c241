//! How the origin's certificate is judged.

use std::{path::Path, time::Duration};

use super::{
    CertificatePin, Crls, Roots, SanMatcher, SpkiPin, danger::unverified::Unverified, pin::Pins,
};

/// How the origin's certificate is judged. The default is [`VerifyPolicy::native_roots`].
///
/// | policy | chain | name | dates | key |
/// |---|---|---|---|---|
/// | [`native_roots`](Self::native_roots), [`roots`](Self::roots) | checked | checked | checked | |
/// | the same with [`and_pin`](Self::and_pin), [`and_certificate_pin`](Self::and_certificate_pin) | checked | checked | checked | one of the pinned |
/// | the same with [`crls`](Self::crls) | and not revoked | checked | checked | |
/// | the same with [`expecting_any`](Self::expecting_any) | checked | one of several | checked | |
/// | [`pinned`](Self::pinned), [`pinned_certificate`](Self::pinned_certificate) | | | | one of the pinned |
/// | what weakens one of these | | | | [`danger`](super::danger) |
///
/// Names are matched by [RFC 9525]: subject alternative names only, wildcards for one whole label,
/// and no name is ever taken from DNS. In every policy, the peer must prove that it holds the
/// certificate's key.
///
/// A [resumed session](crate::connector::CdnOriginBuilder::session_capacity) relies on what was
/// verified when it began, 24 hours ago at most.
///
/// [RFC 9525]: https://www.rfc-editor.org/rfc/rfc9525
#[derive(Clone, Debug)]
#[must_use = "a policy does nothing until a builder is given it"]
pub struct VerifyPolicy {
    pub(super) trust: TrustAnchor,
    pub(in crate::tls) names: NameCheck,
    pub(in crate::tls) pins: Pins,
    pub(super) crls: Option<Crls>,
    pub(super) grace: Option<ExpiryGrace>,
}

#[derive(Clone, Debug)]
pub(super) enum TrustAnchor {
    /// Whoever a root vouches for.
    Roots(Roots),
    /// Whoever the operating system trusts.
    #[cfg(feature = "platform-verifier")]
    Platform,
    /// Whoever holds a pinned key.
    Pins,
    /// Anybody.
    Anyone(Unverified),
}

/// Which names are looked for, where the trust asks for any.
#[derive(Clone, Debug)]
pub(in crate::tls) enum NameCheck {
    /// The one that the origin is expected under.
    Expected,
    /// One of these instead.
    AnyOf(Vec<SanMatcher>),
    /// None; the value is the proof that the policy is a fenced one.
    Ignored(Unverified),
}

/// For how long an expired chain is accepted.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExpiryGrace {
    pub(super) length: Duration,
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
    /// Trust the system's roots.
    pub fn native_roots() -> Self {
        Self::roots(Roots::native())
    }

    /// Trust these roots.
    pub fn roots(roots: Roots) -> Self {
        Self::trusting(TrustAnchor::Roots(roots))
    }

    /// Let the operating system judge chain and name: its own verifier on Windows, macOS, iOS and
    /// Android, its roots elsewhere.
    ///
    /// [`crls`](Self::crls), [`expecting_any`](Self::expecting_any) and the relaxations of
    /// [`danger`](super::danger) need [`roots`](Self::roots).
    #[cfg(feature = "platform-verifier")]
    #[cfg_attr(cdn_origin_docsrs, doc(cfg(feature = "platform-verifier")))]
    pub fn platform() -> Self {
        Self::trusting(TrustAnchor::Platform)
    }

    /// Trust whoever holds this key, whatever its certificate says: for self-signed certificates,
    /// and a safe answer where one would write `verify none`. Where more is pinned, one match among
    /// all pins is enough.
    pub fn pinned(pin: SpkiPin) -> Self {
        Self::trusting(TrustAnchor::Pins).and_pin(pin)
    }

    /// Trust this very certificate, whatever it says. Where more is pinned, one match among all
    /// pins is enough.
    pub fn pinned_certificate(pin: CertificatePin) -> Self {
        Self::trusting(TrustAnchor::Pins).and_certificate_pin(pin)
    }

    /// Additionally require one of what is pinned, to which this key is added: the present one,
    /// say, and the next. One match among all pins, of keys and of certificates, is enough.
    pub fn and_pin(mut self, pin: SpkiPin) -> Self {
        self.pins.keys.push(pin);
        self
    }

    /// Additionally require one of what is pinned, to which this certificate is added. One match
    /// among all pins, of keys and of certificates, is enough.
    pub fn and_certificate_pin(mut self, pin: CertificatePin) -> Self {
        self.pins.certificates.push(pin);
        self
    }

    /// Expects one of these subject alternative names, instead of the origin's [expected
    /// name](crate::connector::CdnOriginBuilder::expected_name). On top of pins, it adds the look
    /// at the names.
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

    /// Refuses certificates that these lists revoke.
    pub fn crls(mut self, crls: Crls) -> Self {
        self.crls = Some(crls);
        self
    }

    /// The same policy, whose roots are loaded now and never again.
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

    /// Whether the origin's expected name plays a part.
    pub(crate) fn checks_expected_name(&self) -> bool {
        matches!(self.names, NameCheck::Expected) && self.asks_for_trust()
    }

    /// Whether a chain is checked and its name is not.
    pub(crate) fn ignores_names(&self) -> bool {
        matches!(self.names, NameCheck::Ignored(_)) && self.asks_for_trust()
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
    pub(in crate::tls) fn files(&self) -> impl Iterator<Item = &Path> {
        let roots = match &self.trust {
            TrustAnchor::Roots(roots) => Some(roots.files()),
            _ => None,
        };
        let crls = self.crls.iter().flat_map(Crls::files);
        roots.into_iter().flatten().chain(crls)
    }

    fn asks_for_trust(&self) -> bool {
        !matches!(self.trust, TrustAnchor::Pins | TrustAnchor::Anyone(_))
    }
}

impl Default for VerifyPolicy {
    fn default() -> Self {
        Self::native_roots()
    }
}
