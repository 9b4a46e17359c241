//! The least HTTP that a stream can be asked to carry.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Sends what the negotiated protocol starts with and waits for the first byte of an answer: an HTTP/1 request, which an HTTP/2
/// peer answers too, with its SETTINGS.
pub(crate) async fn get(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: www.example.test\r\n\r\n")
        .await
        .unwrap();
    stream.flush().await.unwrap();
    let mut first = [0];
    stream.read_exact(&mut first).await.unwrap();
}
