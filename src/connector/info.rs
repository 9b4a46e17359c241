//! `ConnectionInfo`: the facts about an open connection.

use std::{
    io,
    sync::{Arc, OnceLock},
};

use crate::{
    error::{Alert, Facts},
    tls::explain,
};

/// The facts about an open connection.
///
/// hyper-util's client puts it into the extensions of each response.
///
/// ```
/// use cdn_origin::connector::ConnectionInfo;
///
/// fn log(response: &http::Response<()>) {
///     if let Some(info) = response.extensions().get::<ConnectionInfo>() {
///         println!("{:?} {:?}", info.facts().peer(), info.facts().tls_session());
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct ConnectionInfo(Arc<ConnectionFacts>);

#[derive(Debug)]
struct ConnectionFacts {
    facts: Facts,
    /// The fatal alert that ended the connection after the handshake.
    alert: OnceLock<Alert>,
}

impl ConnectionInfo {
    pub(crate) fn new(facts: Facts) -> Self {
        Self(Arc::new(ConnectionFacts {
            facts,
            alert: OnceLock::new(),
        }))
    }

    /// Records the alert, if the stream failed with one.
    pub(super) fn record_alert(&self, error: &io::Error) {
        if let Some(alert) = explain(error).alert {
            self.0.alert.get_or_init(|| alert);
        }
    }

    /// The fatal alert that ended the connection after the handshake.
    ///
    /// In TLS 1.3, a server rejects a client certificate at that point
    /// ([RFC 8446 section 4.4.2.4](https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2.4)).
    #[must_use]
    pub fn alert(&self) -> Option<Alert> {
        self.0.alert.get().copied()
    }

    /// The facts about dialling and the TLS handshake.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.0.facts
    }
}
