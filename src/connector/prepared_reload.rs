//! `PreparedReload`: changed files of a connector that were read, and are not used yet.
//!
//! A configuration has many connectors. All of their files are read before the first is used, so
//! that a failure changes nothing.

use crate::error::BuildError;

use super::{CdnOriginConnector, tls_reload::ReadTls};

/// The changed files of a connector, read and checked.
pub(crate) struct PreparedReload {
    connector: CdnOriginConnector,
    read: ReadTls,
}

impl PreparedReload {
    /// Reads the files of a connector; `None` if none of them has changed.
    ///
    /// # Errors
    ///
    /// Fails as [`CdnOriginConnector::reload_if_changed`] does.
    pub(crate) fn of(connector: &CdnOriginConnector) -> Result<Option<Self>, BuildError> {
        let Some(tls) = connector.reloadable_tls() else {
            return Ok(None);
        };
        match tls.read_if_changed() {
            Ok(read) => Ok(read.map(|read| Self {
                connector: connector.clone(),
                read,
            })),
            Err(error) => connector.note_reload(Err(error)).map(|_| None),
        }
    }

    /// Uses the files for new connections. Returns whether it did: a reload in between, such as
    /// that of a connector with the same settings, has read them, too.
    pub(crate) fn apply(self) -> bool {
        let Self { connector, read } = self;
        let tls = connector.reloadable_tls();
        let applied = tls.is_some_and(|tls| tls.apply(read));
        connector.note_reload(Ok(applied)).unwrap_or_default()
    }

    /// Whether these files are those of the connector, too: its TLS is the same.
    pub(crate) fn is_of(&self, connector: &CdnOriginConnector) -> bool {
        let (own, other) = (self.connector.reloadable_tls(), connector.reloadable_tls());
        own.zip(other)
            .is_some_and(|(own, other)| own.shares_reloads_with(other))
    }
}
