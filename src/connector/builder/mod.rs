//! The builder of a connector.

mod advising;
mod again;
mod dialling;
mod sessions;
mod tls;

use std::{error::Error, ops::RangeBounds, sync::Arc, time::Duration};

use http::Uri;
use hyper::rt;
use tower::{BoxError, ServiceExt, util::BoxCloneSyncService};
use tower_service::Service;

use crate::{
    dial::{GivenIo, Transport},
    error::{BuildError, BuildProblem, BuildProblemKind, TlsVersion},
    name::{DialTarget, ExpectedName, HostAuthority, NameError, Sni, SniOmission},
    origin::{ChosenNames, Origin, OriginUrl},
    tls::{Alpn, TlsSettings, VerifyPolicy, rustls::crypto::CryptoProvider},
};

use crate::connector::{
    CdnOriginConnector, advice::Silence, deadlines::Deadlines, handshakes::Handshakes,
    service::Shared,
};

use advising::EdgeKnowledge;
use dialling::Dialling;

/// Builds a [`CdnOriginConnector`]. Setters never fail; [`build`](Self::build) reports every value
/// that cannot be used.
///
/// | call | default |
/// |---|---|
/// | [`dial`](Self::dial) | host and port of the URL |
/// | [`sni`](Self::sni), [`omit_sni`](Self::omit_sni) | the URL's host, unless it is an IP address |
/// | [`expected_name`](Self::expected_name) | the SNI, else the URL's host |
/// | [`host`](Self::host) | the SNI if it was set, else the URL's host and port |
/// | [`tls_versions`](Self::tls_versions) | TLS 1.2 to 1.3 |
/// | [`verify`](Self::verify) | the system's roots |
/// | [`alpn`](Self::alpn) | `h2`, then `http/1.1` |
/// | [`client_identity`](Self::client_identity) | none |
/// | [`cipher_suites`](Self::cipher_suites), [`key_exchange_groups`](Self::key_exchange_groups), [`signature_schemes`](Self::signature_schemes) | those of the crypto provider |
/// | [`session_capacity`](Self::session_capacity), [`no_session_resumption`](Self::no_session_resumption), [`share_tls`](Self::share_tls) | sessions of 32 names are resumed, by this connector and its clones |
/// | [`early_data`](Self::early_data) | none is sent |
/// | [`expiry_notice`](Self::expiry_notice) | 14 days |
/// | [`ech`](Self::ech) | no Encrypted ClientHello |
/// | [`max_record_size`](Self::max_record_size) | as large as TLS allows |
/// | [`key_log`](Self::key_log), [`key_log_from_environment`](Self::key_log_from_environment) | none |
/// | [`require_fips`](Self::require_fips), [`require_extended_master_secret`](Self::require_extended_master_secret) | not required |
/// | [`crypto_provider`](Self::crypto_provider) | the process's default, else aws-lc-rs, else ring |
/// | [`dial_timeout`](Self::dial_timeout) | 10 s, resolving included |
/// | [`tls_handshake_timeout`](Self::tls_handshake_timeout) | 10 s |
/// | [`connect_timeout`](Self::connect_timeout) | 15 s for everything together |
/// | [`resolver`](Self::resolver), [`resolve_to`](Self::resolve_to), [`dns_cache`](Self::dns_cache) | the system's, answers kept for 5 s |
/// | [`ip_families`](Self::ip_families), [`happy_eyeballs`](Self::happy_eyeballs) | both, 250 ms apart (RFC 8305) |
/// | [`socket_options`](Self::socket_options) | the system's, without Nagle's delay |
/// | [`egress_guard`](Self::egress_guard) | none |
/// | [`proxy_protocol`](Self::proxy_protocol) | none |
/// | [`tcp_keepalive`](Self::tcp_keepalive) | after 15 s, every 15 s, 3 times |
/// | [`without_edge_profile`](Self::without_edge_profile) | what is known of the dialled edge moves [some defaults](crate::connector::AppliedProfile) |
/// | [`silence`](Self::silence) | all [advice](crate::connector::Advice) is given |
/// | [`transport`](Self::transport) | the resolver and TCP |
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until build() is called"]
pub struct CdnOriginBuilder {
    url: Option<OriginUrl>,
    names: ChosenNames,
    tls: TlsSettings,
    /// Who has changed them.
    tls_setters: Vec<&'static str>,
    /// What takes their place.
    shared: Option<sessions::Shared>,
    deadlines: Deadlines,
    dialling: Dialling,
    silence: Silence,
    edge_profile: EdgeKnowledge,
    problems: Vec<BuildProblem>,
}

