//! `build()`: the checks, and the connector.

use std::{net::SocketAddr, sync::Arc};

use crate::{
    connector::{
        AppliedProfile, CdnOriginBuilder, CdnOriginConnector,
        applied_profile::GroupsSource,
        connector_settings::{ConnectorSettings, EdgeProfileUse},
        handshake_counts::HandshakeCounters,
        sessions::SharedTls,
        shared_state::ConnectorState,
        tls_reload::ReloadableTls,
    },
    dial::{GuardDecision, Transport},
    error::{BuildError, BuildProblem, BuildProblemKind},
    name::{DialTarget, Host, HostAuthority},
    observe::Observers,
    origin::Origin,
    tls::TlsSettings,
};

impl CdnOriginBuilder {
    /// Builds the connector: checks all values, loads the roots and sets the four names.
    ///
    /// # Errors
    ///
    /// The error lists every value that cannot be used, each with its setter, such as `sni` or
    /// `Timeouts::dial`:
    ///
    /// * names that cannot be parsed;
    /// * an empty range of TLS versions, and TLS parameters that the crypto provider does not have
    ///   or that contradict each other;
    /// * roots without a usable certificate, and certificates or keys that cannot be read;
    /// * an encrypted key, or one that belongs to another certificate;
    /// * a verify policy, a client identity, ECH or FIPS for a plain `http` origin;
    /// * a timeout of zero, and other values out of range;
    /// * calls that contradict each other, such as an egress guard together with a transport, or
    ///   one that denies the IP address of the origin.
    ///
    /// ```
    /// use std::time::Duration;
    /// use cdn_origin::{CdnOriginConnector, connector::Timeouts};
    ///
    /// let builder = CdnOriginConnector::builder("http://origin.example")
    ///     .host("not a host")
    ///     .timeouts(Timeouts::default().dial(Duration::ZERO));
    /// let error = builder.build().expect_err("two values cannot be used");
    /// let setters: Vec<_> = error.problems().iter().map(|it| it.setter()).collect();
    /// assert_eq!(setters, ["host", "Timeouts::dial"]);
    /// ```
    pub fn build(mut self) -> Result<CdnOriginConnector, BuildError> {
        let denied = self.denied_address();
        self.problems.extend(denied);
        self.assemble(None, Observers::default())
    }

    /// An IP address of the origin that the egress guard would deny at each request.
    pub(crate) fn denied_address(&self) -> Option<BuildProblem> {
        let guard = self.settings.dial.guard.as_ref()?;
        let origin = self.settings.origin()?;
        let (host, ip) = match origin.dial().host()? {
            host @ Host::Ip(ip) => (host, *ip),
            Host::Dns(_) => return None,
        };
        if guard.check_address(host, SocketAddr::new(ip, 0)) == GuardDecision::Allowed {
            return None;
        }
        let setter = match self.settings.names.dial {
            Some(_) => "dial",
            None => "builder",
        };
        let why = format!("the egress guard does not allow {ip}");
        let kind = BuildProblemKind::Contradiction;
        Some(BuildProblem::new(setter, kind, why))
    }

    /// Builds a connector that shares TLS, the DNS cache and the observers of `other`, from whose
    /// settings the builder was made.
    pub(crate) fn build_sharing(
        mut self,
        other: &CdnOriginConnector,
    ) -> Result<CdnOriginConnector, BuildError> {
        self.shared_tls = other.reloadable_tls().cloned().map(SharedTls::Reloadable);
        self.assemble(Some(other.transport()), other.observers().clone())
    }

    /// Builds a connector that shares the observers of `other`, and its TLS unless a setter of TLS
    /// was called, or another TLS was shared, since the builder was made from it.
    pub(crate) fn build_beside(
        mut self,
        other: &CdnOriginConnector,
    ) -> Result<CdnOriginConnector, BuildError> {
        if self.settings.tls_setters.is_empty() && self.shared_tls.is_none() {
            self.shared_tls = other.reloadable_tls().cloned().map(SharedTls::Reloadable);
        }
        self.assemble(None, other.observers().clone())
    }

    fn assemble(
        mut self,
        shared: Option<Transport>,
        observers: Observers,
    ) -> Result<CdnOriginConnector, BuildError> {
        let mut problems = std::mem::take(&mut self.problems);
        self.settings.timeouts.check(&mut problems);
        let dial = self.settings.names.dial.as_ref();
        self.settings.dial.check(dial, &mut problems);
        let host = self.settings.names.host.as_ref();
        problems.extend(
            host.and_then(HostAuthority::problem)
                .map(|why| BuildProblem::new("host", BuildProblemKind::InvalidName, why)),
        );
        let origin = self.settings.origin().map(Arc::new);
        let profile = self.apply_profile(origin.as_deref());
        let tls = self.reloadable_tls(&mut problems);
        BuildError::from_problems(problems)?;
        let settings = Box::new(self.settings.clone());

        let ConnectorSettings {
            names,
            timeouts,
            dial,
            ..
        } = self.settings;
        let proxy_protocol = dial.proxy_protocol;
        let transport = shared.unwrap_or_else(|| dial.into_transport());
        let state = ConnectorState {
            origin,
            names,
            tls,
            proxy_protocol,
            transport,
            timeouts,
            profile,
            settings,
            handshakes: HandshakeCounters::default(),
        };
        let connector = CdnOriginConnector::new(state, observers);
        connector.log_advice();
        Ok(connector)
    }

