//! Responses by which an edge refuses.

use std::borrow::Cow;

use http::{
    HeaderMap, Method, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE, VIA},
    uri::PathAndQuery,
};

use crate::{
    edge::{
        Edge, EdgeErrorKind, ErrorPage, EvidenceStrength, edge_of_host, is_relayed,
        known_error_pages,
    },
    name::{DnsName, Host, HostAuthority},
    origin::{Origin, Scheme},
};

use super::{
    Cause, CauseId, Certainty, Clue, Confirmation, Diagnosis, FixKind,
    meanings::{behind, behind_another, plain, wrong_region},
    redirects,
};

/// What is known of a response that may be an edge's refusal.
///
/// [`OriginProxy`](crate::OriginProxy) looks at its responses by itself, and
/// [`ResponseDiagnosisLayer`](crate::response_diagnosis::ResponseDiagnosisLayer) at those of any
/// other client; this is the rule beneath both.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, diagnosis::ResponseEvidence, name::HostAuthority};
///
/// let connector = CdnOriginConnector::builder("http://d1234567890.cloudfront.net:443").build()?;
/// let origin = connector.origin().expect("it was built with one");
///
/// let (head, ()) = http::Response::builder().status(400).body(())?.into_parts();
/// let diagnosis = ResponseEvidence::new(origin, origin.host(), head.status, &head.headers)
///     .body(b"<center>The plain HTTP request was sent to HTTPS port</center>")
///     .diagnosis()
///     .expect("the text is known");
/// let fix = diagnosis.likeliest().and_then(|cause| cause.fix()).expect("it can be mended");
/// assert_eq!(fix.to_string(), "CdnOriginConnector::builder(\"https://d1234567890.cloudfront.net\")");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "evidence does nothing until it is asked for a diagnosis"]
pub struct ResponseEvidence<'a> {
    pub(super) origin: &'a Origin,
    pub(super) host: &'a HostAuthority,
    pub(super) client_host: Option<&'a HostAuthority>,
    pub(super) client_scheme: Option<Scheme>,
    pub(super) redirects: Redirects,
    pub(super) status: StatusCode,
    pub(super) headers: &'a HeaderMap,
    pub(super) method: Option<&'a Method>,
    pub(super) target: Option<&'a PathAndQuery>,
    has_content: bool,
    pub(super) has_proxy_header: bool,
    body: &'a [u8],
}

/// What becomes of redirects on their way to the client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Redirects {
    PassedOn,
    Rewritten,
}

