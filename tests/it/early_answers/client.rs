//! Clients that send all of a request before they read.

use std::{io, net::SocketAddr};

use bytes::Bytes;
use h2::{SendStream, client::SendRequest};
use http::{Request, StatusCode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{Downstream, PATIENCE};

/// One connection of a client.
pub(crate) enum Client {
    Http1(TcpStream),
    Http2(SendRequest<Bytes>),
}

/// A response with its whole body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) head: String,
    pub(crate) text: String,
}

/// What a client sends.
#[derive(Clone, Copy)]
pub(crate) struct Upload {
    pub(crate) size: usize,
    /// Whether the size is not announced.
    pub(crate) is_chunked: bool,
    /// A field besides those of the framing.
    pub(crate) field: (&'static str, &'static str),
}

impl Upload {
    pub(crate) fn of(size: usize) -> Self {
        Self {
            size,
            is_chunked: false,
            field: ("x-test", "1"),
        }
    }

    pub(crate) fn http1_head(&self) -> String {
        let (name, value) = self.field;
        let framing = match self.is_chunked {
            true => "transfer-encoding: chunked".to_owned(),
            false => format!("content-length: {}", self.size),
        };
        format!(
            "POST /upload HTTP/1.1\r\nhost: client.test\r\n{framing}\r\n{name}: {value}\r\n\r\n"
        )
    }

    fn http2_head(&self) -> Request<()> {
        let (name, value) = self.field;
        let mut request = Request::post("http://client.test/upload").header(name, value);
        if !self.is_chunked {
            request = request.header("content-length", self.size);
        }
        request.body(()).unwrap()
    }
}

/// How much is written at a time.
const PIECE: usize = 16 * 1024;

impl Client {
    pub(crate) async fn connect(protocol: Downstream, address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        match protocol {
            Downstream::Http1 => Self::Http1(stream),
            Downstream::Http2 => {
                let (client, connection) = h2::client::handshake(stream).await.unwrap();
                tokio::spawn(connection);
                Self::Http2(client)
            }
        }
    }

    /// Sends a body of this size, and reads the response after that.
    pub(crate) async fn upload(&mut self, size: usize) -> io::Result<Answer> {
        self.send(&Upload::of(size)).await
    }

    /// Sends an upload, and reads the response after that.
    pub(crate) async fn send(&mut self, upload: &Upload) -> io::Result<Answer> {
        let answer = async {
            match self {
                Self::Http1(stream) => {
                    stream.write_all(upload.http1_head().as_bytes()).await?;
                    for piece in pieces(upload.size) {
                        if upload.is_chunked {
                            let start = format!("{:x}\r\n", piece.len());
                            stream.write_all(start.as_bytes()).await?;
                        }
                        stream.write_all(&piece).await?;
                        if upload.is_chunked {
                            stream.write_all(b"\r\n").await?;
                        }
                    }
                    if upload.is_chunked {
                        stream.write_all(b"0\r\n\r\n").await?;
                    }
                    read_answer(stream).await
                }
                Self::Http2(client) => upload_over_http2(client, upload).await,
            }
        };
        timeout(PATIENCE, answer).await.expect("an answer in time")
    }

    /// Sends a request without a body.
    pub(crate) async fn get(&mut self) -> io::Result<Answer> {
        let answer = async {
            match self {
                Self::Http1(stream) => {
                    let head = "GET /again HTTP/1.1\r\nhost: client.test\r\n\r\n";
                    stream.write_all(head.as_bytes()).await?;
                    read_answer(stream).await
                }
                Self::Http2(client) => {
                    let request = Request::get("http://client.test/again").body(()).unwrap();
                    let (response, _) = client.send_request(request, true).map_err(other)?;
                    read_http2_answer(response).await
                }
            }
        };
        timeout(PATIENCE, answer).await.expect("an answer in time")
    }
}

/// A body of this size, in pieces.
fn pieces(size: usize) -> impl Iterator<Item = Bytes> {
    let sizes = (0..size).step_by(PIECE);
    sizes.map(move |start| Bytes::from(vec![b'x'; PIECE.min(size - start)]))
}

async fn upload_over_http2(client: &mut SendRequest<Bytes>, upload: &Upload) -> io::Result<Answer> {
    let request = client.send_request(upload.http2_head(), false);
    let (response, mut stream) = request.map_err(other)?;
    let sent = async {
        for piece in pieces(upload.size) {
            send_data(&mut stream, piece).await?;
        }
        stream.send_data(Bytes::new(), true).map_err(other)
    };
    // A server that has answered may stop the upload (RFC 9113 section 8.1).
    let _ = sent.await;
    read_http2_answer(response).await
}

/// Sends data as the window allows.
pub(crate) async fn send_data(stream: &mut SendStream<Bytes>, mut data: Bytes) -> io::Result<()> {
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        let room = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await;
        let room = room.ok_or(io::ErrorKind::BrokenPipe)?.map_err(other)?;
        let data = data.split_to(room.min(data.len()));
        stream.send_data(data, false).map_err(other)?;
    }
    Ok(())
}

pub(crate) async fn read_http2_answer(response: h2::client::ResponseFuture) -> io::Result<Answer> {
    let response = response.await.map_err(other)?;
    let (head, mut body) = response.into_parts();
    let mut text = Vec::new();
    while let Some(data) = body.data().await {
        let data = data.map_err(other)?;
        let _ = body.flow_control().release_capacity(data.len());
        text.extend_from_slice(&data);
    }
    Ok(Answer {
        status: head.status,
        head: format!("{:?}", head.headers),
        text: String::from_utf8(text).unwrap(),
    })
}

/// Reads a response with a `Content-Length`.
pub(crate) async fn read_answer(stream: &mut TcpStream) -> io::Result<Answer> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let status = head[9..12].parse().unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut text = vec![0; length.unwrap().parse().unwrap()];
    stream.read_exact(&mut text).await?;
    Ok(Answer {
        status,
        head,
        text: String::from_utf8(text).unwrap(),
    })
}

pub(crate) fn other(error: h2::Error) -> io::Error {
    io::Error::other(error)
}
