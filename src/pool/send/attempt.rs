//! `Attempt`: one attempt of a request, by the connection that it is made on.

use tokio::time::Instant;

use crate::pool::connection::PooledConnection;

/// One attempt, by the connection that it is made on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    pub(super) began_at: Instant,
    pub(super) is_http2: bool,
    /// The connection had served a request before.
    pub(super) reused: bool,
    /// The connection was open before this request.
    pub(super) was_open_before: bool,
    /// Since when, if it served no other request.
    pub(super) idle_since: Option<Instant>,
    /// The request was sent before the TLS handshake had ended.
    pub(super) in_early_data: bool,
}

impl Attempt {
    pub(super) fn on(connection: &PooledConnection) -> Self {
        Self {
            began_at: Instant::now(),
            is_http2: connection.is_http2(),
            reused: connection.has_served(),
            was_open_before: connection.was_open_before(),
            idle_since: connection.idle_since(),
            in_early_data: connection.is_in_early_data(),
        }
    }
}
