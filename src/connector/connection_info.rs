//! `ConnectionInfo`: the facts about an open connection.

use std::{
    io,
    sync::{Arc, OnceLock},
};

use crate::{
    error::{Alert, Facts},
    tls::{TlsFailure, explain},
};

/// The facts about an open connection.
///
/// [`OriginProxy`](crate::OriginProxy) puts the facts of each request into the extensions of its
/// response. If the request reused a connection, [`Facts::is_reused`] returns `true`, and
/// [`Facts::elapsed`] is empty. hyper-util's client puts the facts of the connect into each
/// response, even if it reused the connection.
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
    /// The TLS failure after the handshake. The facts of all requests share it.
    tls_failure: Arc<OnceLock<TlsFailure>>,
}

impl ConnectionInfo {
    pub(crate) fn new(facts: Facts) -> Self {
        Self(Arc::new(ConnectionFacts {
            facts,
            tls_failure: Arc::default(),
        }))
    }

    /// The facts of a request that found the connection open: nothing was looked up, dialled or
    /// negotiated for it.
    pub(crate) fn found_open(&self, reused: bool) -> Self {
        Self(Arc::new(ConnectionFacts {
            facts: self.0.facts.clone().found_open(reused),
            tls_failure: self.0.tls_failure.clone(),
        }))
    }

    /// Records the TLS failure, if it made a read fail.
    pub(super) fn record(&self, error: &io::Error) {
        if let Some(failure) = TlsFailure::in_error(error) {
            let _ = self.0.tls_failure.set(failure);
        }
    }

    /// The TLS failure after the handshake. HTTP/2 keeps only its text.
    pub(crate) fn tls_failure(&self) -> Option<&TlsFailure> {
        self.0.tls_failure.get()
    }

    /// Returns the fatal alert that ended the connection after the handshake.
    ///
    /// In TLS 1.3, a server rejects a client certificate at that point
    /// ([RFC 8446 section 4.4.2.4](https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2.4)).
    ///
    /// ```
    /// # fn log(info: &cdn_origin::connector::ConnectionInfo) {
    /// if let Some(alert) = info.alert() {
    ///     eprintln!("the origin ended the connection after the handshake: {alert}");
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn alert(&self) -> Option<Alert> {
        self.tls_failure().and_then(|error| explain(error).alert)
    }

    /// Returns the facts about dialling and the TLS handshake.
    ///
    /// ```
    /// # fn log(info: &cdn_origin::connector::ConnectionInfo) {
    /// let facts = info.facts();
    /// println!("{:?} after {:?}", facts.peer(), facts.elapsed().dial);
    /// # }
    /// ```
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.0.facts
    }
}
