//! The builder of a test edge. Every call is optional; the defaults are those of CloudFront.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use rustls::SupportedProtocolVersion;

use super::pages::echo;
use super::policy::{Policy, PortProtocol};
use super::{Authority, Behaviour, Certified, Edge, HostMismatch, SniRefusal};

/// Configures a test edge. Made by [`Edge::builder`].
#[must_use]
pub struct EdgeBuilder {
    authority: Authority,
    policy: Policy,
}

impl EdgeBuilder {
    pub(super) fn new(authority: &Authority) -> Self {
        let policy = Policy {
            certificates: HashMap::new(),
            default_certificate: None,
            client_authority: None,
            without_sni: SniRefusal::Alert(40),
            unknown_sni: SniRefusal::Alert(40),
            tls_versions: rustls::ALL_VERSIONS.to_vec(),
            alpn: protocols(&["h2", "http/1.1"]),
            early_data: 0,
            host_mismatch: HostMismatch::Allow,
            known_hosts: None,
            behaviour: None,
            protocol: PortProtocol::Tls,
            handler: Arc::new(|request| echo(&request)),
        };
        Self {
            authority: authority.clone(),
            policy,
        }
    }

    /// Serves this name with a certificate that the authority issues for it.
    pub fn serves(self, name: &str) -> Self {
        let certified = self.authority.issue(&[name]);
        self.serves_with(name, certified)
    }

    /// Serves this name with this certificate, which need not be valid for it.
    pub fn serves_with(mut self, name: &str, certified: Certified) -> Self {
        let name = name.to_ascii_lowercase();
        self.policy.certificates.insert(name, certified);
        self
    }

    /// Sets the certificate of [`SniRefusal::DefaultCertificate`]. The default is one for
    /// `default.invalid`.
    pub fn default_certificate(mut self, certified: Certified) -> Self {
        self.policy.default_certificate = Some(certified);
        self
    }

    /// Requires a client certificate of this authority.
    pub fn requires_clients_of(mut self, authority: &Authority) -> Self {
        self.policy.client_authority = Some(authority.clone());
        self
    }

    pub fn without_sni(mut self, refusal: SniRefusal) -> Self {
        self.policy.without_sni = refusal;
        self
    }

    pub fn unknown_sni(mut self, refusal: SniRefusal) -> Self {
        self.policy.unknown_sni = refusal;
        self
    }

    pub fn tls_versions(mut self, versions: &[&'static SupportedProtocolVersion]) -> Self {
        self.policy.tls_versions = versions.to_vec();
        self
    }

    /// Sets the supported ALPN protocols in order of preference. With none, ALPN is ignored.
    pub fn alpn(mut self, names: &[&str]) -> Self {
        self.policy.alpn = protocols(names);
        self
    }

    /// Accepts early data of up to this many bytes. Sessions are then kept in memory, and each is
    /// resumed once.
    pub fn early_data(mut self, bytes: u32) -> Self {
        self.policy.early_data = bytes;
        self
    }

    pub fn host_mismatch(mut self, response: HostMismatch) -> Self {
        self.policy.host_mismatch = response;
        self
    }

    /// Responds to requests for any other host with CloudFront's 403 page.
    pub fn knows_hosts(mut self, hosts: &[&str]) -> Self {
        let hosts = hosts.iter().map(|host| host.to_ascii_lowercase());
        self.policy.known_hosts = Some(hosts.collect());
        self
    }

    pub fn behaviour(mut self, behaviour: Behaviour) -> Self {
        self.policy.behaviour = Some(behaviour);
        self
    }

    /// Serves HTTP without TLS.
    pub fn plain_http(mut self) -> Self {
        self.policy.protocol = PortProtocol::PlainHttp;
        self
    }

    /// Serves HTTP without TLS and redirects every request to https with a 301.
    pub fn redirects_to_https(mut self) -> Self {
        self.policy.protocol = PortProtocol::RedirectToHttps;
        self
    }

    /// Sets the handler of requests whose host is accepted. The default echoes the request.
    pub fn respond<F>(mut self, handler: F) -> Self
    where
        F: Fn(Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    {
        self.policy.handler = Arc::new(handler);
        self
    }

    pub async fn start(mut self) -> Edge {
        let authority = &self.authority;
        self.policy
            .default_certificate
            .get_or_insert_with(|| authority.issue(&["default.invalid"]));
        Edge::start(self.policy).await
    }
}

fn protocols(names: &[&str]) -> Vec<Vec<u8>> {
    names.iter().map(|name| name.as_bytes().to_vec()).collect()
}
