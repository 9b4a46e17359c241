//! `HostKnowledge`: how the Host of a request is known.

/// How the Host of a request is known. Another library may have sent the request.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum HostKnowledge {
    /// This crate sent it, or sent no request.
    #[default]
    Sent,
    /// It is the configured one, and the one that was sent is not known.
    Configured,
    /// It is that of the request's URL, which clients send unless the request has a Host field.
    OfUrl,
}

impl HostKnowledge {
    /// The words after the Host, where it may differ from the one that was sent.
    pub(crate) fn remark(self) -> &'static str {
        match self {
            Self::Sent => "",
            Self::Configured => " (configured)",
            Self::OfUrl => " (of the URL)",
        }
    }
}
