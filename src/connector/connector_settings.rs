//! Everything that a connector is built with.

use crate::{
    dial::Transport,
    dial::{Dns, EgressGuard, HappyEyeballs, ProxyProtocol, SocketOptions, TcpDialer, TcpSettings},
    error::{BuildProblem, BuildProblemKind},
    name::{DialTarget, Host, Sni},
    origin::{ChosenNames, Origin, OriginUrl, Scheme},
    tls::TlsSettings,
};

use super::{advice_settings::AdviceSettings, timeouts::Timeouts};

/// Everything that a connector is built with, except what it shares with another connector.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectorSettings {
    /// Absent where each request's `Uri` names the origin.
    pub(crate) url: Option<OriginUrl>,
    pub(crate) names: ChosenNames,
    pub(crate) tls: TlsSettings,
    /// The setters of TLS that were called, each once.
    pub(crate) tls_setters: Vec<&'static str>,
    pub(crate) timeouts: Timeouts,
    pub(crate) dial: DialSettings,
    pub(crate) advice: AdviceSettings,
    pub(crate) edge_profile: EdgeProfileUse,
}

/// Whether the profile of the dialled edge changes defaults.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum EdgeProfileUse {
    #[default]
    Applied,
    Ignored,
}

/// How the dial target is reached.
#[derive(Clone, Debug, Default)]
pub(crate) struct DialSettings {
    pub(crate) dns: Dns,
    pub(crate) happy_eyeballs: HappyEyeballs,
    pub(crate) socket_options: SocketOptions,
    pub(crate) guard: Option<EgressGuard>,
    pub(crate) proxy_protocol: Option<ProxyProtocol>,
    pub(crate) transport: Option<Transport>,
}

impl ConnectorSettings {
    /// The four names of the fixed origin, if there is one.
    pub(super) fn origin(&self) -> Option<Origin> {
        let url = self.url.as_ref()?;
        Some(Origin::settle(url, &self.names))
    }

    pub(super) fn is_plain_http(&self) -> bool {
        let url = self.url.as_ref();
        url.is_some_and(|url| url.scheme() == Scheme::Http)
    }

    /// Replaces the recorded setters of one part, such as `Sessions::`.
    pub(super) fn record_tls_setters(&mut self, part: &str, setters: &[&'static str]) {
        self.tls_setters.retain(|setter| !setter.starts_with(part));
        self.tls_setters.extend(setters);
    }

    /// The setters of TLS that have no effect, because the origin is a plain `http` one.
    pub(super) fn unused_tls_setters(&self) -> Vec<&'static str> {
        if !self.is_plain_http() {
            return Vec::new();
        }
        let ChosenNames {
            sni, expected_name, ..
        } = &self.names;
        let names = [
            sni.as_ref().and_then(Sni::name).map(|_| "sni"),
            expected_name.as_ref().map(|_| "expected_name"),
        ];
        let setters = self.tls_setters.iter().copied();
        names.into_iter().flatten().chain(setters).collect()
    }
}

impl DialSettings {
    /// The called setters that decide where a connection leads.
    pub(super) fn decisive_setters(&self) -> impl Iterator<Item = &'static str> {
        let called = [
            ("egress_guard", self.guard.is_some()),
            ("proxy_protocol", self.proxy_protocol.is_some()),
            ("Dns::resolve_to", self.dns.has_fixed_names()),
            ("Dns::resolver", self.dns.has_resolver()),
            ("transport", self.transport.is_some()),
        ];
        let called = called.into_iter().filter(|(_, is_called)| *is_called);
        called.map(|(setter, _)| setter)
    }

    pub(super) fn check(&self, dial: Option<&DialTarget>, problems: &mut Vec<BuildProblem>) {
        self.dns.check(problems);
        self.socket_options.check(problems);
        if let Some(guard) = &self.guard {
            guard.check(problems);
        }
        let mut contradicts = |setter, why: &str| {
            let kind = BuildProblemKind::Contradiction;
            problems.push(BuildProblem::new(setter, kind, why));
        };
        let is_unix = dial.is_some_and(|dial| dial.unix_path().is_some());
        if self.guard.is_some() && self.transport.is_some() {
            let why = "the guard does not see the addresses that a transport of your own dials";
            contradicts("egress_guard", why);
        }
        if self.guard.is_some() && is_unix {
            contradicts("egress_guard", "a Unix socket has no IP address to check");
        }
        if self.transport.is_some() {
            let why = "a transport of your own resolves names itself";
            if self.dns.has_resolver() {
                contradicts("Dns::resolver", why);
            }
            if self.dns.has_fixed_names() {
                contradicts("Dns::resolve_to", why);
            }
        }
        if is_unix && self.transport.is_some() {
            contradicts("transport", "a Unix socket is dialled without a transport");
        }
        if is_unix && !cfg!(unix) {
            contradicts("dial", "this system has no Unix sockets");
        }
        if !self.tcp().has_common_family() {
            let why = "no local address has an address family that may be dialled";
            contradicts("HappyEyeballs::families", why);
        }
    }

    /// Whether a look-up of this dial target may return `HTTPS` records.
    ///
    /// Without a dial target, each request's `Uri` names one.
    pub(super) fn may_find_services(&self, dial: Option<&DialTarget>) -> bool {
        let name = match dial.map(DialTarget::host) {
            Some(Some(Host::Dns(name))) => Some(name),
            Some(_) => return false,
            None => None,
        };
        self.transport.is_none() && self.dns.may_find_services(name)
    }

    pub(super) fn into_transport(self) -> Transport {
        let tcp = self.tcp();
        let dialer = || Transport::Tcp(TcpDialer::new(tcp, self.dns.into_cache()));
        self.transport.unwrap_or_else(dialer)
    }

    fn tcp(&self) -> TcpSettings {
        TcpSettings {
            happy_eyeballs: self.happy_eyeballs,
            options: self.socket_options.clone(),
            guard: self.guard.clone(),
        }
    }
}
