//! What a resolver is asked.

use std::{fmt, net::IpAddr};

use crate::name::DnsName;

/// One look-up. Displayed as the name with its final dot, if it has one.
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

    /// The name, without a final dot.
    #[must_use]
    pub fn name(&self) -> &DnsName {
        &self.name
    }

    /// Whether the name was written with a final dot: then no search domain is to be appended to
    /// it.
    #[must_use]
    pub fn is_absolute(&self) -> bool {
        self.absolute
    }

    /// The port that will be dialled unless the answer names another.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address families that are of use. Addresses of the other are ignored.
    #[must_use]
    pub fn families(&self) -> Families {
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
#[expect(clippy::exhaustive_enums, reason = "there are two families")]
pub enum Families {
    /// IPv4 and IPv6.
    Both,
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
}

impl Families {
    /// Whether the address is of one of these families.
    #[must_use]
    pub fn include(self, address: IpAddr) -> bool {
        match self {
            Self::Both => true,
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }
}
