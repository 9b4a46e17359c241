//! Broken edges of TLS, byte for byte: every one gets a cause, and most get a likely one.

use std::{fmt, net::SocketAddr, time::Duration};

use cdn_origin::{
    CdnOriginConnector, Error,
    diagnosis::{CauseId, Certainty},
    error::ErrorKind,
};
use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy, sink},
    net::{TcpListener, TcpStream},
};
use tower::ServiceExt;

const SITE: &str = "www.example.test";

/// What an edge does once it has read the ClientHello.
#[derive(Clone)]
struct RawEdge {
    name: String,
    sends: Vec<u8>,
    end: End,
}

#[derive(Clone, Copy)]
enum End {
    Close,
    Reset,
    /// Closes without reading the ClientHello.
    CloseAtOnce,
}

fn edge(name: impl Into<String>, sends: impl Into<Vec<u8>>, end: End) -> RawEdge {
    RawEdge {
        name: name.into(),
        sends: sends.into(),
        end,
    }
}

/// The alerts of the registry of TLS, reserved ones included, and one that does not exist.
const ALERTS: [u8; 36] = [
    0, 10, 20, 21, 22, 30, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 60, 70, 71, 80, 86, 90,
    100, 109, 110, 111, 112, 113, 114, 115, 116, 120, 121, 255,
];

fn record(content_type: u8, version: [u8; 2], content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[content_type], &version[..], &length, content].concat()
}

fn alert(code: u8) -> Vec<u8> {
    record(0x15, [3, 3], &[2, code])
}

/// A ServerHello (RFC 5246 section 7.4.1.3, RFC 8446 section 4.1.3).
fn server_hello(version: [u8; 2], suite: [u8; 2], random: &[u8; 32], extensions: &[u8]) -> Vec<u8> {
    let extensions_length = u16::try_from(extensions.len()).unwrap().to_be_bytes();
    let body = [
        &version[..],
        random,
        &[0],
        &suite,
        &[0],
        &extensions_length,
        extensions,
    ]
    .concat();
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    record(0x16, version, &[&[2], &length[1..], &body].concat())
}

/// The random value of a HelloRetryRequest (RFC 8446 section 4.1.3).
const RETRY: &[u8; 32] = b"\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91\
    \xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c";

fn edges() -> Vec<RawEdge> {
    let random = [7; 32];
    let tls13 = b"\0\x2b\0\x02\x03\x04";
    let retry_with = |group: [u8; 2]| {
        let extensions = [&tls13[..], b"\0\x33\0\x02", &group].concat();
        server_hello([3, 3], [0x13, 0x01], RETRY, &extensions)
    };
    let hello_then_alert = [
        server_hello([3, 3], [0xc0, 0x2b], &random, b"\xff\x01\0\x01\0"),
        alert(80),
    ]
    .concat();
    let alerts = ALERTS.map(|code| edge(format!("alert {code}"), alert(code), End::Close));
    let others = [
        edge("closes", [], End::Close),
        edge("resets", [], End::Reset),
        edge("closes before the hello", [], End::CloseAtOnce),
        edge("half an alert", &alert(40)[..4], End::Close),
        edge("alert 40 and a reset", alert(40), End::Close),
        edge("a warning", record(0x15, [3, 3], &[1, 112]), End::Close),
        edge(
            "alert of an unknown level",
            record(0x15, [3, 3], &[9, 40]),
            End::Close,
        ),
        edge(
            "plain 400",
            *b"HTTP/1.1 400 Bad Request\r\n\r\n",
            End::Close,
        ),
        edge("plain 403", *b"HTTP/1.1 403 Forbidden\r\n\r\n", End::Close),
        edge("plain 302", *b"HTTP/1.1 302 Found\r\n\r\n", End::Close),
        edge("plain 200", *b"HTTP/1.0 200 OK\r\n\r\n", End::Close),
        edge("plain 511", *b"HTTP/1.1 511 Network\r\n\r\n", End::Close),
        edge("a page", *b"<html><body>400</body></html>", End::Close),
        edge(
            "HTTP/2",
            *b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64",
            End::Close,
        ),
        edge("SSH", *b"SSH-2.0-OpenSSH_9.2\r\n", End::Close),
        edge("SMTP", *b"220 mail.example.test ESMTP\r\n", End::Close),
        edge("POP3", *b"+OK ready\r\n", End::Close),
        edge("IMAP", *b"* OK ready\r\n", End::Close),
        edge("Redis", *b"-ERR unknown command\r\n", End::Close),
        edge("MySQL", *b"\x4a\0\0\0\x0a8.0.36\0", End::Close),
        edge("zeros", [0; 64], End::Close),
        edge("one byte", [0x16], End::Close),
        edge("SSL 2", *b"\x80\x03\0\0\x01", End::Close),
        edge(
            "SSL 3",
            server_hello([3, 0], [0, 0x2f], &random, &[]),
            End::Close,
        ),
        edge(
            "TLS 1.0",
            server_hello([3, 1], [0, 0x2f], &random, &[]),
            End::Close,
        ),
        edge(
            "TLS 1.1",
            server_hello([3, 2], [0, 0x2f], &random, &[]),
            End::Close,
        ),
        edge(
            "CBC",
            server_hello([3, 3], [0xc0, 0x13], &random, &[]),
            End::Close,
        ),
        edge(
            "CCM",
            server_hello([3, 3], [0xc0, 0xac], &random, &[]),
            End::Close,
        ),
        edge(
            "RC4",
            server_hello([3, 3], [0, 5], &random, &[]),
            End::Close,
        ),
        edge(
            "TLS 1.3 CCM",
            server_hello([3, 3], [0x13, 4], &random, tls13),
            End::Close,
        ),
        edge("retry with P-521", retry_with([0, 0x19]), End::Close),
        edge("retry with FFDHE", retry_with([1, 0]), End::Close),
        edge("hello, then alert 80", hello_then_alert, End::Close),
        edge(
            "hello, then the end",
            server_hello([3, 3], [0xc0, 0x2b], &random, &[]),
            End::Close,
        ),
        edge(
            "hello, then a reset",
            server_hello([3, 3], [0xc0, 0x2b], &random, &[]),
            End::Reset,
        ),
        edge(
            "unknown message",
            record(0x16, [3, 3], b"\x63\0\0\0"),
            End::Close,
        ),
        edge(
            "application data",
            record(0x17, [3, 3], b"hello"),
            End::Close,
        ),
        edge("a huge record", [0x16, 3, 3, 0xff, 0xff], End::Close),
    ];
    alerts.into_iter().chain(others).collect()
}

