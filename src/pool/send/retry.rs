//! `Attempts`: which requests are retried, and on which connection.
//!
//! | after | the next attempt is made on | it counts as |
//! |---|---|---|
//! | nothing was written, no body was read | any connection | free |
//! | an idle HTTP/1 connection ended | one opened in its place | free |
//! | nothing was written, or a GOAWAY | any; later an idle stream or a new connection | free |
//! | a refused stream | any; for the last attempt, one opened since | sent |
//! | an HTTP/2 connection ended | one opened since, which all its streams share | sent |
//! | a 421 | a new connection | sent |
//! | a 408 on an idle HTTP/1 connection | one opened in its place | free |
//! | a 425 | any | not at all: there is at most one |
//!
//! A sent attempt needs room in [`MAX_SENT`] and in the retry budget, a free one in [`MAX_FREE`].

use std::sync::Arc;

use http::{Request, Response, StatusCode};
use http_body::Body;
use tokio::time::Instant;

use crate::{
    error::{Error, NotRetried},
    observe::{ExchangeRecord, RetryReason},
    upload::{Replay, RequestBody, UploadProgress},
};

use crate::pool::{
    checkout::{ConnectionKey, checkout, fresh_connection, newer_connection, replacement},
    connection::{PooledConnection, ResponseBody},
    shared_pool::SharedPool,
};

use super::{attempt::Attempt, budgeted_retry::BudgetedRetry, no_response::NoResponse};

/// The maximum number of attempts that the origin may have processed.
const MAX_SENT: usize = 3;

/// The maximum number of attempts that the origin most likely did not process. They cost the origin
/// little, but must end.
const MAX_FREE: usize = 32;

/// The maximum number of unprocessed first requests on new connections. An origin that rejects that
/// many processes no request.
const MAX_FREE_ON_NEW: usize = 3;

/// The attempts of one request.
pub(super) struct Attempts<'a> {
    pool: &'a Arc<SharedPool>,
    key: &'a ConnectionKey,
    /// The request's body, if it has one.
    body: Option<(Replay, UploadProgress)>,
    is_idempotent: bool,
    /// Attempts that the origin may have processed.
    sent_attempts: usize,
    /// Attempts that cost nothing: the origin did not process them, or most likely did not.
    free_attempts: usize,
    /// Those of them that were the first request of a new connection.
    free_on_new: usize,
    current: Attempt,
    /// The retry that the present attempt is, in the budget.
    budgeted: Option<BudgetedRetry>,
}

/// What a retry comes to.
pub(super) enum RetryOutcome {
    /// The connection for the next attempt.
    Connection(PooledConnection),
    /// There is no next attempt: the response of the one before is passed on.
    KeepResponse(Response<ResponseBody>, PooledConnection),
}

impl<'a> Attempts<'a> {
    pub(super) fn new(
        pool: &'a Arc<SharedPool>,
        key: &'a ConnectionKey,
        request: &Request<RequestBody>,
        connection: &PooledConnection,
    ) -> Self {
        let body = request.body();
        let replay = body.keep_replay(pool.settings().max_replay);
        Self {
            pool,
            key,
            body: replay.map(|replay| (replay, body.progress())),
            is_idempotent: request.method().is_idempotent(),
            sent_attempts: 1,
            free_attempts: 0,
            free_on_new: 0,
            current: Attempt::on(connection),
            budgeted: None,
        }
    }

    /// Begins an attempt on this connection.
    pub(super) fn begin(&mut self, connection: &PooledConnection) {
        self.current = Attempt::on(connection);
    }

