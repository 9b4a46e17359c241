//! Where a request goes, spelled for HTTP/1 or HTTP/2.

use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Uri, Version,
    header::{EXPECT, HOST, TE, TRANSFER_ENCODING},
    uri::{Authority, PathAndQuery, Scheme},
};

use crate::{
    name::HostAuthority,
    origin::{self, Origin},
};

use super::{Client, Lease, RequestBody};

/// Where a request goes, to be spelled for HTTP/1 or HTTP/2.
pub(crate) struct Target {
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
    /// The authority as a field value.
    pub(crate) host: HeaderValue,
    pub(crate) path_and_query: PathAndQuery,
    /// For whom it goes there.
    pub(crate) client: Client,
}

/// Fields that one protocol does not have: put back before the request is spelled for the other.
pub(super) struct LeftOut([Option<(HeaderName, HeaderValue)>; 2]);

impl LeftOut {
    fn take(headers: &mut HeaderMap, name: HeaderName) -> Option<(HeaderName, HeaderValue)> {
        let value = headers.remove(&name);
        value.map(|value| (name, value))
    }

    pub(super) fn put_back(self, headers: &mut HeaderMap) {
        for (name, value) in self.0.into_iter().flatten() {
            headers.insert(name, value);
        }
    }
}

impl Target {
    /// The origin's scheme, this Host, this path and query, for nobody in particular.
    pub(crate) fn of(origin: &Origin, host: &HostAuthority, path_and_query: PathAndQuery) -> Self {
        Self {
            scheme: match origin.scheme() {
                origin::Scheme::Http => Scheme::HTTP,
                origin::Scheme::Https => Scheme::HTTPS,
            },
            authority: host.without_port(origin.scheme().default_port()),
            host: host.to_header_value(),
            path_and_query,
            client: Client::anybody(),
        }
    }

    /// Spells the request for the connection: HTTP/1 names the host in a field, HTTP/2 in the URI.
    pub(super) fn spell(&self, request: &mut Request<RequestBody>, lease: &Lease) -> LeftOut {
        *request.version_mut() = Version::HTTP_11;
        match lease.is_http2() {
            false => {
                *request.uri_mut() = self.path_and_query.clone().into();
                let headers = request.headers_mut();
                headers.insert(HOST, self.host.clone());
                // Without `Connection: TE`, which hyper keeps to itself, it would be malformed (RFC 9110 section 10.1.4).
                LeftOut([LeftOut::take(headers, TE), None])
            }
            true => {
                if let Some(uri) = self.absolute() {
                    *request.uri_mut() = uri;
                }
                let headers = request.headers_mut();
                headers.remove(HOST);
                LeftOut([
                    LeftOut::take(headers, TRANSFER_ENCODING),
                    // hyper does not hear 100 over HTTP/2: the content is sent at once.
                    LeftOut::take(headers, EXPECT),
                ])
            }
        }
    }

    fn absolute(&self) -> Option<Uri> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(self.path_and_query.clone());
        Uri::from_parts(parts).ok()
    }
}
