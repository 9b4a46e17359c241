//! What is known about an open connection.

use std::sync::Arc;

use crate::error::Facts;

/// What is known about an open connection. hyper-util's client puts it into the extensions of every response that came over it.
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
pub struct ConnectionInfo(Arc<Facts>);

impl ConnectionInfo {
    pub(super) fn new(facts: Facts) -> Self {
        Self(Arc::new(facts))
    }

    /// What was dialled, said and agreed.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.0
    }
}
