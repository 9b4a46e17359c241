//! `Attempts`: which requests are retried, and on which connection.

use std::sync::Arc;

use http::{Request, Response, StatusCode};
use http_body::Body;
use tokio::time::Instant;

use crate::{
    error::{Error, NotRetried},
    observe::RetryReason,
    upload::{Replay, RequestBody, UploadProgress},
};

use crate::pool::{
    checkout::{Affinity, checkout, fresh_connection, newer_connection, replacement},
    connection::{PooledConnection, ResponseBody},
    inner::PoolInner,
};

use super::failure::NoResponse;

/// The maximum number of attempts that the origin may have seen.
const MAX_ATTEMPTS: usize = 3;

/// The maximum number of attempts that the origin most likely did not process. They cost the origin
/// little, but must end.
const MAX_UNSENT: usize = 32;

/// The attempts of one request.
pub(super) struct Attempts<'a> {
    inner: &'a Arc<PoolInner>,
    affinity: &'a Affinity,
    /// The request's body, if it has one.
    body: Option<(Replay, UploadProgress)>,
    is_idempotent: bool,
    /// Attempts that the origin may have seen.
    sent: usize,
    /// Attempts that the origin did not process, or that an idle connection cut off.
    unsent: usize,
    /// Those of them that were the first of a new connection.
    first_unsent: usize,
    current: Attempt,
    /// The retry that the present attempt is, in the budget.
    retrying: Option<Retrying>,
}

/// The maximum number of unprocessed first requests on new connections. An origin that rejects that
/// many processes no request.
const MAX_FIRST_UNSENT: usize = 3;

/// One attempt, by the connection that it is made on.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    began_at: Instant,
    is_http2: bool,
    /// The connection had served a request before.
    reused: bool,
    /// The connection was idle in the pool before.
    was_idle: bool,
    /// Since when, if it served no other request.
    idle_since: Option<Instant>,
    /// The request was sent before the TLS handshake had ended.
    early: bool,
}

impl Attempt {
    fn on(connection: &PooledConnection) -> Self {
        Self {
            began_at: Instant::now(),
            is_http2: connection.is_http2(),
            reused: connection.has_served(),
            was_idle: connection.was_idle(),
            idle_since: connection.idle_since(),
            early: connection.is_early(),
        }
    }
}

impl<'a> Attempts<'a> {
    pub(super) fn new(
        inner: &'a Arc<PoolInner>,
        affinity: &'a Affinity,
        request: &Request<RequestBody>,
        connection: &PooledConnection,
    ) -> Self {
        let body = request.body();
        let replay = body.keep_replay(inner.settings().max_replay);
        Self {
            inner,
            affinity,
            body: replay.map(|replay| (replay, body.progress())),
            is_idempotent: request.method().is_idempotent(),
            sent: 1,
            unsent: 0,
            first_unsent: 0,
            current: Attempt::on(connection),
            retrying: None,
        }
    }

    /// Begins an attempt on this connection.
    pub(super) fn begin(&mut self, connection: &PooledConnection) {
        self.current = Attempt::on(connection);
    }

    /// After a failure: the connection for the next attempt, for which the request is restored.
    ///
    /// # Errors
    ///
    /// The failure, if the request may not be retried.
    pub(super) async fn retry_failed(
        &mut self,
        failed: NoResponse,
        connection: PooledConnection,
        request: &mut Request<RequestBody>,
    ) -> Result<PooledConnection, Error> {
        if failed.is_unsent() {
            self.count_unsent()
                .map_err(|why| self.give_up(failed, why, &connection))?;
            drop(connection);
            return checkout(self.inner, self.affinity).await;
        }
        if self.was_stale(&failed, &connection) && self.restore(request) {
            return self.connection_for_stale(&failed, connection).await;
        }
        if !self.is_safe_after(&failed) {
            return Err(self.with_context(failed.into_error(connection.info())));
        }
        let is_unwritten = failed.is_unwritten();
        let is_unprocessed = failed.is_unprocessed();
        let is_free = failed.is_above_last_stream() || is_unwritten;
        let begun = match self.restore(request) {
            false => Err(NotRetried::BodyNotKept),
            true if is_free => self.count_unsent(),
            true => self.begin_retry(),
        };
        begun.map_err(|why| self.give_up(failed, why, &connection))?;
        drop(connection);
        if is_free {
            if !is_unwritten {
                self.inner.count_retry();
            }
            return self.connection_after_goaway().await;
        }
        // Where one connection was cut off, the other idle ones may be about to. A refused stream
        // is no sign of that, so only the last attempt requires a newer connection.
        let is_last = self.sent + 1 >= MAX_ATTEMPTS;
        let connection = match self.current {
            _ if is_unprocessed && !is_last => checkout(self.inner, self.affinity).await?,
            // All streams of the connection fail at once, and share the next.
            Attempt {
                is_http2: true,
                began_at,
                ..
            } => newer_connection(self.inner, self.affinity, began_at).await?,
            _ => self.fresh_or_any().await?,
        };
        self.count_retry();
        Ok(connection)
    }

