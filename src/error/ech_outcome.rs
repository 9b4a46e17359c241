//! The use and the outcome of Encrypted ClientHello.

use std::{fmt, sync::Arc};

/// The outcome of Encrypted ClientHello ([RFC 9849]) on an open connection.
///
/// [`Ech`](crate::tls::Ech) describes how ECH is used.
///
/// [RFC 9849]: https://www.rfc-editor.org/rfc/rfc9849
///
/// ```
/// use cdn_origin::error::EchStatus;
///
/// # fn check(session: &cdn_origin::error::TlsSession) {
/// match session.ech {
///     EchStatus::Accepted | EchStatus::AcceptedOnRetry => {}
///     // The network can read the name of the origin.
///     other => eprintln!("SNI was not hidden: {other:?}"),
/// }
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum EchStatus {
    /// ECH was not offered.
    #[default]
    NotSent,
    /// GREASE was sent: random bytes in place of an encrypted ClientHello.
    Greased,
    /// The origin decrypted the ClientHello: SNI was hidden.
    Accepted,
    /// The origin rejected ECH on an earlier connection and sent a new configuration. It accepted
    /// that one on this connection: SNI was hidden.
    AcceptedOnRetry,
    /// The origin rejected ECH on an earlier connection and has disabled it. This connection was
    /// opened without ECH: SNI was sent in the clear.
    Disabled,
    /// ECH was not offered, because the configuration in the `HTTPS` record is unusable.
    Unusable,
}

impl EchStatus {
    /// Returns the stable label for metrics, such as `accepted_on_retry`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Greased => "greased",
            Self::Accepted => "accepted",
            Self::AcceptedOnRetry => "accepted_on_retry",
            Self::Disabled => "disabled",
            Self::Unusable => "unusable",
        }
    }
}

/// How Encrypted ClientHello was offered in the last handshake, even if that failed.
///
/// [`TlsSession::ech`](super::TlsSession::ech) is the final outcome on an open connection.
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(
    not(feature = "ech"),
    expect(
        dead_code,
        reason = "only `tls::ech` offers ECH, and facts keep one shape"
    )
)]
pub(crate) enum EchOffer {
    /// The ClientHello was encrypted. The name is the public name, sent in the clear.
    Encrypted(Arc<str>, EchAnswer),
    /// The origin had rejected ECH on an earlier connection, and this ClientHello was encrypted
    /// with the configuration that it sent. The name is the public name, sent in the clear.
    EncryptedAgain(Arc<str>, EchAnswer),
    /// GREASE was sent: random bytes in place of an encrypted ClientHello.
    Greased,
    /// ECH was not offered: the origin had rejected it on an earlier connection and disabled it.
    Disabled,
    /// ECH was not offered: the configuration in the `HTTPS` record is unusable.
    Unusable,
}

/// The peer's answer to an encrypted ClientHello.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) enum EchAnswer {
    /// Not known: the handshake failed too early, or the public name is also the name in SNI.
    #[default]
    Unknown,
    /// The peer decrypted the ClientHello: SNI was hidden.
    Accepted,
    /// The peer did not decrypt the ClientHello and continued with the public name.
    Rejected,
}

impl EchOffer {
    /// The public name, sent in the clear in place of the name in SNI.
    pub(crate) fn public_name(&self) -> Option<&str> {
        match self {
            Self::Encrypted(name, _) | Self::EncryptedAgain(name, _) => Some(name),
            _ => None,
        }
    }

    /// Whether the peer did not decrypt the ClientHello.
    pub(crate) fn is_rejected(&self) -> bool {
        let rejected = EchAnswer::Rejected;
        matches!(self, Self::Encrypted(_, it) | Self::EncryptedAgain(_, it) if *it == rejected)
    }

    /// Records the peer's answer.
    pub(crate) fn note(&mut self, observed: EchAnswer) {
        if let Self::Encrypted(_, answer) | Self::EncryptedAgain(_, answer) = self {
            *answer = observed;
        }
    }
}

impl fmt::Display for EchOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encrypted(name, answer) => write!(f, "{answer}; public name {name}"),
            Self::EncryptedAgain(name, answer) => write!(
                f,
                "rejected, then retried with the origin's new configuration: {answer}; \
                 public name {name}"
            ),
            Self::Greased => f.write_str("GREASE only; SNI was sent in the clear"),
            Self::Disabled => f.write_str(
                "rejected, then retried without ECH, which the origin has disabled; \
                 SNI was sent in the clear",
            ),
            Self::Unusable => f.write_str(
                "not offered, because the configuration in the HTTPS record is unusable; \
                 SNI was sent in the clear",
            ),
        }
    }
}

impl fmt::Display for EchAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "offered, outcome unknown",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        })
    }
}
