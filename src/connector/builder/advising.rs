//! Which advice the connector gives, and whether what is known of the edge counts.

use crate::connector::{AdviceId, CdnOriginBuilder, advice::Silence};

/// Whether the profile of the dialled edge moves defaults.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum EdgeKnowledge {
    #[default]
    Used,
    Ignored,
}

impl CdnOriginBuilder {
    /// Moves no default because of the edge that is dialled, see [`AppliedProfile`](crate::connector::AppliedProfile).
    pub fn without_edge_profile(mut self) -> Self {
        self.edge_profile = EdgeKnowledge::Ignored;
        self
    }

    /// Keeps this advice to itself: what it is about is meant so. Everything else that looks wrong is still told.
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

    pub(in crate::connector) fn silenced(&self) -> &Silence {
        &self.silence
    }
}