impl CdnOriginBuilder {
    pub(super) fn for_any_origin() -> Self {
        Self {
            url: None,
            names: ChosenNames::default(),
            tls: TlsSettings::default(),
            tls_setters: Vec::new(),
            shared: None,
            deadlines: Deadlines::default(),
            dialling: Dialling::default(),
            silence: Silence::default(),
            edge_profile: EdgeKnowledge::default(),
            problems: Vec::new(),
        }
    }

    pub(super) fn for_origin<U>(url: U) -> Self
    where
        U: TryInto<OriginUrl>,
        U::Error: Into<NameError>,
    {
        let mut builder = Self::for_any_origin();
        builder.url = builder.parsed("builder", url);
        builder
    }

    /// Dials this host and port instead of the URL's, or a Unix socket (`unix:/run/app.sock`); the
    /// other names still follow the URL. What curl calls `--connect-to`.
    pub fn dial<T>(mut self, target: T) -> Self
    where
        T: TryInto<DialTarget>,
        T::Error: Into<NameError>,
    {
        self.names.dial = self.last("dial", target);
        self
    }

    /// Sends this name in SNI. The expected name and the Host follow it unless they are set too.
    pub fn sni<N>(mut self, name: N) -> Self
    where
        N: TryInto<Sni>,
        N::Error: Into<NameError>,
    {
        self.names.sni = self.last("sni", name);
        self
    }

    /// Sends no SNI. The certificate is still verified, against the expected name.
    pub fn omit_sni(mut self) -> Self {
        self.overrule("sni");
        self.names.sni = Some(Sni::Omit(SniOmission::Requested));
        self
    }

    /// Expects the certificate to be valid for this name, whatever SNI says.
    pub fn expected_name<N>(mut self, name: N) -> Self
    where
        N: TryInto<ExpectedName>,
        N::Error: Into<NameError>,
    {
        self.names.expected_name = self.last("expected_name", name);
        self
    }

    /// The authority that requests to this origin carry in `Host` or `:authority`, unless a layer
    /// decides otherwise.
    ///
    /// A connector cannot see requests: [`OriginProxy`](crate::proxy::OriginProxy) and
    /// [`HostRewriteLayer`](crate::HostRewriteLayer) apply it.
    pub fn host<A>(mut self, authority: A) -> Self
    where
        A: TryInto<HostAuthority>,
        A::Error: Into<NameError>,
    {
        self.names.host = self.last("host", authority);
        self
    }

    /// Offers the TLS versions in this range: `TlsVersion::V1_2..` for both, `TlsVersion::V1_3..`
    /// for the newer alone, `TlsVersion::V1_2..=TlsVersion::V1_2` for the older alone.
    pub fn tls_versions(mut self, range: impl RangeBounds<TlsVersion>) -> Self {
        self.tls("tls_versions").versions =
            (range.start_bound().cloned(), range.end_bound().cloned());
        self
    }

    /// Judges the origin's certificate by this policy.
    pub fn verify(mut self, policy: VerifyPolicy) -> Self {
        self.tls("verify").verify = policy;
        self
    }

    /// Offers these application protocols.
    pub fn alpn(mut self, alpn: Alpn) -> Self {
        self.tls("alpn").alpn = alpn;
        self
    }

    /// Uses this crypto provider.
    pub fn crypto_provider(mut self, provider: impl Into<Arc<CryptoProvider>>) -> Self {
        self.tls("crypto_provider").provider = Some(provider.into());
        self
    }

