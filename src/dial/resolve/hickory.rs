//! `HickoryResolver`: queries name servers with hickory; search domains.

use std::{future::Future, net::SocketAddr, pin::pin, time::Duration};

use futures_util::future::{Either, select};
use hickory_resolver::{
    TokioResolver,
    lookup::Lookup as HickoryLookup,
    net::{DnsError, NetError, NoRecords},
    proto::{
        op::ResponseCode,
        rr::{RData, Record, RecordType},
    },
};
use tokio::time::timeout;

use crate::error::ServiceBinding;

use super::{Families, Lookup, Resolve, ResolveError, Resolved, Resolving, https_records};

/// Queries name servers directly, instead of the system's resolver.
///
/// Compared with the system's resolver, it:
///
/// * honours the TTL of records;
/// * dials IPv6 and IPv4 addresses as soon as each is known (RFC 8305 section 3);
/// * reads `HTTPS` records, if [`https_records`](Self::https_records) is set.
///
/// DNS over TLS or HTTPS, DNSSEC and other name servers are settings of the `TokioResolver` that
/// this type is made from. To enable the features that they need, add `hickory-resolver` to your
/// own `Cargo.toml`. DNS over TLS needs `tls-aws-lc-rs` or `tls-ring`, and `webpki-roots` or
/// `rustls-platform-verifier` for trusted roots.
///
/// ```no_run
/// use cdn_origin::{
///     CdnOriginConnector,
///     dial::{
///         Dns, HickoryResolver,
///         hickory_resolver::{
///             TokioResolver,
///             config::{QUAD9, ResolverConfig},
///             net::runtime::TokioRuntimeProvider,
///         },
///     },
/// };
///
/// # fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let over_tls = ResolverConfig::tls(&QUAD9);
/// let runtime = TokioRuntimeProvider::default();
/// let mut resolver = TokioResolver::builder_with_config(over_tls, runtime);
/// resolver.options_mut().cache_size = 0;
/// let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
///     .dns(Dns::default().resolver(HickoryResolver::from(resolver.build()?)))
///     .build()?;
/// # Ok(())
/// # }
/// ```
///
/// With the name servers of the system:
///
/// ```no_run
/// use cdn_origin::{CdnOriginConnector, dial::{Dns, HickoryResolver}};
///
/// # fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
///     .dns(Dns::default().resolver(HickoryResolver::system()?.https_records()))
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
    /// Uses the hosts file and the name servers of the system (`/etc/resolv.conf`).
    ///
    /// # Errors
    ///
    /// Returns an error if the configuration cannot be read.
    pub fn system() -> Result<Self, ResolveError> {
        let mut builder = TokioResolver::builder_tokio().map_err(ResolveError::failed)?;
        // The connector has a cache. A second one would make refreshing an answer impossible.
        builder.options_mut().cache_size = 0;
        let resolver = builder.build().map_err(ResolveError::failed)?;
        Ok(resolver.into())
    }

    /// Reads `HTTPS` records, too ([RFC 9460](https://www.rfc-editor.org/rfc/rfc9460)).
    ///
    /// The default is off. The connector uses the record with the best priority only:
    ///
    /// * It dials the record's target name and port. An alias record leads to its target.
    /// * It dials the address hints if the target has no other address, and without hints and ECH,
    ///   the name as if there were no record.
    /// * [`Ech::from_dns`](crate::tls::Ech::from_dns) uses the ECH configuration. A record that
    ///   makes ECH mandatory is ignored.
    /// * [`Facts::resolutions`](crate::error::Facts::resolutions) reports the record.
    ///
    /// SNI, expected name and `Host` do not change (section 2.4.2). Port 80 is dialled without a
    /// query for `HTTPS` records; any other port counts as that of an `https` origin. The query may
    /// take at most 300 ms longer than the one for addresses.
    ///
    /// ```no_run
    /// use cdn_origin::dial::{Dns, HickoryResolver};
    ///
    /// # fn run() -> Result<(), cdn_origin::dial::ResolveError> {
    /// let dns = Dns::default().resolver(HickoryResolver::system()?.https_records());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn https_records(mut self) -> Self {
        self.https = true;
        self
    }

    /// Resolves the name. Search domains are tried only after NXDOMAIN.
    async fn look_up(&self, lookup: &Lookup) -> Result<Resolved, ResolveError> {
        let relative = lookup.name().to_string();
        let absolute = format!("{relative}.");
        // By itself, hickory tries search domains after any failure and returns the last error. A
        // search domain's NXDOMAIN would then hide a timeout.
        let answer = match self.is_complete(lookup) {
            true => self.answer(&absolute, lookup).await,
            false => self.answer(&relative, lookup).await,
        };
        let answer = match answer {
            Err(error)
                if self.is_complete(lookup) && !lookup.is_absolute() && is_nxdomain(&error) =>
            {
                self.answer(&relative, lookup).await
            }
            answer => answer,
        };
        answer.map_err(resolve_error)
    }

    /// Whether the name is tried before search domains (`ndots` of resolv.conf).
    fn is_complete(&self, lookup: &Lookup) -> bool {
        let dots = lookup.name().as_str().matches('.').count();
        lookup.is_absolute() || dots >= self.resolver.options().ndots
    }

    async fn answer(&self, name: &str, lookup: &Lookup) -> Result<Resolved, NetError> {
        let addresses = self.addresses(name, lookup.families());
        if !self.https || lookup.port() == 80 {
            return addresses.await;
        }
        let (service, addresses) = {
            let service = pin!(self.service(name, lookup.port()));
            match select(service, pin!(addresses)).await {
                Either::Left((service, addresses)) => (service, addresses.await),
                Either::Right((addresses, service)) => (short_wait(service).await, addresses),
            }
        };
        // Without a usable record, the name is dialled as if there were none (section 3).
        let Some((service, ttl)) = (match service {
            Ok(service) => service,
            Err(error) if is_negative(&error) => None,
            Err(_) => return addresses.map(briefly),
        }) else {
            return addresses;
        };
        let addresses = match &service.target {
            Some(target) => match self.addresses(target, lookup.families()).await {
                Err(_) if may_do_without(&service) => return addresses.map(briefly),
                of_target => of_target,
            },
            None => addresses,
        };
        with_service(addresses, service).map(|resolved| at_most(ttl, resolved))
    }

    /// The best usable record and its TTL.
    async fn service(
        &self,
        name: &str,
        port: u16,
    ) -> Result<Option<(ServiceBinding, Duration)>, NetError> {
        let name = https_records::query_name(name, port);
        let answer = self.query(&name, RecordType::HTTPS).await?;
        let records = answer.answers();
        let ttl = ttl(records).unwrap_or_default();
        Ok(https_records::best(records).map(|service| (service, ttl)))
    }

    async fn addresses(&self, name: &str, families: Families) -> Result<Resolved, NetError> {
        match families {
            Families::V4 => self.records(name, RecordType::A).await,
            Families::V6 => self.records(name, RecordType::AAAA).await,
            Families::Both => {
                let v6 = pin!(self.records(name, RecordType::AAAA));
                let v4 = pin!(self.records(name, RecordType::A));
                let (v6, v4) = match select(v6, v4).await {
                    Either::Left((Ok(v6), v4)) => (Ok(v6), short_wait(v4).await),
                    Either::Left((v6, v4)) => (v6, v4.await),
                    Either::Right((Ok(v4), v6)) => (short_wait(v6).await, Ok(v4)),
                    Either::Right((v4, v6)) => (v6.await, v4),
                };
                both(v6, v4)
            }
        }
    }

    /// Queries the name servers, and once more if the connection to one had ended.
    ///
    /// hickory drives a connection in a task, which ends with its runtime. hickory learns of that
    /// only by a failed query, and then opens another connection.
    async fn query(&self, name: &str, kind: RecordType) -> Result<HickoryLookup, NetError> {
        match self.resolver.lookup(name, kind).await {
            Err(NetError::Message(_)) => self.resolver.lookup(name, kind).await,
            outcome => outcome,
        }
    }

    async fn records(&self, name: &str, kind: RecordType) -> Result<Resolved, NetError> {
        let answer = self.query(name, kind).await?;
        let records = answer.answers();
        let addresses = records.iter().filter_map(address);
        let resolved = Resolved::new(addresses).answered_by(match kind {
            RecordType::AAAA => "AAAA records",
            _ => "A records",
        });
        Ok(match ttl(records) {
            Some(ttl) => resolved.ttl(ttl),
            None => resolved,
        })
    }
}

