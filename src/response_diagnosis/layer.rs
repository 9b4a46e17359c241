//! The layer: whose responses are looked at.

use std::sync::Arc;

use tower_layer::Layer;

use crate::origin::Origin;

use super::ResponseDiagnosis;

/// Recognises the error responses of an origin's edge. See the [module](self::super) for an
/// example.
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct ResponseDiagnosisLayer {
    pub(super) origin: Arc<Origin>,
}

impl ResponseDiagnosisLayer {
    /// For the responses of this origin, whose names the diagnosis is about.
    pub fn of(origin: &Origin) -> Self {
        Self {
            origin: Arc::new(origin.clone()),
        }
    }
}

impl<S> Layer<S> for ResponseDiagnosisLayer {
    type Service = ResponseDiagnosis<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ResponseDiagnosis::new(inner, self.clone())
    }
}