async fn start(edge: RawEdge) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = serve(stream, &edge).await;
        }
    });
    address
}

async fn serve(mut stream: TcpStream, edge: &RawEdge) -> std::io::Result<()> {
    if !matches!(edge.end, End::CloseAtOnce) {
        let mut head = [0; 5];
        stream.read_exact(&mut head).await?;
        let length = u16::from_be_bytes([head[3], head[4]]);
        stream.read_exact(&mut vec![0; length.into()]).await?;
        stream.write_all(&edge.sends).await?;
    }
    if let End::Reset = edge.end {
        SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
        return Ok(());
    }
    stream.shutdown().await?;
    copy(&mut stream, &mut sink()).await.map(drop)
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum SentSni {
    Site,
    Nothing,
}

/// A row of the table: an edge, and what the diagnosis says of it.
struct Row {
    edge: String,
    sni: SentSni,
    error: Error,
}

impl Row {
    async fn of(edge: RawEdge, sni: SentSni) -> Self {
        let name = edge.name.clone();
        let builder = CdnOriginConnector::builder(format!("https://{SITE}"))
            .dial(start(edge).await.to_string())
            .verify(cdn_origin::tls::danger::accept_any_certificate());
        let builder = match sni {
            SentSni::Site => builder,
            SentSni::Nothing => builder.omit_sni(),
        };
        let connected = builder.build().unwrap().oneshot(http::Uri::default()).await;
        Self {
            edge: name,
            sni,
            error: connected.expect_err("a broken edge"),
        }
    }

    fn certainty(&self) -> Option<Certainty> {
        let diagnosis = self.error.diagnosis();
        diagnosis.likeliest().map(|cause| cause.certainty())
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sni = match self.sni {
            SentSni::Site => "SNI",
            SentSni::Nothing => "none",
        };
        let (edge, kind) = (&self.edge, self.error.kind().as_str());
        write!(f, "{edge:26} {sni:4} {kind:24}")?;
        for cause in self.error.diagnosis().causes() {
            write!(f, " {}={}", cause.certainty(), cause.id())?;
        }
        writeln!(f)
    }
}

async fn table() -> Vec<Row> {
    let mut rows = Vec::new();
    for edge in edges() {
        for sni in [SentSni::Site, SentSni::Nothing] {
            rows.push(Row::of(edge.clone(), sni).await);
        }
    }
    rows
}

#[tokio::test]
async fn no_broken_edge_is_without_a_cause_and_few_have_only_possible_ones() {
    let rows = table().await;
    let printed: String = rows.iter().map(ToString::to_string).collect();
    assert!(rows.len() >= 74, "{} edges", rows.len());
    let of = |certainty| {
        rows.iter()
            .filter(|row| row.certainty() == certainty)
            .count()
    };
    assert_eq!(of(None), 0, "silent:\n{printed}");
    let possible = of(Some(Certainty::Possible));
    assert!(
        possible * 4 <= rows.len(),
        "{possible} of {} have only possible causes:\n{printed}",
        rows.len()
    );
}

#[tokio::test]
async fn the_only_certain_causes_of_broken_edges_are_what_the_bytes_themselves_say() {
    for row in table().await {
        if row.certainty() != Some(Certainty::Certain) {
            continue;
        }
        let code = row.error.facts().alert().map(|alert| alert.code());
        let bytes = row.error.facts().first_bytes();
        let diagnosis = row.error.diagnosis();
        let is_shown = match diagnosis.likeliest().unwrap().id() {
            CauseId::SniMissing => code == Some(112) && row.sni == SentSni::Nothing,
            CauseId::SniNotServed => code == Some(112) && row.sni == SentSni::Site,
            CauseId::ClientCertificateRequired => code == Some(116),
            CauseId::AlpnNotAccepted => code == Some(120),
            CauseId::NoCommonTlsVersion => {
                code == Some(70) || bytes.starts_with(b"\x16\x03") && bytes[9..11] < [3, 3][..]
            }
            CauseId::PlainHttpPeer => bytes.starts_with(b"HTTP/1.1 400"),
            CauseId::OtherService => {
                let starts: [&[u8]; 6] = [
                    b"SSH-",
                    b"220 ",
                    b"+OK",
                    b"* OK",
                    b"\0\0\x06\x04",
                    b"J\0\0\0\x0a8.0",
                ];
                starts.iter().any(|start| bytes.starts_with(start))
            }
            _ => false,
        };
        assert!(is_shown, "certain without a proof: {row}");
    }
}

/// The cause of this edge with this id, if it is one.
async fn certainty_of(edge: RawEdge, sni: SentSni, id: CauseId) -> Option<Certainty> {
    let row = Row::of(edge, sni).await;
    let diagnosis = row.error.diagnosis();
    let found = diagnosis.causes().iter().find(|cause| cause.id() == id);
    found.map(|cause| cause.certainty())
}

#[tokio::test]
async fn a_large_hello_is_a_possible_cause_of_a_close_and_of_a_reset() {
    let dropped = CauseId::ClientHelloDropped;
    for end in [End::Close, End::Reset] {
        let silent = edge("no byte", [], end);
        let found = certainty_of(silent, SentSni::Site, dropped).await;
        assert_eq!(found, Some(Certainty::Possible));
        // A peer that answers has received the whole hello.
        let half = edge("half an alert", &alert(40)[..4], end);
        assert_eq!(certainty_of(half, SentSni::Site, dropped).await, None);
    }
}

#[tokio::test]
async fn a_small_hello_is_not_suspected_of_its_size() {
    use cdn_origin::{TlsVersion, tls::TlsParameters};
    let address = start(edge("closes", [], End::Close)).await;
    let to = || CdnOriginConnector::builder(format!("https://{SITE}")).dial(address.to_string());
    let classical = TlsParameters::default().key_exchange_groups(["x25519", "secp256r1"]);
    for small in [
        to().tls_versions(..=TlsVersion::V1_2),
        to().tls_parameters(classical),
    ] {
        let connected = small.build().unwrap().oneshot(http::Uri::default()).await;
        let error = connected.expect_err("a closed connection");
        assert_eq!(error.kind(), ErrorKind::ConnectionClosed);
        let diagnosis = error.diagnosis();
        let mut ids = diagnosis.causes().iter().map(|cause| cause.id());
        assert!(
            ids.all(|id| id != CauseId::ClientHelloDropped),
            "{}",
            error.report()
        );
    }
}

#[tokio::test]
async fn close_notify_in_the_handshake_is_the_end_of_the_connection() {
    let row = Row::of(edge("alert 0", alert(0), End::Close), SentSni::Nothing).await;
    assert_eq!(row.error.kind(), ErrorKind::ConnectionClosed);
    let diagnosis = row.error.diagnosis();
    assert_eq!(
        diagnosis.likeliest().unwrap().id(),
        CauseId::SniMissing,
        "{row}"
    );
}