    /// Bounds resolving and connecting, over all addresses together.
    pub fn dial_timeout(mut self, deadline: Duration) -> Self {
        self.deadlines.dial = deadline;
        self
    }

    /// Bounds the TLS handshake.
    pub fn tls_handshake_timeout(mut self, deadline: Duration) -> Self {
        self.deadlines.handshake = deadline;
        self
    }

    /// Bounds everything from the first look-up to the finished handshake.
    pub fn connect_timeout(mut self, deadline: Duration) -> Self {
        self.deadlines.connect = deadline;
        self
    }

    /// Dials through this service instead of plain TCP: an egress proxy such as hyper-util's
    /// `Tunnel` or `SocksV5`, a simulation, a stream of a test.
    ///
    /// It is called with `http://` and the dial target, port included, and yields a byte stream,
    /// over which TLS is spoken if the origin is an `https` one. Names are its own affair: it
    /// cannot stand beside [`resolver`](Self::resolver) or [`resolve_to`](Self::resolve_to), and
    /// the settings of addresses and sockets have no effect.
    pub fn transport<S>(mut self, service: S) -> Self
    where
        S: Service<Uri> + Clone + Send + Sync + 'static,
        S::Response: rt::Read + rt::Write + Send + Unpin + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        let service = service
            .map_response(|io| -> Box<dyn GivenIo> { Box::new(io) })
            .map_err(Into::into);
        self.dialling
            .give(Transport::Given(BoxCloneSyncService::new(service)));
        self
    }

    /// Builds the connector: loads the roots, settles the names.
    ///
    /// # Errors
    ///
    /// Lists every value that cannot be used, each with the setter's name: names that do not parse,
    /// an empty range of TLS versions, a root store that ends up empty or a certificate in it that
    /// cannot be read, a key that is encrypted or belongs to another certificate, TLS parameters
    /// that the crypto provider does not have or that contradict each other, a policy or an
    /// identity for a plain `http` origin, a deadline of zero.
    pub fn build(mut self) -> Result<CdnOriginConnector, BuildError> {
        let mut problems = std::mem::take(&mut self.problems);
        self.deadlines.check(&mut problems);
        self.dialling.check(self.names.dial.as_ref(), &mut problems);
        let url = self.url.as_ref();
        let origin = url.map(|url| Arc::new(Origin::settle(url, &self.names)));
        let profile = self.apply_profile(origin.as_deref());
        let tls = self.trust(&mut problems);
        BuildError::from_problems(problems)?;
        let settings = Box::new(self.to_be_kept());

        let connector = CdnOriginConnector::new(Shared {
            origin,
            names: self.names,
            tls,
            proxy_protocol: self.dialling.proxy_protocol(),
            transport: self.dialling.into_transport(),
            deadlines: self.deadlines,
            profile,
            settings,
            handshakes: Handshakes::default(),
        });
        connector.log_advice();
        Ok(connector)
    }

    /// Forgets what was wrong with earlier calls of a setter of which the last call counts.
    fn overrule(&mut self, setter: &'static str) {
        self.problems.retain(|problem| problem.setter() != setter);
    }

    /// The value of a setter of which the last call counts.
    fn last<T, V>(&mut self, setter: &'static str, value: V) -> Option<T>
    where
        V: TryInto<T>,
        V::Error: Into<NameError>,
    {
        self.overrule(setter);
        self.parsed(setter, value)
    }

    /// The parsed value, or a note of what is wrong with it.
    fn parsed<T, V>(&mut self, setter: &'static str, value: V) -> Option<T>
    where
        V: TryInto<T>,
        V::Error: Into<NameError>,
    {
        let note = |error: NameError| {
            let why: Box<dyn Error + Send + Sync> = error.into();
            self.problems.push(BuildProblem::new(
                setter,
                BuildProblemKind::InvalidName,
                why,
            ));
        };
        value.try_into().map_err(Into::into).map_err(note).ok()
    }
}
