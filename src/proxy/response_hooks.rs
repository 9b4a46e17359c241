//! The application's hooks for responses to clients.

use std::{fmt, sync::Arc};

use http::{Method, Response, StatusCode, header::CONTENT_LENGTH};

use crate::error::Error;

use super::{
    ProxyBody,
    adjust_fields::{has_no_content, has_no_length},
};

type ResponseFunction = dyn Fn(Response<ProxyBody>) -> Response<ProxyBody> + Send + Sync;

/// Functions that change responses before the client gets them, in their order.
#[derive(Clone, Default)]
pub(super) struct ResponseHooks(Vec<Arc<ResponseFunction>>);

impl ResponseHooks {
    pub(super) fn add(
        &mut self,
        function: impl Fn(Response<ProxyBody>) -> Response<ProxyBody> + Send + Sync + 'static,
    ) {
        self.0.push(Arc::new(function));
    }

    /// Calls all hooks. The `Error` stays in the extensions, and a response to HEAD has no content.
    pub(super) fn apply(
        &self,
        response: Response<ProxyBody>,
        method: &Method,
    ) -> Response<ProxyBody> {
        // A tunnel is no response that a hook could replace.
        let status = response.status();
        let is_switch = status == StatusCode::SWITCHING_PROTOCOLS
            || (method == Method::CONNECT && status.is_success());
        if self.0.is_empty() || is_switch {
            return response;
        }
        let error = response.extensions().get::<Error>().cloned();
        let hooks = self.0.iter();
        let mut response = hooks.fold(response, |response, hook| hook(response));
        if let Some(error) = error {
            response.extensions_mut().insert(error);
        }
        let status = response.status();
        if has_no_content(status, method) {
            response.body_mut().replace(ProxyBody::nothing());
        }
        if has_no_length(status) {
            response.headers_mut().remove(CONTENT_LENGTH);
        }
        response
    }
}

impl fmt::Debug for ResponseHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResponseHooks({})", self.0.len())
    }
}
