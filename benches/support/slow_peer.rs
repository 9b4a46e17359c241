//! A client that reads 20 MiB a second, and a client that sends to an origin that does.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use super::rate::Rate;

const GIB: usize = 1024 * 1024 * 1024;

/// Reads 1 GiB slowly.
pub(crate) fn download(proxy: SocketAddr) {
    let mut stream = send(proxy, "GET /gib HTTP/1.1\r\nconnection: close");
    let (rate, mut received) = (Rate::start(), 0);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = stream.read(&mut buffer).unwrap();
        received += count;
        match count {
            0 => break,
            _ => std::thread::sleep(rate.wait(received)),
        }
    }
    assert!(received > GIB, "the download was cut short");
}

/// Sends 1 GiB as fast as the proxy reads it.
pub(crate) fn upload(proxy: SocketAddr) {
    let head = format!("POST /slow HTTP/1.1\r\nconnection: close\r\ncontent-length: {GIB}");
    let mut stream = send(proxy, &head);
    let chunk = vec![b'x'; 64 * 1024];
    for _ in 0..GIB / chunk.len() {
        stream.write_all(&chunk).unwrap();
    }
    read_to_end(stream);
}

/// Sends a few requests, so that one-time allocations are made before measuring.
pub(crate) fn warm_up(proxy: SocketAddr) {
    for _ in 0..20 {
        read_to_end(send(proxy, "GET /large HTTP/1.1\r\nconnection: close"));
    }
}

/// Requests a number that the process of the proxy reports about itself.
pub(crate) fn query(proxy: SocketAddr, path: &str) -> usize {
    let response = read_to_end(send(
        proxy,
        &format!("GET {path} HTTP/1.1\r\nconnection: close"),
    ));
    let body = response.rsplit("\r\n").next();
    body.unwrap().parse().expect(&response)
}

fn send(proxy: SocketAddr, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(proxy).unwrap();
    let head = format!("{head}\r\nhost: client.test\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

fn read_to_end(mut stream: TcpStream) -> String {
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    response
}
