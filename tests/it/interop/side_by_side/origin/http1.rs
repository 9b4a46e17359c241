//! HTTP/1.1 over plain TCP.

use std::{sync::Arc, time::Duration};

use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::Uploads;

/// One step of a script. A script starts again with each request of a connection.
#[derive(Clone, Copy)]
pub(in super::super) enum Step {
    /// Reads the head of a request.
    Head,
    /// Reads the content of the request.
    Content,
    Send(&'static str),
    /// Sends each byte in a packet of its own.
    SendBytewise(&'static str),
    /// Sends a head with this many fields, without content.
    SendFields(usize),
    Close,
    /// Closes with a TCP reset.
    Reset,
    /// Closes the connection with a reset, unless this is its first request.
    ResetIfReused,
}

/// Serves a connection.
pub(super) async fn serve(stream: TcpStream, script: &'static [Step], uploads: Arc<Uploads>) {
    let mut connection = Connection {
        stream,
        buffer: Vec::new(),
        head: String::new(),
        uploads,
    };
    for number in 0.. {
        for step in script {
            if connection.step(*step, number).await.is_none() {
                return;
            }
        }
    }
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    head: String,
    uploads: Arc<Uploads>,
}

impl Connection {
    /// Returns `None` when the connection has ended.
    async fn step(&mut self, step: Step, number: usize) -> Option<()> {
        match step {
            Step::Head => self.read_head().await,
            Step::Content => self.read_content().await,
            Step::Send(text) => self.stream.write_all(text.as_bytes()).await.ok(),
            Step::SendBytewise(text) => {
                for byte in text.bytes() {
                    self.stream.write_all(&[byte]).await.ok()?;
                    tokio::task::yield_now().await;
                }
                Some(())
            }
            Step::SendFields(count) => {
                let fields: String = (0..count).map(|n| format!("x-{n}: {n}\r\n")).collect();
                let head = format!(
                    "HTTP/1.1 200 OK\r\nx-origin: yes\r\ncontent-length: 0\r\n{fields}\r\n"
                );
                self.stream.write_all(head.as_bytes()).await.ok()
            }
            Step::Close => None,
            Step::ResetIfReused if number == 0 => Some(()),
            Step::Reset | Step::ResetIfReused => {
                let socket = SockRef::from(&self.stream);
                socket.set_linger(Some(Duration::ZERO)).unwrap();
                None
            }
        }
    }

    async fn read_head(&mut self) -> Option<()> {
        let end = self.read_until(b"\r\n\r\n").await?;
        let head = self.buffer.drain(..end).collect();
        self.head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        Some(())
    }

    async fn read_content(&mut self) -> Option<()> {
        let length = self.head.lines().find_map(|line| {
            let value = line.strip_prefix("content-length:")?;
            Some(value.trim().parse::<usize>().unwrap())
        });
        let size = match length {
            Some(length) => {
                while self.buffer.len() < length {
                    self.read_more().await?;
                }
                self.buffer.drain(..length);
                length
            }
            None if self.head.contains("transfer-encoding: chunked") => self.read_chunks().await?,
            None => 0,
        };
        self.uploads.add(size);
        Some(())
    }

    async fn read_chunks(&mut self) -> Option<usize> {
        let mut size = 0;
        loop {
            let end = self.read_until(b"\r\n").await?;
            let line: Vec<u8> = self.buffer.drain(..end).collect();
            let line = String::from_utf8(line).unwrap();
            let length = usize::from_str_radix(line.trim(), 16).unwrap();
            if length == 0 {
                // There may be trailers.
                loop {
                    let end = self.read_until(b"\r\n").await?;
                    if self.buffer.drain(..end).len() == 2 {
                        return Some(size);
                    }
                }
            }
            while self.buffer.len() < length + 2 {
                self.read_more().await?;
            }
            self.buffer.drain(..length + 2);
            size += length;
        }
    }

    /// The position after the first occurrence of these bytes.
    async fn read_until(&mut self, mark: &[u8]) -> Option<usize> {
        loop {
            let found = self
                .buffer
                .windows(mark.len())
                .position(|part| part == mark);
            if let Some(start) = found {
                return Some(start + mark.len());
            }
            self.read_more().await?;
        }
    }

    async fn read_more(&mut self) -> Option<()> {
        let length = self.stream.read_buf(&mut self.buffer).await.ok()?;
        (length > 0).then_some(())
    }
}
