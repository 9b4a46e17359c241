//! `Http1Connection`: idle in the pool. `PooledHttp1`: the same while it serves a request.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use http::{Request, Response};
use sync_wrapper::SyncWrapper;
use tokio::time::Instant;

use crate::{
    connector::{ConnectionInfo, OriginStream},
    error::EarlyData,
    http1::{self, AddedFields, Http1Error, IdleState, ResponseHead},
    observe::CloseReason,
    upload::{self, RequestBody},
};

use crate::pool::{
    checkout::{CheckInUsed, ConnectPermit, ConnectionKey, PendingConnect},
    pool_settings::PoolSettings,
    send::NoResponse,
};

use super::{
    connection_authentication::authenticates_connection,
    connection_life::ConnectionLife,
    expiry::Expiry,
    peek_before_write::PeekBeforeWrite,
    response_body::ResponseBody,
    silent_connection::{Silence, Waiting},
    tracked_io::TrackedIo,
};

/// A connection, in use or idle. It is boxed once, because it is moved with each request.
pub(crate) struct Http1Connection {
    /// Absent while a response body is read: the body holds it.
    stream: Option<SyncWrapper<Box<http1::Connection<TrackedIo>>>>,
    info: ConnectionInfo,
    key: ConnectionKey,
    life: ConnectionLife,
    generation: u64,
    expiry: Expiry,
    idle_since: Instant,
    /// It was idle in the pool, before a first request or between two.
    was_idle: bool,
    peek: PeekBeforeWrite,
}

impl Http1Connection {
    /// Speaks HTTP/1 on a new stream. `shared` is notified when something arrives while the
    /// connection is idle.
    pub(crate) fn open(
        stream: OriginStream,
        permit: ConnectPermit,
        settings: &PoolSettings,
        shared: Arc<http1::SharedState>,
    ) -> (Box<Self>, PendingConnect) {
        let ConnectPermit {
            connection: permit,
            pending,
        } = permit;
        let info = stream.info().clone();
        let life = permit.life().clone();
        let session = info.facts().tls_session();
        let peek = PeekBeforeWrite::http1();
        let io = TrackedIo::new(stream, permit, peek.another());
        let stream = http1::Connection::new(io, settings.max_head(), shared);
        let stream = match session.map(|session| session.early_data) {
            Some(EarlyData::Accepted) => stream.request_already_sent(),
            _ => stream,
        };
        let now = Instant::now();
        let connection = Self {
            stream: Some(SyncWrapper::new(Box::new(stream))),
            info,
            key: pending.key().clone(),
            life,
            generation: pending.generation(),
            expiry: Expiry::new(now, settings),
            idle_since: now,
            was_idle: false,
            peek,
        };
        (Box::new(connection), pending)
    }

    /// What is known about the connection, for its next request.
    pub(crate) fn info(&self) -> &ConnectionInfo {
        &self.info
    }

    /// The client that the connection belongs to.
    pub(crate) fn key(&self) -> &ConnectionKey {
        &self.key
    }

    /// The generation that the connection was opened in.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// When the connection became idle.
    pub(crate) fn idle_since(&self) -> Instant {
        self.idle_since
    }

    /// Whether the connection has served a request.
    pub(crate) fn has_served(&self) -> bool {
        self.life.uses() > 0
    }

    /// Notes that the connection is idle from now on.
    pub(crate) fn begin_idle(&mut self, now: Instant) {
        if !self.was_idle || self.info.facts().is_reused() != self.has_served() {
            self.info = self.info.found_open(self.has_served());
            if let Some(stream) = &mut self.stream {
                stream.get_mut().stream_mut().set_info(self.info.clone());
            }
        }
        self.idle_since = now;
        self.was_idle = true;
    }

    /// Whether [`check_idle`](Self::check_idle) may find a reason to close it. Polls nothing.
    pub(crate) fn needs_idle_check(&mut self, now: Instant, settings: &PoolSettings) -> bool {
        let stream = self.stream.as_mut();
        let has_news = stream.is_none_or(|stream| stream.get_mut().needs_idle_check());
        has_news || self.expired(now, settings).is_some()
    }

