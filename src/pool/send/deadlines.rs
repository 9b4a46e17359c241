//! `Deadlines`: how long a request may wait for its connection and its response.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout_at};

use crate::{
    connector::{Connecting, OriginStream},
    error::{Deadline, Error, ErrorKind, ExchangeTimeout, Facts, ReachedLimit, Stage},
    upload::{AwaitedSide, UploadProgress},
};

use crate::pool::{checkout::ConnectionKey, connection::PooledConnection, shared_pool::SharedPool};

/// How long a request may wait for its response, and the end of the whole exchange.
///
/// Each request's future has room for it, so that the end is borrowed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadlines<'a> {
    /// `Limits::response_timeout`. It starts anew while the request's body moves.
    pub(crate) response: Duration,
    pub(crate) end: Option<&'a Deadline>,
}

impl Deadlines<'_> {
    /// Waits for a connection until the end of the request.
    pub(super) async fn within_end<T>(
        &self,
        pool: &SharedPool,
        key: &ConnectionKey,
        mut wait: BoxFuture<'_, Result<T, Error>>,
    ) -> Result<T, Error> {
        let Some(end) = self.end else {
            return wait.await;
        };
        // The wait is dropped after the error is made: it shows what was waited for.
        match Box::pin(timeout_at(end.at, &mut wait)).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => Err(pool.wait_ended(key, *end)),
        }
    }

    /// Connects until the end of the request.
    pub(super) async fn connect_within_end(
        &self,
        connecting: Connecting,
    ) -> Result<OriginStream, Error> {
        let Some(end) = self.end else {
            return connecting.await;
        };
        let stage = connecting.stage().clone();
        let connected = timeout_at(end.at, connecting).await;
        connected.unwrap_or_else(|_elapsed| {
            let facts = end.added_to(Facts::default());
            Err(Error::new(ErrorKind::TimedOut, stage.get(), facts))
        })
    }

    /// When the whole exchange ends.
    pub(super) fn end(&self) -> Option<Instant> {
        self.end.map(|end| end.at)
    }

    /// The error of an exchange without an outcome. The connection and the progress of the upload
    /// show which side did not act.
    pub(super) fn passed(&self, connection: &PooledConnection, progress: &UploadProgress) -> Error {
        let now = Instant::now();
        let response = || Deadline::new(now, self.response, ExchangeTimeout::Response);
        let end = self.end.copied().filter(|end| end.at <= now);
        let (is_end, passed) = (end.is_some(), end.unwrap_or_else(response));
        let facts = connection.info().facts().clone();
        let no_stream = Some(ReachedLimit::OriginStreams);
        if connection.awaits_stream() {
            let kind = ErrorKind::PoolExhausted;
            return passed.passed_at_limit(kind, Stage::Dial, facts.at_limit(no_stream));
        }
        let limit = no_stream.filter(|_| connection.refuses_streams());
        let (stage, passed) = match progress.awaited_side() {
            AwaitedSide::Origin => (Stage::Receive, passed),
            AwaitedSide::Either => (Stage::Receive, passed.while_either_is_awaited()),
            // The deadline of the whole exchange is no measure of the client's silence.
            AwaitedSide::Client if is_end => (Stage::Receive, passed.while_client_is_awaited()),
            AwaitedSide::Client => (Stage::Send, passed),
        };
        let facts = passed.added_to(facts).at_limit(limit);
        Error::new(ErrorKind::TimedOut, stage, facts)
    }
}
