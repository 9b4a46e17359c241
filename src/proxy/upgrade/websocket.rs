//! The opening handshake of WebSocket (RFC 6455 section 4).
//!
//! `extended_connect.rs` completes the handshake of a client that uses HTTP/2.

use data_encoding::BASE64;
use http::{
    HeaderMap, HeaderName, Method,
    header::{
        SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
        SEC_WEBSOCKET_VERSION,
    },
};
use sha1_smol::Sha1;

use crate::proxy::field_values::{is_token, list_members, single_line};

const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What a client has offered, by which the answer is judged.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Offer {
    /// What `Sec-WebSocket-Accept` has to be.
    accept: String,
    protocols: Vec<String>,
    /// The names of the extensions.
    extensions: Vec<String>,
}

impl Offer {
    /// The offer, if the request is a handshake in good order.
    pub(super) fn of(method: &Method, headers: &HeaderMap) -> Option<Self> {
        let key = single_line(headers, SEC_WEBSOCKET_KEY)?.as_bytes();
        let version = single_line(headers, SEC_WEBSOCKET_VERSION)?.as_bytes();
        let in_order = *method == Method::GET
            && BASE64.decode(key).is_ok_and(|nonce| nonce.len() == 16)
            && is_version(version)
            && protocols(headers).all(is_token);
        in_order.then(|| Self {
            accept: accept(key),
            protocols: protocols(headers).map(str::to_owned).collect(),
            extensions: extensions(headers).map(str::to_owned).collect(),
        })
    }

    /// Whether the answer accepts this offer, and nothing that was not offered (RFC 6455 section
    /// 4.1).
    pub(super) fn is_accepted_by(&self, headers: &HeaderMap) -> bool {
        let accept = single_line(headers, SEC_WEBSOCKET_ACCEPT);
        let offered = |offers: &[String], name: &str| offers.iter().any(|offer| offer == name);
        accept.is_some_and(|accept| accept == self.accept.as_str())
            && headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().count() <= 1
            && is_text(headers, SEC_WEBSOCKET_PROTOCOL)
            && is_text(headers, SEC_WEBSOCKET_EXTENSIONS)
            && protocol(headers).is_none_or(|name| offered(&self.protocols, name))
            && extensions(headers).all(|name| offered(&self.extensions, name))
    }
}

fn accept(key: &[u8]) -> String {
    let mut hash = Sha1::from(key);
    hash.update(GUID);
    BASE64.encode(&hash.digest().bytes())
}

/// A number up to 255. Whether it is one of its own is for the origin to say, by 426.
fn is_version(version: &[u8]) -> bool {
    let number = std::str::from_utf8(version).ok();
    let digits = version.iter().all(u8::is_ascii_digit);
    digits && number.is_some_and(|number| number.parse::<u8>().is_ok())
}

fn is_text(headers: &HeaderMap, name: HeaderName) -> bool {
    headers
        .get_all(name)
        .iter()
        .all(|line| line.to_str().is_ok())
}

fn protocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    list_members(headers, SEC_WEBSOCKET_PROTOCOL)
}

/// The whole of the answer's field: it is no list (RFC 6455 section 11.3.4).
fn protocol(headers: &HeaderMap) -> Option<&str> {
    let line = headers.get(SEC_WEBSOCKET_PROTOCOL)?;
    line.to_str().ok().map(str::trim)
}

/// The names, without their parameters.
fn extensions(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    list_members(headers, SEC_WEBSOCKET_EXTENSIONS)
        .filter_map(|extension| extension.split(';').next())
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    fn fields(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn offer() -> Offer {
        let headers = fields(&[
            ("sec-websocket-key", KEY),
            ("sec-websocket-version", "13"),
            ("sec-websocket-protocol", "chat, superchat"),
            ("sec-websocket-protocol", "graphql-ws"),
            (
                "sec-websocket-extensions",
                "permessage-deflate; client_max_window_bits",
            ),
        ]);
        Offer::of(&Method::GET, &headers).unwrap()
    }

    #[test]
    fn the_accepted_key_is_that_of_the_rfc() {
        assert_eq!(accept(KEY.as_bytes()), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_handshake_needs_get_one_key_of_16_bytes_and_one_version() {
        let version = ("sec-websocket-version", "13");
        let malformed: [&[(&str, &str)]; 8] = [
            &[version],
            &[("sec-websocket-key", KEY)],
            &[
                ("sec-websocket-key", KEY),
                ("sec-websocket-key", KEY),
                version,
            ],
            &[("sec-websocket-key", "dGhlIHNhbXBsZQ=="), version],
            &[("sec-websocket-key", "not base64 at all!!!"), version],
            &[("sec-websocket-key", KEY), ("sec-websocket-version", "+13")],
            &[
                ("sec-websocket-key", KEY),
                ("sec-websocket-version", "1300"),
            ],
            &[
                ("sec-websocket-key", KEY),
                version,
                ("sec-websocket-protocol", "a b"),
            ],
        ];
        for headers in malformed {
            let headers = fields(headers);
            assert_eq!(Offer::of(&Method::GET, &headers), None, "{headers:?}");
        }
        let headers = fields(&[("sec-websocket-key", KEY), version]);
        assert!(Offer::of(&Method::GET, &headers).is_some());
        assert_eq!(Offer::of(&Method::POST, &headers), None);
    }

    #[test]
    fn an_answer_accepts_what_was_offered_and_nothing_else() {
        let accept = ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        let good: [&[(&str, &str)]; 3] = [
            &[accept],
            &[accept, ("sec-websocket-protocol", "superchat")],
            &[accept, ("sec-websocket-extensions", "permessage-deflate")],
        ];
        for headers in good {
            assert!(offer().is_accepted_by(&fields(headers)), "{headers:?}");
        }
        let bad: [&[(&str, &str)]; 7] = [
            &[],
            &[accept, accept],
            &[("sec-websocket-accept", "s3pplmbitxaq9kygzzhzrbk+xoo=")],
            &[accept, ("sec-websocket-protocol", "other")],
            &[accept, ("sec-websocket-protocol", "chat, superchat")],
            &[
                accept,
                ("sec-websocket-protocol", "chat"),
                ("sec-websocket-protocol", "chat"),
            ],
            &[
                accept,
                ("sec-websocket-extensions", "permessage-deflate, x-other"),
            ],
        ];
        for headers in bad {
            assert!(!offer().is_accepted_by(&fields(headers)), "{headers:?}");
        }
    }
}
