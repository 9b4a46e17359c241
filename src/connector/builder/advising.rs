//! Which advice the connector gives, and whether what is known of the edge counts.

use crate::{
    connector::{AdviceId, AppliedProfile, CdnOriginBuilder, advice::Silence, profile::Groups},
    origin::Origin,
};

/// Whether the profile of the dialled edge moves defaults.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum EdgeKnowledge {
    #[default]
    Used,
    Ignored,
}

impl CdnOriginBuilder {
    /// Moves no default because of the edge that is dialled, see
    /// [`AppliedProfile`](crate::connector::AppliedProfile).
    pub fn without_edge_profile(mut self) -> Self {
        self.edge_profile = EdgeKnowledge::Ignored;
        self
    }

    /// Keeps this advice to itself: what it is about is meant so. Everything else that looks wrong
    /// is still told.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, connector::AdviceId};
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example:443")
    ///     .silence(AdviceId::PlainHttpOnTlsPort)
    ///     .build()?;
    /// assert!(connector.advice().is_empty());
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn silence(mut self, id: AdviceId) -> Self {
        self.silence.add(id);
        self
    }

    /// Finds the profile of the edge that the origin dials, and moves what it moves of TLS.
    pub(super) fn apply_profile(&mut self, origin: Option<&Origin>) -> Option<AppliedProfile> {
        let groups = match self.tls.are_groups_chosen() || self.shared.is_some() {
            true => Groups::Chosen,
            false => Groups::OfProvider,
        };
        let profile = match self.edge_profile {
            EdgeKnowledge::Used => origin.and_then(|origin| AppliedProfile::of(origin, groups)),
            EdgeKnowledge::Ignored => None,
        };
        let first_group = profile.as_ref().and_then(AppliedProfile::first_group);
        // Also where there is none: these settings may come from a builder that dialled another
        // edge.
        self.tls.parameters.first_group = first_group;
        profile
    }

    pub(in crate::connector) fn silenced(&self) -> &Silence {
        &self.silence
    }
}