    /// When the present attempt began.
    pub(super) fn began_at(&self) -> Instant {
        self.current.began_at
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
        if failed.is_untouched() {
            self.count_free()
                .map_err(|why| self.give_up(failed, why, &connection))?;
            drop(connection);
            return checkout(self.pool, self.key).await;
        }
        if self.was_stale(&failed, &connection) && self.restore(request) {
            if !failed.is_unwritten() {
                self.pool.count_retry();
            }
            return self.connection_for_stale(connection).await;
        }
        if !self.is_safe_after(&failed) {
            return Err(self.with_context(failed.into_error(connection.info())));
        }
        let is_unwritten = failed.is_unwritten();
        let is_unprocessed = failed.is_unprocessed();
        let is_free = failed.is_above_last_stream() || is_unwritten;
        let begun = match self.restore(request) {
            false => Err(NotRetried::BodyNotKept),
            true if is_free => self.count_free(),
            true => self.begin_retry(),
        };
        begun.map_err(|why| self.give_up(failed, why, &connection))?;
        drop(connection);
        if is_free {
            if !is_unwritten {
                self.pool.count_retry();
            }
            return self.connection_after_goaway().await;
        }
        // Where one connection was cut off, the other idle ones may be about to. A refused stream
        // is no sign of that, so only the last attempt requires a newer connection.
        let is_last = self.sent_attempts + 1 >= MAX_SENT;
        let connection = match self.current {
            _ if is_unprocessed && !is_last => checkout(self.pool, self.key).await?,
            // All streams of the connection fail at once, and share the next.
            Attempt {
                is_http2: true,
                began_at,
                ..
            } => newer_connection(self.pool, self.key, began_at).await?,
            _ => self.fresh_or_any().await?,
        };
        self.count_sent_attempt();
        Ok(connection)
    }

    /// A connection that is opened for this request, or any if none can be opened.
    async fn fresh_or_any(&self) -> Result<PooledConnection, Error> {
        match fresh_connection(self.pool, self.key).await {
            Some(fresh) => Ok(fresh),
            None => checkout(self.pool, self.key).await,
        }
    }

