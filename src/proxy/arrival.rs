//! `Arrival`: when a request arrived, if its body was read before the request was forwarded.

use std::time::Duration;

use http::Extensions;
use tokio::time::Instant;

use crate::error::{Deadline, ExchangeTimeout};

use super::ClientDeadline;

/// An extension of a request whose body was read, or awaited, before it was forwarded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    /// When the request arrived, or its present attempt began.
    at: Instant,
    /// All of the body has arrived: no origin waits for the client.
    pub(super) has_whole_body: bool,
    /// The body, or its beginning, was buffered: `Limits::buffer_requests`.
    pub(super) is_buffered: bool,
}

impl Arrival {
    /// A request that arrives now, of whose body nothing was read.
    pub(super) fn now() -> Self {
        Self {
            at: Instant::now(),
            has_whole_body: false,
            is_buffered: false,
        }
    }

    /// The arrival of a request with these extensions. `None` if nothing of its body was awaited.
    pub(super) fn of(extensions: &Extensions) -> Option<Self> {
        extensions.get().copied()
    }

    /// Another attempt of the request begins, with deadlines of its own.
    pub(crate) fn begin_anew(extensions: &mut Extensions) {
        if let Some(arrival) = extensions.get_mut::<Self>() {
            arrival.at = Instant::now();
        }
    }
}

/// When the exchange of a request with these extensions has to end: after `request_timeout`, or
/// when its client stops waiting.
pub(super) fn exchange_end(
    request_timeout: Option<Duration>,
    extensions: &Extensions,
) -> Option<Deadline> {
    let request = request_timeout.map(|after| {
        let since = Arrival::of(extensions).map_or_else(Instant::now, |arrival| arrival.at);
        Deadline::new(since, after, ExchangeTimeout::Request)
    });
    let client = extensions.get().copied().map(ClientDeadline::deadline);
    Deadline::earlier(request, client)
}
