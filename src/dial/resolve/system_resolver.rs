//! The system's resolver.

use std::{io, net::SocketAddr};

use dns_lookup::{AddrFamily, AddrInfoHints, SockType, getaddrinfo};
use tokio::task::spawn_blocking;

use super::{Families, Lookup, Resolve, ResolveError, Resolved, Resolving};

/// Calls `getaddrinfo(3)` on a blocking thread.
pub(crate) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, lookup: &Lookup) -> Resolving {
        let lookup = lookup.clone();
        Box::pin(async move {
            let answer = spawn_blocking(move || look_up(&lookup)).await;
            // `getaddrinfo` does not reliably distinguish NXDOMAIN from failing name servers.
            let addresses = answer.unwrap_or_else(|error| Err(error.into()));
            let addresses = addresses.map_err(ResolveError::failed)?;
            Ok(Resolved::new(addresses).answered_by("the system's resolver"))
        })
    }

    fn finds_services(&self) -> bool {
        false
    }
}

/// The addresses of the wanted families. The resolver sends no query for another one.
fn look_up(lookup: &Lookup) -> io::Result<Vec<SocketAddr>> {
    let address = match lookup.families() {
        // Unspecified.
        Families::Both => 0,
        Families::V4 => AddrFamily::Inet.into(),
        Families::V6 => AddrFamily::Inet6.into(),
    };
    let hints = AddrInfoHints {
        address,
        socktype: SockType::Stream.into(),
        ..AddrInfoHints::default()
    };
    let found = getaddrinfo(Some(&lookup.to_string()), None, Some(hints))?;
    found.map(|found| Ok(found?.sockaddr)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::DnsName;

    #[tokio::test]
    async fn the_system_is_asked_for_the_wanted_families_only() {
        for families in [Families::Both, Families::V4, Families::V6] {
            let name = DnsName::try_from("localhost").unwrap();
            let answer = SystemResolver.resolve(&Lookup::new(name, false, 443, families));
            // Some hosts have no address of the name for IPv6.
            let addresses = answer.await.map_or(Vec::new(), |answer| answer.addresses);
            assert!(!addresses.is_empty() || families == Families::V6);
            let mut addresses = addresses.iter();
            assert!(addresses.all(|address| families.include(address.ip())));
        }
    }
}
