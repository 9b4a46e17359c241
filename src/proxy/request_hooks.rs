//! The application's hooks for outgoing requests.

use std::{fmt, sync::Arc};

use http::{
    HeaderName,
    header::{CONNECTION, CONTENT_LENGTH, TE, TRANSFER_ENCODING, UPGRADE},
    request::Parts,
};

type Function = dyn Fn(&mut Parts) + Send + Sync;

/// Functions that change requests just before they are sent, in their order.
#[derive(Clone, Default)]
pub(super) struct RequestHooks(Vec<Arc<Function>>);

/// The fields that belong to the proxy: hooks cannot change them.
const PROXY_FIELDS: [HeaderName; 5] = [CONNECTION, CONTENT_LENGTH, TE, TRANSFER_ENCODING, UPGRADE];

impl RequestHooks {
    pub(super) fn add(&mut self, function: impl Fn(&mut Parts) + Send + Sync + 'static) {
        self.0.push(Arc::new(function));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Calls all hooks, then restores the fields that belong to the proxy.
    pub(super) fn apply(&self, parts: &mut Parts) {
        let saved = PROXY_FIELDS.map(|name| (parts.headers.get(&name).cloned(), name));
        for function in &self.0 {
            function(parts);
        }
        for (value, name) in saved {
            match value {
                Some(value) => parts.headers.insert(name, value),
                None => parts.headers.remove(name),
            };
        }
    }
}

impl fmt::Debug for RequestHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestHooks({})", self.0.len())
    }
}
