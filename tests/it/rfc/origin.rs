//! Two scripted origins that record what they receive: HTTP/1 as raw bytes, HTTP/2 with the h2
//! crate.

use std::sync::Arc;

use bytes::Bytes;
use cdn_origin::{CdnOriginConnector, OriginProxy, VerifyPolicy, tls::Roots};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::watch,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use super::{
    Protocol,
    message::{Seen, Wire, field, latin1},
};
use crate::{
    origin::{NAME, server_config},
    support::Authority,
};

/// The response of an origin.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reply {
    Message {
        status: &'static str,
        fields: &'static [&'static str],
        body: Option<&'static str>,
        trailers: &'static [&'static str],
    },
    /// These bytes, of HTTP/1.
    Bytes(&'static str),
    /// These bytes, and the end of the connection.
    LastBytes(&'static str),
}

#[derive(Default)]
struct Book {
    next: Option<Reply>,
    seen: Vec<Seen>,
}

type Ledger = watch::Sender<Book>;

/// An origin of one protocol. Responds to `GET /canary` with `canary`, whatever its script is.
pub(crate) struct Origin {
    proxy: OriginProxy,
    book: Arc<Ledger>,
    _tasks: JoinSet<()>,
}

impl Origin {
    pub(crate) async fn of(protocol: Protocol) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let book = Arc::new(watch::channel(Book::default()).0);
        let ledger = book.clone();
        let mut tasks = JoinSet::new();
        let builder = match protocol {
            Protocol::Http1 => {
                tasks.spawn(serve_http1(listener, ledger));
                CdnOriginConnector::builder(format!("http://{NAME}"))
            }
            Protocol::Http2 => {
                let authority = Authority::new();
                let acceptor = TlsAcceptor::from(server_config(&authority, b"h2"));
                tasks.spawn(serve_http2(listener, acceptor, ledger));
                let roots = Roots::pem(authority.root_pem());
                CdnOriginConnector::builder(format!("https://{NAME}"))
                    .verify(VerifyPolicy::roots(roots))
            }
        };
        let connector = builder.dial(address).build().unwrap();
        Self {
            proxy: OriginProxy::new(connector),
            book,
            _tasks: tasks,
        }
    }

    pub(crate) fn proxy(&self) -> OriginProxy {
        self.proxy.clone()
    }

    pub(crate) fn answers(&self, reply: Reply) {
        self.book.send_modify(|book| book.next = Some(reply));
    }

    /// The requests since the last call.
    pub(crate) fn take(&self) -> Vec<Seen> {
        let mut seen = Vec::new();
        self.book
            .send_modify(|book| std::mem::swap(&mut seen, &mut book.seen));
        seen
    }
}

const CANARY: Reply = Reply::Message {
    status: "200",
    fields: &[],
    body: Some("canary"),
    trailers: &[],
};

/// Records the request and returns the response.
fn note(book: &Ledger, seen: &Seen) -> Reply {
    let mut reply = CANARY;
    book.send_modify(|book| {
        if seen.start != "GET /canary" {
            reply = book.next.expect("an answer to what was asked");
        }
        book.seen.push(seen.clone());
    });
    reply
}

async fn serve_http1(listener: TcpListener, book: Arc<Ledger>) {
    let mut tasks = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let book = book.clone();
        tasks.spawn(async move {
            let mut wire = Wire::new(stream);
            while let Some(seen) = wire.request().await {
                if seen.cut_short {
                    book.send_modify(|book| book.seen.push(seen));
                    return;
                }
                let (words, last) = in_http1(note(&book, &seen), seen.start.starts_with("HEAD "));
                if wire.stream.write_all(words.as_bytes()).await.is_err() || last {
                    let _ = wire.stream.shutdown().await;
                    wire.rest().await;
                    return;
                }
            }
        });
    }
}

fn in_http1(reply: Reply, to_head: bool) -> (String, bool) {
    let (status, fields, body, trailers) = match reply {
        Reply::Bytes(bytes) => return (bytes.to_owned(), false),
        Reply::LastBytes(bytes) => return (bytes.to_owned(), true),
        Reply::Message {
            status,
            fields,
            body,
            trailers,
        } => (status, fields, body, trailers),
    };
    let start = format!("HTTP/1.1 {status} Word");
    let silent = to_head || ["204", "304"].contains(&status);
    let text = render(
        &start,
        fields,
        body.or_else(|| (!silent).then_some("")),
        trailers,
    );
    (text, false)
}

