//! The layer: the origin whose responses are diagnosed. `examine_response.rs` diagnoses one.

use std::sync::Arc;

use tower_layer::Layer;

use crate::origin::Origin;

use super::service::ResponseDiagnosis;

/// Recognises the error responses of an edge, for any HTTP client.
///
/// Put it innermost, inside of a [`HostRewriteLayer`](crate::HostRewriteLayer).
///
/// ```
/// use cdn_origin::{CdnOriginConnector, response_diagnosis::ResponseDiagnosisLayer};
///
/// let connector = CdnOriginConnector::builder("http://www.example.com").build()?;
/// let origin = connector.origin().expect("the builder was given a URL");
/// let layer = ResponseDiagnosisLayer::of(origin);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct ResponseDiagnosisLayer {
    origin: Arc<Origin>,
}

impl ResponseDiagnosisLayer {
    /// Creates a layer for the responses of this origin.
    ///
    /// Its four names appear in diagnoses and fixes.
    pub fn of(origin: &Origin) -> Self {
        Self {
            origin: Arc::new(origin.clone()),
        }
    }
}

impl<S> Layer<S> for ResponseDiagnosisLayer {
    type Service = ResponseDiagnosis<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ResponseDiagnosis::new(inner, Arc::clone(&self.origin))
    }
}
