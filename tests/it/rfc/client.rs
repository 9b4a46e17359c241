//! Two scripted clients: HTTP/1 as raw bytes, HTTP/2 with the h2 crate.

use std::net::SocketAddr;

use bytes::Bytes;
use http::Request;
use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinHandle};

use super::{
    Protocol,
    message::{Seen, Wire},
    origin::{header_map, lines, read, render},
};

/// The request of a client.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ask {
    Message {
        /// `GET /`.
        start: &'static str,
        fields: &'static [&'static str],
        body: Option<&'static str>,
        trailers: &'static [&'static str],
    },
    /// These bytes, of HTTP/1.
    Bytes(&'static str),
}

const CANARY: Ask = Ask::Message {
    start: "GET /canary",
    fields: &[],
    body: None,
    trailers: &[],
};

/// A client's connection.
pub(crate) enum Client {
    Http1(Wire<TcpStream>),
    Http2(h2::client::SendRequest<Bytes>, JoinHandle<()>),
}

impl Client {
    pub(crate) async fn of(protocol: Protocol, site: SocketAddr) -> Self {
        let stream = TcpStream::connect(site).await.unwrap();
        match protocol {
            Protocol::Http1 => Self::Http1(Wire::new(stream)),
            Protocol::Http2 => {
                let (sender, connection) = h2::client::handshake(stream).await.unwrap();
                let task = tokio::spawn(async move {
                    let _ = connection.await;
                });
                Self::Http2(sender, task)
            }
        }
    }

    /// Sends a request and returns the response. `None` if the site closes or resets instead.
    pub(crate) async fn ask(&mut self, ask: Ask) -> Option<Seen> {
        match self {
            Self::Http1(wire) => {
                let bytes = in_http1(ask);
                let _ = wire.stream.write_all(bytes.as_bytes()).await;
                wire.response(bytes.starts_with("HEAD ")).await
            }
            Self::Http2(sender, _) => {
                let mut ready = sender.clone().ready().await.ok()?;
                exchange(&mut ready, ask).await.ok()
            }
        }
    }

    pub(crate) async fn canary(&mut self) -> Option<Seen> {
        self.ask(CANARY).await
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Self::Http2(_, task) = self {
            task.abort();
        }
    }
}

fn in_http1(ask: Ask) -> String {
    match ask {
        Ask::Bytes(bytes) => bytes.to_owned(),
        Ask::Message {
            start,
            fields,
            body,
            trailers,
        } => {
            let start = format!("{start} HTTP/1.1\r\nhost: client.test");
            render(&start, fields, body, trailers)
        }
    }
}

async fn exchange(
    sender: &mut h2::client::SendRequest<Bytes>,
    ask: Ask,
) -> Result<Seen, h2::Error> {
    let Ask::Message {
        start,
        fields,
        body,
        trailers,
    } = ask
    else {
        panic!("bytes are for HTTP/1");
    };
    let (method, path) = start.split_once(' ').unwrap();
    let uri = match path {
        "*" => "http://client.test".to_owned(),
        path => format!("http://client.test{path}"),
    };
    let mut request = Request::builder().method(method).uri(uri).body(()).unwrap();
    *request.headers_mut() = header_map(fields);
    let silent = body.is_none() && trailers.is_empty();
    let (response, mut stream) = sender.send_request(request, silent)?;
    if !silent {
        let body = Bytes::from_static(body.unwrap_or_default().as_bytes());
        stream.send_data(body, trailers.is_empty())?;
    }
    if !trailers.is_empty() {
        stream.send_trailers(header_map(trailers))?;
    }
    let (parts, body) = response.await?.into_parts();
    let mut seen = Seen {
        start: parts.status.as_str().to_owned(),
        version: "HTTP/2".into(),
        fields: lines(&parts.headers),
        ..Seen::default()
    };
    read(body, &mut seen).await;
    Ok(seen)
}
