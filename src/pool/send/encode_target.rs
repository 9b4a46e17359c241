//! `Target`: the scheme, Host and path of a request, encoded for HTTP/1 or HTTP/2.

use std::mem;

use http::{
    Request, Uri, Version,
    header::{CONNECTION, EXPECT, HOST, TRANSFER_ENCODING},
    uri::{PathAndQuery, Scheme},
};

use crate::{
    field_lines::FieldLines,
    http1::AddedFields,
    name::HostAuthority,
    origin::{self, Origin},
    upload::RequestBody,
};

use crate::pool::checkout::ConnectionKey;

use super::saved_fields::SavedFields;

/// The scheme, Host, path and client of a request to an origin.
pub(crate) struct Target {
    scheme: origin::Scheme,
    pub(crate) host: HostAuthority,
    pub(crate) path_and_query: PathAndQuery,
    added: AddedFields,
    /// Which connections may serve it.
    pub(crate) key: ConnectionKey,
}

impl Target {
    /// A request to this origin, Host, path and query.
    pub(crate) fn of(origin: &Origin, host: HostAuthority, path_and_query: PathAndQuery) -> Self {
        Self {
            scheme: origin.scheme(),
            added: AddedFields {
                host: Some((&host).into()),
                lines: FieldLines::default(),
            },
            host,
            path_and_query,
            key: ConnectionKey::default(),
        }
    }

    /// Adds fields to those of the request.
    pub(crate) fn with_fields(mut self, lines: FieldLines) -> Self {
        self.added.lines = lines;
        self
    }

    /// Prepares the request for HTTP/1. Returns the fields that are written beside its own.
    pub(crate) fn encode_http1<B>(&self, request: &mut Request<B>) -> &AddedFields {
        *request.version_mut() = Version::HTTP_11;
        *request.uri_mut() = self.path_and_query.clone().into();
        &self.added
    }

    /// Prepares the request for a client that writes nothing but its own fields over HTTP/1.
    pub(crate) fn encode_upgrade<B>(&self, request: &mut Request<B>) {
        self.encode_http1(request)
            .insert_into(request.headers_mut());
    }

    /// The head for HTTP/2: the host is in the URI. Takes the fields of the request, and returns a
    /// copy to restore them from.
    pub(crate) fn encode_http2(
        &self,
        request: &mut Request<RequestBody>,
    ) -> (Request<()>, SavedFields) {
        let saved = SavedFields::of(request.headers());
        let mut head = Request::new(());
        *head.method_mut() = request.method().clone();
        *head.version_mut() = Version::HTTP_2;
        *head.uri_mut() = self.absolute().unwrap_or_else(|| request.uri().clone());
        let headers = head.headers_mut();
        *headers = mem::take(request.headers_mut());
        // Over HTTP/2, the body is sent at once: the peer limits it by its window.
        for name in [HOST, CONNECTION, TRANSFER_ENCODING, EXPECT] {
            headers.remove(name);
        }
        for (name, value) in self.added.lines.fields() {
            headers.append(name, value);
        }
        (head, saved)
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
    use http::{HeaderMap, HeaderName, HeaderValue, header::TE};

    use super::*;

    fn target() -> Target {
        let host: HostAuthority = "origin.example".parse().unwrap();
        let mut added = AddedFields {
            host: Some((&host).into()),
            ..AddedFields::default()
        };
        static ADDED: HeaderName = HeaderName::from_static("x-added");
        added.lines.push(&ADDED, b"2");
        Target {
            scheme: origin::Scheme::Https,
            host,
            path_and_query: PathAndQuery::from_static("/a?b"),
            added,
            key: ConnectionKey::default(),
        }
    }

    /// A request with a field for each protocol that the other does not have, and one for both.
    fn request() -> Request<RequestBody> {
        let request = Request::post("/")
            .header(HOST, "client.example")
            .header(TE, "trailers")
            .header(TRANSFER_ENCODING, "chunked")
            .header(EXPECT, "100-continue")
            .header("x-added", "1");
        request.body(RequestBody::default()).unwrap()
    }

    fn lines<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a HeaderValue> {
        headers.get_all(name).iter().collect()
    }

    #[test]
    fn over_http2_the_host_is_in_the_uri_and_fields_of_http1_are_left_out() {
        let mut request = request();
        let (head, _) = target().encode_http2(&mut request);
        assert_eq!(head.uri(), "https://origin.example/a?b");
        assert_eq!(head.method(), "POST");
        assert_eq!(head.headers()[TE], "trailers");
        assert_eq!(lines(head.headers(), "x-added"), ["1", "2"]);
        assert_eq!(head.headers().len(), 3);
    }

    #[test]
    fn a_request_that_was_not_sent_over_http2_is_restored_for_http1() {
        let mut request = request();
        let original = request.headers().clone();
        let (_, saved) = target().encode_http2(&mut request);
        saved.restore(request.headers_mut());
        assert_eq!(*request.headers(), original);
        target().encode_http1(&mut request);
        assert_eq!(*request.headers(), original);
        assert_eq!(request.uri(), "/a?b");
    }

    #[test]
    fn an_upgrade_has_all_fields_in_its_map() {
        let mut request = request();
        target().encode_upgrade(&mut request);
        assert_eq!(lines(request.headers(), "host"), ["origin.example"]);
        assert_eq!(lines(request.headers(), "x-added"), ["1", "2"]);
    }
}
