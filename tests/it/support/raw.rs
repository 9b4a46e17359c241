//! Operations on a TCP stream without TLS.

use std::io;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Peeks at the client's first byte; `None` if the client closes instead.
pub(super) async fn first_byte(stream: &TcpStream) -> Option<u8> {
    let mut byte = [0];
    let length = stream.peek(&mut byte).await.ok()?;
    (length == 1).then_some(byte[0])
}

/// Reads what has arrived: closing with unread bytes would send a reset.
pub(super) async fn read_some(stream: &mut TcpStream) {
    let _ = stream.read(&mut [0; 16 * 1024]).await;
}

/// Reads and discards everything until the client closes.
pub(super) async fn stall(mut stream: TcpStream) {
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
}

/// Shuts the sending side down, then waits for the client to close.
///
/// Closing at once with unread bytes would send a reset.
pub(super) async fn close(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    stall(stream).await;
}

pub(super) async fn send_and_close(mut stream: TcpStream, bytes: &[u8]) {
    let _ = stream.write_all(bytes).await;
    close(stream).await;
}

pub(super) async fn send_and_stall(mut stream: TcpStream, bytes: &[u8]) {
    let _ = stream.write_all(bytes).await;
    stall(stream).await;
}

/// Closes with a TCP reset.
pub(super) fn reset(stream: TcpStream) {
    SockRef::from(&stream)
        .set_linger(Some(Duration::ZERO))
        .expect("SO_LINGER on a live socket");
    drop(stream);
}

/// Sends a fatal alert and closes.
pub(super) async fn alert(stream: TcpStream, number: u8) {
    let record = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, number];
    send_and_close(stream, &record).await;
}

/// A second handle to the same socket.
pub(super) fn duplicate(stream: &TcpStream) -> io::Result<TcpStream> {
    let copy = SockRef::from(stream).try_clone()?;
    TcpStream::from_std(copy.into())
}
