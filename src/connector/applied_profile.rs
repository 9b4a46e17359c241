//! `AppliedProfile`: the defaults for a recognised edge.

use std::{fmt, time::Duration};

use crate::{
    edge::{EdgeProfile, edge_of_host, profile_of},
    name::Host,
    origin::{Origin, Scheme},
};

/// The profile of a recognised edge, and the defaults that it changes.
///
/// A connector recognises the edge by the dialled host name. A profile changes defaults only:
/// explicit settings take precedence, and verification stays the same.
/// [`without_edge_profile`](crate::connector::CdnOriginBuilder::without_edge_profile) turns
/// profiles off.
///
/// * **CloudFront.** The proxy refuses a GET with content, a head over 20 480 bytes and a target
///   over 8 192 bytes.
/// * **Cloudflare.** Pooled connections may be idle for up to 320 s. `X-Forwarded-For` has at most
///   100 bytes. Fields such as `CF-Connecting-IP` are not sent. The proxy refuses a target over
///   16 KiB.
/// * **Fastly.** The proxy refuses a head over 69 KiB and a target over 8 KiB.
/// * **Azure Front Door.** `secp256r1` is offered first, because the edge requires a NIST curve.
///   The proxy refuses a target over 8 192 bytes.
/// * **Google.** Pooled connections may be idle for up to 480 s.
/// * **Vercel.** The proxy refuses a head over 32 KiB.
///
/// Other facts about an edge become [advice](crate::connector::Advice), such as missing support for
/// TLS or a redirect from `http` to `https`.
///
/// ```
/// use cdn_origin::CdnOriginConnector;
///
/// let connector = CdnOriginConnector::builder("http://backend.a.run.app").build()?;
/// let profile = connector.profile().expect("a Google host name");
/// assert_eq!(profile.name(), "Google");
/// let changes: Vec<_> = profile.changes().collect();
/// assert_eq!(changes, ["pooled connections may be idle for up to 480s"]);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AppliedProfile {
    edge: &'static EdgeProfile,
    changes: Vec<ProfileChange>,
}

/// The source of the key exchange groups.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum GroupsSource {
    /// The crypto provider, in its order.
    Provider,
    /// A setter of the builder.
    Chosen,
}

/// A default that a profile changes. All but the first apply to `OriginProxy`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ProfileChange {
    /// The key exchange group to offer first, unless groups or a crypto provider were set.
    ///
    /// Without it, the edge would request this group, which costs a round trip.
    FirstGroup(&'static str),
    /// The idle timeout of pooled connections, unless one was set: 80 % of the edge's own.
    IdleTimeout(Duration),
    /// The maximum size of fields and target together, unless `max_request_head` was set.
    ///
    /// The proxy answers 431 beyond it.
    HeadLimit(usize),
    /// The maximum length of path and query. The proxy answers 414 beyond it.
    TargetLimit(usize),
    /// The proxy answers 400 to a GET with content, to which the edge would answer 403.
    NoContentWithGet,
    /// Request fields of a client that the proxy removes.
    FieldsRemoved(&'static [&'static str]),
    /// The maximum length of `X-Forwarded-For`, unless `ForwardedLayer::max_chain` was set.
    ForwardedForLimit(usize),
}

impl AppliedProfile {
    /// The profile of the edge that the dialled name belongs to, if there is one.
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

    /// The key exchange group to offer first.
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

    /// The address of the edge's documentation of its limits and requirements.
    #[must_use]
    pub fn documented_in(&self) -> &'static str {
        self.edge.documentation()
    }

    /// The changed defaults as text, one sentence each.
    pub fn changes(&self) -> impl Iterator<Item = String> + '_ {
        self.changes.iter().map(ToString::to_string)
    }

    pub(crate) fn changed_defaults(&self) -> &[ProfileChange] {
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
            Self::IdleTimeout(time) => {
                write!(f, "pooled connections may be idle for up to {time:?}")
            }
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
