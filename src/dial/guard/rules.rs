//! The egress guard: lists of networks and names. Pure.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use ipnet::{IpNet, Ipv4Net};

use crate::{
    error::{BuildProblem, BuildProblemKind},
    name::{DnsName, Host},
};

use super::special::{is_special, translated};

/// Decides which addresses may be connected to, for origins that users of yours choose (server-side
/// request forgery).
///
/// Every address is judged right before it is connected to, whoever told it: a resolver, the
/// builder, or a URL that holds the address itself. There is no second look-up that could be told
/// something else (DNS rebinding). An IPv4 address inside of an IPv4-mapped or NAT64 one is judged
/// as what it leads to.
///
/// What is denied by name or network stays denied; then what is allowed passes; for the rest, the
/// constructor decides.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, dial::{EgressGuard, IpNet}};
///
/// let our_origins: IpNet = "10.20.0.0/16".parse()?;
/// let guard = EgressGuard::deny_private()
///     .allow([our_origins])
///     .deny_name("internal.example"); // and all below it
/// let connector = CdnOriginConnector::any_origin()
///     .egress_guard(guard)
/// #   .verify(cdn_origin::VerifyPolicy::pinned(cdn_origin::SpkiPin::sha256([0; 32])))
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Limits
///
/// A [transport](crate::connector::CdnOriginBuilder::transport) of your own and Unix sockets show
/// no address: `build()` refuses them beside a guard. NAT64 with a prefix of a network's own cannot
/// be told from other addresses: deny such a prefix. Redirects are not followed here; a client that
/// follows them over the same connector is guarded each time. Ports are not judged: whatever
/// listens on an address that passes can be reached.
#[derive(Clone)]
#[must_use = "a guard guards nothing until a builder is given it"]
pub struct EgressGuard {
    otherwise: Otherwise,
    allowed: Rules,
    denied: Rules,
    problems: Vec<BuildProblem>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Otherwise {
    Allow,
    Deny,
    DenySpecial,
}

#[derive(Clone, Debug, Default)]
struct Rules {
    networks: Vec<IpNet>,
    names: Vec<DnsName>,
}

/// Whether an address may be connected to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Verdict {
    Pass,
    Prohibited,
}

/// Why an attempt did not begin.
#[derive(Debug, thiserror::Error)]
#[error("the egress guard does not allow this address")]
pub(crate) struct Prohibited;

impl EgressGuard {
    /// Only addresses of the public internet: nothing private, loopback, link-local, multicast,
    /// reserved or otherwise in IANA's registries of special-purpose addresses.
    pub fn deny_private() -> Self {
        Self::with(Otherwise::DenySpecial)
    }

    /// Nothing but what is allowed.
    pub fn deny_all() -> Self {
        Self::with(Otherwise::Deny)
    }

    /// Everything but what is denied.
    pub fn allow_all() -> Self {
        Self::with(Otherwise::Allow)
    }

    fn with(otherwise: Otherwise) -> Self {
        Self {
            otherwise,
            allowed: Rules::default(),
            denied: Rules::default(),
            problems: Vec::new(),
        }
    }

    /// Allows these networks. Single addresses are networks, too.
    ///
    /// ```
    /// use std::net::Ipv4Addr;
    /// use cdn_origin::dial::{EgressGuard, IpNet};
    ///
    /// let network: IpNet = "10.20.0.0/16".parse()?;
    /// let guard = EgressGuard::deny_private()
    ///     .allow([network])
    ///     .allow([Ipv4Addr::new(10, 30, 0, 1)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn allow<N>(mut self, networks: N) -> Self
    where
        N: IntoIterator,
        N::Item: Into<IpNet>,
    {
        let networks = networks
            .into_iter()
            .map(|network| canonical(network.into()));
        self.allowed.networks.extend(networks);
        self
    }

    /// Denies these networks, even where [`allow`](Self::allow) or
    /// [`allow_name`](Self::allow_name) allow them.
    ///
    /// ```
    /// use cdn_origin::dial::{EgressGuard, IpNet};
    ///
    /// let network: IpNet = "203.0.113.0/24".parse()?;
    /// let guard = EgressGuard::allow_all().deny([network]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn deny<N>(mut self, networks: N) -> Self
    where
        N: IntoIterator,
        N::Item: Into<IpNet>,
    {
        let networks = networks
            .into_iter()
            .map(|network| canonical(network.into()));
        self.denied.networks.extend(networks);
        self
    }

