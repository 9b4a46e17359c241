//! `Silence`: a request waited in vain, so its connection may be dead.

use http::Request;
use tokio::time::{Duration, Instant};

use crate::upload::{AwaitedSide, RequestBody, UploadProgress};

/// The minimum silence that makes a connection suspect when the client leaves. A timeout of the
/// proxy makes it suspect even after a shorter silence.
const MIN_SILENCE: Duration = Duration::from_secs(1);

/// The start of a time in which a request waited and nothing arrived.
///
/// A path that drops packets without an error leaves connections like this: a firewall has
/// forgotten them, or a host is gone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Silence {
    pub(crate) since: Instant,
}

/// A request that waits for its response.
pub(super) struct Waiting {
    began_at: Instant,
    progress: UploadProgress,
    has_head: bool,
    has_timed_out: bool,
}

impl Waiting {
    /// The request is sent from `began_at` on.
    pub(super) fn for_response(request: &Request<RequestBody>, began_at: Instant) -> Self {
        Self {
            began_at,
            progress: request.body().progress(),
            has_head: false,
            has_timed_out: false,
        }
    }

    /// The response has begun. From now on, a client that leaves does not make the connection
    /// suspect.
    pub(super) fn begun(self) -> Self {
        Self {
            has_head: true,
            ..self
        }
    }

    /// The proxy waits no longer.
    pub(super) fn timed_out(self) -> Self {
        Self {
            has_timed_out: true,
            ..self
        }
    }

    /// The silence of the origin, if it is long enough. Bytes last arrived at `last_received`.
    ///
    /// Returns `None` while the request waits for more of its client's body.
    pub(super) fn silence(&self, last_received: Option<Instant>) -> Option<Silence> {
        let awaits_client = self.progress.awaited_side() == AwaitedSide::Client;
        if awaits_client || (self.has_head && !self.has_timed_out) {
            return None;
        }
        let waits_since = self.progress.moved_at().max(Some(self.began_at))?;
        let since = last_received.map_or(waits_since, |last| last.max(waits_since));
        let is_long = since.elapsed() >= MIN_SILENCE;
        (is_long || (self.has_timed_out && since == waits_since)).then_some(Silence { since })
    }
}
