//! Which requests are sent again, and on which connection.

use std::sync::atomic::Ordering;

use http::{Request, Response};
use http_body::Body;

use crate::error::Error;

use crate::upload::{Replay, RequestBody, UploadProgress};

use super::{Affinity, OriginPool, PooledConnection, ResponseBody, failure::Unanswered};

/// A request that may have been seen is never sent more often than this.
const MOST_TRIES: usize = 3;

/// A request that was not sent costs nobody anything; still there is an end to it.
const MOST_UNSENT: usize = 32;

/// Misdirected Request (RFC 9110 section 15.5.20).
const MISDIRECTED: u16 = 421;

/// Too Early (RFC 8470 section 5.2).
const TOO_EARLY: u16 = 425;

/// How often a request was sent, and why.
pub(super) struct Tries<'a> {
    pool: &'a OriginPool,
    client: &'a Affinity,
    /// The request's content, if it has any.
    content: Option<(Replay, UploadProgress)>,
    is_idempotent: bool,
    sent: usize,
    unsent: usize,
    /// Whether the connection of the present try had served a request before.
    is_reused: bool,
    /// Whether it had at least been kept for one.
    had_rested: bool,
    /// Whether the present try was sent before the handshake had ended.
    is_early: bool,
    /// Whether this one counts as a retry that is on its way.
    counts: bool,
}

impl<'a> Tries<'a> {
    pub(super) fn new(
        pool: &'a OriginPool,
        client: &'a Affinity,
        request: &Request<RequestBody>,
    ) -> Self {
        let body = request.body();
        let replay = body.keep_replay(pool.0.settings.max_replay);
        Self {
            pool,
            client,
            content: replay.map(|replay| (replay, body.progress())),
            is_idempotent: request.method().is_idempotent(),
            sent: 1,
            unsent: 0,
            is_reused: false,
            had_rested: false,
            is_early: false,
            counts: false,
        }
    }

    /// Before each try: on which connection it is made.
    pub(super) fn begin(&mut self, lease: &PooledConnection) {
        self.is_reused = lease.has_served();
        self.had_rested = lease.has_rested();
        self.is_early = lease.is_early();
    }

    /// After a failure: the connection for the next try, if there is to be one, for which the
    /// request is whole again.
    pub(super) async fn again(
        &mut self,
        failed: Unanswered,
        lease: PooledConnection,
        request: &mut Request<RequestBody>,
    ) -> Result<PooledConnection, Error> {
        if failed.is_unsent() && self.unsent < MOST_UNSENT {
            self.unsent += 1;
            drop(lease);
            return self.pool.lease(self.client).await;
        }
        if !self.is_safe(&failed) || !self.restore(request) || !self.is_allowed() {
            let error = failed.explained(lease.info());
            return Err(self.told(error));
        }
        drop(lease);
        // Where one connection was cut off, the others that rest may be about to be. After a
        // GOAWAY, of which many requests hear at once, each would open one of its own; only the
        // last try is not left to chance.
        let fresh = match failed.was_refused() && self.sent + 1 < MOST_TRIES {
            true => None,
            false => self.pool.fresh_lease(self.client).await,
        };
        let lease = match fresh {
            Some(lease) => lease,
            None => self.pool.lease(self.client).await?,
        };
        self.count();
        Ok(lease)
    }

    /// The error, with what it does not know of the connection of the present try and of what came
    /// before.
    pub(super) fn told(&self, error: Error) -> Error {
        let error = self.pool.0.told(error);
        match self.is_reused {
            true => error.on_reused(),
            false => error,
        }
    }

    /// After a 421 on a connection that others use too: a fresh one, once. Where fresh ones are
    /// answered 421 as well, it is an answer like others until there is another.
    pub(super) async fn elsewhere<B>(
        &mut self,
        response: &Response<B>,
        lease: &PooledConnection,
        request: &mut Request<RequestBody>,
    ) -> Option<PooledConnection> {
        let known = &self.pool.0.misdirected;
        let is_misdirected = response.status().as_u16() == MISDIRECTED;
        if is_misdirected && !self.is_shared(lease) {
            known.store(true, Ordering::Relaxed);
            return None;
        }
        if known.load(Ordering::Relaxed) {
            known.store(is_misdirected, Ordering::Relaxed);
            return None;
        }
        if !is_misdirected || self.sent > 1 || !self.is_repeatable() || !self.is_allowed() {
            return None;
        }
        let fresh = Box::pin(self.pool.fresh_lease(self.client)).await?;
        // The exchange that was answered may have gone on taking the content.
        if !self.restore(request) {
            return None;
        }
        self.count();
        Some(fresh)
    }

    /// Whether the origin wants the request once more, after the handshake: it is nobody's answer
    /// then (RFC 8470 section 5.2).
    pub(super) fn is_too_early<B>(&self, response: &Response<B>) -> bool {
        self.is_early && response.status().as_u16() == TOO_EARLY
    }

    /// A connection whose handshake has ended: all but that of a first try are such, and if nothing
    /// of the answer is left to be read, it is the same again.
    pub(super) async fn in_time(
        &self,
        answer: Response<ResponseBody>,
        lease: PooledConnection,
    ) -> Result<PooledConnection, Error> {
        let mut body = answer.into_body();
        match body.is_end_stream() {
            true => lease.finish(&mut body),
            false => drop(lease),
        }
        drop(body);
        let lease = self.pool.lease(self.client).await?;
        self.pool.0.lock().counters.retried += 1;
        Ok(lease)
    }

    /// Whether the connection was, or is, not for this request alone.
    fn is_shared(&self, lease: &PooledConnection) -> bool {
        self.is_reused || (lease.is_http2() && lease.has_served())
    }

    /// RFC 9110 section 9.2.2: a proxy MUST NOT automatically retry non-idempotent requests that
    /// may have been seen.
    fn is_safe(&self, failed: &Unanswered) -> bool {
        let was_cut_off = self.had_rested && failed.was_cut_off();
        self.is_repeatable() && (failed.was_refused() || (self.is_idempotent && was_cut_off))
    }

    /// Whether there is no content that is gone.
    fn is_repeatable(&self) -> bool {
        let content = self.content.as_ref();
        content.is_none_or(|(replay, _)| replay.is_complete())
    }

    /// Gives the request its content back. Whether all of it is still there.
    fn restore(&self, request: &mut Request<RequestBody>) -> bool {
        let Some((replay, progress)) = &self.content else {
            return true;
        };
        let Some(body) = RequestBody::replayed(replay, progress.clone()) else {
            return false;
        };
        *request.body_mut() = body;
        true
    }

    /// The request is sent once more.
    fn count(&mut self) {
        self.sent += 1;
        self.pool.0.lock().counters.retried += 1;
    }

    /// Whether the request may be sent once more as far as numbers go.
    fn is_allowed(&mut self) -> bool {
        if self.sent >= MOST_TRIES {
            return false;
        }
        let shared = &self.pool.0;
        let mut state = shared.lock();
        if std::mem::take(&mut self.counts) {
            state.recent.end();
        }
        self.counts = state.recent.begin(shared.settings.retry_budget);
        self.counts
    }
}

impl Drop for Tries<'_> {
    fn drop(&mut self) {
        if self.counts {
            self.pool.0.lock().recent.end();
        }
    }
}
