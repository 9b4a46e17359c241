//! A diagnosis: causes in order of likelihood.

use std::fmt;

use super::Fix;

/// What may have caused a failure, the likeliest first. Empty where nothing is known.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Diagnosis {
    causes: Vec<Cause>,
}

impl Diagnosis {
    pub(super) fn new(causes: Vec<Cause>) -> Self {
        Self { causes }
    }

    /// The causes, the likeliest first.
    #[must_use]
    pub fn causes(&self) -> &[Cause] {
        &self.causes
    }

    /// The likeliest cause.
    #[must_use]
    pub fn likeliest(&self) -> Option<&Cause> {
        self.causes.first()
    }
}

/// One line: the likeliest cause and its fix.
impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.likeliest() {
            Some(cause) => cause.fmt(f),
            None => f.write_str("no cause is known"),
        }
    }
}

/// One possible cause.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cause {
    id: CauseId,
    certainty: Certainty,
    why: String,
    fix: Option<Fix>,
}

impl Cause {
    pub(super) fn new(id: CauseId, certainty: Certainty, why: impl Into<String>) -> Self {
        Self {
            id,
            certainty,
            why: why.into(),
            fix: None,
        }
    }

    pub(super) fn certain(id: CauseId, why: impl Into<String>) -> Self {
        Self::new(id, Certainty::Certain, why)
    }

    pub(super) fn likely(id: CauseId, why: impl Into<String>) -> Self {
        Self::new(id, Certainty::Likely, why)
    }

    pub(super) fn possible(id: CauseId, why: impl Into<String>) -> Self {
        Self::new(id, Certainty::Possible, why)
    }

    pub(super) fn mended_by(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    /// Which cause it is.
    #[must_use]
    pub fn id(&self) -> CauseId {
        self.id
    }

    /// How sure it is.
    #[must_use]
    pub fn certainty(&self) -> Certainty {
        self.certainty
    }

    /// The cause in a sentence.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }

    /// What fixes it, if something can.
    #[must_use]
    pub fn fix(&self) -> Option<&Fix> {
        self.fix.as_ref()
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.certainty, self.why)?;
        match &self.fix {
            Some(fix) => write!(f, "; fix: {fix}"),
            None => Ok(()),
        }
    }
}

/// How sure a cause is. Surer compares greater.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(
    clippy::exhaustive_enums,
    reason = "there is nothing between, before or after these"
)]
pub enum Certainty {
    /// One of several causes.
    Possible,
    /// The usual cause of what was seen.
    Likely,
    /// What was seen has no other cause.
    Certain,
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        })
    }
}

/// The causes that are known. More may come.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum CauseId {
    /// The peer wants another application protocol than those offered.
    AlpnNotAccepted,
    /// The certificate's time is over, or the local clock is wrong.
    CertificateExpired,
    /// The certificate names other hosts than the expected one.
    CertificateForAnotherName,
    /// The certificate's time has not come, or the local clock is wrong.
    CertificateNotYetValid,
    /// The certificate was revoked.
    CertificateRevoked,
    /// The certificate itself is malformed or not meant for servers.
    CertificateUnusable,
    /// The origin did not take our client certificate.
    ClientCertificateRefused,
    /// The origin wants a client certificate.
    ClientCertificateRequired,
    /// The egress guard does not allow the destination.
    DestinationProhibited,
    /// The origin is down or not reachable from here.
    Down,
    /// The name in Host is not one that the edge serves.
    HostNotServed,
    /// Plain http was spoken to a port that speaks TLS.
    HttpToTlsPort,
    /// The edge answers http with a redirect to https.
    HttpsRequired,
    /// The connection was closed by the origin while idle.
    IdleClosed,
    /// The visitor's request is at fault.
    InvalidRequest,
    /// The dialled name has no address.
    NameDoesNotResolve,
    /// No cipher suite or key exchange group in common.
    NoCommonCipher,
    /// No TLS version in common.
    NoCommonTlsVersion,
    /// Nothing listens at the dialled port.
    NothingListens,
    /// Another service than a web server answers at the dialled port.
    OtherService,
    /// The key is not the pinned one.
    PinMismatch,
    /// The peer speaks plain http.
    PlainHttpPeer,
    /// There are more requests at a time than the pool may have connections for.
    PoolTooSmall,
    /// Whoever answered does not hold the key of the certificate that it presented.
    KeyNotHeld,
    /// No current revocation list covers the certificate.
    RevocationUnknown,
    /// The certificate is self-signed.
    SelfSigned,
    /// Host names something that the connection's SNI or certificate does not cover.
    SniAndHostDisagree,
    /// No SNI was sent.
    SniMissing,
    /// The name in SNI is not one that the edge serves.
    SniNotServed,
    /// The origin took longer than the deadline.
    TooSlow,
    /// The certificate comes from an authority that is not trusted here.
    UntrustedAuthority,
}
