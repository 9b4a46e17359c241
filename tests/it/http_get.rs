//! A minimal HTTP exchange over any stream.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Sends an HTTP/1.1 request and waits for the first byte of the response.
///
/// An HTTP/2 peer responds too, with its SETTINGS.
pub(crate) async fn exchange(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: www.example.test\r\n\r\n")
        .await
        .unwrap();
    stream.flush().await.unwrap();
    let mut first = [0];
    stream.read_exact(&mut first).await.unwrap();
}