    /// Counts a free attempt. Fails if there were too many.
    fn count_free(&mut self) -> Result<(), NotRetried> {
        let was_first = !self.current.reused && !self.current.was_open_before;
        self.free_on_new += usize::from(was_first);
        self.free_attempts += 1;
        match self.free_attempts > MAX_FREE || self.free_on_new >= MAX_FREE_ON_NEW {
            true => Err(NotRetried::Unprocessed(self.free_attempts)),
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
        if self.free_attempts == 1 {
            return checkout(self.pool, self.key).await;
        }
        match self.pool.idle_stream(self.key) {
            Some(idle) => Ok(idle),
            None => self.fresh_or_any().await,
        }
    }

    /// Whether an idle HTTP/1 connection ended, and the request may be sent again. It ended while
    /// it was idle, or before it answered.
    fn was_stale(&self, failed: &NoResponse, connection: &PooledConnection) -> bool {
        let may_repeat = failed.is_unwritten() || !self.pool.settings().retry_budget.is_none();
        !connection.is_http2()
            && self.current.was_open_before
            && self.free_attempts < MAX_FREE
            && may_repeat
            && self.is_safe_after(failed)
    }

    /// Why the request is sent again after this failure, if it is.
    pub(super) fn retry_reason(&self, failed: &NoResponse) -> RetryReason {
        if failed.is_untouched() || failed.is_unwritten() {
            return match self.current.was_open_before {
                true => RetryReason::IDLE_CLOSED,
                false => RetryReason::UNWRITTEN,
            };
        }
        if failed.is_above_last_stream() {
            return RetryReason::GO_AWAY;
        }
        match failed.is_unprocessed() {
            true => RetryReason::STREAM_REFUSED,
            false if self.current.is_http2 => RetryReason::CONNECTION_ENDED,
            false => RetryReason::IDLE_CLOSED,
        }
    }

    /// A connection that is opened in place of a stale one. Other idle ones may be stale too.
    ///
    /// The retry budget does not count it: there is at most one for each connection that ends, and
    /// the origin has most likely not seen the request.
    async fn connection_for_stale(
        &mut self,
        connection: PooledConnection,
    ) -> Result<PooledConnection, Error> {
        self.free_attempts += 1;
        match replacement(self.pool, connection).await {
            Some(fresh) => Ok(fresh),
            None => checkout(self.pool, self.key).await,
        }
    }

    /// Adds to an error what the earlier attempts show about the origin.
    pub(super) fn with_context(&self, error: Error) -> Error {
        let error = self.pool.history().with_context(error);
        let error = match self.current.reused {
            true => error.on_reused(),
            false => error,
        };
        match self.current.idle_since {
            Some(since) => error.after_idle(self.current.began_at.duration_since(since)),
            None => error,
        }
    }

    /// Whether the request is sent on a fresh connection because of a 421 on a shared one, once.
    ///
    /// If fresh ones get a 421 as well, it is passed on, until there is another response.
    pub(super) fn is_misdirected<B>(
        &mut self,
        response: &Response<B>,
        connection: &PooledConnection,
    ) -> bool {
        let is_misdirected = response.status() == StatusCode::MISDIRECTED_REQUEST;
        let is_shared = self.current.reused || (connection.is_http2() && connection.has_served());
        self.pool
            .history()
            .may_be_misdirected(is_misdirected, !is_shared)
            && self.sent_attempts == 1
            && self.is_repeatable()
            && self.begin_retry().is_ok()
    }

    /// After a 421: a fresh connection. Without one, the 421 is passed on.
    pub(super) async fn retry_misdirected(
        &mut self,
        response: Response<ResponseBody>,
        connection: PooledConnection,
        request: &mut Request<RequestBody>,
        record: &mut ExchangeRecord,
    ) -> Result<RetryOutcome, Error> {
        let fresh = fresh_connection(self.pool, self.key).await;
        // The exchange that was answered may have gone on reading the body.
        let Some(fresh) = fresh.filter(|_| self.restore(request)) else {
            return Ok(RetryOutcome::KeepResponse(response, connection));
        };
        self.count_sent_attempt();
        // In this order: the connection notes why it closes before the body drops the socket.
        drop(connection);
        drop(response);
        record.retry(RetryReason::MISDIRECTED);
        Ok(RetryOutcome::Connection(fresh))
    }

    /// Whether a 408 is the end of an idle HTTP/1 connection, which crossed this request.
    ///
    /// Some servers send one before they close it (RFC 9110 section 15.5.9).
    pub(super) fn was_idle_for_too_long<B>(&self, response: &Response<B>) -> bool {
        response.status() == StatusCode::REQUEST_TIMEOUT
            && !self.current.is_http2
            && self.current.was_open_before
            && self.is_idempotent
            && self.is_repeatable()
            && self.free_attempts < MAX_FREE
            && !self.pool.settings().retry_budget.is_none()
    }

    /// After such a 408: a connection that is opened in place of the idle one.
    pub(super) async fn retry_idle_for_too_long(
        &mut self,
        response: Response<ResponseBody>,
        connection: PooledConnection,
        request: &mut Request<RequestBody>,
    ) -> Result<RetryOutcome, Error> {
        if !self.restore(request) {
            return Ok(RetryOutcome::KeepResponse(response, connection));
        }
        drop(response);
        self.pool.count_retry();
        let fresh = self.connection_for_stale(connection).await;
        fresh.map(RetryOutcome::Connection)
    }

    /// Whether the origin asks for the request once more, after the handshake (RFC 8470 section
    /// 5.2).
    pub(super) fn is_too_early<B>(&self, response: &Response<B>) -> bool {
        self.current.in_early_data && response.status() == StatusCode::TOO_EARLY
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
        let connection = checkout(self.pool, self.key).await?;
        self.pool.count_retry();
        Ok(connection)
    }

    /// RFC 9110 section 9.2.2: a proxy must not automatically retry a request that is not
    /// idempotent and may have been processed.
    fn is_safe_after(&self, failed: &NoResponse) -> bool {
        let has_hardly_arrived = self.current.was_open_before && failed.was_cut_off();
        let has_no_effect = failed.is_unwritten() || failed.is_unprocessed();
        has_no_effect || (self.is_idempotent && has_hardly_arrived)
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

    /// Counts an attempt that the origin may have processed, here and in the snapshot of the pool.
    fn count_sent_attempt(&mut self) {
        self.sent_attempts += 1;
        self.pool.count_retry();
    }

    /// Begins a retry, if the number of attempts and the budget allow one more.
    fn begin_retry(&mut self) -> Result<(), NotRetried> {
        if self.sent_attempts >= MAX_SENT {
            return Err(NotRetried::Attempts(self.sent_attempts));
        }
        // The previous one has ended.
        self.budgeted = None;
        self.budgeted = BudgetedRetry::begin(self.pool);
        match self.budgeted {
            Some(_) => Ok(()),
            None => Err(NotRetried::Budget),
        }
    }
}
