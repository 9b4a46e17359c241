//! The parts of a connector that its clones share.

use std::sync::Arc;

use http::Uri;

use crate::{
    dial::{ProxyProtocol, Transport},
    error::{Error, ErrorKind, Facts, Stage},
    origin::{ChosenNames, Origin, OriginUrl},
};

use super::{
    applied_profile::AppliedProfile, connector_settings::ConnectorSettings,
    handshake_counts::HandshakeCounters, timeouts::Timeouts, tls_reload::ReloadableTls,
};

/// The parts of a connector that its clones share.
pub(super) struct ConnectorState {
    /// The fixed origin, or `None` where the `Uri` names it.
    pub(super) origin: Option<Arc<Origin>>,
    pub(super) names: ChosenNames,
    /// Absent if the origin is a fixed `http` one.
    pub(super) tls: Option<Arc<ReloadableTls>>,
    pub(super) transport: Transport,
    pub(super) proxy_protocol: Option<ProxyProtocol>,
    pub(super) timeouts: Timeouts,
    pub(super) profile: Option<AppliedProfile>,
    /// The settings that the connector was built with.
    pub(super) settings: Box<ConnectorSettings>,
    pub(super) handshakes: HandshakeCounters,
}

impl ConnectorState {
    /// The fixed origin, or the one that the `Uri` names.
    ///
    /// # Errors
    ///
    /// Fails if the `Uri` names none.
    pub(super) fn origin_for(&self, uri: &Uri) -> Result<Arc<Origin>, Error> {
        if let Some(origin) = &self.origin {
            return Ok(origin.clone());
        }
        let url = OriginUrl::try_from(uri).map_err(|error| {
            let (kind, stage) = (ErrorKind::UnsupportedUri, Stage::Prepare);
            Error::with_source(kind, stage, Facts::default(), error)
        })?;
        Ok(Arc::new(Origin::settle(&url, &self.names)))
    }
}
