//! A client that sends one request after the other over one connection.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self {
            stream: TcpStream::connect(address).unwrap(),
            buffer: vec![0; 256 * 1024],
        }
    }

    /// Sends a GET and reads its response, whose body has `length` bytes.
    pub(crate) fn get(&mut self, path: &str, length: usize) {
        self.send(path);
        let (mut head, mut end) = (Vec::new(), None);
        let mut received = 0;
        while end.is_none_or(|end| received < end + length) {
            let count = self.stream.read(&mut self.buffer).unwrap();
            assert!(count > 0, "the proxy closed the connection");
            received += count;
            if end.is_none() {
                head.extend_from_slice(&self.buffer[..count]);
                end = head.windows(4).position(|window| window == b"\r\n\r\n");
                end = end.map(|end| end + 4);
            }
        }
        assert!(head.starts_with(b"HTTP/1.1 200"), "{}", head.escape_ascii());
    }

    /// Sends a GET and does not read its response.
    pub(crate) fn send(&mut self, path: &str) {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: client.test\r\nuser-agent: bench\r\naccept: */*\r\n\r\n"
        );
        self.stream.write_all(request.as_bytes()).unwrap();
    }
}