    /// Finds the profile of the dialled edge, and applies what it changes in TLS.
    fn apply_profile(&mut self, origin: Option<&Origin>) -> Option<AppliedProfile> {
        let tls = &mut self.settings.tls;
        let groups = match tls.are_groups_chosen() || self.shared_tls.is_some() {
            true => GroupsSource::Chosen,
            false => GroupsSource::Provider,
        };
        let profile = match self.settings.edge_profile {
            EdgeProfileUse::Applied => origin.and_then(|origin| AppliedProfile::of(origin, groups)),
            EdgeProfileUse::Ignored => None,
        };
        // Without a profile too: these settings may be those of a connector that dialled another
        // edge.
        tls.first_group = profile.as_ref().and_then(AppliedProfile::first_group);
        profile
    }

    /// The TLS client: another connector's, a new one, or none for a plain `http` origin.
    fn reloadable_tls(&self, problems: &mut Vec<BuildProblem>) -> Option<Arc<ReloadableTls>> {
        if self.settings.is_plain_http() {
            self.check_plain_http(problems);
            return None;
        }
        let expected_name = self.settings.names.expected_name.as_ref();
        match &self.shared_tls {
            None => {
                self.check_ech("ech", &self.settings.tls, problems);
                ReloadableTls::new(&self.settings.tls, expected_name, problems)
            }
            Some(SharedTls::None) => {
                let why = "the other connector has a plain http origin, and no TLS to share";
                problems.push(contradiction(SHARE_WITH, why));
                None
            }
            Some(SharedTls::Reloadable(tls)) => {
                self.check_shared(tls, problems);
                Some(tls.sharing(expected_name))
            }
        }
    }

    /// Checks that nothing but the shared TLS is configured.
    fn check_shared(&self, tls: &ReloadableTls, problems: &mut Vec<BuildProblem>) {
        self.check_ech(SHARE_WITH, &tls.settings(), problems);
        for setter in &self.settings.tls_setters {
            let why =
                "`Sessions::share_with(..)` shares all of TLS: set this on the other connector";
            problems.push(contradiction(setter, why));
        }
    }

    /// Checks what Encrypted ClientHello needs: an SNI, and `HTTPS` records if it reads them.
    fn check_ech(&self, setter: &'static str, tls: &TlsSettings, problems: &mut Vec<BuildProblem>) {
        let origin = self.settings.origin();
        if tls.hides_sni() && self.omits_sni(origin.as_ref()) {
            let why = "there is no SNI to encrypt: it is omitted, or the host is an IP address";
            problems.push(contradiction(setter, why));
        }
        let settled = origin.as_ref().map(Origin::dial);
        let dial: Option<&DialTarget> = settled.or(self.settings.names.dial.as_ref());
        if tls.reads_ech_from_dns() && !self.settings.dial.may_find_services(dial) {
            let why = "no HTTPS record would be read: it needs a name to look up, and a resolver \
                       that reads them, such as \
                       `.dns(Dns::default().resolver(HickoryResolver::system()?.https_records()))`";
            problems.push(contradiction(setter, why));
        }
    }

    fn omits_sni(&self, origin: Option<&Origin>) -> bool {
        let settled = origin.map(Origin::sni);
        let sni = settled.or(self.settings.names.sni.as_ref());
        sni.is_some_and(|sni| sni.name().is_none())
    }

    /// Refuses security settings that plain http would silently drop.
    fn check_plain_http(&self, problems: &mut Vec<BuildProblem>) {
        let setters = self.settings.tls_setters.iter().copied();
        for setter in setters.filter(|setter| NEEDS_TLS.contains(setter)) {
            let why = "the URL says http, and this needs TLS: write `https://` in the URL";
            problems.push(contradiction(setter, why));
        }
    }
}

const SHARE_WITH: &str = "Sessions::share_with";

/// The setters that ask for verification, identity or encryption. The others only have no effect
/// without TLS, which is advice.
const NEEDS_TLS: [&str; 4] = [
    "verify",
    "client_identity",
    "ech",
    "TlsParameters::require_fips",
];

fn contradiction(setter: &'static str, why: &'static str) -> BuildProblem {
    BuildProblem::new(setter, BuildProblemKind::Contradiction, why)
}
