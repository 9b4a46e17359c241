//! `Lookup`: the name, port and address families to resolve. `hickory.rs` appends search domains.

use std::{fmt, net::IpAddr};

use crate::name::DnsName;

/// A name to resolve, with its port and address families.
///
/// `Display` writes the name, with its final dot if it has one.
///
/// ```
/// use std::net::{Ipv4Addr, Ipv6Addr};
/// use cdn_origin::dial::{Lookup, Resolve, Resolved, Resolving};
///
/// struct Loopback;
///
/// impl Resolve for Loopback {
///     fn resolve(&self, lookup: &Lookup) -> Resolving {
///         let v4 = lookup.wants_ipv4().then_some((Ipv4Addr::LOCALHOST, lookup.port()).into());
///         let v6 = lookup.wants_ipv6().then_some((Ipv6Addr::LOCALHOST, lookup.port()).into());
///         Box::pin(async move { Ok(Resolved::new(v4.into_iter().chain(v6))) })
///     }
/// }
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Lookup {
    name: DnsName,
    absolute: bool,
    port: u16,
    families: Families,
}

impl Lookup {
    pub(crate) fn new(name: DnsName, absolute: bool, port: u16, families: Families) -> Self {
        Self {
            name,
            absolute,
            port,
            families,
        }
    }

    /// Returns the name, without a final dot.
    ///
    /// ```
    /// use std::{collections::HashMap, net::SocketAddr};
    ///
    /// use cdn_origin::dial::{Lookup, Resolve, ResolveError, Resolved, Resolving};
    ///
    /// /// Addresses from a configuration file.
    /// struct Table(HashMap<String, Vec<SocketAddr>>);
    ///
    /// impl Resolve for Table {
    ///     fn resolve(&self, lookup: &Lookup) -> Resolving {
    ///         let known = self.0.get(lookup.name().as_str()).cloned();
    ///         Box::pin(async move {
    ///             let missing = || ResolveError::not_found("not in the table");
    ///             let addresses = known.ok_or_else(missing)?;
    ///             Ok(Resolved::new(addresses).answered_by("table"))
    ///         })
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn name(&self) -> &DnsName {
        &self.name
    }

    /// Returns whether the name was written with a final dot.
    ///
    /// The resolver must then not append a search domain.
    #[must_use]
    pub fn is_absolute(&self) -> bool {
        self.absolute
    }

    /// Returns the port to dial, unless the answer has another one.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns whether IPv4 addresses are used. If not, the answer's are ignored.
    #[must_use]
    pub fn wants_ipv4(&self) -> bool {
        self.families != Families::V6
    }

    /// Returns whether IPv6 addresses are used. If not, the answer's are ignored.
    #[must_use]
    pub fn wants_ipv6(&self) -> bool {
        self.families != Families::V4
    }

    pub(crate) fn families(&self) -> Families {
        self.families
    }
}

impl fmt::Display for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dot = if self.absolute { "." } else { "" };
        write!(f, "{}{dot}", self.name)
    }
}

/// IPv4, IPv6 or both.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Families {
    Both,
    V4,
    V6,
}

impl Families {
    /// Whether the address is of one of these families.
    pub(crate) fn include(self, address: IpAddr) -> bool {
        match self {
            Self::Both => true,
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }
}
