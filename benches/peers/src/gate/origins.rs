//! Origins that send the same prepared bytes to each request, but for a request id.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const LENGTH: usize = 1024;

/// The response fields of nginx.
const FIELDS: [(&str, &str); 8] = [
    ("server", "nginx/1.22.1"),
    ("date", "Sun, 29 Nov 2026 10:00:00 GMT"),
    ("content-type", "text/html"),
    ("content-length", "1024"),
    ("last-modified", "Sat, 28 Nov 2026 10:00:00 GMT"),
    ("etag", "\"6929780f-400\""),
    ("cache-control", "max-age=3600"),
    ("accept-ranges", "bytes"),
];

/// Responds to requests without content over HTTP/1.1, each with an id of its own if `is_varied`.
pub(super) async fn http1(mut stream: impl AsyncRead + AsyncWrite + Unpin, is_varied: bool) {
    let mut response = String::from("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n");
    for (name, value) in FIELDS {
        response += &format!("{name}: {value}\r\n");
    }
    let id_at = response.len() + "x-request-id: ".len();
    if is_varied {
        response += &format!("x-request-id: {:032}\r\n", 0);
    }
    response += "\r\n";
    response += &"x".repeat(LENGTH);
    let mut response = response.into_bytes();
    let mut ids = 0..;
    let mut buffer = vec![0; 16 * 1024];
    let mut received = 0;
    while let Ok(count @ 1..) = stream.read(&mut buffer[received..]).await {
        received += count;
        if buffer[..received].ends_with(b"\r\n\r\n") {
            received = 0;
            if is_varied {
                let id: u64 = ids.next().unwrap();
                response[id_at..id_at + 16].copy_from_slice(format!("{id:016}").as_bytes());
            }
            stream.write_all(&response).await.unwrap();
        }
    }
}

/// The types and flags of HTTP/2 frames (RFC 9113 section 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// Responds to requests without content over HTTP/2.
pub(super) async fn http2(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await.unwrap();
    stream.write_all(&frame(SETTINGS, 0, 0, &[])).await.unwrap();
    stream.flush().await.unwrap();
    let fields = header_block();
    let mut head = [0; 9];
    while stream.read_exact(&mut head).await.is_ok() {
        let [a, b, c, kind, flags, id @ ..] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        stream.read_exact(&mut payload).await.unwrap();
        let id = u32::from_be_bytes(id);
        let response = match kind {
            HEADERS => {
                let mut response = frame(HEADERS, END_HEADERS, id, &fields);
                response.extend(frame(DATA, END_STREAM, id, &[b'x'; LENGTH]));
                response
            }
            SETTINGS if flags & ACK == 0 => frame(SETTINGS, ACK, 0, &[]),
            PING if flags & ACK == 0 => frame(PING, ACK, 0, &payload),
            _ => continue,
        };
        stream.write_all(&response).await.unwrap();
        stream.flush().await.unwrap();
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// `:status: 200` from the static table, and the fields as literals (RFC 7541 section 6.2.2).
fn header_block() -> Vec<u8> {
    let mut block = vec![0x88];
    for (name, value) in FIELDS {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend(text.as_bytes());
        }
    }
    block
}
