//! `Target`: the scheme, Host and path of a request, encoded for HTTP/1 or HTTP/2.

use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Uri, Version,
    header::{CONNECTION, EXPECT, HOST, TE, TRANSFER_ENCODING},
    uri::{PathAndQuery, Scheme},
};

use crate::{
    name::HostAuthority,
    origin::{self, Origin},
    upload::RequestBody,
};

use crate::pool::{
    checkout::{Affinity, Protocol},
    connection::PooledConnection,
};

/// The scheme, Host, path and client of a request to an origin.
pub(crate) struct Target {
    scheme: origin::Scheme,
    pub(crate) host: HostAuthority,
    pub(crate) path_and_query: PathAndQuery,
    /// Which connections may serve it.
    pub(crate) affinity: Affinity,
}

/// Fields that one protocol does not have. They are put back before the request is encoded for the
/// other.
#[derive(Default)]
pub(super) struct RemovedFields(Vec<(HeaderName, HeaderValue)>);

impl RemovedFields {
    fn take<const N: usize>(headers: &mut HeaderMap, names: [HeaderName; N]) -> Self {
        let taken = |name: HeaderName| headers.remove(&name).map(|value| (name, value));
        Self(names.into_iter().filter_map(taken).collect())
    }

    pub(super) fn put_back(self, headers: &mut HeaderMap) {
        headers.extend(self.0);
    }
}

impl Target {
    /// A request to this origin, Host, path and query.
    pub(crate) fn of(origin: &Origin, host: HostAuthority, path_and_query: PathAndQuery) -> Self {
        Self {
            scheme: origin.scheme(),
            host,
            path_and_query,
            affinity: Affinity::default(),
        }
    }

    /// Encodes the request for the protocol of the connection.
    pub(super) fn encode(
        &self,
        request: &mut Request<RequestBody>,
        connection: &PooledConnection,
    ) -> RemovedFields {
        let protocol = match connection.is_http2() {
            false => Protocol::Http1,
            true => Protocol::Http2,
        };
        self.encode_for(request, protocol)
    }

    /// Encodes the request: HTTP/1 has the host in a field, HTTP/2 in the URI.
    pub(super) fn encode_for(
        &self,
        request: &mut Request<RequestBody>,
        protocol: Protocol,
    ) -> RemovedFields {
        *request.version_mut() = Version::HTTP_11;
        match protocol {
            Protocol::Http1 => {
                *request.uri_mut() = self.path_and_query.clone().into();
                let headers = request.headers_mut();
                headers.insert(HOST, self.host.to_header_value());
                // RFC 9110 section 10.1.4: a sender of `TE` MUST also send this option.
                if headers.contains_key(TE) {
                    headers.insert(CONNECTION, HeaderValue::from_static("te"));
                }
                RemovedFields::default()
            }
            Protocol::Http2 => {
                if let Some(uri) = self.absolute() {
                    *request.uri_mut() = uri;
                }
                let headers = request.headers_mut();
                headers.remove(HOST);
                headers.remove(CONNECTION);
                // Over HTTP/2, the body is sent at once: the peer limits it by its window.
                RemovedFields::take(headers, [TRANSFER_ENCODING, EXPECT])
            }
        }
    }

    /// The request's URI with scheme and authority, for HTTP/2's pseudo-header fields.
    fn absolute(&self) -> Option<Uri> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(match self.scheme {
            origin::Scheme::Http => Scheme::HTTP,
            origin::Scheme::Https => Scheme::HTTPS,
        });
        parts.authority = Some(self.host.without_default_port(self.scheme.default_port()));
        parts.path_and_query = Some(self.path_and_query.clone());
        Uri::from_parts(parts).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target {
            scheme: origin::Scheme::Https,
            host: "origin.example".parse().unwrap(),
            path_and_query: PathAndQuery::from_static("/a?b"),
            affinity: Affinity::default(),
        }
    }

    /// A request with a field for each protocol that the other does not have, and one for both.
    fn request() -> Request<RequestBody> {
        let request = Request::post("/")
            .header(TE, "trailers")
            .header(TRANSFER_ENCODING, "chunked")
            .header(EXPECT, "100-continue")
            .header("x-kept", "1");
        request.body(RequestBody::default()).unwrap()
    }

    #[test]
    fn a_request_that_was_not_sent_is_encoded_for_another_protocol_as_if_it_were_the_first() {
        for (before, then) in [
            (Protocol::Http1, Protocol::Http2),
            (Protocol::Http2, Protocol::Http1),
        ] {
            let (mut at_once, mut reencoded) = (request(), request());
            target().encode_for(&mut at_once, then);
            let removed = target().encode_for(&mut reencoded, before);
            assert_ne!(at_once.headers(), reencoded.headers());
            removed.put_back(reencoded.headers_mut());
            target().encode_for(&mut reencoded, then);
            assert_eq!(at_once.headers(), reencoded.headers());
            assert_eq!(at_once.uri(), reencoded.uri());
        }
    }

    #[test]
    fn each_protocol_gets_the_fields_that_it_has() {
        let (mut http1, mut http2) = (request(), request());
        target().encode_for(&mut http1, Protocol::Http1);
        target().encode_for(&mut http2, Protocol::Http2);
        assert_eq!(http1.headers()[HOST], "origin.example");
        assert_eq!(http1.uri(), "/a?b");
        assert_eq!(http1.headers()[TE], "trailers");
        assert_eq!(http1.headers()[CONNECTION], "te");
        assert!(http1.headers().contains_key(EXPECT));
        assert_eq!(http2.uri(), "https://origin.example/a?b");
        assert!(!http2.headers().contains_key(HOST));
        assert!(!http2.headers().contains_key(TRANSFER_ENCODING));
        assert_eq!(http2.headers()[TE], "trailers");
        assert!(!http2.headers().contains_key(CONNECTION));
    }
}