    /// A connection that is opened for this request, or any if none can be opened.
    async fn fresh_or_any(&self) -> Result<PooledConnection, Error> {
        match fresh_connection(self.inner, self.affinity).await {
            Some(fresh) => Ok(fresh),
            None => checkout(self.inner, self.affinity).await,
        }
    }

    /// Counts an attempt that the origin did not process.
    fn count_unsent(&mut self) -> Result<(), NotRetried> {
        let was_first = !self.current.reused && !self.current.was_idle;
        self.first_unsent += usize::from(was_first);
        self.unsent += 1;
        match self.unsent > MAX_UNSENT || self.first_unsent >= MAX_FIRST_UNSENT {
            true => Err(NotRetried::Unprocessed(self.unsent)),
            false => Ok(()),
        }
    }

    /// The error of a request that could have been sent again.
    fn give_up(&self, failed: NoResponse, why: NotRetried, connection: &PooledConnection) -> Error {
        self.with_context(failed.not_retried(why).into_error(connection.info()))
    }

    /// A connection for a request that the origin did not process (RFC 9113 section 8.7). It costs
    /// the origin nothing, so neither the number of attempts nor the retry budget counts it.
    ///
    /// Many requests learn of one GOAWAY at once. At first they share what the pool has, instead of
    /// opening a connection each. A request for which that failed gets a connection that is idle or
    /// fresh, on which its stream is the next: an origin that processes any request processes that.
    async fn connection_after_goaway(&mut self) -> Result<PooledConnection, Error> {
        if self.unsent == 1 {
            return checkout(self.inner, self.affinity).await;
        }
        match self.inner.idle_stream(self.affinity) {
            Some(idle) => Ok(idle),
            None => self.fresh_or_any().await,
        }
    }

    /// Whether an idle HTTP/1 connection ended, and the request may be sent again. It ended while
    /// it was idle, or before it answered.
    fn was_stale(&self, failed: &NoResponse, connection: &PooledConnection) -> bool {
        let may_repeat = failed.is_unwritten() || !self.inner.settings().retry_budget.is_none();
        !connection.is_http2()
            && self.current.was_idle
            && self.unsent < MAX_UNSENT
            && may_repeat
            && self.is_safe_after(failed)
    }

    /// Why the request is sent again after this failure, if it is.
    pub(super) fn retry_reason(&self, failed: &NoResponse) -> RetryReason {
        if failed.is_unsent() || failed.is_unwritten() {
            return match self.current.was_idle {
                true => RetryReason::IdleClosed,
                false => RetryReason::Unwritten,
            };
        }
        if failed.is_above_last_stream() {
            return RetryReason::GoAway;
        }
        match failed.is_unprocessed() {
            true => RetryReason::StreamRefused,
            false if self.current.is_http2 => RetryReason::ConnectionEnded,
            false => RetryReason::IdleClosed,
        }
    }

    /// A connection that is opened in place of a stale one. Other idle ones may be stale too.
    ///
    /// The retry budget does not count it: there is at most one for each connection that ends, and
    /// the origin has most likely not seen the request.
    async fn connection_for_stale(
        &mut self,
        failed: &NoResponse,
        connection: PooledConnection,
    ) -> Result<PooledConnection, Error> {
        self.unsent += 1;
        self.count_unless_unwritten(failed);
        match replacement(self.inner, connection).await {
            Some(fresh) => Ok(fresh),
            None => checkout(self.inner, self.affinity).await,
        }
    }

    /// Adds to an error what the earlier attempts show about the origin.
    pub(super) fn with_context(&self, error: Error) -> Error {
        let error = self.inner.history().with_context(error);
        let error = match self.current.reused {
            true => error.on_reused(),
            false => error,
        };
        match self.current.idle_since {
            Some(since) => error.after_idle(self.current.began_at.duration_since(since)),
            None => error,
        }
    }

