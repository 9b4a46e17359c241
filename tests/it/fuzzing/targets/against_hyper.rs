//! Any bytes in place of a response: the proxy reads the same message as hyper's client, or refuses
//! it.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures_util::future::{Either, select};
use http::{
    HeaderMap, HeaderName, Method, Request,
    header::{CONNECTION, CONTENT_LENGTH},
};
use http_body_util::{BodyExt, Empty};
use hyper::{client::conn::http1, ext::ReasonPhrase};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::{
    in_memory,
    input::{Input, choose},
    response::{Received, received},
};

/// The input is the method, and what the origin sends before it closes.
///
/// Returns the response, if both clients accept it.
pub fn run(bytes: &[u8]) -> Option<Received> {
    let mut input = Input(bytes);
    let method = choose(input.byte(), &[0, 0, 0, 1, 2]);
    let method = [Method::GET, Method::HEAD, Method::OPTIONS][method].clone();
    let ours = received(&method, input.0, usize::MAX).ok()?;
    let theirs = in_memory::run(hypers(method, Bytes::copy_from_slice(input.0)));
    let theirs = match (theirs, ours.is_complete) {
        (Ok(theirs), true) => theirs,
        (Err(error), true) => panic!("hyper refuses {ours:?}: {error:?}"),
        // A truncation shows.
        (_, false) => return None,
    };
    assert_same(&ours, &theirs);
    Some(ours)
}

async fn hypers(method: Method, answer: Bytes) -> hyper::Result<Received> {
    let (near, far) = duplex(64 * 1024);
    tokio::spawn(serve(far, answer));
    let (mut sender, connection) = http1::Builder::new()
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .max_headers(16 * 1024)
        .handshake(TokioIo::new(near))
        .await?;
    let request = Request::builder().method(method).uri("/");
    let request = request.body(Empty::<Bytes>::new()).expect("a request");
    let reading = async move {
        let (mut head, body) = sender.send_request(request).await?.into_parts();
        let collected = body.collect().await?;
        Ok(Received {
            status: head.status,
            reason: head.extensions.remove(),
            headers: head.headers,
            trailers: collected.trailers().cloned(),
            content: collected.to_bytes(),
            is_complete: true,
        })
    };
    match select(Box::pin(reading), Box::pin(connection)).await {
        Either::Left((read, _)) => read,
        Either::Right((_, reading)) => reading.await,
    }
}

async fn serve(mut stream: DuplexStream, answer: Bytes) {
    if in_memory::read_head(&mut stream).await.is_some() {
        let _ = stream.write_all(&answer).await;
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
}

/// Fails unless both messages are the same, apart from what a proxy must change.
fn assert_same(ours: &Received, theirs: &Received) {
    assert_eq!(ours.status, theirs.status);
    assert_eq!(ours.content, theirs.content);
    // hyper returns an empty reason phrase if it is not ASCII.
    let reason = |received: &Received| {
        let reason = received.reason.as_ref().map(ReasonPhrase::as_bytes);
        reason
            .filter(|reason| reason.is_ascii())
            .unwrap_or_default()
            .to_vec()
    };
    assert_eq!(reason(ours), reason(theirs));
    assert_none_invented(&ours.headers, &theirs.headers);
    let mut missing = theirs.headers.keys();
    let lost = missing
        .find(|name| !ours.headers.contains_key(*name) && !may_be_removed(name, &theirs.headers));
    assert_eq!(lost, None);
    let none = HeaderMap::new();
    assert_none_invented(
        ours.trailers.as_ref().unwrap_or(&none),
        theirs.trailers.as_ref().unwrap_or(&none),
    );
}

/// Fails unless the fields on the left are on the right, with the same values.
fn assert_none_invented(ours: &HeaderMap, theirs: &HeaderMap) {
    for name in ours.keys() {
        let values = |headers: &HeaderMap| -> Vec<_> {
            let values = headers.get_all(name).iter();
            values.map(|value| value.as_bytes().to_vec()).collect()
        };
        match name == CONTENT_LENGTH {
            true => assert_eq!(lengths(ours), lengths(theirs)),
            false => assert_eq!(values(ours), values(theirs), "{name}"),
        }
    }
}

/// Whether the field belongs to the connection, or is a length that means nothing.
fn may_be_removed(name: &HeaderName, headers: &HeaderMap) -> bool {
    const HOP_BY_HOP: [&str; 8] = [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
    ];
    let options = headers.get_all(CONNECTION).iter();
    let mut options = options.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    HOP_BY_HOP.contains(&name.as_str())
        || *name == CONTENT_LENGTH
        || options.any(|option| {
            option
                .trim_ascii()
                .eq_ignore_ascii_case(name.as_str().as_bytes())
        })
}

/// The announced lengths: the proxy merges those that are equal.
fn lengths(headers: &HeaderMap) -> BTreeSet<Option<u64>> {
    let lines = headers.get_all(CONTENT_LENGTH).iter();
    let lengths = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    let number = |length: &[u8]| std::str::from_utf8(length).ok()?.trim().parse().ok();
    lengths.map(number).collect()
}
