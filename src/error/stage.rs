//! How far an attempt got, and where to look first.

use std::fmt;

/// The stage that an attempt reached. Later stages compare greater.
///
/// ```
/// use cdn_origin::error::Stage;
///
/// assert!(Stage::Dial < Stage::Handshake);
/// assert_eq!(Stage::Handshake.as_str(), "handshake");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Stage {
    /// Checking the request and its URI, before dialling.
    Prepare,
    /// Looking up the addresses of the dialled host.
    Resolve,
    /// Connecting to an address.
    Dial,
    /// The TLS handshake.
    Handshake,
    /// Sending the request.
    Send,
    /// Waiting for the response, or reading it.
    Receive,
}

impl Stage {
    /// Returns the stable label for metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Resolve => "resolve",
            Self::Dial => "dial",
            Self::Handshake => "handshake",
            Self::Send => "send",
            Self::Receive => "receive",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The side to look at first.
///
/// ```
/// assert_eq!(cdn_origin::error::Fault::Config.as_str(), "config");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// The client's request.
    Client,
    /// The configuration of this crate: most often one of the four names.
    Config,
    /// The network path to the origin.
    Network,
    /// The origin.
    Origin,
}

impl Fault {
    /// Returns the stable label for metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Config => "config",
            Self::Network => "network",
            Self::Origin => "origin",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