    /// Allows this name and all names below it, whatever their addresses are. Whoever answers for
    /// the name in DNS then chooses the address: name only what you trust.
    pub fn allow_name(mut self, name: impl AsRef<str>) -> Self {
        let name = self.name("EgressGuard::allow_name", name.as_ref());
        self.allowed.names.extend(name);
        self
    }

    /// Denies this name and all names below it, as they are dialled. Aliases in DNS and addresses
    /// are judged by networks alone: to keep users off a host, deny its network too.
    pub fn deny_name(mut self, name: impl AsRef<str>) -> Self {
        let name = self.name("EgressGuard::deny_name", name.as_ref());
        self.denied.names.extend(name);
        self
    }

    /// The parsed name, or a problem of this setter.
    fn name(&mut self, setter: &'static str, text: &str) -> Option<DnsName> {
        let note = |error| {
            let kind = BuildProblemKind::InvalidName;
            self.problems.push(BuildProblem::new(setter, kind, error));
        };
        text.parse::<DnsName>().map_err(note).ok()
    }

    pub(crate) fn check(&self, problems: &mut Vec<BuildProblem>) {
        problems.extend(self.problems.iter().cloned());
    }

    /// Whether a name may be looked up at all.
    pub(crate) fn judge_name(&self, host: &Host) -> Verdict {
        match host {
            Host::Dns(name) if self.denied.names_include(name) => Verdict::Prohibited,
            Host::Dns(_) | Host::Ip(_) => Verdict::Pass,
        }
    }

    /// Whether this address of this host may be connected to.
    pub(crate) fn judge(&self, host: &Host, address: SocketAddr) -> Verdict {
        let address = address.ip().to_canonical();
        let by_name = host
            .dns()
            .is_some_and(|name| self.allowed.names_include(name));
        let pass = match () {
            () if self.denied.networks_include(address) => false,
            () if by_name || self.allowed.includes_as_it_is(address) => true,
            () => match self.otherwise {
                Otherwise::Allow => true,
                Otherwise::Deny => false,
                Otherwise::DenySpecial => !is_special(address),
            },
        };
        match pass && self.judge_name(host) == Verdict::Pass {
            true => Verdict::Pass,
            false => Verdict::Prohibited,
        }
    }
}

impl Rules {
    fn names_include(&self, name: &DnsName) -> bool {
        let within = |rule: &DnsName| match name.as_str().strip_suffix(rule.as_str()) {
            Some(below) => below.is_empty() || below.ends_with('.'),
            None => false,
        };
        self.names.iter().any(within)
    }

    fn includes_as_it_is(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }

    /// Also by the address that it leads to: an IPv4 address that is written in it, or the system's
    /// own, which answers at the unspecified one.
    fn networks_include(&self, address: IpAddr) -> bool {
        let leads_to = match address {
            IpAddr::V4(v4) => v4.is_unspecified().then_some(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(v6) if v6.is_unspecified() => Some(Ipv6Addr::LOCALHOST.into()),
            IpAddr::V6(v6) => translated(v6).map(IpAddr::V4),
        };
        self.includes_as_it_is(address) || leads_to.is_some_and(|it| self.includes_as_it_is(it))
    }
}

/// The network without host bits, and an IPv4-mapped one as IPv4, like the addresses it is
/// compared with.
fn canonical(network: IpNet) -> IpNet {
    let mapped = match network {
        IpNet::V6(v6) if v6.prefix_len() >= 96 => v6.addr().to_ipv4_mapped(),
        IpNet::V4(_) | IpNet::V6(_) => None,
    };
    let v4 = mapped.and_then(|v4| Ipv4Net::new(v4, network.prefix_len() - 96).ok());
    v4.map_or(network, IpNet::V4).trunc()
}

impl fmt::Debug for EgressGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EgressGuard")
            .field("otherwise", &self.otherwise)
            .field("allowed", &self.allowed)
            .field("denied", &self.denied)
            .finish_non_exhaustive()
    }
}
