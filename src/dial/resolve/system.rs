//! The system's resolver.

use tokio::net::lookup_host;

use super::{Lookup, Resolve, ResolveError, Resolved, Resolving, Services};

/// `getaddrinfo(3)`, on a thread where it may block.
pub(crate) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, lookup: &Lookup) -> Resolving {
        let (name, port) = (lookup.to_string(), lookup.port());
        Box::pin(async move {
            // The system does not tell a name that does not exist from name servers that fail.
            let addresses = lookup_host((name, port)).await;
            let addresses = addresses.map_err(ResolveError::failed)?;
            Ok(Resolved::new(addresses).told_by("the system's resolver"))
        })
    }

    fn services(&self) -> Services {
        Services::Never
    }
}