impl Resolve for HickoryResolver {
    fn resolve(&self, lookup: &Lookup) -> Resolving {
        let (resolver, lookup) = (self.clone(), lookup.clone());
        Box::pin(async move { resolver.look_up(&lookup).await })
    }

    fn splits_families(&self) -> bool {
        // One `HTTPS` record applies to both families.
        !self.https
    }

    fn finds_services(&self) -> bool {
        self.https
    }
}

/// Uses a resolver with the application's own settings.
///
/// Turn its cache off (`cache_size = 0`). The connector has a cache, and queries again when no
/// address of an answer can be connected to.
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

/// The shortest TTL.
fn ttl(records: &[Record]) -> Option<Duration> {
    let seconds = records.iter().map(|record| record.ttl).min()?;
    Some(Duration::from_secs(seconds.into()))
}

/// Waits at most 300 ms for a query, because a usable answer is known already.
async fn short_wait<T>(query: impl Future<Output = Result<T, NetError>>) -> Result<T, NetError> {
    const LIMIT: Duration = Duration::from_millis(300);
    let elapsed = |_| Err(NetError::Timeout);
    timeout(LIMIT, query).await.unwrap_or_else(elapsed)
}

/// The answer for one family, if the query for the other failed.
fn without(unanswered: Families, resolved: Resolved) -> Resolved {
    Resolved {
        unanswered: Some(unanswered),
        ..briefly(resolved)
    }
}

