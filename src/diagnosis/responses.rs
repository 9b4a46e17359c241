//! Responses by which an edge refuses.

use http::{
    HeaderMap, HeaderName, StatusCode, Uri,
    header::{CONTENT_ENCODING, LOCATION, SERVER},
};

use crate::{
    name::{DnsName, HostAuthority},
    origin::{Origin, Scheme},
};

use super::{Cause, CauseId, Diagnosis, Fix, edges};

const X_CACHE: HeaderName = HeaderName::from_static("x-cache");

/// What is known of a response that may be an edge's refusal.
///
/// [`OriginProxy`](crate::OriginProxy) looks at its responses by itself; this is for stacks of your own.
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
    origin: &'a Origin,
    host: &'a HostAuthority,
    status: StatusCode,
    headers: &'a HeaderMap,
    body: &'a [u8],
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
            status,
            headers,
            body: &[],
        }
    }

    /// The start of the body, where [`wants_body`](Self::wants_body) says that it tells something.
    pub fn body(mut self, start: &'a [u8]) -> Self {
        self.body = start;
        self
    }

    /// Whether the start of the body can change the diagnosis: an error page that tells, and that is not compressed.
    #[must_use]
    pub fn wants_body(&self) -> bool {
        let told_by_body = match self.status {
            StatusCode::BAD_REQUEST => self.origin.scheme() == Scheme::Http,
            StatusCode::FORBIDDEN => self.is_cloudfront_error(),
            _ => false,
        };
        told_by_body && !self.headers.contains_key(CONTENT_ENCODING)
    }

    /// The diagnosis, if the response looks like a mistake in the four names or in the scheme.
    #[must_use]
    pub fn diagnosis(&self) -> Option<Diagnosis> {
        let causes = match self.status {
            StatusCode::BAD_REQUEST => self.bad_request(),
            StatusCode::FORBIDDEN => self.forbidden(),
            StatusCode::MISDIRECTED_REQUEST => vec![self.misdirected()],
            status if status.is_redirection() => self.redirected(),
            _ => Vec::new(),
        };
        (!causes.is_empty()).then(|| Diagnosis::new(causes))
    }

    fn bad_request(&self) -> Vec<Cause> {
        let plain = self.origin.scheme() == Scheme::Http;
        let why = "plain http was spoken to a port that speaks TLS";
        let rank = match (edges::says_tls_port(self.body), self.origin.dial().port()) {
            (true, _) if plain => Cause::certain,
            (false, Some(443)) if plain => Cause::likely,
            _ => return Vec::new(),
        };
        let fix = Fix::Builder(self.origin.url_over_tls(self.origin.odd_port()));
        vec![rank(CauseId::HttpToTlsPort, why).mended_by(fix)]
    }

    /// RFC 9110 section 15.5.20: the connection's certificate or SNI does not stand for the request's authority.
    fn misdirected(&self) -> Cause {
        let host = self.host;
        match self.origin.sni().name() {
            Some(sni) if !self.host_is(sni) => {
                let why = format!(
                    "SNI says {sni} and Host says {host}, and the edge wants them to agree"
                );
                Cause::certain(CauseId::SniAndHostDisagree, why)
            }
            _ => {
                let why =
                    format!("the edge does not serve {host}, which Host says, on this connection");
                Cause::likely(CauseId::HostNotServed, why)
            }
        }
        .mended_by(self.agreeing())
    }

    fn forbidden(&self) -> Vec<Cause> {
        let disagree = self.origin.sni().name().filter(|sni| !self.host_is(sni));
        let disagree = |rank: fn(CauseId, String) -> Cause| {
            disagree.map(|sni| {
                let why = format!(
                    "SNI says {sni} and Host says {}: some edges refuse that",
                    self.host
                );
                rank(CauseId::SniAndHostDisagree, why).mended_by(self.agreeing())
            })
        };
        if self.is_cloudfront_error() {
            return self.cloudfront_forbidden(disagree(Cause::possible));
        }
        let cloudflare = self
            .headers
            .get(SERVER)
            .is_some_and(|server| server == "cloudflare");
        match cloudflare {
            true => disagree(Cause::likely).into_iter().collect(),
            false => disagree(Cause::possible).into_iter().collect(),
        }
    }

    /// "Bad request." on CloudFront's 403 page stands for several mistakes; "Request blocked." is its firewall.
    fn cloudfront_forbidden(&self, disagree: Option<Cause>) -> Vec<Cause> {
        let body = String::from_utf8_lossy(self.body);
        if body.contains("Request blocked.") {
            return Vec::new();
        }
        let why = format!(
            "the Host {} is not an alternate domain name of any CloudFront distribution",
            self.host
        );
        let fix = self.agreeing();
        let host = match body.contains("Bad request.") {
            true => Cause::likely(CauseId::HostNotServed, why),
            false => Cause::possible(CauseId::HostNotServed, why),
        };
        let body = "CloudFront refuses a GET with a body";
        let body = Cause::possible(CauseId::InvalidRequest, body);
        let causes = [Some(host.mended_by(fix)), disagree, Some(body)];
        causes.into_iter().flatten().collect()
    }

    fn is_cloudfront_error(&self) -> bool {
        let is = |name: HeaderName, text: &str| {
            self.headers.get(name).is_some_and(|value| value == text)
        };
        is(SERVER, "CloudFront") && is(X_CACHE, "Error from cloudfront")
    }

    /// The edge wants the same resource over TLS.
    fn redirected(&self) -> Vec<Cause> {
        let location = self
            .headers
            .get(LOCATION)
            .and_then(|location| location.to_str().ok());
        let location = location.and_then(|location| location.parse::<Uri>().ok());
        let is_same_host = |uri: &Uri| {
            let host = uri.host().unwrap_or_default();
            host.eq_ignore_ascii_case(self.host.host())
        };
        let to_https =
            location.filter(|uri| uri.scheme_str() == Some("https") && is_same_host(uri));
        match (self.origin.scheme(), to_https) {
            (Scheme::Http, Some(uri)) => {
                let why = "the edge answers plain http with a redirect to https";
                let fix = Fix::Builder(self.origin.url_over_tls(uri.port_u16()));
                vec![Cause::certain(CauseId::HttpsRequired, why).mended_by(fix)]
            }
            _ => Vec::new(),
        }
    }

    /// The call that makes SNI and Host say the same, of which SNI is the one that got through.
    fn agreeing(&self) -> Fix {
        match self.origin.sni().name() {
            Some(sni) if !self.host_is(sni) => match self.host == self.origin.host() {
                true => Fix::Host(sni.into()),
                // A layer has decided, so the builder's word would not count.
                false => Fix::HostRewrite(sni.into()),
            },
            _ => Fix::HostUnknown,
        }
    }

    fn host_is(&self, name: &DnsName) -> bool {
        self.host.host().eq_ignore_ascii_case(name.as_str())
    }
}
