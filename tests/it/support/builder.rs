//! The builder of an edge: all of it is optional, and the defaults are those of CloudFront.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use rustls::SupportedProtocolVersion;

use super::pages::echo;
use super::policy::{Policy, Speech};
use super::{Authority, Behaviour, Certified, Edge, HostMismatch, NoName};

/// Made by [`Edge::builder`].
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
            clients_of: None,
            without_sni: NoName::Alert(40),
            unknown_sni: NoName::Alert(40),
            tls_versions: rustls::ALL_VERSIONS.to_vec(),
            alpn: protocols(&["h2", "http/1.1"]),
            early_data: 0,
            host_mismatch: HostMismatch::Allow,
            known_hosts: None,
            behaviour: None,
            speech: Speech::Tls,
            handler: Arc::new(|request| echo(&request)),
        };
        Self {
            authority: authority.clone(),
            policy,
        }
    }

    /// Handshakes with this name get a certificate for it.
    pub fn serves(self, name: &str) -> Self {
        let certified = self.authority.issue(&[name]);
        self.serves_with(name, certified)
    }

    /// Handshakes with this name get this certificate, be it right or wrong.
    pub fn serves_with(mut self, name: &str, certified: Certified) -> Self {
        let name = name.to_ascii_lowercase();
        self.policy.certificates.insert(name, certified);
        self
    }

    /// The certificate of [`NoName::DefaultCertificate`]; one for `default.invalid` unless given.
    pub fn default_certificate(mut self, certified: Certified) -> Self {
        self.policy.default_certificate = Some(certified);
        self
    }

    /// Only clients with a certificate of this authority are welcome.
    pub fn requires_clients_of(mut self, authority: &Authority) -> Self {
        self.policy.clients_of = Some(authority.clone());
        self
    }

    pub fn without_sni(mut self, answer: NoName) -> Self {
        self.policy.without_sni = answer;
        self
    }

    pub fn unknown_sni(mut self, answer: NoName) -> Self {
        self.policy.unknown_sni = answer;
        self
    }

    pub fn tls_versions(mut self, versions: &[&'static SupportedProtocolVersion]) -> Self {
        self.policy.tls_versions = versions.to_vec();
        self
    }

    /// The protocols on offer, best first; with none the edge ignores ALPN.
    pub fn alpn(mut self, names: &[&str]) -> Self {
        self.policy.alpn = protocols(names);
        self
    }

    /// Takes so many bytes before the handshake has ended. Its sessions are then in its own memory, and each is resumed once.
    pub fn early_data(mut self, bytes: u32) -> Self {
        self.policy.early_data = bytes;
        self
    }

    pub fn host_mismatch(mut self, answer: HostMismatch) -> Self {
        self.policy.host_mismatch = answer;
        self
    }

    /// Requests for any other host are answered with the 403 page of CloudFront.
    pub fn knows_hosts(mut self, hosts: &[&str]) -> Self {
        let hosts = hosts.iter().map(|host| host.to_ascii_lowercase());
        self.policy.known_hosts = Some(hosts.collect());
        self
    }

    pub fn behaviour(mut self, behaviour: Behaviour) -> Self {
        self.policy.behaviour = Some(behaviour);
        self
    }

    /// The edge speaks HTTP without TLS.
    pub fn plain_http(mut self) -> Self {
        self.policy.speech = Speech::PlainHttp;
        self
    }

    /// The edge speaks HTTP without TLS and sends everybody to https with a 301.
    pub fn redirects_to_https(mut self) -> Self {
        self.policy.speech = Speech::RedirectToHttps;
        self
    }

    /// The answer to requests that pass the checks of hosts, instead of the echo.
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
