//! `AffinityKey`: what the requests of one client have in common.

use std::{fmt, sync::Arc};

use http::{
    HeaderName, HeaderValue,
    header::{COOKIE, HOST},
    request::Parts,
};

use crate::downstream::ClientAddress;

/// The part of a request that selects its member. A request without it gets the least loaded one.
#[derive(Clone)]
pub(super) enum AffinityKey {
    ClientAddress,
    Cookie(String),
    Header(HeaderName),
    Function(Arc<KeyFunction>),
}

type KeyFunction = dyn Fn(&Parts) -> Option<Vec<u8>> + Send + Sync;

impl AffinityKey {
    /// The hash of a request's key.
    pub(super) fn hash_of(&self, parts: &Parts) -> Option<u64> {
        match self {
            Self::ClientAddress => {
                let (client, _) = ClientAddress::of(&parts.extensions)?.ends();
                Some(hash(client.ip().to_string().as_bytes()))
            }
            Self::Cookie(name) => cookie(parts, name).map(hash),
            Self::Header(name) => {
                let authority = parts.uri.authority().filter(|_| name == HOST);
                match authority {
                    Some(authority) => Some(hash(authority.as_str().as_bytes())),
                    None => parts.headers.get(name).map(HeaderValue::as_bytes).map(hash),
                }
            }
            Self::Function(function) => function(parts).as_deref().map(hash),
        }
    }
}

/// The value of the first cookie with this name (RFC 6265 section 5.4).
fn cookie<'a>(parts: &'a Parts, name: &str) -> Option<&'a [u8]> {
    let lines = parts.headers.get_all(COOKIE).iter();
    let mut pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs.find_map(|pair| {
        let value = pair.trim_ascii_start().strip_prefix(name.as_bytes())?;
        value.strip_prefix(b"=")
    })
}

/// A hash that is the same in all processes and releases, so that several proxies agree.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = hmac_sha256::Hash::hash(bytes);
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

impl fmt::Debug for AffinityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientAddress => f.write_str("client_address"),
            Self::Cookie(name) => write!(f, "cookie({name:?})"),
            Self::Header(name) => write!(f, "header({name:?})"),
            Self::Function(_) => f.write_str("function"),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(request: http::request::Builder) -> Parts {
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let request = Request::get("/").header("cookie", "xid=1; id2=2;id=3; id=4");
        let request = parts(request.header("cookie", "other=5"));
        assert_eq!(cookie(&request, "id"), Some(&b"3"[..]));
        assert_eq!(cookie(&request, "other"), Some(&b"5"[..]));
        assert_eq!(cookie(&request, "x"), None);
    }

    #[test]
    fn the_host_is_the_authority_of_an_http2_request() {
        let key = AffinityKey::Header(HOST);
        let one = parts(Request::get("http://client.test/"));
        let other = parts(Request::get("/").header("host", "client.test"));
        assert_eq!(key.hash_of(&one), key.hash_of(&other));
        assert_eq!(key.hash_of(&parts(Request::get("/"))), None);
    }
}
