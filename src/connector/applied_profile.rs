//! `AppliedProfile`: the defaults for a recognised edge.

use std::{fmt, time::Duration};

use crate::{
    edge::{EdgeProfile, edge_of_host, profile_of},
    name::Host,
    origin::{Origin, Scheme},
};

/// The profile of a recognised edge, and the defaults that it changes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct AppliedProfile {
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

    pub(crate) fn edge_name(&self) -> &'static str {
        self.edge.edge().name()
    }

    pub(crate) fn changed_defaults(&self) -> &[ProfileChange] {
        &self.changes
    }
}

/// The edge, the changes, and their source:
/// `CloudFront: GET requests with content are refused (source: AWS documentation)`.
impl fmt::Display for AppliedProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.edge.edge().name())?;
        for (index, change) in self.changes.iter().enumerate() {
            let separator = if index == 0 { ": " } else { "; " };
            write!(f, "{separator}{change}")?;
        }
        write!(f, " (source: {})", self.edge.reference())
    }
}

impl fmt::Display for ProfileChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FirstGroup(group) => write!(f, "{group} is offered first for the key exchange"),
            Self::IdleTimeout(time) => {
                write!(f, "pooled connections are kept idle for {time:?}")
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
