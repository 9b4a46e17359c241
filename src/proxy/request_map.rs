//! The embedder's word on each request, after the client's fields have been sorted and before the
//! request is sent.

use std::{fmt, sync::Arc};

use http::{
    HeaderName,
    header::{CONNECTION, CONTENT_LENGTH, TE, TRANSFER_ENCODING, UPGRADE},
    request::Parts,
};

type Function = dyn Fn(&mut Parts) + Send + Sync;

/// Functions that change requests, in the order in which they were given.
#[derive(Clone, Default)]
pub(super) struct RequestMap(Vec<Arc<Function>>);

/// What the proxy says of the message, and what nobody changes.
const OURS: [HeaderName; 5] = [CONNECTION, CONTENT_LENGTH, TE, TRANSFER_ENCODING, UPGRADE];

impl RequestMap {
    pub(super) fn add(&mut self, function: impl Fn(&mut Parts) + Send + Sync + 'static) {
        self.0.push(Arc::new(function));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Applies all. What frames the message and what belongs to the connection is afterwards as it
    /// was.
    pub(super) fn apply(&self, parts: &mut Parts) {
        let ours = OURS.map(|name| (parts.headers.get(&name).cloned(), name));
        for function in &self.0 {
            function(parts);
        }
        for (value, name) in ours {
            match value {
                Some(value) => parts.headers.insert(name, value),
                None => parts.headers.remove(name),
            };
        }
    }
}

impl fmt::Debug for RequestMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestMap({})", self.0.len())
    }
}
