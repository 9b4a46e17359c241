//! Changing the trust of a connector while it works.

use crate::error::BuildError;

use super::{CdnOriginConnector, Reloaded, TlsReload};

impl CdnOriginConnector {
    /// Replaces policy and client identity, and reads all their files and the system's store again.
    ///
    /// It holds for this connector and all its clones. Connections that are opened from now on use
    /// the new trust, and resume no session of the old one; open connections stay as they are until
    /// they end, or [`OriginProxy::retire_connections`](crate::OriginProxy::retire_connections) is
    /// called after this. The advice about the new policy is logged. A connector to a plain `http`
    /// origin has no trust, and nothing happens.
    ///
    /// Files are read on the calling thread, and other reloads wait meanwhile: `change` must not
    /// reload this connector, nor make a builder of it, nor build another that shares its TLS, nor
    /// ask for its advice.
    ///
    /// # Errors
    ///
    /// As [`build`](super::CdnOriginBuilder::build), each problem with the setter's name. The old
    /// trust then stays in use.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, Roots, VerifyPolicy, tls::ClientIdentity};
    ///
    /// # fn renew(connector: &CdnOriginConnector, ca: &[u8], chain: &[u8], key: &[u8]) -> Result<(), cdn_origin::BuildError> {
    /// // From memory, both at one moment:
    /// connector.reload(|tls| {
    ///     tls.verify(VerifyPolicy::roots(Roots::pem(ca)))
    ///         .client_identity(ClientIdentity::pem(chain, key))
    /// })?;
    /// // From the files that the builder was given:
    /// connector.reload(|tls| tls)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn reload(&self, change: impl FnOnce(TlsReload) -> TlsReload) -> Result<(), BuildError> {
        match self.trust() {
            None => Ok(()),
            Some(trust) => {
                trust.reload(change)?;
                self.log_advice();
                Ok(())
            }
        }
    }

    /// [Reloads](Self::reload) if a file that the builder was given has another length or time of
    /// change than when it was last read with success. Cheap enough to be called every few seconds:
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use cdn_origin::CdnOriginConnector;
    ///
    /// # fn watch(connector: CdnOriginConnector) {
    /// tokio::spawn(async move {
    ///     let mut ticks = tokio::time::interval(Duration::from_secs(10));
    ///     loop {
    ///         ticks.tick().await;
    ///         let connector = connector.clone();
    ///         let outcome = tokio::task::spawn_blocking(move || connector.reload_if_changed()).await;
    ///         if let Ok(Err(error)) = outcome {
    ///             tracing::error!(%error, "the new certificates cannot be used; the old ones stay");
    ///         }
    ///     }
    /// });
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`reload`](Self::reload). The next call tries again, so a pair of files that was caught
    /// half written mends itself.
    pub fn reload_if_changed(&self) -> Result<Reloaded, BuildError> {
        let Some(trust) = self.trust() else {
            return Ok(Reloaded::Unchanged);
        };
        let outcome = trust.reload_if_changed()?;
        if outcome == Reloaded::Applied {
            self.log_advice();
        }
        Ok(outcome)
    }
}