    /// After a 421 on a shared connection: a fresh one, once.
    ///
    /// If fresh ones get a 421 as well, it is passed on, until there is another response.
    pub(super) async fn retry_misdirected<B>(
        &mut self,
        response: &Response<B>,
        connection: &PooledConnection,
        request: &mut Request<RequestBody>,
    ) -> Option<PooledConnection> {
        let is_misdirected = response.status() == StatusCode::MISDIRECTED_REQUEST;
        let is_own = !self.is_shared(connection);
        if !self
            .inner
            .history()
            .may_be_misdirected(is_misdirected, is_own)
        {
            return None;
        }
        if self.sent > 1 || !self.is_repeatable() || self.begin_retry().is_err() {
            return None;
        }
        let fresh = Box::pin(fresh_connection(self.inner, self.affinity)).await?;
        // The exchange that was answered may have gone on reading the body.
        if !self.restore(request) {
            return None;
        }
        self.count_retry();
        Some(fresh)
    }

    /// Whether the origin asks for the request once more, after the handshake (RFC 8470 section
    /// 5.2).
    pub(super) fn is_too_early<B>(&self, response: &Response<B>) -> bool {
        self.current.early && response.status() == StatusCode::TOO_EARLY
    }

    /// After a 425: a connection whose handshake has ended.
    ///
    /// Only a first attempt is sent early, so any connection will do: the same one, if the response
    /// has ended.
    pub(super) async fn retry_too_early(
        &self,
        response: Response<ResponseBody>,
        connection: PooledConnection,
    ) -> Result<PooledConnection, Error> {
        let mut body = response.into_body();
        match body.is_end_stream() {
            true => connection.finish(&mut body),
            false => drop(connection),
        }
        drop(body);
        let connection = checkout(self.inner, self.affinity).await?;
        self.inner.count_retry();
        Ok(connection)
    }

    /// Whether the connection serves, or has served, other requests.
    fn is_shared(&self, connection: &PooledConnection) -> bool {
        self.current.reused || (connection.is_http2() && connection.has_served())
    }

    /// RFC 9110 section 9.2.2: a proxy must not automatically retry a request that is not
    /// idempotent and may have been processed.
    fn is_safe_after(&self, failed: &NoResponse) -> bool {
        let was_cut_off = self.current.was_idle && failed.was_cut_off();
        let has_no_effect = failed.is_unwritten() || failed.is_unprocessed();
        has_no_effect || (self.is_idempotent && was_cut_off)
    }

    /// Whether all of the body that was read is kept.
    fn is_repeatable(&self) -> bool {
        let body = self.body.as_ref();
        body.is_none_or(|(replay, _)| replay.is_complete())
    }

    /// Gives the request its body back. Whether all of it is still kept.
    fn restore(&self, request: &mut Request<RequestBody>) -> bool {
        let Some((replay, progress)) = &self.body else {
            return true;
        };
        let Some(body) = RequestBody::replayed(replay, progress.clone()) else {
            return false;
        };
        *request.body_mut() = body;
        true
    }

    fn count_unless_unwritten(&self, failed: &NoResponse) {
        if !failed.is_unwritten() {
            self.inner.count_retry();
        }
    }

    fn count_retry(&mut self) {
        self.sent += 1;
        self.inner.count_retry();
    }

    /// Begins a retry, if the number of attempts and the budget allow one more.
    fn begin_retry(&mut self) -> Result<(), NotRetried> {
        if self.sent >= MAX_ATTEMPTS {
            return Err(NotRetried::Attempts(self.sent));
        }
        // The previous one has ended.
        self.retrying = None;
        self.retrying = Retrying::begin(self.inner);
        match self.retrying {
            Some(_) => Ok(()),
            None => Err(NotRetried::Budget),
        }
    }
}

/// A retry that is in flight, as the budget counts it.
pub(crate) struct Retrying(Arc<PoolInner>);

impl Retrying {
    /// Begins a retry, if the budget allows it.
    pub(crate) fn begin(inner: &Arc<PoolInner>) -> Option<Self> {
        let budget = inner.settings().retry_budget;
        let is_allowed = inner.with(|inventory| inventory.retries.begin(budget));
        is_allowed.then(|| Self(inner.clone()))
    }

    /// Begins a retry whatever the share of retries, unless the budget allows none at all.
    pub(crate) fn begin_failover(inner: &Arc<PoolInner>) -> Option<Self> {
        let budget = inner.settings().retry_budget;
        let is_allowed = inner.with(|inventory| inventory.retries.begin_unbounded(budget));
        is_allowed.then(|| Self(inner.clone()))
    }
}

impl Drop for Retrying {
    fn drop(&mut self) {
        self.0.with(|inventory| inventory.retries.end());
    }
}
