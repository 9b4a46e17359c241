//! How the origin's certificate is judged.

use super::{Roots, SpkiPin, danger::Unverified};

/// How the origin's certificate is judged. The default is [`VerifyPolicy::native_roots`].
///
/// | policy | chain | name | dates | key |
/// |---|---|---|---|---|
/// | [`native_roots`](Self::native_roots), [`roots`](Self::roots) | checked | checked | checked | |
/// | the same with [`and_pin`](Self::and_pin) | checked | checked | checked | pinned |
/// | [`pinned`](Self::pinned) | | | | pinned |
/// | [`danger::accept_any_certificate`](super::danger::accept_any_certificate) | | | | |
///
/// Names are matched by [RFC 9525]: subject alternative names only, wildcards for one whole label. In every policy, the peer must
/// prove that it holds the certificate's key.
///
/// [RFC 9525]: https://www.rfc-editor.org/rfc/rfc9525
#[derive(Clone, Debug)]
#[must_use = "a policy does nothing until a builder is given it"]
pub struct VerifyPolicy {
    pub(super) trust: Trust,
    pub(super) pins: Vec<SpkiPin>,
}

#[derive(Clone, Debug)]
pub(super) enum Trust {
    /// Whoever a root vouches for, under the expected name.
    Roots(Roots),
    /// Whoever holds a pinned key.
    Pins,
    /// Anybody.
    Anybody(Unverified),
}

impl VerifyPolicy {
    /// Trust the system's roots.
    pub fn native_roots() -> Self {
        Self::roots(Roots::native())
    }

    /// Trust these roots.
    pub fn roots(roots: Roots) -> Self {
        Self {
            trust: Trust::Roots(roots),
            pins: Vec::new(),
        }
    }

    /// Trust whoever holds this key, whatever its certificate says: for self-signed certificates, and a safe answer where one
    /// would write `verify none`.
    pub fn pinned(pin: SpkiPin) -> Self {
        Self {
            trust: Trust::Pins,
            pins: vec![pin],
        }
    }

    /// Additionally require one of the pinned keys. Several calls list several keys: the present one and the next.
    pub fn and_pin(mut self, pin: SpkiPin) -> Self {
        self.pins.push(pin);
        self
    }

    pub(super) fn anybody(unverified: Unverified) -> Self {
        Self {
            trust: Trust::Anybody(unverified),
            pins: Vec::new(),
        }
    }

    pub(crate) fn checks_names(&self) -> bool {
        matches!(self.trust, Trust::Roots(_))
    }

    pub(crate) fn is_unverified(&self) -> bool {
        matches!(self.trust, Trust::Anybody(_)) && self.pins.is_empty()
    }
}

impl Default for VerifyPolicy {
    fn default() -> Self {
        Self::native_roots()
    }
}
