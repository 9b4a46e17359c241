//! A client who reads 20 MiB a second, and one who sends to an origin that does.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use super::pace::Pace;

const GIB: usize = 1024 * 1024 * 1024;

/// Reads 1 GiB slowly.
pub(crate) fn download(proxy: SocketAddr) {
    let mut stream = sent(proxy, "GET /gib HTTP/1.1\r\nconnection: close");
    let (pace, mut taken) = (Pace::start(), 0);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = stream.read(&mut buffer).unwrap();
        taken += count;
        match count {
            0 => break,
            _ => std::thread::sleep(pace.wait(taken)),
        }
    }
    assert!(taken > GIB, "the download was cut short");
}

/// Sends 1 GiB as fast as it is taken.
pub(crate) fn upload(proxy: SocketAddr) {
    let head = format!("POST /slow HTTP/1.1\r\nconnection: close\r\ncontent-length: {GIB}");
    let mut stream = sent(proxy, &head);
    let piece = vec![b'x'; 64 * 1024];
    for _ in 0..GIB / piece.len() {
        stream.write_all(&piece).unwrap();
    }
    read_to_end(stream);
}

/// A few requests, after which everything that is made once has been made.
pub(crate) fn warm_up(proxy: SocketAddr) {
    for _ in 0..20 {
        read_to_end(sent(proxy, "GET /large HTTP/1.1\r\nconnection: close"));
    }
}

/// A number that the proxy's process says of itself.
pub(crate) fn ask(proxy: SocketAddr, path: &str) -> usize {
    let answer = read_to_end(sent(
        proxy,
        &format!("GET {path} HTTP/1.1\r\nconnection: close"),
    ));
    let body = answer.rsplit("\r\n").next();
    body.unwrap().parse().expect(&answer)
}

fn sent(proxy: SocketAddr, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(proxy).unwrap();
    let head = format!("{head}\r\nhost: client.test\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

fn read_to_end(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    answer
}