    /// The connection, if it may serve another request. Otherwise it is closed.
    ///
    /// Polls the stream if something has arrived, which runs code of a custom transport: never call
    /// this under the pool's lock. A panic of that code costs this connection only.
    pub(crate) fn check_idle(
        mut self: Box<Self>,
        now: Instant,
        settings: &PoolSettings,
    ) -> Option<Box<Self>> {
        let reason = self
            .peer_close_reason()
            .or_else(|| self.expired(now, settings));
        match reason {
            None => Some(self),
            Some(reason) => {
                self.close(reason);
                None
            }
        }
    }

    /// Closes an idle connection. If the peer has closed it already, that is the reason.
    pub(crate) fn close_idle(mut self: Box<Self>, reason: CloseReason) {
        let reason = self.peer_close_reason().unwrap_or(reason);
        self.close(reason);
    }

    /// Closes the connection. A panic of a custom transport ends here.
    pub(crate) fn close(self: Box<Self>, reason: CloseReason) {
        self.life.note(reason);
        let _ = catch_unwind(AssertUnwindSafe(|| drop(self)));
    }

    /// The silence of the origin, if a request waited in vain. Only if the connection was idle
    /// before: it may have died then, and so may other idle ones.
    fn silence(&mut self, waiting: &Waiting) -> Option<Silence> {
        let stream = self.stream.as_mut()?.get_mut();
        let is_silent = self.was_idle && !stream.received_any();
        waiting.silence(None).filter(|_| is_silent)
    }

    /// Why a connection that is idle has to be closed by now, whatever the peer did.
    fn expired(&self, now: Instant, settings: &PoolSettings) -> Option<CloseReason> {
        self.expiry
            .expired_idle(self.life.uses(), self.idle_since, now, settings)
    }

    /// Why the connection is of no use any more, by what the peer did.
    fn peer_close_reason(&mut self) -> Option<CloseReason> {
        let Some(stream) = &mut self.stream else {
            return Some(CloseReason::Origin);
        };
        let checked = catch_unwind(AssertUnwindSafe(|| stream.get_mut().check_idle()));
        checked.map_or(Some(CloseReason::Error), close_reason_of)
    }
}

/// Why a connection in this state has to be closed.
fn close_reason_of(state: IdleState) -> Option<CloseReason> {
    match state {
        IdleState::Open => None,
        IdleState::Closed => Some(CloseReason::Origin),
        IdleState::Broken => Some(CloseReason::Error),
    }
}

/// A connection that serves a request. If it is dropped before its response has ended, it is
/// closed.
pub(crate) struct PooledHttp1 {
    pool: Arc<dyn CheckInUsed<Box<Http1Connection>>>,
    info: ConnectionInfo,
    key: ConnectionKey,
    /// Taken when the request has ended.
    connection: Option<Box<Http1Connection>>,
    was_used: bool,
    /// The wait for the head of the response.
    waiting: Option<Waiting>,
}

impl PooledHttp1 {
    /// A connection for one request. It goes back to `pool`.
    pub(crate) fn new(
        pool: Arc<dyn CheckInUsed<Box<Http1Connection>>>,
        connection: Box<Http1Connection>,
    ) -> Self {
        Self {
            pool,
            info: connection.info.clone(),
            key: connection.key.clone(),
            connection: Some(connection),
            was_used: false,
            waiting: None,
        }
    }

    pub(crate) fn info(&self) -> &ConnectionInfo {
        &self.info
    }

    pub(crate) fn key(&self) -> &ConnectionKey {
        &self.key
    }

    /// Whether it has served a request.
    pub(crate) fn has_served(&self) -> bool {
        let connection = self.connection.as_ref();
        connection.is_some_and(|connection| connection.has_served())
    }

    /// Whether it was idle in the pool before.
    pub(crate) fn was_open_before(&self) -> bool {
        let connection = self.connection.as_ref();
        connection.is_some_and(|connection| connection.was_idle)
    }

