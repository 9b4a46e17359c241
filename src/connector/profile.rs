//! What follows for a connector from the edge that it dials.

use std::{fmt, time::Duration};

use crate::{
    edge::{EdgeProfile, edge_of_host, profile_of},
    name::Host,
    origin::{Origin, Scheme},
};

/// The profile of the edge that a connector dials, recognised by its host name, and what it
/// changed.
///
/// A profile only moves defaults: what was set stays as it was set, and nothing about verification
/// is among it. [`without_edge_profile`](crate::connector::CdnOriginBuilder::without_edge_profile)
/// turns all of it off.
///
/// | edge | what follows |
/// |---|---|
/// | CloudFront | a GET with content, a head of more than 20 480 bytes and a target of more than 8 192 are refused here |
/// | Cloudflare | pooled connections rest for up to 320 s; `X-Forwarded-For` has at most 100 bytes; fields such as `CF-Connecting-IP` are not sent; a target of more than 16 KiB is refused here |
/// | Fastly | a head of more than 69 KiB and a target of more than 8 KiB are refused here |
/// | Azure Front Door | `secp256r1` is offered first, because it demands a curve of NIST's; a target of more than 8 192 bytes is refused here |
/// | Google | pooled connections rest for up to 480 s |
/// | Vercel | a head of more than 32 KiB is refused here |
///
/// The rest of what is known of an edge becomes [advice](crate::connector::Advice): that it speaks
/// no TLS, that it sends plain http away.
///
/// ```
/// use cdn_origin::CdnOriginConnector;
///
/// let connector = CdnOriginConnector::builder("http://backend.a.run.app").build()?;
/// let profile = connector.profile().expect("a name of Google's");
/// assert_eq!(profile.name(), "Google");
/// let changes: Vec<_> = profile.changes().iter().map(ToString::to_string).collect();
/// assert_eq!(changes, ["pooled connections rest for up to 480s"]);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AppliedProfile {
    edge: &'static EdgeProfile,
    changes: Vec<ProfileChange>,
}

/// Where the key exchange groups come from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum GroupsSource {
    /// The crypto provider, in its order.
    Provider,
    /// A setter.
    Chosen,
}

/// A default that a profile has moved. All but the first are moved for
/// [`OriginProxy`](crate::OriginProxy), which knows of requests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ProfileChange {
    /// This key exchange group is offered before the others, unless groups or a crypto provider
    /// were set: the edge would ask for it, at the cost of a round trip.
    FirstGroup(&'static str),
    /// How long an idle connection is kept, unless the pool was set: four fifths of the edge's own
    /// limit.
    IdleTimeout(Duration),
    /// A request with a larger head, fields and target together, is answered 431, unless
    /// [`max_request_head`](crate::proxy::Limits::max_request_head) was set.
    HeadLimit(usize),
    /// A request with a longer path and query is answered 414.
    TargetLimit(usize),
    /// A GET with content is answered 400: the edge would answer 403, and content is never dropped.
    NoContentWithGet,
    /// These fields of a client are not passed on.
    FieldsRemoved(&'static [&'static str]),
    /// How many bytes `X-Forwarded-For` has at most, unless
    /// [`max_chain`](crate::ForwardedLayer::max_chain) was set.
    ForwardedForLimit(usize),
}

impl AppliedProfile {
    /// The profile of the edge that gave out the dialled name, if it is known.
    pub(super) fn of(origin: &Origin, groups: GroupsSource) -> Option<Self> {
        let dialled = origin.dial().host().and_then(Host::dns)?;
        let edge = profile_of(edge_of_host(dialled)?)?;
        let (idle, fields) = (edge.idle_limit(), edge.own_fields());
        let is_open = origin.scheme() == Scheme::Https && groups == GroupsSource::Provider;
        let changes = [
            edge.first_group()
                .filter(|_| is_open)
                .map(ProfileChange::FirstGroup),
            idle.map(|limit| ProfileChange::IdleTimeout(limit * 4 / 5)),
            edge.head_limit().map(ProfileChange::HeadLimit),
            edge.target_limit().map(ProfileChange::TargetLimit),
            edge.refuses_get_with_content()
                .then_some(ProfileChange::NoContentWithGet),
            (!fields.is_empty()).then_some(ProfileChange::FieldsRemoved(fields)),
            edge.forwarded_for_limit()
                .map(ProfileChange::ForwardedForLimit),
        ];
        Some(Self {
            edge,
            changes: changes.into_iter().flatten().collect(),
        })
    }

    /// The group that is offered first because of it.
    pub(super) fn first_group(&self) -> Option<&'static str> {
        self.changes.iter().find_map(|change| match change {
            ProfileChange::FirstGroup(group) => Some(*group),
            _ => None,
        })
    }

    pub(crate) fn idle_timeout(&self) -> Option<Duration> {
        self.changes.iter().find_map(|change| match change {
            ProfileChange::IdleTimeout(time) => Some(*time),
            _ => None,
        })
    }

    pub(crate) fn forwarded_for_limit(&self) -> Option<usize> {
        self.changes.iter().find_map(|change| match change {
            ProfileChange::ForwardedForLimit(bytes) => Some(*bytes),
            _ => None,
        })
    }

    /// The name of the edge, such as `Cloudflare`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.edge.edge().name()
    }

    /// Where the limits and requirements of the edge are documented.
    #[must_use]
    pub fn documented_in(&self) -> &'static str {
        self.edge.documentation()
    }

    /// The defaults that it changed.
    #[must_use]
    pub fn changes(&self) -> &[ProfileChange] {
        &self.changes
    }
}

/// The name of the edge, then its changes: `CloudFront: GET requests with content are refused`.
impl fmt::Display for AppliedProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        for (index, change) in self.changes.iter().enumerate() {
            let separator = if index == 0 { ": " } else { "; " };
            write!(f, "{separator}{change}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ProfileChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FirstGroup(group) => write!(f, "{group} is offered first for the key exchange"),
            Self::IdleTimeout(time) => write!(f, "pooled connections rest for up to {time:?}"),
            Self::HeadLimit(bytes) => {
                write!(f, "request heads of more than {bytes} bytes are refused")
            }
            Self::TargetLimit(bytes) => {
                write!(f, "request targets of more than {bytes} bytes are refused")
            }
            Self::NoContentWithGet => f.write_str("GET requests with content are refused"),
            Self::FieldsRemoved(names) => write!(f, "not passed on: {}", names.join(", ")),
            Self::ForwardedForLimit(bytes) => {
                write!(f, "X-Forwarded-For has at most {bytes} bytes")
            }
        }
    }
}
