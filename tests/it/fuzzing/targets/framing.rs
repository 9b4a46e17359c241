//! Any framing of a response: its bytes are never part of the next response.

use std::time::Duration;

use bytes::Bytes;
use cdn_origin::CdnOriginConnector;
use http::{Method, header};
use tokio::{
    io::{AsyncWriteExt, DuplexStream},
    time::sleep,
};

use super::{
    in_memory,
    input::{Input, choose},
    response::{Received, ask, plain_proxy},
};

/// What the origin answers to every request but the first.
const SECOND: &[u8] = b"HTTP/1.1 299 Second\r\ncontent-length: 6\r\n\r\nsecond";

/// The input is the method of the first request, the length of the pieces, and two sections: status
/// code and fields, and all that follows the head. The connection stays open.
///
/// Returns the first response, if there is one.
pub fn run(bytes: &[u8]) -> Option<Received> {
    let mut input = Input(bytes);
    let method = choose(input.byte(), &[0, 0, 0, 1, 2]);
    let method = [Method::GET, Method::HEAD, Method::OPTIONS][method].clone();
    let piece = usize::from(input.byte()) + 1;
    let (head, content) = (input.section(), input.0);
    let answer = [&b"HTTP/1.1 "[..], head, b"\r\n\r\n", content].concat();
    let answer = Bytes::from(answer);
    let sent = method.clone();
    let (first, second) = in_memory::run(async move {
        let transport = in_memory::transport(move |number, stream| {
            let first = (number == 0).then(|| answer.clone());
            serve(stream, first, piece)
        });
        let connector = CdnOriginConnector::builder("http://www.example.test")
            .transport(transport)
            .build()
            .expect("a connector");
        let proxy = plain_proxy(connector);
        let first = ask(&proxy, sent).await;
        // No client can tell late bytes from the response to a request that it has sent by then.
        sleep(Duration::from_secs(10)).await;
        let second = ask(&proxy, Method::POST).await;
        (first.ok(), second)
    });
    let second = second.expect("the second request is answered");
    assert_eq!(second.status.as_u16(), 299);
    assert_eq!(
        (&second.content[..], second.is_complete),
        (&b"second"[..], true)
    );
    let first = first?;
    check_length(&method, &first);
    Some(first)
}

/// The origin of one connection. The first response of the first one is the input's.
async fn serve(mut stream: DuplexStream, mut first: Option<Bytes>, piece: usize) {
    while in_memory::read_head(&mut stream).await.is_some() {
        match first.take() {
            Some(answer) => in_memory::write(&mut stream, &answer, piece).await,
            None if stream.write_all(SECOND).await.is_err() => return,
            None => {}
        }
    }
}

/// Fails if a complete response has another length than it announces, or framing of HTTP/1.
fn check_length(method: &Method, response: &Received) {
    assert!(!response.headers.contains_key(header::TRANSFER_ENCODING));
    let mut lengths = response.headers.get_all(header::CONTENT_LENGTH).iter();
    let has_none = *method == Method::HEAD || [204, 304].contains(&response.status.as_u16());
    if has_none {
        assert!(response.content.is_empty(), "content where there is none");
        return;
    }
    let Some(length) = lengths.next() else {
        return;
    };
    assert!(lengths.next().is_none(), "a length appears twice");
    let length: usize = length
        .to_str()
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usize::MAX);
    assert!(response.content.len() <= length);
    assert_eq!(response.is_complete, response.content.len() == length);
}
