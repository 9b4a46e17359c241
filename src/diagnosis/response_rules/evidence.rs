//! What is known of a response and of its request.

use http::{
    HeaderMap, Method, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
    uri::PathAndQuery,
};

use crate::{
    diagnosis::FixKind,
    edge::{Edge, ErrorPage, edge_of_host},
    name::{DnsName, Host, HostAuthority},
    origin::{Origin, Scheme},
};

/// What is known of a response that an edge may have sent to refuse the request.
///
/// [`OriginProxy`](crate::OriginProxy) and
/// [`ResponseDiagnosisLayer`](crate::response_diagnosis::ResponseDiagnosisLayer) diagnose responses
/// for you. Use this type with a client that is no tower service.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, diagnosis::ResponseEvidence};
///
/// let connector = CdnOriginConnector::builder("http://d1234567890.cloudfront.net:443").build()?;
/// let origin = connector.origin().expect("the connector has a fixed origin");
///
/// let (head, ()) = http::Response::builder().status(400).body(())?.into_parts();
/// let diagnosis = ResponseEvidence::new(origin, origin.host(), head.status, &head.headers)
///     .body(b"<center>The plain HTTP request was sent to HTTPS port</center>")
///     .diagnosis()
///     .expect("the page is known");
/// assert_eq!(
///     diagnosis.causes()[0].fixes()[0].to_string(),
///     "CdnOriginConnector::builder(\"https://d1234567890.cloudfront.net\")"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "evidence does nothing until `diagnosis` is called"]
pub struct ResponseEvidence<'a> {
    pub(super) origin: &'a Origin,
    pub(super) host: &'a HostAuthority,
    pub(super) client_host: Option<&'a HostAuthority>,
    pub(super) client_scheme: Option<Scheme>,
    pub(super) redirects: RedirectHandling,
    pub(super) status: StatusCode,
    pub(super) headers: &'a HeaderMap,
    pub(super) method: Option<&'a Method>,
    pub(super) target: Option<&'a PathAndQuery>,
    pub(super) has_content: bool,
    pub(super) has_proxy_header: bool,
    pub(super) body: &'a [u8],
}

/// What happens to redirects on their way to the client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum RedirectHandling {
    PassedOn,
    Rewritten,
}

impl<'a> ResponseEvidence<'a> {
    /// Starts with the origin, the Host of the request and the head of the response.
    pub fn new(
        origin: &'a Origin,
        host: &'a HostAuthority,
        status: StatusCode,
        headers: &'a HeaderMap,
    ) -> Self {
        Self {
            origin,
            host,
            client_host: None,
            client_scheme: None,
            redirects: RedirectHandling::PassedOn,
            status,
            headers,
            method: None,
            target: None,
            has_content: false,
            has_proxy_header: false,
            body: &[],
        }
    }

    /// Adds the request's method and target. Without them, redirect loops are not recognised.
    pub fn request(mut self, method: &'a Method, target: &'a PathAndQuery) -> Self {
        self.method = Some(method);
        self.target = Some(target);
        self
    }

    /// Adds that the request had content, or may have had.
    pub fn request_with_content(mut self) -> Self {
        self.has_content = true;
        self
    }

    /// Adds that the connection began with a [PROXY protocol](crate::dial::ProxyProtocol) header.
    pub fn after_proxy_header(mut self) -> Self {
        self.has_proxy_header = true;
        self
    }

    /// Adds the Host of the client's request, which differs from the origin's if it was rewritten.
    pub fn client_host(mut self, host: &'a HostAuthority) -> Self {
        self.client_host = Some(host);
        self
    }

    /// Adds the scheme of the client's request, as the origin sees it in `X-Forwarded-Proto`.
    pub fn client_scheme(mut self, scheme: Scheme) -> Self {
        self.client_scheme = Some(scheme);
        self
    }

    /// Adds that redirects to the origin's name are rewritten before the client receives them.
    pub fn rewritten_redirects(mut self) -> Self {
        self.redirects = RedirectHandling::Rewritten;
        self
    }

    /// Adds the start of the body. [`wants_body`](Self::wants_body) says whether that helps.
    pub fn body(mut self, start: &'a [u8]) -> Self {
        self.body = start;
        self
    }

    pub(super) fn is_success(&self) -> bool {
        self.status.is_success() || self.status.is_informational()
    }

    pub(super) fn fits_head(&self, page: &ErrorPage) -> bool {
        page.fits_head(self.status, self.headers)
    }

    /// Whether the body is readable: uncompressed, and of a textual or unknown type.
    pub(super) fn is_text(&self) -> bool {
        let is_text =
            |kind: &str| kind.starts_with("text/") || kind.contains("xml") || kind.contains("json");
        let kind = self.headers.get(CONTENT_TYPE);
        let kind = kind.map(|kind| kind.to_str().unwrap_or_default());
        !self.headers.contains_key(CONTENT_ENCODING) && kind.is_none_or(is_text)
    }

    /// The edge that the dialled name belongs to. A website of S3 answers as S3 does.
    pub(super) fn dialled_edge(&self) -> Option<Edge> {
        let dialled = self.origin.dial().host().and_then(Host::dns)?;
        match edge_of_host(dialled)? {
            Edge::S3Website => Some(Edge::S3),
            edge => Some(edge),
        }
    }

    /// The name in SNI, if Host has another.
    pub(super) fn disagreeing_sni(&self) -> Option<&'a DnsName> {
        let is_host = |sni: &&DnsName| self.host.host().eq_ignore_ascii_case(sni.as_str());
        self.origin.sni().name().filter(|sni| !is_host(sni))
    }

    /// The fix that uses TLS.
    pub(super) fn over_tls(&self) -> FixKind {
        FixKind::Builder(self.origin.url_over_tls(self.origin.odd_port()))
    }

    /// The fix that makes Host agree with SNI. The handshake succeeded, so SNI is served.
    pub(super) fn matching_host(&self) -> FixKind {
        match self.disagreeing_sni() {
            Some(sni) => match self.host == self.origin.host() {
                true => FixKind::Host(sni.into()),
                // A layer has set the Host, so `.host(..)` on the builder has no effect.
                false => FixKind::HostRewrite(sni.into()),
            },
            None => FixKind::HostUnknown,
        }
    }
}
