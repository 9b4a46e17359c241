//! What follows for a connector from the edge that it dials.

use std::{fmt, time::Duration};

use crate::{
    edge::{Edge, EdgeProfile},
    name::Host,
    origin::Origin,
};

/// The profile of the edge that a connector dials, recognised by its host name, and what it changed.
///
/// A profile only moves defaults: what was set stays as it was set, and nothing about verification is among it.
/// [`without_edge_profile`](crate::connector::CdnOriginBuilder::without_edge_profile) turns it off.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, edge::Edge};
///
/// let connector = CdnOriginConnector::builder("http://shop.example.com.cdn.cloudflare.net").build()?;
/// let profile = connector.profile().expect("a name of Cloudflare's");
/// assert_eq!(profile.edge().edge(), Edge::Cloudflare);
/// let changes: Vec<_> = profile.changes().iter().map(ToString::to_string).collect();
/// assert_eq!(changes, ["pooled connections rest for up to 320s"]);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AppliedProfile {
    edge: &'static EdgeProfile,
    changes: Vec<ProfileChange>,
}

/// A default that a profile has moved.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ProfileChange {
    /// How long [`OriginProxy`](crate::OriginProxy) keeps an idle connection, unless its pool was set: four fifths of the edge's own limit.
    IdleTimeout(Duration),
}

impl AppliedProfile {
    /// The profile of the edge that gave out the dialled name, if it is known.
    pub(super) fn of(origin: &Origin) -> Option<Self> {
        let dialled = origin.dial().host().and_then(Host::dns)?;
        let edge = Edge::of_host(dialled)?.profile()?;
        let idle = edge.idle_limit().map(|limit| limit * 4 / 5);
        Some(Self {
            edge,
            changes: idle.map(ProfileChange::IdleTimeout).into_iter().collect(),
        })
    }

    /// What is known of the edge.
    #[must_use]
    pub fn edge(&self) -> &'static EdgeProfile {
        self.edge
    }

    /// What is different because of it.
    #[must_use]
    pub fn changes(&self) -> &[ProfileChange] {
        &self.changes
    }

    pub(crate) fn idle_timeout(&self) -> Option<Duration> {
        self.changes.first().map(|change| match change {
            ProfileChange::IdleTimeout(time) => *time,
        })
    }
}

impl fmt::Display for ProfileChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IdleTimeout(time) => write!(f, "pooled connections rest for up to {time:?}"),
        }
    }
}
