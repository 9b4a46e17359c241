//! A client: one connection over which one request follows the other.

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

    /// One GET, its response of so many bytes read to the last.
    pub(crate) fn get(&mut self, path: &str, length: usize) {
        self.ask(path);
        let (mut head, mut end) = (Vec::new(), None);
        let mut read = 0;
        while end.is_none_or(|end| read < end + length) {
            let count = self.stream.read(&mut self.buffer).unwrap();
            assert!(count > 0, "the proxy hung up");
            read += count;
            if end.is_none() {
                head.extend_from_slice(&self.buffer[..count]);
                end = head.windows(4).position(|window| window == b"\r\n\r\n");
                end = end.map(|end| end + 4);
            }
        }
        assert!(head.starts_with(b"HTTP/1.1 200"), "{}", head.escape_ascii());
    }

    /// Asks, and leaves the answer unread.
    pub(crate) fn ask(&mut self, path: &str) {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: client.test\r\nuser-agent: bench\r\naccept: */*\r\n\r\n"
        );
        self.stream.write_all(request.as_bytes()).unwrap();
    }
}
