//! Which timeout of an exchange passed.
//!
//! All of them end in [`ErrorKind::TimedOut`](super::ErrorKind::TimedOut). The error's text, its
//! fault and its diagnosis differ by which one it was: a client that does not read is not the
//! origin's fault.

/// Which timeout of an exchange passed, where [`Facts::deadline`](super::Facts::deadline) belongs
/// to one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum ExchangeTimeout {
    /// The wait for the head of the response.
    #[default]
    Response,
    /// The same wait for a stream whose client may wait for the response as well.
    ResponseToStream,
    /// A pause within a body.
    BodyIdle,
    /// The wait for a client that does not read the response.
    Unread,
    /// The whole exchange.
    Request,
    /// The whole exchange, at whose end the client was to send or to read.
    RequestOfClient,
    /// The time that a client may spend on a slow request body.
    UploadRate,
    /// The time that a client may need to read a part of the response.
    DownloadRate,
    /// The deadline that the client has set for itself.
    Client,
    /// A health check of a group.
    HealthCheck,
    /// That of another library, for the connect and the exchange together.
    Library,
}

impl ExchangeTimeout {
    /// Whether the client set it, or was to act.
    pub(crate) fn is_of_client(self) -> bool {
        match self {
            Self::Unread | Self::DownloadRate | Self::Client | Self::RequestOfClient => true,
            Self::Response
            | Self::ResponseToStream
            | Self::BodyIdle
            | Self::Request
            | Self::UploadRate
            | Self::HealthCheck
            | Self::Library => false,
        }
    }

    /// Whether it bounds the connect as well as the exchange.
    pub(crate) fn covers_connect(self) -> bool {
        matches!(
            self,
            Self::Request
                | Self::RequestOfClient
                | Self::Client
                | Self::HealthCheck
                | Self::Library
        )
    }

    /// The same timeout, which passed while either side may wait for the other.
    pub(crate) fn while_either_is_awaited(self) -> Self {
        match self {
            Self::Response => Self::ResponseToStream,
            other => other,
        }
    }

    /// The same timeout, which passed while the client was to act.
    pub(crate) fn while_client_is_awaited(self) -> Self {
        match self {
            Self::Request => Self::RequestOfClient,
            other => other,
        }
    }
}
