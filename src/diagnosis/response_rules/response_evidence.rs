//! What is known of a response and of its request.

use http::{
    HeaderMap, Method, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE, VIA},
    uri::PathAndQuery,
};

use crate::{
    diagnosis::FixKind,
    edge::{Edge, ErrorPage, edge_of_host, edges_passed},
    error::HostKnowledge,
    name::{DnsName, Host, HostAuthority},
    origin::{Origin, Scheme},
};

/// How the origin has answered other requests with the same names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum HostHistory {
    /// At least one by a success. So it serves the names.
    Answered,
    /// None by a success.
    Unanswered,
    Unknown,
}

/// What is known of a response that an edge may have sent to refuse the request.
#[derive(Clone, Debug)]
#[must_use = "evidence does nothing until `diagnosis` is called"]
pub(crate) struct ResponseEvidence<'a> {
    pub(super) origin: &'a Origin,
    pub(super) host: &'a HostAuthority,
    pub(super) client_host: Option<&'a HostAuthority>,
    pub(super) client_scheme: Option<Scheme>,
    /// The scheme in `X-Forwarded-Proto`.
    forwarded_scheme: Option<Scheme>,
    host_source: Option<HostSource>,
    pub(super) host_knowledge: HostKnowledge,
    pub(super) host_history: HostHistory,
    /// Whether causes are wanted that are no more than a guess.
    pub(super) has_guesses: bool,
    pub(super) redirects: RedirectHandling,
    pub(super) status: StatusCode,
    pub(super) headers: &'a HeaderMap,
    pub(super) method: Option<&'a Method>,
    pub(super) target: Option<&'a PathAndQuery>,
    /// The size of the request's head in HTTP/1.1, without the fields that the proxy adds.
    pub(super) head_size: Option<usize>,
    pub(super) has_content: bool,
    /// Whether the length of the content was sent.
    pub(super) has_length: bool,
    /// The `Origin` of the request.
    pub(super) request_origin: Option<&'a str>,
    pub(super) has_proxy_header: bool,
    pub(super) is_grpc: bool,
    /// The protocol that the request asked for, if it was an upgrade.
    pub(super) upgrade: Option<&'a str>,
    pub(super) body: &'a [u8],
}

/// The setting that decides the Host of requests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum HostSource {
    /// The names of the connector's builder.
    Builder,
    /// A [`HostRewriteLayer`](crate::HostRewriteLayer).
    Layer,
}

/// What happens to redirects on their way to the client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum RedirectHandling {
    PassedOn,
    Rewritten,
}

