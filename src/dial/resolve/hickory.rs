//! Name servers asked directly, by way of hickory.

use std::{future::Future, net::SocketAddr, pin::pin, time::Duration};

use futures_util::future::{Either, select};
use hickory_resolver::{
    TokioResolver,
    net::{DnsError, NetError, NoRecords},
    proto::{
        op::ResponseCode,
        rr::{RData, Record, RecordType},
    },
};
use tokio::time::timeout;

use crate::error::ServiceBinding;

use super::{Families, Lookup, Resolve, ResolveError, Resolved, Resolving, https_records};

/// Asks name servers directly: TTLs are honoured, IPv6 and IPv4 addresses are dialled as they
/// become known, and `HTTPS` records are read where that is asked for.
///
/// DNS over TLS or HTTPS, DNSSEC and other name servers are settings of the resolver that it is
/// [made of](From). Name `hickory-resolver` in your own `Cargo.toml` to switch on the features that
/// they need: for DNS over TLS `tls-aws-lc-rs`, and `webpki-roots` or `rustls-platform-verifier`,
/// without which no name server is trusted.
///
/// ```no_run
/// use cdn_origin::{
///     CdnOriginConnector,
///     dial::{
///         HickoryResolver,
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
/// let mut resolver = TokioResolver::builder_with_config(over_tls, TokioRuntimeProvider::default());
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
    /// Asks the name servers of the system's configuration (`/etc/resolv.conf`), after its hosts
    /// file.
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

    /// Reads `HTTPS` records too ([RFC 9460](https://www.rfc-editor.org/rfc/rfc9460)): the port and
    /// the target name of the best one are dialled, its address hints where the target has no other
    /// address, and all of it shows in [`Facts::resolutions`](crate::error::Facts::resolutions). A
    /// record in alias mode leads to its target.
    ///
    /// Of several records the best alone is used. SNI, expected name and Host stay what they are
    /// (section 2.4.2). Port 80 is dialled without; other ports are taken for those of `https`
    /// origins. What a record says of Encrypted ClientHello is used where
    /// [`Ech::from_dns`](crate::tls::Ech::from_dns) asks for it; a record that makes it mandatory
    /// is not used. A record that does not come is waited for no more than 300 ms longer than for
    /// addresses.
    #[must_use]
    pub fn https_records(mut self) -> Self {
        self.https = true;
        self
    }

    /// What is known of the name; of names below search domains only where it is known that there
    /// is no such name.
    async fn look_up(&self, lookup: &Lookup) -> Result<Resolved, ResolveError> {
        let relative = lookup.name().to_string();
        let absolute = format!("{relative}.");
        // Left to itself, hickory goes on after any failure and tells the last: a search domain's
        // "no such name" for "no answer".
        let answer = match self.is_complete(lookup) {
            true => self.answer(&absolute, lookup).await,
            false => self.answer(&relative, lookup).await,
        };
        let answer = match answer {
            Err(error) if self.is_complete(lookup) && !lookup.is_absolute() && no_name(&error) => {
                self.answer(&relative, lookup).await
            }
            answer => answer,
        };
        answer.map_err(refusal)
    }

    /// Whether the name as it stands comes before those below search domains (`ndots` of
    /// resolv.conf).
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
                Either::Right((addresses, service)) => (soon(service).await, addresses),
            }
        };
        // Without a record that is of use, the name is dialled as if there were none (section 3).
        let Some((service, ttl)) = (match service {
            Ok(service) => service,
            Err(error) if is_known(&error) => None,
            Err(_) => return addresses.map(briefly),
        }) else {
            return addresses;
        };
        let addresses = match &service.target {
            Some(target) => self.addresses(target, lookup.families()).await,
            None => addresses,
        };
        with_service(addresses, service).map(|resolved| at_most(ttl, resolved))
    }

    /// The best record of those that are of use, and for how long it holds.
    async fn service(
        &self,
        name: &str,
        port: u16,
    ) -> Result<Option<(ServiceBinding, Duration)>, NetError> {
        let name = https_records::query_name(name, port);
        let answer = self.resolver.lookup(name, RecordType::HTTPS).await?;
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
                    Either::Left((Ok(v6), v4)) => (Ok(v6), soon(v4).await),
                    Either::Left((v6, v4)) => (v6, v4.await),
                    Either::Right((Ok(v4), v6)) => (soon(v6).await, Ok(v4)),
                    Either::Right((v4, v6)) => (v6.await, v4),
                };
                both(v6, v4)
            }
        }
    }

    async fn records(&self, name: &str, kind: RecordType) -> Result<Resolved, NetError> {
        let answer = self.resolver.lookup(name, kind).await?;
        let records = answer.answers();
        let addresses = records.iter().filter_map(address);
        let resolved = Resolved::new(addresses).source(match kind {
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

/// A resolver with settings of the caller's own. Its cache should be off (`cache_size = 0`): the
/// connector has one, and asks again when no address of an answer can be connected to.
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

/// The outcome of a question that is not worth much waiting, since something of use is known
/// already.
async fn soon<T>(question: impl Future<Output = Result<T, NetError>>) -> Result<T, NetError> {
    const PATIENCE: Duration = Duration::from_millis(300);
    let elapsed = |_| Err(NetError::Timeout);
    timeout(PATIENCE, question).await.unwrap_or_else(elapsed)
}

/// An answer of which some part is missing that nobody could tell: asked for again soon.
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
            let resolved = Resolved::new(addresses).source("AAAA and A records");
            Ok(match ttl {
                Some(ttl) => resolved.ttl(ttl),
                None => resolved,
            })
        }
        (Ok(one), Err(none)) | (Err(none), Ok(one)) if is_known(&none) => Ok(one),
        (Ok(one), Err(_)) | (Err(_), Ok(one)) => Ok(briefly(one)),
        // What nobody could answer may have hidden an address.
        (Err(v6), Err(v4)) => Err(if is_known(&v4) { v6 } else { v4 }),
    }
}

/// The addresses with the port of the service, or its hints where there are none.
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
            Resolved::new(hints).source("hints of an HTTPS record")
        }
    };
    if let Some(port) = service.port {
        for address in &mut resolved.addresses {
            address.set_port(port);
        }
    }
    Ok(resolved.service(service))
}

/// What is known of names without records (RFC 2308).
fn none(error: &NetError) -> Option<&NoRecords> {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => Some(none),
        _ => None,
    }
}

/// Whether it is known that there is no such name.
fn no_name(error: &NetError) -> bool {
    none(error).is_some_and(|none| none.response_code == ResponseCode::NXDomain)
}

/// Whether it is known that there is nothing.
fn is_known(error: &NetError) -> bool {
    let known = [ResponseCode::NXDomain, ResponseCode::NoError];
    none(error).is_some_and(|none| known.contains(&none.response_code))
}

/// Whether it is known that there is nothing, and for how long.
fn refusal(error: NetError) -> ResolveError {
    if !is_known(&error) {
        return ResolveError::failed(error);
    }
    let ttl = none(&error).and_then(|none| none.negative_ttl);
    let refusal = ResolveError::not_found(error);
    match ttl {
        Some(seconds) => refusal.ttl(Duration::from_secs(seconds.into())),
        None => refusal,
    }
}
