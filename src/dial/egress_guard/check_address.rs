//! `EgressGuard`: whether an address may be dialled, by its rules for networks and names. Pure.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use ipnet::{IpNet, Ipv4Net};

use crate::{
    error::{BuildProblem, BuildProblemKind},
    name::{DnsName, Host},
};

use super::special_addresses::{is_special, nat64_target};

/// Limits which addresses a connector dials.
///
/// It protects against server-side request forgery where your users choose the origins. The default
/// of a connector is no guard.
///
/// The guard checks each address immediately before the socket connects. It does not matter where
/// the address comes from: a resolver, the builder, or a URL with an IP address. No second look-up
/// follows the check, so DNS rebinding has no effect. An IPv4-mapped or NAT64 address is checked as
/// the IPv4 address in it.
///
/// The rules apply in this order:
///
/// 1. [`deny`](Self::deny) and [`deny_name`](Self::deny_name).
/// 2. [`allow`](Self::allow) and [`allow_name`](Self::allow_name).
/// 3. The constructor's default.
///
/// A denied address fails with
/// [`ErrorKind::AddressProhibited`](crate::error::ErrorKind::AddressProhibited). Other addresses of
/// the name are still tried. An IP address in place of a name is refused by `build()`, and by
/// [`VirtualHosts::insert`](crate::tenants::VirtualHosts::insert) or the reload of a file.
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
/// * `build()` fails for a guard beside a custom
///   [transport](crate::connector::CdnOriginBuilder::transport) or a Unix socket: neither has an
///   address to check.
/// * A NAT64 prefix specific to a network looks like any other address. Deny such a prefix.
/// * The connector follows no redirects. A client that follows them over the same connector is
///   guarded each time.
/// * Ports are not checked. Every service on an allowed address can be reached.
#[derive(Clone)]
#[must_use = "a guard does nothing until a builder is given it"]
pub struct EgressGuard {
    pub(crate) default_rule: DefaultRule,
    pub(crate) allowed: Rules,
    pub(crate) denied: Rules,
    pub(crate) problems: Vec<BuildProblem>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum DefaultRule {
    Allow,
    Deny,
    DenySpecial,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) networks: Vec<IpNet>,
    pub(crate) names: Vec<DnsName>,
}

/// Whether an address may be connected to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum GuardDecision {
    Allowed,
    Prohibited,
}

/// The error of an attempt that the guard denied.
#[derive(Debug, thiserror::Error)]
#[error("the egress guard does not allow this address")]
pub(crate) struct Prohibited;

impl EgressGuard {
    /// Allows only addresses of the public internet.
    ///
    /// Denied are private, loopback, link-local, multicast and reserved addresses, and all others
    /// in IANA's special-purpose registries ([IPv4], [IPv6]; [RFC 6890]).
    ///
    /// [IPv4]: https://www.iana.org/assignments/iana-ipv4-special-registry
    /// [IPv6]: https://www.iana.org/assignments/iana-ipv6-special-registry
    /// [RFC 6890]: https://www.rfc-editor.org/rfc/rfc6890
    ///
    /// ```
    /// use cdn_origin::dial::EgressGuard;
    ///
    /// let guard = EgressGuard::deny_private();
    /// ```
    pub fn deny_private() -> Self {
        Self::with(DefaultRule::DenySpecial)
    }

