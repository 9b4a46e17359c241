//! The system's resolver.

use tokio::net::lookup_host;

use super::{Lookup, Resolve, ResolveError, Resolved, Resolving};

/// Calls `getaddrinfo(3)` on a blocking thread.
pub(crate) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, lookup: &Lookup) -> Resolving {
        let (name, port) = (lookup.to_string(), lookup.port());
        Box::pin(async move {
            // `getaddrinfo` does not reliably distinguish NXDOMAIN from failing name servers.
            let addresses = lookup_host((name, port)).await;
            let addresses = addresses.map_err(ResolveError::failed)?;
            Ok(Resolved::new(addresses).answered_by("the system's resolver"))
        })
    }

    fn finds_services(&self) -> bool {
        false
    }
}
