//! The builder's settings of dialling: who resolves, how addresses race, how sockets are set up,
//! where they may lead to.

use std::{net::IpAddr, sync::Arc};

use crate::{
    dial::{
        Book, DnsCache, EgressGuard, FixedNames, HappyEyeballs, IpFamilies, ProxyProtocol, Resolve,
        Services, SocketOptions, SystemResolver, TcpDialer, TcpKeepalive, TcpSettings, Transport,
    },
    error::{BuildProblem, BuildProblemKind},
    name::{DialTarget, DnsName, Host, NameError},
};

use super::CdnOriginBuilder;

/// What the builder says about dialling.
#[derive(Clone, Default)]
pub(super) struct Dialling {
    tcp: TcpSettings,
    resolver: Option<Arc<dyn Resolve>>,
    fixed: FixedNames,
    cache: DnsCache,
    given: Option<Transport>,
    proxy_protocol: Option<ProxyProtocol>,
}

impl CdnOriginBuilder {
    /// Asks this resolver for addresses.
    ///
    /// It can be the caller's own, or `HickoryResolver` of the `hickory` feature. It is never asked
    /// for an IP address.
    pub fn resolver(mut self, resolver: impl Resolve) -> Self {
        self.dialling.resolver = Some(Arc::new(resolver));
        self
    }

    /// Dials these addresses where `name` is dialled, and asks no resolver for it. What curl calls
    /// `--resolve`. Each call is about one name.
    pub fn resolve_to<N>(mut self, name: N, addresses: impl IntoIterator<Item = IpAddr>) -> Self
    where
        N: TryInto<DnsName>,
        N::Error: Into<NameError>,
    {
        if let Some(name) = self.parsed("resolve_to", name) {
            self.dialling
                .fixed
                .insert(name, addresses.into_iter().collect());
        }
        self
    }

    /// Keeps answers of the resolver for as long as this says.
    pub fn dns_cache(mut self, cache: DnsCache) -> Self {
        self.dialling.cache = cache;
        self
    }

    /// Dials these address families in this order.
    pub fn ip_families(mut self, families: IpFamilies) -> Self {
        self.dialling.tcp.pace.families = families;
        self
    }

    /// Lets addresses race in this way.
    pub fn happy_eyeballs(mut self, settings: HappyEyeballs) -> Self {
        self.dialling.tcp.pace.happy_eyeballs = settings;
        self
    }

    /// Sets TCP keepalive on dialled sockets. A given [`transport`](Self::transport) sets its own.
    pub fn tcp_keepalive(mut self, keepalive: TcpKeepalive) -> Self {
        self.dialling.tcp.keepalive = keepalive;
        self
    }

    /// Sets these options on dialled sockets. A given [`transport`](Self::transport) sets its own.
    pub fn socket_options(mut self, options: SocketOptions) -> Self {
        self.dialling.tcp.options = options;
        self
    }

    /// Tells the origin by the PROXY protocol who the client is.
    ///
    /// [`OriginProxy`](crate::OriginProxy) knows its clients, and never gives a connection that was
    /// opened for one of them to another. A connector by itself says that it speaks for nobody,
    /// unless it was made [for a client](crate::CdnOriginConnector::with_client).
    pub fn proxy_protocol(mut self, protocol: ProxyProtocol) -> Self {
        self.dialling.proxy_protocol = Some(protocol);
        self
    }

    /// Connects only to addresses that this guard allows, whoever told them. Without it, every
    /// address is dialled.
    ///
    /// It cannot stand beside a [`transport`](Self::transport) or a Unix socket, which show it no
    /// address.
    pub fn egress_guard(mut self, guard: EgressGuard) -> Self {
        self.dialling.tcp.guard = Some(guard);
        self
    }
}

impl Dialling {
    pub(super) fn proxy_protocol(&self) -> Option<ProxyProtocol> {
        self.proxy_protocol
    }

    /// The setters that were called of those that decide where a connection leads.
    pub(super) fn decisive_setters(&self) -> impl Iterator<Item = &'static str> {
        let called = [
            ("egress_guard", self.tcp.guard.is_some()),
            ("proxy_protocol", self.proxy_protocol.is_some()),
            ("resolve_to", !self.fixed.is_empty()),
            ("resolver", self.resolver.is_some()),
            ("transport", self.given.is_some()),
        ];
        let called = called.into_iter().filter(|(_, is_called)| *is_called);
        called.map(|(setter, _)| setter)
    }

    pub(super) fn give(&mut self, transport: Transport) {
        self.given = Some(transport);
    }

    pub(super) fn check(&self, dial: Option<&DialTarget>, problems: &mut Vec<BuildProblem>) {
        self.cache.check("dns_cache", problems);
        self.tcp.options.check("socket_options", problems);
        for name in self.fixed.without_address() {
            let why = format!("no address was given for {name}");
            problems.push(BuildProblem::new(
                "resolve_to",
                BuildProblemKind::NoAddress,
                why,
            ));
        }
        if let Some(guard) = &self.tcp.guard {
            guard.check("egress_guard", problems);
        }
        let mut contradicts = |setter, why: &str| {
            let kind = BuildProblemKind::Contradiction;
            problems.push(BuildProblem::new(setter, kind, why));
        };
        let unix = matches!(dial, Some(DialTarget::Unix(_)));
        if self.tcp.guard.is_some() && self.given.is_some() {
            contradicts(
                "egress_guard",
                "a transport of your own shows no address to judge",
            );
        }
        if self.tcp.guard.is_some() && unix {
            contradicts("egress_guard", "a Unix socket has no address to judge");
        }
        if self.given.is_some() {
            let why = "a transport of your own looks names up by itself";
            if self.resolver.is_some() {
                contradicts("resolver", why);
            }
            if !self.fixed.is_empty() {
                contradicts("resolve_to", why);
            }
        }
        if unix && self.given.is_some() {
            contradicts("transport", "a Unix socket is dialled without a transport");
        }
        if unix && !cfg!(unix) {
            contradicts("dial", "this system is not dialled by Unix sockets");
        }
        if !self.tcp.has_a_family() {
            let why = "no local address is of a family that may be dialled";
            contradicts("ip_families", why);
        }
    }

    /// Whether the resolver may tell of a service at this dial target, or at some of those that
    /// requests name.
    pub(super) fn may_read_services(&self, dial: Option<&DialTarget>) -> bool {
        let resolver = self.resolver.as_ref();
        let tells = resolver.is_some_and(|resolver| resolver.services() == Services::Perhaps);
        let looked_up = match dial {
            Some(DialTarget::Unix(_)) => false,
            Some(DialTarget::Tcp(target)) => match target.host() {
                Host::Ip(_) => false,
                Host::Dns(name) => !self.fixed.contains(name),
            },
            None => true,
        };
        tells && looked_up && self.given.is_none()
    }

    pub(super) fn into_transport(self) -> Transport {
        let Self {
            tcp,
            resolver,
            fixed,
            cache,
            given,
            proxy_protocol: _,
        } = self;
        let resolver = resolver.unwrap_or_else(|| Arc::new(SystemResolver));
        let dialer = || TcpDialer::new(tcp, Book::new(resolver, fixed, cache));
        given.unwrap_or_else(|| Transport::Tcp(dialer()))
    }
}

impl std::fmt::Debug for Dialling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialling")
            .field("tcp", &self.tcp)
            .field("fixed", &self.fixed)
            .field("cache", &self.cache)
            .field("given", &self.given)
            .field("proxy_protocol", &self.proxy_protocol)
            .finish_non_exhaustive()
    }
}
