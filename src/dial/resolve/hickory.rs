//! Name servers asked directly, by way of hickory.

use std::{net::SocketAddr, time::Duration};

use futures_util::future::join;
use hickory_resolver::{
    TokioResolver,
    net::{DnsError, NetError},
    proto::{
        op::ResponseCode,
        rr::{RData, Record, RecordType},
    },
};

use crate::error::ServiceBinding;

use super::{Families, Lookup, Questions, Resolve, ResolveError, Resolved, Resolving, service};

/// Asks name servers directly: TTLs are honoured, IPv6 and IPv4 addresses are dialled as they become known, and `HTTPS` records are read
/// where that is asked for.
///
/// DNS over TLS or HTTPS, DNSSEC and other name servers are settings of the resolver that it is [made of](From): switch on the features
/// of `hickory-resolver` that they need.
///
/// ```no_run
/// use cdn_origin::{CdnOriginConnector, dial::HickoryResolver};
///
/// # fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
///     .resolver(HickoryResolver::system()?.https_records())
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HickoryResolver {
    resolver: TokioResolver,
    https: bool,
}

impl HickoryResolver {
    /// Asks the name servers of the system's configuration (`/etc/resolv.conf`), after its hosts file.
    ///
    /// # Errors
    ///
    /// The configuration cannot be read.
    pub fn system() -> Result<Self, ResolveError> {
        let mut builder = TokioResolver::builder_tokio().map_err(ResolveError::failed)?;
        // The connector keeps answers; what is kept twice could not be asked for again.
        builder.options_mut().cache_size = 0;
        let resolver = builder.build().map_err(ResolveError::failed)?;
        Ok(resolver.into())
    }

    /// Reads `HTTPS` records too ([RFC 9460](https://www.rfc-editor.org/rfc/rfc9460)): the port and the target name of the best one are
    /// dialled, its address hints where the target has no other address, and all of it shows in
    /// [`Facts::resolutions`](crate::error::Facts::resolutions). A record in alias mode leads to its target.
    ///
    /// SNI, expected name and Host stay what they are (section 2.4.2). Port 80 is dialled without.
    #[must_use]
    pub fn https_records(mut self) -> Self {
        self.https = true;
        self
    }

    async fn look_up(&self, lookup: &Lookup) -> Result<Resolved, ResolveError> {
        let name = lookup.to_string();
        let addresses = self.addresses(&name, lookup.families());
        if !self.https || lookup.port() == 80 {
            return addresses.await;
        }
        let (service, addresses) = join(self.service(lookup), addresses).await;
        // Without a record that is of use, the name is dialled as if there were none (section 3).
        let Some(service) = service else {
            return addresses;
        };
        let addresses = match &service.target {
            Some(target) => self.addresses(target, lookup.families()).await,
            None => addresses,
        };
        with_service(addresses, service)
    }

    /// The best record of those that are understood.
    async fn service(&self, lookup: &Lookup) -> Option<ServiceBinding> {
        let answer = self
            .resolver
            .lookup(service::query_name(lookup), RecordType::HTTPS)
            .await;
        service::best(answer.ok()?.answers())
    }

    async fn addresses(&self, name: &str, families: Families) -> Result<Resolved, ResolveError> {
        match families {
            Families::V4 => self.records(name, RecordType::A).await,
            Families::V6 => self.records(name, RecordType::AAAA).await,
            Families::Both => {
                let v6 = self.records(name, RecordType::AAAA);
                let v4 = self.records(name, RecordType::A);
                let (v6, v4) = join(v6, v4).await;
                both(v6, v4)
            }
        }
    }

    async fn records(&self, name: &str, kind: RecordType) -> Result<Resolved, ResolveError> {
        let answer = self.resolver.lookup(name, kind).await.map_err(refusal)?;
        let records = answer.answers();
        let addresses = records.iter().filter_map(address);
        let resolved = Resolved::new(addresses).told_by(match kind {
            RecordType::AAAA => "AAAA records",
            _ => "A records",
        });
        let ttl = records.iter().map(|record| record.ttl).min();
        Ok(match ttl {
            Some(seconds) => resolved.ttl(Duration::from_secs(seconds.into())),
            None => resolved,
        })
    }
}

impl Resolve for HickoryResolver {
    fn resolve(&self, lookup: &Lookup) -> Resolving {
        let (resolver, lookup) = (self.clone(), lookup.clone());
        Box::pin(async move { resolver.look_up(&lookup).await })
    }

    fn questions(&self) -> Questions {
        match self.https {
            // One record speaks for both families.
            true => Questions::Together,
            false => Questions::ByFamily,
        }
    }
}

/// A resolver with settings of the caller's own. Its cache should be off (`cache_size = 0`): the connector has one, and asks again when
/// no address of an answer can be connected to.
impl From<TokioResolver> for HickoryResolver {
    fn from(resolver: TokioResolver) -> Self {
        Self {
            resolver,
            https: false,
        }
    }
}

impl std::fmt::Debug for HickoryResolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HickoryResolver")
            .field("https", &self.https)
            .finish_non_exhaustive()
    }
}

fn address(record: &Record) -> Option<SocketAddr> {
    match &record.data {
        RData::A(a) => Some(SocketAddr::new(a.0.into(), 0)),
        RData::AAAA(aaaa) => Some(SocketAddr::new(aaaa.0.into(), 0)),
        _ => None,
    }
}

/// The answers for both families as one.
fn both(
    v6: Result<Resolved, ResolveError>,
    v4: Result<Resolved, ResolveError>,
) -> Result<Resolved, ResolveError> {
    match (v6, v4) {
        (Ok(v6), Ok(v4)) => {
            let ttl = [v6.ttl, v4.ttl].into_iter().flatten().min();
            let addresses = v6.addresses.into_iter().chain(v4.addresses);
            let resolved = Resolved::new(addresses).told_by("AAAA and A records");
            Ok(match ttl {
                Some(ttl) => resolved.ttl(ttl),
                None => resolved,
            })
        }
        (Ok(one), Err(_)) | (Err(_), Ok(one)) => Ok(one),
        // What nobody could answer may have hidden an address.
        (Err(v6), Err(v4)) => Err(if v4.is_not_found() { v6 } else { v4 }),
    }
}

/// The addresses with the port of the service, or its hints where there are none.
fn with_service(
    addresses: Result<Resolved, ResolveError>,
    service: ServiceBinding,
) -> Result<Resolved, ResolveError> {
    let mut resolved = match addresses {
        Ok(resolved) => resolved,
        Err(error) if service.hints.is_empty() => return Err(error),
        Err(_) => {
            let hints = service.hints.iter();
            let hints = hints.map(|hint| SocketAddr::new(*hint, 0));
            Resolved::new(hints).told_by("hints of an HTTPS record")
        }
    };
    if let Some(port) = service.port {
        for address in &mut resolved.addresses {
            address.set_port(port);
        }
    }
    Ok(resolved.service(service))
}

/// Whether it is known that there is nothing, and for how long (RFC 2308).
fn refusal(error: NetError) -> ResolveError {
    let NetError::Dns(DnsError::NoRecordsFound(none)) = &error else {
        return ResolveError::failed(error);
    };
    let known = matches!(
        none.response_code,
        ResponseCode::NXDomain | ResponseCode::NoError
    );
    let ttl = none.negative_ttl.map(u64::from).map(Duration::from_secs);
    match (known, ttl) {
        (false, _) => ResolveError::failed(error),
        (true, Some(ttl)) => ResolveError::not_found(error).ttl(ttl),
        (true, None) => ResolveError::not_found(error),
    }
}