impl<'a> ResponseEvidence<'a> {
    /// The origin, the Host that the request carried, and the head of the response.
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
            redirects: Redirects::PassedOn,
            status,
            headers,
            method: None,
            target: None,
            has_content: false,
            has_proxy_header: false,
            body: &[],
        }
    }

    /// The request: what redirects are measured by.
    pub fn request(mut self, method: &'a Method, target: &'a PathAndQuery) -> Self {
        self.method = Some(method);
        self.target = Some(target);
        self
    }

    /// The request had content, or might have had.
    pub fn request_with_content(mut self) -> Self {
        self.has_content = true;
        self
    }

    /// The connection began with a header of the [PROXY protocol](crate::dial::ProxyProtocol).
    pub fn after_proxy_header(mut self) -> Self {
        self.has_proxy_header = true;
        self
    }

    /// The Host by which the client asked, which may have been rewritten.
    pub fn client_host(mut self, host: &'a HostAuthority) -> Self {
        self.client_host = Some(host);
        self
    }

    /// The scheme by which the client came, where somebody has said it.
    pub fn client_scheme(mut self, scheme: Scheme) -> Self {
        self.client_scheme = Some(scheme);
        self
    }

    /// Redirects to the origin's name are rewritten before they reach the client, so that they lead
    /// nobody astray.
    pub fn rewritten_redirects(mut self) -> Self {
        self.redirects = Redirects::Rewritten;
        self
    }

    /// The start of the body, where [`wants_body`](Self::wants_body) says that it tells something.
    pub fn body(mut self, start: &'a [u8]) -> Self {
        self.body = start;
        self
    }

    /// Whether the start of the body can change the diagnosis: an error page that tells, and that
    /// is neither compressed nor a picture.
    #[must_use]
    pub fn wants_body(&self) -> bool {
        if self.status.is_success() || self.status.is_informational() {
            return false;
        }
        let is_told = |page: &ErrorPage| page.needs_body() && self.fits_head(page);
        self.is_text() && known_error_pages().iter().any(is_told)
    }

    /// The diagnosis, if the response looks like a mistake in the four names or in the scheme, or
    /// like a refusal of the edge itself.
    #[must_use]
    pub fn diagnosis(&self) -> Option<Diagnosis> {
        if self.status.is_success() || self.status.is_informational() {
            return None;
        }
        let mut causes = redirects::causes(self);
        causes.extend(self.by_page());
        causes.extend(self.by_status());
        (!causes.is_empty()).then(|| Diagnosis::ranked(causes))
    }

    /// What the first page of the table that fits says.
    fn by_page(&self) -> Vec<Cause> {
        let body = String::from_utf8_lossy(self.body);
        let fits = |page: &&ErrorPage| self.fits_head(page) && page.fits_body(&body);
        match known_error_pages().iter().find(fits) {
            Some(page) => self.meaning(page, &body),
            None => Vec::new(),
        }
    }

    fn meaning(&self, page: &ErrorPage, body: &str) -> Vec<Cause> {
        let certainty = match page.strength_with(self.headers) {
            EvidenceStrength::Weak => Certainty::Possible,
            EvidenceStrength::Strong => Certainty::Likely,
            EvidenceStrength::Conclusive => Certainty::Certain,
        };
        let edge = page
            .edge()
            .map_or(Cow::Borrowed("the edge"), |edge| edge.to_string().into());
        let mut causes = Vec::new();
        let certainty = match page.kind() {
            _ if certainty < Certainty::Certain || !self.is_about_other_names(page) => certainty,
            // Ours disagree, so they may be the ones that are meant.
            EdgeErrorKind::SniAndHostDisagree => Certainty::Likely,
            _ => {
                causes.push(behind_another(&edge));
                Certainty::Possible
            }
        };
        causes.extend(match page.kind() {
            EdgeErrorKind::HostNotServed => vec![self.host_not_served(certainty, &edge)],
            EdgeErrorKind::SniAndHostDisagree => vec![self.disagreeing(certainty, &edge)],
            EdgeErrorKind::RefusedRequest => self.refused_request(&edge),
            EdgeErrorKind::HttpToTlsPort => self.http_to_tls_port(&edge),
            EdgeErrorKind::WrongRegion => vec![wrong_region(certainty, body)],
            other => vec![plain(other, certainty, &edge, self.host)],
        });
        let told_by = |cause: Cause| cause.documented_in(page.source());
        causes.into_iter().map(told_by).collect()
    }

    /// Whether the page may well be about names that somebody between here and its edge has sent.
    fn is_about_other_names(&self, page: &ErrorPage) -> bool {
        let is_of_names = matches!(
            page.kind(),
            EdgeErrorKind::ForwardingFields
                | EdgeErrorKind::HostIsAddress
                | EdgeErrorKind::HostNotServed
                | EdgeErrorKind::RequestLoop
                | EdgeErrorKind::SniAndHostDisagree
                | EdgeErrorKind::WebsiteOff
                | EdgeErrorKind::WrongRegion
        );
        let is_elsewhere = |edge: Edge| {
            let is_dialled = self.dialled_edge().is_none_or(|dialled| dialled == edge);
            !is_dialled || is_relayed(edge, self.headers)
        };
        is_of_names && page.edge().is_some_and(is_elsewhere)
    }

    /// The edge that gave out the dialled name. A website of S3 answers as S3 does.
    pub(super) fn dialled_edge(&self) -> Option<Edge> {
        let dialled = self.origin.dial().host().and_then(Host::dns)?;
        match edge_of_host(dialled)? {
            Edge::S3Website => Some(Edge::S3),
            edge => Some(edge),
        }
    }

    fn host_not_served(&self, certainty: Certainty, edge: &str) -> Cause {
        let why = format!("{edge} serves nothing under {}, which Host says", self.host);
        Cause::new(CauseId::HostNotServed, certainty, why)
            .shown_by(&[Clue::Status, Clue::Fields, Clue::Body, Clue::Host])
            .confirmed_by(Confirmation::ProbeNames)
            .fixed_by([self.agreeing()])
    }

    pub(super) fn disagreeing(&self, certainty: Certainty, edge: &str) -> Cause {
        let Some(sni) = self.disagreeing_sni() else {
            return self.host_not_served(certainty.min(Certainty::Likely), edge);
        };
        let why = format!(
            "SNI says {sni} and Host says {}, and the edge wants them to agree",
            self.host
        );
        Cause::new(CauseId::SniAndHostDisagree, certainty, why)
            .shown_by(&[Clue::Status, Clue::Sni, Clue::Host])
            .confirmed_by(Confirmation::ProbeNames)
            .fixed_by([self.agreeing()])
    }

    /// "Bad request." on CloudFront's page stands for several mistakes.
    fn refused_request(&self, edge: &str) -> Vec<Cause> {
        let why = format!(
            "the Host {} is not an alternate domain name of any CloudFront distribution",
            self.host
        );
        let host = Cause::new(CauseId::HostNotServed, Certainty::Likely, why)
            .shown_by(&[Clue::Status, Clue::Body, Clue::Host])
            .confirmed_by(Confirmation::EdgeConfiguration)
            .fixed_by([self.agreeing()]);
        let mut causes = vec![host];
        causes.extend(self.get_with_content(edge));
        if self.passes_through_cloudfront() > 1 {
            let why = "the request goes through more than two CloudFront distributions";
            let chain = Cause::new(CauseId::RequestLoop, Certainty::Possible, why);
            causes.push(
                chain
                    .shown_by(&[Clue::Fields])
                    .confirmed_by(Confirmation::EdgeConfiguration),
            );
        }
        causes
    }

    fn get_with_content(&self, edge: &str) -> Option<Cause> {
        let edge = format!("{edge} refuses a GET with content");
        let is_get = self.method.is_none_or(|method| *method == Method::GET);
        let certainty = match (is_get, self.has_content, self.method) {
            (false, ..) | (_, false, Some(_)) => return None,
            (true, true, _) => Certainty::Certain,
            (true, false, None) => Certainty::Possible,
        };
        let cause = Cause::new(CauseId::InvalidRequest, certainty, edge);
        let fix = FixKind::Advice("send the GET without content");
        Some(
            cause
                .shown_by(&[Clue::Request, Clue::Body])
                .confirmed_by(Confirmation::Request)
                .fixed_by([fix]),
        )
    }

    fn passes_through_cloudfront(&self) -> usize {
        let via = self.headers.get_all(VIA).iter();
        let lines = via.filter_map(|value| value.to_str().ok());
        lines.map(|line| line.matches("(CloudFront)").count()).sum()
    }

    /// It was spoken by us, or by a balancer to the server behind it: the port tells which.
    fn http_to_tls_port(&self, edge: &str) -> Vec<Cause> {
        let ours = |certainty| {
            let why = "plain http was spoken to a port that speaks TLS";
            Cause::new(CauseId::HttpToTlsPort, certainty, why)
                .shown_by(&[Clue::Scheme, Clue::Port, Clue::Body])
                .confirmed_by(Confirmation::ProbeProtocols)
                .fixed_by([self.over_tls()])
        };
        let anothers =
            |certainty| behind(certainty, edge).shown_by(&[Clue::Scheme, Clue::Port, Clue::Body]);
        match (self.origin.scheme(), self.origin.dial().port()) {
            (Scheme::Https, _) => vec![anothers(Certainty::Likely)],
            (Scheme::Http, Some(443)) => vec![ours(Certainty::Certain)],
            (Scheme::Http, Some(80)) => {
                vec![anothers(Certainty::Likely), ours(Certainty::Possible)]
            }
            (Scheme::Http, _) => vec![ours(Certainty::Likely), anothers(Certainty::Possible)],
        }
    }

    fn fits_head(&self, page: &ErrorPage) -> bool {
        page.fits_head(self.status, self.headers)
    }

    /// Whether the body can be read: not compressed, and of a type that is text, if it says a type.
    fn is_text(&self) -> bool {
        let is_text =
            |kind: &str| kind.starts_with("text/") || kind.contains("xml") || kind.contains("json");
        let kind = self.headers.get(CONTENT_TYPE);
        let kind = kind.map(|kind| kind.to_str().unwrap_or_default());
        !self.headers.contains_key(CONTENT_ENCODING) && kind.is_none_or(is_text)
    }

    pub(super) fn over_tls(&self) -> FixKind {
        FixKind::Builder(self.origin.url_over_tls(self.origin.odd_port()))
    }

    /// The call that makes SNI and Host say the same, of which SNI is the one that got through.
    pub(super) fn agreeing(&self) -> FixKind {
        match self.disagreeing_sni() {
            Some(sni) => match self.host == self.origin.host() {
                true => FixKind::Host(sni.into()),
                // A layer has decided, so the builder's word would not count.
                false => FixKind::HostRewrite(sni.into()),
            },
            None => FixKind::HostUnknown,
        }
    }

    /// The name in SNI, if Host says another.
    pub(super) fn disagreeing_sni(&self) -> Option<&'a DnsName> {
        let is_host = |sni: &&DnsName| self.host.host().eq_ignore_ascii_case(sni.as_str());
        self.origin.sni().name().filter(|sni| !is_host(sni))
    }
}
