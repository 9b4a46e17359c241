//! Extended CONNECT (RFC 8441): an upgrade over HTTP/2. It becomes a GET, as HTTP/1.1 requires.

use std::hash::{BuildHasher, RandomState};

use data_encoding::BASE64;
use http::{
    HeaderMap, HeaderValue, Method,
    header::{CONTENT_LENGTH, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION},
    request::Parts,
};
use hyper::ext::Protocol;

use super::{Upgrades, allowed_protocols::Token};

/// The allowed `:protocol` of a CONNECT. A CONNECT without a protocol is no upgrade.
pub(super) fn protocol(parts: &Parts, upgrades: &Upgrades) -> Option<Token> {
    let protocol = parts.extensions.get::<Protocol>()?;
    upgrades.allowed(protocol.as_str()).cloned()
}

/// Makes the request a GET, and that of a WebSocket an opening handshake.
pub(super) fn into_get(parts: &mut Parts, protocol: &Token) {
    parts.method = Method::GET;
    parts.extensions.remove::<Protocol>();
    parts.headers.remove(CONTENT_LENGTH);
    if protocol.is_websocket() {
        complete_handshake(&mut parts.headers);
    }
}

/// Adds the key, which the handshake has in HTTP/1.1 alone (RFC 8441 section 5).
fn complete_handshake(headers: &mut HeaderMap) {
    let random = || RandomState::new().hash_one(0).to_be_bytes();
    // The standard library's hasher is seeded at random: the key is a nonce, no secret.
    let key = BASE64.encode(&[random(), random()].concat());
    if let Ok(key) = HeaderValue::try_from(key) {
        headers.insert(SEC_WEBSOCKET_KEY, key);
    }
    headers
        .entry(SEC_WEBSOCKET_VERSION)
        .or_insert(HeaderValue::from_static("13"));
}

#[cfg(test)]
mod tests {
    use crate::proxy::upgrade::websocket::Offer;

    use super::*;

    const KEY: HeaderValue = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");

    #[test]
    fn each_handshake_gets_a_key_of_its_own() {
        let (mut one, mut other) = (HeaderMap::new(), HeaderMap::new());
        other.insert(SEC_WEBSOCKET_KEY, KEY);
        complete_handshake(&mut one);
        complete_handshake(&mut other);
        assert!(Offer::of(&Method::GET, &one).is_some());
        assert!(Offer::of(&Method::GET, &other).is_some());
        assert_ne!(one[SEC_WEBSOCKET_KEY], other[SEC_WEBSOCKET_KEY]);
        assert_ne!(other[SEC_WEBSOCKET_KEY], KEY);
    }
}
