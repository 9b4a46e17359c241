//! Any redirect or cookie: only names, paths and attributes that are the origin's change.

use std::{convert::Infallible, net::Ipv4Addr};

use cdn_origin::{
    CdnOriginConnector, ResponseRewriteLayer, downstream::ClientConnection, origin::Scheme,
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, Uri,
    header::{CONTENT_LOCATION, LOCATION, REFRESH, SET_COOKIE},
};
use tower::{Layer, ServiceExt, service_fn};

use super::{
    in_memory,
    input::{Input, choose},
};

const NAMES: [HeaderName; 4] = [LOCATION, SET_COOKIE, REFRESH, CONTENT_LOCATION];

/// The input is a byte of settings, and sections: the client's Host, the target of its request, and
/// fields, each with its name as a byte.
///
/// Returns `Some` if a field was rewritten.
pub fn run(bytes: &[u8]) -> Option<()> {
    let mut input = Input(bytes);
    let settings = input.byte();
    let mut request = Request::new(());
    if let Ok(host) = HeaderValue::from_bytes(input.section()) {
        request.headers_mut().insert("host", host);
    }
    if let Ok(target) = input.text().parse::<Uri>() {
        *request.uri_mut() = target;
    }
    let scheme = choose(settings, &[Scheme::Http, Scheme::Https]);
    let client = ClientConnection::new(Ipv4Addr::LOCALHOST, scheme);
    request.extensions_mut().insert(client);
    let mut fields = HeaderMap::new();
    while !input.is_empty() {
        let name = &NAMES[usize::from(input.byte()) % NAMES.len()];
        if let Ok(value) = HeaderValue::from_bytes(input.section()) {
            fields.append(name, value);
        }
    }
    let sent = fields.clone();
    let received = in_memory::run(rewritten(&layer(settings), request.clone(), fields));
    for name in &NAMES {
        let before: Vec<_> = sent.get_all(name).iter().collect();
        let after: Vec<_> = received.get_all(name).iter().collect();
        assert_eq!(before.len(), after.len(), "{name}");
        for (before, after) in before.iter().zip(&after) {
            check(name, before.as_bytes(), after.as_bytes());
        }
    }
    if settings & 2 == 0 {
        // Without paths, what was rewritten is the client's and stays.
        let again = in_memory::run(rewritten(&layer(settings), request, received.clone()));
        assert_eq!(again, received);
    }
    (received != sent).then_some(())
}

fn layer(settings: u8) -> ResponseRewriteLayer {
    let url = choose(
        settings >> 4,
        &["http://origin.example:8080", "http://origin.example"],
    );
    let connector = CdnOriginConnector::builder(url)
        .build()
        .expect("a connector");
    let mut layer = ResponseRewriteLayer::new().origin(connector.origin().expect("an origin"));
    if settings & 2 != 0 {
        let prefix = |text: &str| text.parse().expect("a prefix");
        layer = layer.map_path(prefix("/"), prefix("/app/"));
    }
    if settings & 4 != 0 {
        layer = layer.dangerously_drop_secure_over_http();
    }
    if settings & 8 != 0 {
        layer = layer.name("legacy.example".parse().expect("a name"));
    }
    layer
}

async fn rewritten(
    layer: &ResponseRewriteLayer,
    request: Request<()>,
    fields: HeaderMap,
) -> HeaderMap {
    let inner = service_fn(|_: Request<()>| {
        let mut response = Response::new(());
        *response.headers_mut() = fields.clone();
        async { Ok::<_, Infallible>(response) }
    });
    let Ok(response) = layer.layer(inner).oneshot(request).await;
    response.into_parts().0.headers
}

/// Fails if more changed than may change.
fn check(name: &HeaderName, before: &[u8], after: &[u8]) {
    if before == after {
        return;
    }
    if *name != SET_COOKIE {
        let is_ours = |text: &[u8]| {
            let text = text.to_ascii_lowercase();
            let contains = |part: &[u8]| text.windows(part.len()).any(|window| window == part);
            contains(b"origin.example") || contains(b"legacy.example") || contains(b"/app")
        };
        assert!(is_ours(before), "{}", before.escape_ascii());
        return;
    }
    let segments = |cookie: &[u8]| -> Vec<Vec<u8>> {
        let segments = cookie.split(|byte| *byte == b';');
        segments.map(<[u8]>::to_vec).collect()
    };
    let (before, after) = (segments(before), segments(after));
    assert_eq!(before[0], after[0], "the name or the value changed");
    let mut left = before.iter().skip(1);
    for attribute in &after[1..] {
        let found = left.any(|sent| sent == attribute || (is_path(sent) && is_path(attribute)));
        assert!(found, "{} was not sent", attribute.escape_ascii());
    }
}

fn is_path(attribute: &[u8]) -> bool {
    let start = attribute.trim_ascii_start();
    start.len() >= 4 && start[..4].eq_ignore_ascii_case(b"path")
}
