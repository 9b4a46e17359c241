//! `MemberSource`: where the members of a tier come from while the group runs.

use std::{fmt, net::SocketAddr, time::Duration};

use futures_util::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};

use crate::{connector::CdnOriginConnector, pool::DnsAbsence};

use super::Member;

/// The pause between two look-ups. One whose cached answer has not expired sends no query.
const INTERVAL: Duration = Duration::from_secs(1);

/// A look-up that takes longer is ignored.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(30);

/// Where the members of a tier come from: DNS or a `watch` channel.
///
/// Each update has all members of the tier. It has the effect of
/// [`OriginGroup::replace`](super::OriginGroup::replace): members that stay keep their
/// connections, and those that are removed finish their requests.
///
/// ```
/// use std::time::Duration;
///
/// use cdn_origin::{CdnOriginConnector, group::{MemberSource, OriginGroup}};
///
/// let connector = CdnOriginConnector::builder("http://service.example:8080").build()?;
/// let addresses = MemberSource::dns(connector).grace(Duration::from_secs(30));
/// let group = OriginGroup::builder().tier_from(addresses).build()?;
/// # drop(group);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[must_use = "a source does nothing until `OriginGroupBuilder::tier_from` gets it"]
pub struct MemberSource(UpdateSource);

enum UpdateSource {
    Dns {
        connector: CdnOriginConnector,
        grace: Duration,
    },
    Watch(watch::Receiver<Vec<Member>>),
}

impl MemberSource {
    /// Makes each address of the connector's dialled name a member, with the four names of the
    /// connector.
    ///
    /// Use it for names whose answers list all addresses, such as those of a service registry. The
    /// name is resolved again when its answer has expired in the
    /// [`DnsCache`](crate::dial::DnsCache), at most once a second. Nothing changes while name
    /// servers fail or return no address. The members share TLS settings and sessions. Each is
    /// named after its address.
    ///
    /// Until the first answer, the connector itself is the only member. It remains the only one if
    /// an IP address or a Unix socket is dialled. [`Ech::from_dns`](crate::tls::Ech::from_dns) has
    /// no effect for single addresses.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, group::{MemberSource, OriginGroup}};
    ///
    /// let connector = CdnOriginConnector::builder("https://origin.example").build()?;
    /// let group = OriginGroup::builder().tier_from(MemberSource::dns(connector)).build()?;
    /// // No look-up has happened yet.
    /// assert_eq!(group.snapshot().len(), 1);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn dns(connector: CdnOriginConnector) -> Self {
        Self(UpdateSource::Dns {
            connector,
            grace: Duration::ZERO,
        })
    }

    /// Takes the members from a `watch` channel: first its present value, then each change.
    ///
    /// When the sender is dropped, the members stay.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, group::{MemberSource, OriginGroup}};
    /// use tokio::sync::watch;
    ///
    /// let a = CdnOriginConnector::builder("https://a.origin.example").build()?;
    /// let (sender, receiver) = watch::channel(vec![a.into()]);
    /// let source = MemberSource::watch(receiver);
    /// let group = OriginGroup::builder().tier_from(source).build()?;
    /// # drop((group, sender));
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn watch(receiver: watch::Receiver<Vec<Member>>) -> Self {
        Self(UpdateSource::Watch(receiver))
    }

    /// Sets how long an address may be absent from DNS before its member is removed.
    ///
    /// The default is zero. A few minutes suit names whose answers list only some of the addresses.
    /// It has an effect with [`dns`](Self::dns) only.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cdn_origin::{CdnOriginConnector, group::MemberSource};
    ///
    /// // Each answer of this name has 8 of its 40 addresses.
    /// let connector = CdnOriginConnector::builder("https://origin.example").build()?;
    /// let source = MemberSource::dns(connector).grace(Duration::from_secs(300));
    /// # drop(source);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn grace(mut self, time: Duration) -> Self {
        if let UpdateSource::Dns { grace, .. } = &mut self.0 {
            *grace = time;
        }
        self
    }

    /// The members until the first update, and the updates.
    pub(super) fn into_parts(self) -> (Vec<Member>, BoxStream<'static, Vec<Member>>) {
        match self.0 {
            UpdateSource::Dns { connector, grace } => {
                let first = vec![Member::new(connector.clone())];
                (first, DnsMembers::new(connector, grace).updates().boxed())
            }
            UpdateSource::Watch(mut receiver) => {
                // At once: a request may arrive before the first update is applied.
                let first = receiver.borrow_and_update().clone();
                let updates = stream::unfold(receiver, async |mut receiver| {
                    receiver.changed().await.ok()?;
                    let members = receiver.borrow_and_update().clone();
                    Some((members, receiver))
                });
                (first, updates.boxed())
            }
        }
    }
}

impl fmt::Debug for MemberSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            UpdateSource::Dns { .. } => "MemberSource::dns(..)",
            UpdateSource::Watch(_) => "MemberSource::watch(..)",
        })
    }
}

/// The addresses of a name, each as a member.
struct DnsMembers {
    connector: CdnOriginConnector,
    absence: DnsAbsence,
    /// Those of the last update, sorted.
    addresses: Vec<SocketAddr>,
}

impl DnsMembers {
    fn new(connector: CdnOriginConnector, grace: Duration) -> Self {
        Self {
            connector,
            absence: DnsAbsence::new(Some(grace)),
            addresses: Vec::new(),
        }
    }

    /// The members whenever they change.
    fn updates(self) -> impl Stream<Item = Vec<Member>> + Send {
        stream::unfold(self, async |mut this| {
            loop {
                let answer = timeout(LOOKUP_TIMEOUT, this.connector.addresses()).await;
                if let Ok(Some(answer)) = answer
                    && this.record_answer(&answer)
                {
                    return Some((this.members(), this));
                }
                sleep(INTERVAL).await;
            }
        })
    }

    /// Notes an answer, and returns whether the addresses have changed.
    fn record_answer(&mut self, answer: &[SocketAddr]) -> bool {
        for address in answer {
            self.absence.has(*address);
        }
        self.absence.record_answer(answer, Instant::now());
        let mut addresses: Vec<_> = self.absence.addresses().collect();
        addresses.sort_unstable();
        let has_changed = addresses != self.addresses;
        self.addresses = addresses;
        has_changed
    }

    fn members(&self) -> Vec<Member> {
        let member = |address: &SocketAddr| {
            Member::new(self.connector.at_address(*address)).name(address.to_string())
        };
        self.addresses.iter().map(member).collect()
    }
}
