//! The configuration of a test edge: how it treats names, hosts and requests.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use rustls::SupportedProtocolVersion;

use super::{Authority, Certified};

/// How a handshake without SNI, or with an unknown name, is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SniRefusal {
    /// A fatal alert with this number; 40 is `handshake_failure`, 112 `unrecognized_name`.
    Alert(u8),
    /// The end of the stream without a byte.
    Close,
    /// A TCP reset.
    Reset,
    /// No refusal: a handshake with the default certificate.
    DefaultCertificate,
    /// Silence until the client closes.
    Stall,
}

/// The response to a request whose Host differs from the SNI of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostMismatch {
    Allow,
    Misdirected421,
    Forbidden403,
}

/// How a faulty or hostile peer behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Sends these bytes after the first bytes of the client, then ends the stream.
    Plaintext(&'static [u8]),
    /// Sends these bytes on accept, then nothing.
    Greeting(&'static [u8]),
    /// Ends the stream on accept.
    CloseOnAccept,
    /// Sends a TCP reset after the first bytes of the client.
    ResetInHandshake,
    /// Sends nothing until the client closes.
    StallInHandshake,
    /// Reads the request and sends no response.
    StallBeforeResponse,
    /// Reads the request and sends a TCP reset.
    ResetBeforeResponse,
    /// Sends a body one byte shorter than its `Content-Length`, then ends the stream.
    TruncateBody,
    /// Closes after one response, without `Connection: close` or GOAWAY.
    CloseIdle,
    /// Sends GOAWAY after one response; in HTTP/1.1, closes.
    GoAway,
}

/// The protocol of the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PortProtocol {
    Tls,
    PlainHttp,
    /// Plain http; every response is a redirect to https.
    RedirectToHttps,
}

pub(super) type Handler = Arc<dyn Fn(Request<Bytes>) -> Response<Bytes> + Send + Sync>;

/// Everything that the builder configures.
pub(super) struct Policy {
    pub(super) certificates: HashMap<String, Certified>,
    pub(super) default_certificate: Option<Certified>,
    /// The authority of accepted client certificates; `None` if clients need none.
    pub(super) client_authority: Option<Authority>,
    pub(super) without_sni: SniRefusal,
    pub(super) unknown_sni: SniRefusal,
    pub(super) tls_versions: Vec<&'static SupportedProtocolVersion>,
    pub(super) alpn: Vec<Vec<u8>>,
    /// The maximum size of early data, in bytes.
    pub(super) early_data: u32,
    pub(super) host_mismatch: HostMismatch,
    pub(super) known_hosts: Option<Vec<String>>,
    pub(super) behaviour: Option<Behaviour>,
    pub(super) protocol: PortProtocol,
    pub(super) handler: Handler,
}

impl Policy {
    /// How a handshake with this name is refused; `None` if it is accepted.
    pub(super) fn refusal(&self, sni: Option<&str>) -> Option<SniRefusal> {
        let refusal = match sni {
            None => self.without_sni,
            Some(name) if self.certificates.contains_key(name) => return None,
            Some(_) => self.unknown_sni,
        };
        (refusal != SniRefusal::DefaultCertificate).then_some(refusal)
    }
}
