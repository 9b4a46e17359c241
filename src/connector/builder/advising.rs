//! Which advice the connector gives, and which it keeps to itself.

use crate::connector::{AdviceId, CdnOriginBuilder, advice::Silence};

impl CdnOriginBuilder {
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
