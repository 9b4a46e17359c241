//! `TrustedRoots`: what the issuer of a certificate was checked against.

use std::{fmt, path::PathBuf};

/// What the issuer of a certificate was checked against, such as `146 roots of the system`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct TrustedRoots {
    counts: Vec<(RootsKind, usize)>,
    by_platform: bool,
    pins: usize,
}

/// Where trusted roots come from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum RootsKind {
    /// The store of the operating system.
    System,
    /// The bundle of the `webpki-roots` crate.
    #[cfg(feature = "bundled-roots")]
    Bundled,
    /// A file in PEM.
    File(PathBuf),
    /// Certificates in PEM or DER.
    Given,
}

impl TrustedRoots {
    /// The verifier of the operating system, which does not list its roots.
    #[cfg(feature = "platform-verifier")]
    pub(crate) fn of_platform() -> Self {
        Self {
            by_platform: true,
            ..Self::default()
        }
    }

    /// Adds the number of roots of one kind.
    pub(crate) fn add(&mut self, kind: RootsKind, number: usize) {
        match self.counts.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => *count += number,
            None => self.counts.push((kind, number)),
        }
    }

    /// Adds the roots of another summary.
    pub(crate) fn extend(&mut self, other: &Self) {
        for (kind, number) in &other.counts {
            self.add(kind.clone(), *number);
        }
    }

    /// Whether these are only roots that the application has chosen, one by one.
    pub(crate) fn are_own(&self) -> bool {
        let is_own = |kind: &RootsKind| matches!(kind, RootsKind::File(_) | RootsKind::Given);
        !self.by_platform && self.counts.iter().all(|(kind, _)| is_own(kind))
    }

    /// The same roots, and this number of pins.
    pub(crate) fn with_pins(mut self, pins: usize) -> Self {
        self.pins = pins;
        self
    }
}

impl fmt::Display for TrustedRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.by_platform {
            f.write_str("the verifier of the operating system")?;
        }
        for (index, (kind, number)) in self.counts.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            let noun = if *number == 1 { "root" } else { "roots" };
            write!(f, "{separator}{number} {noun} ")?;
            match kind {
                RootsKind::System => f.write_str("of the system"),
                #[cfg(feature = "bundled-roots")]
                RootsKind::Bundled => f.write_str("of webpki-roots"),
                RootsKind::File(path) => write!(f, "in {}", path.display()),
                RootsKind::Given => f.write_str("in PEM or DER"),
            }?;
        }
        match self.pins {
            0 => Ok(()),
            1 => f.write_str(", and 1 pin"),
            pins => write!(f, ", and {pins} pins"),
        }
    }
}
