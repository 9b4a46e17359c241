//! A client over plain TCP that does what a script says.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// One step of a client.
#[derive(Clone, Copy)]
pub(super) enum Step {
    Send(&'static str),
    /// Sends this many bytes of content.
    SendContent(usize),
    /// Sends this many bytes as one chunk, and the last chunk.
    SendChunked(usize),
    /// Reads a response, which must be the origin's, with this status and complete content.
    Read(u16),
    /// Reads the response to a HEAD request.
    ReadHead(u16),
    /// Reads a response like `Read`, which must have a trailer section.
    ReadTrailers(u16),
}

pub(super) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// The head of a response.
struct Head {
    status: u16,
    fields: Vec<(String, String)>,
}

impl Head {
    fn field(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|(other, _)| other == name);
        field.map(|(_, value)| value.as_str())
    }
}

impl Client {
    /// Runs the script on a new connection. The error says what was lost.
    pub(super) async fn run(proxy: SocketAddr, script: &[Step]) -> Result<(), String> {
        /// A safety net: a lost answer never arrives.
        const LIMIT: Duration = Duration::from_secs(10);
        let stream = TcpStream::connect(proxy).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut client = Self {
            stream,
            buffer: Vec::new(),
        };
        let steps = async {
            for step in script {
                client.step(*step).await?;
            }
            Ok(())
        };
        let limited = tokio::time::timeout(LIMIT, steps).await;
        limited.unwrap_or_else(|_| Err("no answer arrived".to_owned()))
    }

    async fn step(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Send(text) => self.send(text.as_bytes()).await,
            Step::SendContent(size) => self.send(&vec![b'x'; size]).await,
            Step::SendChunked(size) => {
                self.send(format!("{size:x}\r\n").as_bytes()).await?;
                self.send(&vec![b'x'; size]).await?;
                self.send(b"\r\n0\r\n\r\n").await
            }
            Step::ReadHead(status) => self.read_head(status).await.map(drop),
            Step::Read(status) => self.read(status).await.map(drop),
            Step::ReadTrailers(status) => match self.read(status).await? {
                0 => Err("the trailers were lost".to_owned()),
                _ => Ok(()),
            },
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        let sent = self.stream.write_all(bytes).await;
        sent.map_err(|error| format!("send failed: {error}"))
    }

    /// Reads a response and returns the number of its trailer fields.
    async fn read(&mut self, status: u16) -> Result<usize, String> {
        let head = self.read_head(status).await?;
        if matches!(status, 204 | 304) {
            return Ok(0);
        }
        if head.field("transfer-encoding").is_some() {
            return self.read_chunks().await;
        }
        match head.field("content-length") {
            Some(length) => {
                let length = length.parse::<usize>().unwrap();
                while self.buffer.len() < length {
                    self.read_more().await?;
                }
                self.buffer.drain(..length);
            }
            None => while self.read_more().await.is_ok() {},
        }
        Ok(0)
    }

    /// Reads the head of a final response of the origin.
    async fn read_head(&mut self, status: u16) -> Result<Head, String> {
        loop {
            let end = self.read_until(b"\r\n\r\n").await?;
            let bytes: Vec<u8> = self.buffer.drain(..end).collect();
            let mut fields = vec![httparse::EMPTY_HEADER; 1000];
            let mut parsed = httparse::Response::new(&mut fields);
            let complete = parsed.parse(&bytes);
            complete.map_err(|error| format!("malformed response: {error}"))?;
            let head = Head {
                status: parsed.code.unwrap(),
                fields: parsed
                    .headers
                    .iter()
                    .map(|field| {
                        let value = String::from_utf8_lossy(field.value).into_owned();
                        (field.name.to_ascii_lowercase(), value)
                    })
                    .collect(),
            };
            if head.status < 200 && head.status != 101 {
                continue;
            }
            if head.status != status || head.field("x-origin").is_none() {
                return Err(format!("status {} of the proxy", head.status));
            }
            return Ok(head);
        }
    }

    async fn read_chunks(&mut self) -> Result<usize, String> {
        loop {
            let end = self.read_until(b"\r\n").await?;
            let line = String::from_utf8(self.buffer.drain(..end).collect()).unwrap();
            let length = usize::from_str_radix(line.trim(), 16).unwrap();
            if length > 0 {
                while self.buffer.len() < length + 2 {
                    self.read_more().await?;
                }
                self.buffer.drain(..length + 2);
                continue;
            }
            let mut trailers = 0;
            loop {
                let end = self.read_until(b"\r\n").await?;
                if self.buffer.drain(..end).len() == 2 {
                    return Ok(trailers);
                }
                trailers += 1;
            }
        }
    }

    /// The position after the first occurrence of these bytes.
    async fn read_until(&mut self, mark: &[u8]) -> Result<usize, String> {
        loop {
            let found = self
                .buffer
                .windows(mark.len())
                .position(|part| part == mark);
            if let Some(start) = found {
                return Ok(start + mark.len());
            }
            self.read_more().await?;
        }
    }

    async fn read_more(&mut self) -> Result<(), String> {
        match self.stream.read_buf(&mut self.buffer).await {
            Ok(0) => Err("the connection was closed before the answer was complete".to_owned()),
            Ok(_) => Ok(()),
            Err(error) => Err(format!("read failed: {error}")),
        }
    }
}
