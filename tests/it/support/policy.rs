//! What an edge was told to do: the answers to names, hosts and requests it does not like.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use rustls::SupportedProtocolVersion;

use super::{Authority, Certified};

/// The answer to a handshake without SNI, or with one that nobody configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoName {
    /// A fatal alert with this number; 40 is `handshake_failure`, 112 `unrecognized_name`.
    Alert(u8),
    /// An orderly end of the stream without a single byte.
    Close,
    /// A TCP reset.
    Reset,
    /// A handshake with the certificate nobody asked for.
    DefaultCertificate,
    /// Silence until the client leaves.
    Stall,
}

/// The answer to a request whose host is not the SNI of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostMismatch {
    Allow,
    Misdirected421,
    Forbidden403,
}

/// A peer that is odd or hostile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Whatever arrives is answered with these bytes, then the stream ends.
    Plaintext(&'static [u8]),
    /// These bytes are sent on accept, then the peer listens in silence.
    Greeting(&'static [u8]),
    /// The stream ends on accept.
    CloseOnAccept,
    /// A TCP reset as soon as the client has said something.
    ResetInHandshake,
    /// Silence from the start, until the client leaves.
    StallInHandshake,
    /// The request is read and never answered.
    StallBeforeResponse,
    /// The request is read and answered by a TCP reset.
    ResetBeforeResponse,
    /// A body one byte short of its `content-length`, then the end of the stream.
    TruncateBody,
    /// One answer for each connection, then it is closed without `connection: close` or GOAWAY.
    CloseIdle,
    /// One answer for each connection, then a graceful GOAWAY (in HTTP/1.1 a plain close).
    GoAway,
}

/// What the port speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speech {
    Tls,
    PlainHttp,
    /// Plain HTTP where every answer is a redirect to https.
    RedirectToHttps,
}

pub(super) type Handler = Arc<dyn Fn(Request<Bytes>) -> Response<Bytes> + Send + Sync>;

/// Everything the builder collects.
pub(super) struct Policy {
    pub(super) certificates: HashMap<String, Certified>,
    pub(super) default_certificate: Option<Certified>,
    /// Whose clients are welcome; everybody is where there is none.
    pub(super) clients_of: Option<Authority>,
    pub(super) without_sni: NoName,
    pub(super) unknown_sni: NoName,
    pub(super) tls_versions: Vec<&'static SupportedProtocolVersion>,
    pub(super) alpn: Vec<Vec<u8>>,
    /// How much early data its sessions take.
    pub(super) early_data: u32,
    pub(super) host_mismatch: HostMismatch,
    pub(super) known_hosts: Option<Vec<String>>,
    pub(super) behaviour: Option<Behaviour>,
    pub(super) speech: Speech,
    pub(super) handler: Handler,
}

impl Policy {
    /// How a handshake with this name is refused, or `None` when it is welcome.
    pub(super) fn refusal(&self, sni: Option<&str>) -> Option<NoName> {
        let answer = match sni {
            None => self.without_sni,
            Some(name) if self.certificates.contains_key(name) => return None,
            Some(_) => self.unknown_sni,
        };
        (answer != NoName::DefaultCertificate).then_some(answer)
    }
}