    /// Since when it has been idle.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        let connection = self.connection.as_ref().filter(|it| it.was_idle);
        connection.map(|connection| connection.idle_since)
    }

    /// Sends a request with the added fields, and waits for the head of its response.
    ///
    /// The request keeps its fields unless the response is a success, and its body if nothing was
    /// sent.
    #[expect(
        clippy::expect_used,
        reason = "only `finish` and `drop` take the connection, only a response its stream"
    )]
    pub(crate) async fn exchange(
        &mut self,
        request: &mut Request<RequestBody>,
        added: &AddedFields,
        began_at: Instant,
    ) -> Result<Response<ResponseBody>, NoResponse> {
        self.was_used = true;
        self.waiting = Some(Waiting::for_response(request, began_at));
        let (continue_wait, continue_signal) = upload::expect_continue(request).unzip();
        request.body_mut().wait_for_continue(continue_wait);
        // The exchange holds the body itself, and ends it when it is dropped.
        let connection = self.connection.as_mut().expect("it holds a connection");
        connection.life.count_use();
        let is_peek_due = connection.was_idle && connection.peek.schedule(request);
        if authenticates_connection(request.headers()) {
            connection.expiry.use_up();
        }
        // The stream stays in its place while the head is awaited: a request that is cancelled
        // notes its reason before the stream is closed.
        let stream = connection.stream.as_mut().expect("it holds its stream");
        let stream = stream.get_mut();
        // Before anything of the body is read.
        let begun = match is_peek_due.then(|| stream.stream_mut().peek()) {
            Some(Err(error)) => Err(Http1Error::NotWritten(error)),
            Some(Ok(())) | None => stream.begin(request, added, continue_signal),
        };
        let outcome = match begun {
            Ok(()) => {
                let head = poll_fn(|cx| stream.poll_head(request.headers_mut(), cx)).await;
                head.map_err(|error| NoResponse::over_http1(error, stream.received_any()))
            }
            Err(error) => Err(NoResponse::over_http1(error, false)),
        };
        self.waiting = None;
        match outcome {
            Ok(head) => {
                let stream = connection.stream.take().expect("it holds its stream");
                Ok(response(head, stream.into_inner()))
            }
            Err(failed) => {
                connection.life.note(failed.close_reason());
                Err(failed)
            }
        }
    }

    /// The response has ended, so the connection becomes idle. If the request has not ended, the
    /// connection becomes idle when the returned future completes. Dropping the future closes it.
    pub(crate) fn finish(
        self,
        body: &mut ResponseBody,
    ) -> Option<impl Future<Output = ()> + Send + 'static> {
        let rest = match body {
            ResponseBody::Http1(body) => body.take_rest(),
            ResponseBody::Http2(_) | ResponseBody::Hyper(_) => http1::AfterResponse::Closed,
        };
        match rest {
            http1::AfterResponse::Connection(stream) => self.give_back(Some(stream)),
            http1::AfterResponse::Closed => self.give_back(None),
            http1::AfterResponse::Sending(request) => {
                return Some(async move { self.give_back(request.await) });
            }
        }
        None
    }

    /// Returns the connection to the pool if it can be reused, and closes it otherwise.
    fn give_back(mut self, stream: Option<Box<http1::Connection<TrackedIo>>>) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        let Some(mut stream) = stream.filter(|stream| stream.is_sent()) else {
            return connection.close(CloseReason::Cancelled);
        };
        let state = stream.make_idle();
        connection.stream = Some(SyncWrapper::new(stream));
        match close_reason_of(state) {
            None => self.pool.check_in(connection),
            Some(reason) => connection.close(reason),
        }
    }

    /// The response has not begun in time.
    pub(crate) fn time_out(&mut self) {
        self.waiting = self.waiting.take().map(Waiting::timed_out);
    }

    /// Closes the connection.
    pub(crate) fn fail(mut self, reason: CloseReason) {
        if let Some(connection) = self.connection.take() {
            connection.close(reason);
        }
    }
}

/// The response whose body reads from the connection.
fn response(
    head: ResponseHead,
    stream: Box<http1::Connection<TrackedIo>>,
) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::Http1(http1::Http1Body::new(stream)));
    *response.version_mut() = head.version;
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    if let Some(reason) = head.reason {
        response.extensions_mut().insert(reason);
    }
    response
}

impl Drop for PooledHttp1 {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        match self.was_used {
            // It carried no request: none waited, or the one that waited had left.
            false => self.pool.check_in(connection),
            true => {
                let silence = self.waiting.take().and_then(|it| connection.silence(&it));
                connection.close(CloseReason::Cancelled);
                if let Some(silence) = silence {
                    self.pool.check_in(silence);
                }
            }
        }
    }
}