impl<'a> ResponseEvidence<'a> {
    /// Starts with the origin, the Host of the request and the head of the response.
    pub(crate) fn new(
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
            forwarded_scheme: None,
            host_source: None,
            host_knowledge: HostKnowledge::Sent,
            host_history: HostHistory::Unknown,
            has_guesses: true,
            redirects: RedirectHandling::PassedOn,
            status,
            headers,
            method: None,
            target: None,
            head_size: None,
            has_content: false,
            has_length: false,
            request_origin: None,
            has_proxy_header: false,
            is_grpc: false,
            upgrade: None,
            body: &[],
        }
    }

    /// Adds the request's method and target. Without them, redirect loops are not recognised.
    pub(crate) fn request(mut self, method: &'a Method, target: &'a PathAndQuery) -> Self {
        self.method = Some(method);
        self.target = Some(target);
        self
    }

    /// Adds the size of the request's head in HTTP/1.1, in bytes.
    pub(crate) fn head_size(mut self, size: usize) -> Self {
        self.head_size = Some(size);
        self
    }

    /// Adds that the request had content, or may have had.
    pub(crate) fn request_with_content(mut self) -> Self {
        self.has_content = true;
        self
    }

    /// Adds that the length of the request's content was sent in `Content-Length`.
    pub(crate) fn request_with_length(mut self) -> Self {
        self.has_length = true;
        self
    }

    /// Adds the `Origin` of the request.
    pub(crate) fn request_origin(mut self, origin: &'a str) -> Self {
        self.request_origin = Some(origin);
        self
    }

    /// Adds that the connection began with a [PROXY protocol](crate::dial::ProxyProtocol) header.
    pub(crate) fn after_proxy_header(mut self) -> Self {
        self.has_proxy_header = true;
        self
    }

    /// Adds that the request was a gRPC call. A response that is none of gRPC then has a diagnosis
    /// even if its status is 200.
    pub(crate) fn grpc_call(mut self) -> Self {
        self.is_grpc = true;
        self
    }

    /// Adds that the request was an upgrade to this protocol. A response that does not switch then
    /// has a diagnosis even if its status is 200.
    pub(crate) fn upgrade(mut self, protocol: &'a str) -> Self {
        self.upgrade = Some(protocol);
        self
    }

    /// Adds the Host of the client's request, which differs from the origin's if it was rewritten.
    pub(crate) fn client_host(mut self, host: &'a HostAuthority) -> Self {
        self.client_host = Some(host);
        self
    }

    /// Adds the scheme of the client's request, as the origin sees it in `X-Forwarded-Proto`.
    pub(crate) fn client_scheme(mut self, scheme: Scheme) -> Self {
        self.client_scheme = Some(scheme);
        self
    }

    /// Adds the scheme that was sent in `X-Forwarded-Proto`. The client's may differ.
    pub(crate) fn forwarded_scheme(mut self, scheme: Scheme) -> Self {
        self.forwarded_scheme = Some(scheme);
        self
    }

    /// Adds which setting has decided the Host, so that fixes change that one.
    pub(crate) fn host_source(mut self, source: HostSource) -> Self {
        self.host_source = Some(source);
        self
    }

    /// Adds how the Host is known, if another library sent the request.
    pub(crate) fn host_knowledge(mut self, knowledge: HostKnowledge) -> Self {
        self.host_knowledge = knowledge;
        self
    }

    /// Adds how the origin has answered other requests with the same names.
    pub(crate) fn host_history(mut self, history: HostHistory) -> Self {
        self.host_history = history;
        self
    }

    /// Leaves out causes of responses that an application sends as often as an edge, such as a bare
    /// 403.
    pub(crate) fn without_guesses(mut self) -> Self {
        self.has_guesses = false;
        self
    }

    /// Adds that redirects to the origin's name are rewritten before the client receives them.
    pub(crate) fn rewritten_redirects(mut self) -> Self {
        self.redirects = RedirectHandling::Rewritten;
        self
    }

    /// Adds the start of the body. [`wants_body`](Self::wants_body) says whether that helps.
    pub(crate) fn body(mut self, start: &'a [u8]) -> Self {
        self.body = start;
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The Host, for a text. It says so if another one may have been sent.
    pub(super) fn shown_host(&self) -> String {
        format!("{}{}", self.host, self.host_knowledge.remark())
    }

    /// The Host as a part of a sentence, such as `www.example.com, the name in Host`.
    pub(super) fn named_host(&self) -> String {
        let what = match self.host_knowledge {
            HostKnowledge::Sent => "the name in Host",
            HostKnowledge::Configured => "the configured Host",
            HostKnowledge::OfUrl => "the host of the URL",
        };
        format!("{}, {what}", self.host)
    }

    /// Whether another Host may have been sent.
    pub(super) fn is_host_supposed(&self) -> bool {
        self.host_knowledge != HostKnowledge::Sent
    }

    /// Whether nothing is known of the request. Another library sent it.
    pub(super) fn is_request_unseen(&self) -> bool {
        self.method.is_none()
    }

    /// Whether the request had content, or may have had.
    pub(super) fn may_have_content(&self) -> bool {
        self.has_content || self.is_request_unseen()
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

    /// Whether the Host that was sent is the dialled name.
    pub(super) fn is_dialled_host(&self) -> bool {
        let dialled = self.origin.dial().host().and_then(Host::dns);
        dialled.is_some_and(|dialled| self.is_sent(&dialled.into()))
    }

    /// Whether another edge or proxy has, or may have, relayed the response. Its sender then
    /// received other names than those sent from here.
    pub(super) fn is_through_edge(&self) -> bool {
        self.dialled_edge().is_some()
            || edges_passed(self.headers).next().is_some()
            || self.headers.contains_key(VIA)
    }

    /// The fix that uses TLS.
    pub(super) fn over_tls(&self) -> FixKind {
        FixKind::Builder(self.origin.url_over_tls(self.origin.odd_port()))
    }

    /// The scheme in `X-Forwarded-Proto`, if it is known.
    pub(super) fn sent_scheme(&self) -> Option<Scheme> {
        self.forwarded_scheme.or(self.client_scheme)
    }

    /// The name in SNI, if Host has another.
    pub(super) fn disagreeing_sni(&self) -> Option<&'a DnsName> {
        let is_host = |sni: &&DnsName| self.host.host().eq_ignore_ascii_case(sni.as_str());
        self.origin.sni().name().filter(|sni| !is_host(sni))
    }

    /// Whether the Host that was sent is not the client's.
    pub(super) fn is_host_rewritten(&self) -> bool {
        let differs = |client: &&HostAuthority| {
            let (client, sent) = (client.host(), self.host.host());
            !client.eq_ignore_ascii_case(sent)
        };
        self.client_host.as_ref().is_some_and(differs)
    }

    /// The Host, if it is a name and a call of the builder set it.
    pub(super) fn host_of_builder(&self) -> Option<DnsName> {
        let is_of_builder = !self.is_host_of_layer() && self.host_knowledge != HostKnowledge::OfUrl;
        self.host.host().parse().ok().filter(|_| is_of_builder)
    }

    pub(super) fn is_sent(&self, name: &HostAuthority) -> bool {
        name.host().eq_ignore_ascii_case(self.host.host())
    }

    /// Whether a layer decided the Host, so the builder's `.host(..)` has no effect.
    pub(super) fn is_host_of_layer(&self) -> bool {
        match self.host_source {
            Some(source) => source == HostSource::Layer,
            None => !self.is_host_supposed() && self.host != self.origin.host(),
        }
    }
}
