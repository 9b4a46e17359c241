//! Ways to treat a bare TCP stream.

use std::io;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The byte the client opens with, left in place; `None` when it leaves instead.
pub(super) async fn first_byte(stream: &TcpStream) -> Option<u8> {
    let mut byte = [0];
    let length = stream.peek(&mut byte).await.ok()?;
    (length == 1).then_some(byte[0])
}

/// Reads what there is, so that closing does not turn into a reset.
pub(super) async fn read_some(stream: &mut TcpStream) {
    let _ = stream.read(&mut [0; 16 * 1024]).await;
}

/// Swallows everything in silence until the client leaves.
pub(super) async fn stall(mut stream: TcpStream) {
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
}

/// Ends our side, then waits for the client: a close with unread bytes would be a reset.
pub(super) async fn hang_up(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    stall(stream).await;
}

pub(super) async fn say_and_hang_up(mut stream: TcpStream, words: &[u8]) {
    let _ = stream.write_all(words).await;
    hang_up(stream).await;
}

pub(super) async fn say_and_stall(mut stream: TcpStream, words: &[u8]) {
    let _ = stream.write_all(words).await;
    stall(stream).await;
}

/// A reset instead of an orderly end.
pub(super) fn reset(stream: TcpStream) {
    SockRef::from(&stream)
        .set_linger(Some(Duration::ZERO))
        .expect("SO_LINGER on a live socket");
    drop(stream);
}

/// A fatal alert in a record of its own.
pub(super) async fn alert(stream: TcpStream, number: u8) {
    let record = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, number];
    say_and_hang_up(stream, &record).await;
}

/// A second handle on the same connection.
pub(super) fn duplicate(stream: &TcpStream) -> io::Result<TcpStream> {
    let copy = SockRef::from(stream).try_clone()?;
    TcpStream::from_std(copy.into())
}
