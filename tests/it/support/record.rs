//! Records what a test edge receives, and waits for it.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Version};
use rustls::server::ClientHello;
use rustls::{HandshakeKind, ProtocolVersion, ServerConnection};
use tokio::sync::watch;

/// A request as it was received.
#[derive(Clone, Debug)]
pub struct RecordedRequest {
    pub method: Method,
    /// The request target of HTTP/1.1, the `:path` of HTTP/2.
    pub target: String,
    pub version: Version,
    /// `:authority` in HTTP/2, the authority of an absolute target in HTTP/1.1.
    pub authority: Option<String>,
    pub headers: HeaderMap,
    /// The SNI of its connection.
    pub sni: Option<String>,
    pub body: Bytes,
}

impl RecordedRequest {
    pub(super) fn new(request: &Request<Bytes>, sni: Option<&str>) -> Self {
        Self {
            method: request.method().clone(),
            target: target(request),
            version: request.version(),
            authority: request.uri().authority().map(ToString::to_string),
            headers: request.headers().clone(),
            sni: sni.map(str::to_owned),
            body: request.body().clone(),
        }
    }

    /// The value of a field that is present once and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The requested host with its port, from `:authority` or `Host`.
    pub fn host(&self) -> Option<&str> {
        self.authority.as_deref().or_else(|| self.header("host"))
    }
}

/// The request target as it was sent.
pub(super) fn target<B>(request: &Request<B>) -> String {
    let uri = request.uri();
    match uri.path_and_query() {
        Some(path) if request.version() == Version::HTTP_2 => path.to_string(),
        _ => uri.to_string(),
    }
}

/// A ClientHello and the handshake after it.
#[derive(Clone, Debug)]
pub struct RecordedHello {
    pub sni: Option<String>,
    /// The ALPN protocols that the client offered, in its order.
    pub alpn: Vec<String>,
    /// The numbers of the key exchange groups, in the client's order.
    pub groups: Vec<u16>,
    /// Whether a session was resumed; `None` until the handshake is complete.
    pub resumed: Option<bool>,
    pub tls_version: Option<ProtocolVersion>,
    /// The negotiated ALPN protocol.
    pub chosen: Option<String>,
    /// The client certificate.
    pub client: Option<Vec<u8>>,
    /// The early data that was accepted.
    pub early: String,
    /// Why the handshake failed, as rustls reports it.
    pub failure: Option<String>,
}

impl RecordedHello {
    pub(super) fn new(hello: &ClientHello<'_>) -> Self {
        let offered = hello.alpn().into_iter().flatten();
        let groups = hello.named_groups().into_iter().flatten();
        Self {
            sni: hello.server_name().map(str::to_owned),
            alpn: offered.map(text).collect(),
            groups: groups.map(|group| u16::from(*group)).collect(),
            resumed: None,
            tls_version: None,
            chosen: None,
            client: None,
            early: String::new(),
            failure: None,
        }
    }

    pub(super) fn complete(&mut self, connection: &ServerConnection) {
        self.resumed = Some(connection.handshake_kind() == Some(HandshakeKind::Resumed));
        self.tls_version = connection.protocol_version();
        self.chosen = connection.alpn_protocol().map(text);
        let client = connection.peer_certificates();
        self.client = client.and_then(|chain| Some(chain.first()?.to_vec()));
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Everything that a test edge has received.
#[derive(Default)]
pub(super) struct Record {
    pub(super) connections: usize,
    pub(super) closed: usize,
    pub(super) hellos: Vec<RecordedHello>,
    pub(super) requests: Vec<RecordedRequest>,
}

/// A [`Record`] with change notifications.
#[derive(Clone, Default)]
pub(super) struct Recorder {
    record: Arc<watch::Sender<Record>>,
}

impl Recorder {
    pub(super) fn note(&self, change: impl FnOnce(&mut Record)) {
        self.record.send_modify(change);
    }

    pub(super) fn read<T>(&self, view: impl FnOnce(&Record) -> T) -> T {
        view(&self.record.borrow())
    }

    pub(super) async fn wait_until(&self, reached: impl FnMut(&Record) -> bool) {
        let mut changes = self.record.subscribe();
        changes
            .wait_for(reached)
            .await
            .expect("the recorder outlives its subscription");
    }

    /// Records a ClientHello and returns its index.
    pub(super) fn hello(&self, hello: RecordedHello) -> usize {
        let mut index = 0;
        self.note(|record| {
            index = record.hellos.len();
            record.hellos.push(hello);
        });
        index
    }
}

/// Counts a connection as closed on drop.
pub(super) struct OpenConnection(Recorder);

impl OpenConnection {
    pub(super) fn new(recorder: &Recorder) -> Self {
        recorder.note(|record| record.connections += 1);
        Self(recorder.clone())
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.note(|record| record.closed += 1);
    }
}