    /// Denies every address except the allowed ones.
    ///
    /// ```
    /// use cdn_origin::dial::{EgressGuard, IpNet};
    ///
    /// let network: IpNet = "10.20.0.0/16".parse()?;
    /// let guard = EgressGuard::deny_all().allow([network]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn deny_all() -> Self {
        Self::with(DefaultRule::Deny)
    }

    /// Allows every address except the denied ones.
    ///
    /// ```
    /// use cdn_origin::dial::{EgressGuard, IpNet};
    ///
    /// // Everything but the metadata service of a cloud.
    /// let metadata: IpNet = "169.254.169.254/32".parse()?;
    /// let guard = EgressGuard::allow_all().deny([metadata]);
    /// # drop(guard);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn allow_all() -> Self {
        Self::with(DefaultRule::Allow)
    }

    fn with(default_rule: DefaultRule) -> Self {
        Self {
            default_rule,
            allowed: Rules::default(),
            denied: Rules::default(),
            problems: Vec::new(),
        }
    }

    /// Allows these networks and addresses.
    ///
    /// ```
    /// use std::net::{IpAddr, Ipv4Addr};
    /// use cdn_origin::dial::{EgressGuard, IpNet};
    ///
    /// let network: IpNet = "10.20.0.0/16".parse()?;
    /// let guard = EgressGuard::deny_private()
    ///     .allow([network])
    ///     .allow([IpAddr::from(Ipv4Addr::new(10, 30, 0, 1))]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn allow<N>(mut self, networks: N) -> Self
    where
        N: IntoIterator,
        N::Item: Into<IpNet>,
    {
        self.allowed.add_networks(networks);
        self
    }

    /// Denies these networks and addresses.
    ///
    /// It takes precedence over [`allow`](Self::allow) and [`allow_name`](Self::allow_name).
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
        self.denied.add_networks(networks);
        self
    }

    /// Allows this name and all its subdomains, with any address.
    ///
    /// The owner of the name's DNS zone then chooses the address. Allow only names that you trust.
    /// `build()` fails for a name that cannot be parsed.
    ///
    /// ```
    /// use cdn_origin::dial::EgressGuard;
    ///
    /// let guard = EgressGuard::deny_private().allow_name("internal.example");
    /// ```
    pub fn allow_name(mut self, name: impl AsRef<str>) -> Self {
        let name = self.name("EgressGuard::allow_name", name.as_ref());
        self.allowed.names.extend(name);
        self
    }

    /// Denies this name and all its subdomains.
    ///
    /// The name is compared with the dialled one. DNS aliases and IP addresses are checked by
    /// network only: to block a host, deny its network too. `build()` fails for a name that cannot
    /// be parsed.
    ///
    /// ```
    /// use cdn_origin::dial::EgressGuard;
    ///
    /// let guard = EgressGuard::allow_all().deny_name("internal.example");
    /// ```
    pub fn deny_name(mut self, name: impl AsRef<str>) -> Self {
        let name = self.name("EgressGuard::deny_name", name.as_ref());
        self.denied.names.extend(name);
        self
    }

    /// Parses the name, or notes a problem of this setter.
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
    pub(crate) fn check_name(&self, host: &Host) -> GuardDecision {
        match host {
            Host::Dns(name) if self.denied.names_include(name) => GuardDecision::Prohibited,
            Host::Dns(_) | Host::Ip(_) => GuardDecision::Allowed,
        }
    }

    /// Whether this address of this host may be connected to.
    pub(crate) fn check_address(&self, host: &Host, address: SocketAddr) -> GuardDecision {
        let address = address.ip().to_canonical();
        let by_name = host
            .dns()
            .is_some_and(|name| self.allowed.names_include(name));
        let allowed = match () {
            () if self.denied.networks_include(address) => false,
            () if by_name || self.allowed.include_exactly(address) => true,
            () => match self.default_rule {
                DefaultRule::Allow => true,
                DefaultRule::Deny => false,
                DefaultRule::DenySpecial => !is_special(address),
            },
        };
        match allowed && self.check_name(host) == GuardDecision::Allowed {
            true => GuardDecision::Allowed,
            false => GuardDecision::Prohibited,
        }
    }
}

impl Rules {
    fn add_networks<N>(&mut self, networks: N)
    where
        N: IntoIterator,
        N::Item: Into<IpNet>,
    {
        let networks = networks.into_iter().map(Into::into).map(canonical);
        self.networks.extend(networks);
    }

    fn names_include(&self, name: &DnsName) -> bool {
        let within = |rule: &DnsName| match name.as_str().strip_suffix(rule.as_str()) {
            Some(below) => below.is_empty() || below.ends_with('.'),
            None => false,
        };
        self.names.iter().any(within)
    }

    fn include_exactly(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }

    /// Also checks the address that it leads to.
    ///
    /// That is the embedded IPv4 address, or loopback for the unspecified address.
    fn networks_include(&self, address: IpAddr) -> bool {
        let leads_to = match address {
            IpAddr::V4(v4) => v4.is_unspecified().then_some(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(v6) if v6.is_unspecified() => Some(Ipv6Addr::LOCALHOST.into()),
            IpAddr::V6(v6) => nat64_target(v6).map(IpAddr::V4),
        };
        self.include_exactly(address) || leads_to.is_some_and(|it| self.include_exactly(it))
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
            .field("default_rule", &self.default_rule)
            .field("allowed", &self.allowed)
            .field("denied", &self.denied)
            .finish_non_exhaustive()
    }
}
