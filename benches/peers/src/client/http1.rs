//! HTTP/1.1, one request after the other over one connection.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::workload::Workload;

pub(crate) struct Client<S> {
    stream: S,
    requests: Vec<Vec<u8>>,
    /// The length of the response's content.
    length: usize,
    buffer: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) fn new(stream: S, workload: &Workload) -> Self {
        Self {
            stream,
            requests: (0..workload.variants)
                .map(|number| request(workload, number))
                .collect(),
            length: workload.length,
            buffer: vec![0; workload.length + 16 * 1024],
        }
    }

    /// Sends the request of this number, and reads its response.
    pub(crate) async fn exchange(&mut self, number: usize) {
        let request = &self.requests[number % self.requests.len()];
        self.stream.write_all(request).await.unwrap();
        let mut received = 0;
        let end = loop {
            received += self.read_after(received).await;
            if let Some(end) = end_of_head(&self.buffer[..received]) {
                break end;
            }
        };
        let head = &self.buffer[..end];
        assert!(head.starts_with(b"HTTP/1.1 200"), "{}", head.escape_ascii());
        while received < end + self.length {
            received += self.read_after(received).await;
        }
        assert_eq!(received, end + self.length, "the length of the response");
    }

    async fn read_after(&mut self, received: usize) -> usize {
        let count = self.stream.read(&mut self.buffer[received..]).await;
        let count = count.unwrap();
        assert!(count > 0, "the proxy closed the connection");
        count
    }
}

fn end_of_head(received: &[u8]) -> Option<usize> {
    let mut windows = received.windows(4);
    let position = windows.position(|window| window == b"\r\n\r\n")?;
    Some(position + 4)
}

fn request(workload: &Workload, number: usize) -> Vec<u8> {
    let method = if workload.upload > 0 { "POST" } else { "GET" };
    let path = workload.path(number);
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: client.test\r\n");
    for (name, value) in workload.fields(number) {
        head += &format!("{name}: {value}\r\n");
    }
    if workload.upload > 0 {
        head += &format!("content-length: {}\r\n", workload.upload);
    }
    let mut request = (head + "\r\n").into_bytes();
    request.resize(request.len() + workload.upload, b'x');
    request
}
