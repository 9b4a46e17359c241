//! How Encrypted ClientHello was offered, and what came of it where there is no session to tell.

use std::{fmt, sync::Arc};

/// How Encrypted ClientHello was used in the last handshake, whether it succeeded or not. What it
/// is used for is said by [`Ech`](crate::tls::Ech), what became of it in the end by
/// [`TlsSession::ech`](super::TlsSession::ech).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum EchOffer {
    /// The hello was encrypted. This name stood in the clear.
    Encrypted(Arc<str>, EchAnswer),
    /// The origin had rejected the first hello, over an earlier connection, and this one was
    /// encrypted as it said then. This name stood in the clear.
    EncryptedAgain(Arc<str>, EchAnswer),
    /// Random bytes were sent in its place.
    Greased,
    /// None was sent: the origin had rejected the first, over an earlier connection, and has turned
    /// ECH off.
    Disabled,
    /// None was sent: the configuration in the `HTTPS` record cannot be used.
    Unusable,
}

/// What a peer made of an encrypted ClientHello.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum EchAnswer {
    /// It is not known: the handshake did not come so far, or the public name is the one in SNI.
    #[default]
    Unknown,
    /// It read the hello: the name in SNI was hidden, and known to it.
    Accepted,
    /// It could not read the hello, and went on with the public name. Whether it may is another
    /// question, which the certificate answers.
    Rejected,
}

impl EchOffer {
    /// The name that stood in the clear in place of the one in SNI.
    #[must_use]
    pub fn public_name(&self) -> Option<&str> {
        match self {
            Self::Encrypted(name, _) | Self::EncryptedAgain(name, _) => Some(name),
            _ => None,
        }
    }

    /// What is known of the answer by now.
    pub(crate) fn note(&mut self, news: EchAnswer) {
        if let Self::Encrypted(_, answer) | Self::EncryptedAgain(_, answer) = self {
            *answer = news;
        }
    }
}

impl fmt::Display for EchOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encrypted(name, answer) => write!(f, "{answer}; in the clear stood {name}"),
            Self::EncryptedAgain(name, answer) => {
                write!(f, "rejected, then tried again as the origin said: {answer}; in the clear stood {name}")
            }
            Self::Greased => f.write_str("GREASE alone; the name in SNI stood in the clear"),
            Self::Disabled => f.write_str(
                "rejected, then tried again without, as the origin said; the name in SNI stood in the clear",
            ),
            Self::Unusable => f.write_str(
                "not offered: the configuration in the HTTPS record cannot be used; the name in SNI stood in the clear",
            ),
        }
    }
}

impl fmt::Display for EchAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "offered, and whether it was read is not known",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        })
    }
}