/// A message in HTTP/1. Adds framing unless the fields have one.
pub(crate) fn render(
    start: &str,
    fields: &[&str],
    body: Option<&str>,
    trailers: &[&str],
) -> String {
    let mut text = format!("{start}\r\n");
    for field in fields {
        text.push_str(&format!("{field}\r\n"));
    }
    let Some(body) = body else {
        return text + "\r\n";
    };
    if !trailers.is_empty() {
        let trailers: String = trailers.iter().map(|line| format!("{line}\r\n")).collect();
        let size = body.len();
        let chunk = match size {
            0 => String::new(),
            _ => format!("{size:x}\r\n{body}\r\n"),
        };
        return text + &format!("transfer-encoding: chunked\r\n\r\n{chunk}0\r\n{trailers}\r\n");
    }
    let framed = fields.iter().any(|line| {
        let name = field(line).0;
        name == "content-length" || name == "transfer-encoding"
    });
    if !framed {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    text + "\r\n" + body
}

async fn serve_http2(listener: TcpListener, acceptor: TlsAcceptor, book: Arc<Ledger>) {
    let mut tasks = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, book) = (acceptor.clone(), book.clone());
        tasks.spawn(async move {
            if let Ok(tls) = acceptor.accept(stream).await {
                let _ = converse(tls, book).await;
            }
        });
    }
}

async fn converse(
    io: impl AsyncRead + AsyncWrite + Unpin,
    book: Arc<Ledger>,
) -> Result<(), h2::Error> {
    let mut connection = h2::server::handshake(io).await?;
    let mut tasks = JoinSet::new();
    while let Some(next) = connection.accept().await {
        let (request, respond) = next?;
        let book = book.clone();
        tasks.spawn(async move {
            let _ = exchange(request, respond, &book).await;
        });
    }
    Ok(())
}

async fn exchange(
    request: http::Request<h2::RecvStream>,
    mut respond: h2::server::SendResponse<Bytes>,
    book: &Ledger,
) -> Result<(), h2::Error> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let mut seen = Seen {
        start: format!("{} {path}", parts.method),
        version: "HTTP/2".into(),
        fields: lines(&parts.headers),
        ..Seen::default()
    };
    let pseudo = [
        (":scheme", parts.uri.scheme_str()),
        (
            ":authority",
            parts.uri.authority().map(|name| name.as_str()),
        ),
    ];
    for (name, value) in pseudo {
        let value = value.map(|value| (name.to_owned(), value.to_owned()));
        seen.fields.extend(value);
    }
    read(body, &mut seen).await;
    let Reply::Message {
        status,
        fields,
        body,
        trailers,
    } = note(book, &seen)
    else {
        panic!("bytes are for HTTP/1");
    };
    if seen.cut_short {
        return Ok(());
    }
    let mut response = Response::new(());
    *response.status_mut() = status.parse::<StatusCode>().unwrap();
    *response.headers_mut() = header_map(fields);
    let silent = body.is_none() && trailers.is_empty();
    let mut stream = respond.send_response(response, silent)?;
    if !silent {
        let body = Bytes::from_static(body.unwrap_or_default().as_bytes());
        stream.send_data(body, trailers.is_empty())?;
    }
    if !trailers.is_empty() {
        stream.send_trailers(header_map(trailers))?;
    }
    Ok(())
}

/// Reads the content and the trailers of a message.
pub(crate) async fn read(mut body: h2::RecvStream, seen: &mut Seen) {
    while let Some(data) = body.data().await {
        let Ok(data) = data else {
            seen.cut_short = true;
            return;
        };
        let _ = body.flow_control().release_capacity(data.len());
        seen.body.push_str(&latin1(&data));
    }
    match body.trailers().await {
        Ok(trailers) => seen.trailers = trailers.as_ref().map(lines).unwrap_or_default(),
        Err(_) => seen.cut_short = true,
    }
}

pub(crate) fn lines(fields: &HeaderMap) -> Vec<(String, String)> {
    let line = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.as_str().to_owned(), latin1(value.as_bytes()))
    };
    fields.iter().map(line).collect()
}

pub(crate) fn header_map(lines: &[&str]) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for line in lines {
        let (name, value) = field(line);
        let name = HeaderName::try_from(name).unwrap();
        fields.append(name, HeaderValue::try_from(value).unwrap());
    }
    fields
}
