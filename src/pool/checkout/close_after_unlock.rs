//! `Discarded`: connections that the pool closes when its lock is released.

use std::sync::Arc;

use crate::pool::connection::{CloseReason, Http1Connection, Http2Connection};

/// Connections that the pool discards. Dropping them closes them.
pub(crate) struct Discarded {
    http1: Vec<(Box<Http1Connection>, CloseReason)>,
    _http2: Vec<Arc<Http2Connection>>,
}

impl Discarded {
    pub(super) fn new(
        http1: Vec<(Box<Http1Connection>, CloseReason)>,
        http2: Vec<Arc<Http2Connection>>,
    ) -> Self {
        Self {
            http1,
            _http2: http2,
        }
    }
}

impl Drop for Discarded {
    fn drop(&mut self) {
        for (connection, reason) in self.http1.drain(..) {
            connection.close_idle(reason);
        }
    }
}