/// Caches an incomplete answer for 5 s at most: one of its queries failed.
fn briefly(resolved: Resolved) -> Resolved {
    at_most(Duration::from_secs(5), resolved)
}

fn at_most(most: Duration, resolved: Resolved) -> Resolved {
    let ttl = resolved.ttl.map_or(most, |ttl| ttl.min(most));
    resolved.ttl(ttl)
}

/// The answers for both families as one.
fn both(
    v6: Result<Resolved, NetError>,
    v4: Result<Resolved, NetError>,
) -> Result<Resolved, NetError> {
    match (v6, v4) {
        (Ok(v6), Ok(v4)) => {
            let ttl = [v6.ttl, v4.ttl].into_iter().flatten().min();
            let addresses = v6.addresses.into_iter().chain(v4.addresses);
            let resolved = Resolved::new(addresses).answered_by("AAAA and A records");
            Ok(match ttl {
                Some(ttl) => resolved.ttl(ttl),
                None => resolved,
            })
        }
        (Ok(one), Err(none)) | (Err(none), Ok(one)) if is_negative(&none) => Ok(one),
        (Ok(v6), Err(_)) => Ok(without(Families::V4, v6)),
        (Err(_), Ok(v4)) => Ok(without(Families::V6, v4)),
        // A failed query is more significant than "no records".
        (Err(v6), Err(v4)) => Err(if is_negative(&v4) { v6 } else { v4 }),
    }
}

/// Whether the name may be dialled as if it had no record, if the target has no address (section
/// 3). Not if the record has an ECH configuration: the hello would be sent in the clear.
fn may_do_without(service: &ServiceBinding) -> bool {
    service.hints.is_empty() && service.ech.is_empty()
}

/// The addresses with the port of the service, or the hints if there are none.
fn with_service(
    addresses: Result<Resolved, NetError>,
    service: ServiceBinding,
) -> Result<Resolved, NetError> {
    let mut resolved = match addresses {
        Ok(resolved) => resolved,
        Err(error) if service.hints.is_empty() => return Err(error),
        Err(_) => {
            let hints = service.hints.iter();
            let hints = hints.map(|hint| SocketAddr::new(*hint, 0));
            Resolved::new(hints).answered_by("hints of an HTTPS record")
        }
    };
    if let Some(port) = service.port {
        for address in &mut resolved.addresses {
            address.set_port(port);
        }
    }
    Ok(resolved.service(service))
}

/// The negative answer of a name without records (RFC 2308).
fn no_records(error: &NetError) -> Option<&NoRecords> {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => Some(none),
        _ => None,
    }
}

/// Whether the answer is NXDOMAIN.
fn is_nxdomain(error: &NetError) -> bool {
    no_records(error).is_some_and(|none| none.response_code == ResponseCode::NXDomain)
}

/// Whether a name server has answered that the records do not exist.
fn is_negative(error: &NetError) -> bool {
    let known = [ResponseCode::NXDomain, ResponseCode::NoError];
    no_records(error).is_some_and(|none| known.contains(&none.response_code))
}

/// The error of a look-up, with the TTL of a negative answer.
fn resolve_error(error: NetError) -> ResolveError {
    if !is_negative(&error) {
        return ResolveError::failed(error);
    }
    let ttl = no_records(&error).and_then(|none| none.negative_ttl);
    let not_found = ResolveError::not_found(error);
    match ttl {
        Some(seconds) => not_found.ttl(Duration::from_secs(seconds.into())),
        None => not_found,
    }
}
