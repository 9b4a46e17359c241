//! An HTTP/1 connection: one request at a time, then it rests.

use std::{future::poll_fn, sync::Arc};

use http::{Request, Response};
use sync_wrapper::SyncWrapper;
use tokio::time::Instant;

use crate::{
    connector::{ConnectionInfo, OriginStream},
    error::EarlyData,
    http1::{self, IdleState, ResponseHead},
    upload::{self, RequestBody},
};

use super::{
    Affinity, PoolSettings, ResponseBody, Shared,
    ending::{Ending, Reason},
    failure::Unanswered,
    slot::{Attempt, Leave},
    state::Protocol,
    tracked_io::TrackedIo,
};

/// A connection, in use or at rest.
pub(super) struct Http1 {
    /// Away while a response's content is read.
    driver: Option<SyncWrapper<Box<http1::Connection<TrackedIo>>>>,
    info: ConnectionInfo,
    /// Whom it serves.
    client: Affinity,
    ending: Ending,
    generation: u64,
    retires_at: Option<Instant>,
    pub(super) rests_since: Instant,
    /// It was kept for a request, before any or after one.
    has_rested: bool,
    uses: u64,
}

impl Http1 {
    /// Speaks HTTP/1 on a fresh stream.
    pub(super) fn open(
        shared: &Arc<Shared>,
        stream: OriginStream,
        leave: Leave,
    ) -> (Http1Lease, Attempt) {
        let Leave {
            slot,
            attempt,
            generation,
            client,
        } = leave;
        let info = stream.info().clone();
        let ending = slot.ending().clone();
        let (max_head, reaper) = (shared.settings.max_head(), shared.stirred.clone());
        let session = info.facts().tls_session();
        let driver = http1::Connection::new(TrackedIo::new(stream, slot), max_head, reaper);
        let driver = match session.map(|session| session.early_data) {
            Some(EarlyData::Accepted) => driver.request_already_sent(),
            _ => driver,
        };
        shared.lock().protocol = Some(Protocol::Http1);
        let now = Instant::now();
        let connection = Self {
            driver: Some(SyncWrapper::new(Box::new(driver))),
            info,
            client,
            ending,
            generation,
            retires_at: shared.settings.retirement(now),
            rests_since: now,
            has_rested: false,
            uses: 0,
        };
        (Http1Lease::new(shared.clone(), connection), attempt)
    }

    /// Whether it is to be closed while nobody uses it; the reason is kept. The system is not asked
    /// unless something has arrived.
    pub(super) fn is_over(&mut self, now: Instant, settings: &PoolSettings) -> bool {
        let reason = if let Some(reason) = self.looks().reason() {
            reason
        } else if let Some(reason) = settings.expired(self.uses, self.retires_at, now) {
            reason
        } else if now.duration_since(self.rests_since) >= settings.idle_timeout {
            Reason::Idle
        } else {
            return false;
        };
        self.ending.note(reason);
        true
    }

    pub(super) fn info(&self) -> &ConnectionInfo {
        &self.info
    }

    pub(super) fn is_for(&self, client: &Affinity) -> bool {
        self.client == *client
    }

    /// It will be dropped so that another may be opened, if it has not ended by itself.
    pub(super) fn make_room(&mut self) {
        let reason = self.looks().reason().unwrap_or(Reason::Surplus);
        self.ending.note(reason);
    }

    pub(super) fn end(self, reason: Reason) {
        self.ending.note(reason);
    }

    pub(super) fn has_served(&self) -> bool {
        self.uses > 0
    }

    fn looks(&mut self) -> IdleState {
        let driver = self.driver.as_mut();
        driver.map_or(IdleState::Closed, |driver| driver.get_mut().check_idle())
    }
}

impl IdleState {
    /// Why a connection that looks so is to be closed.
    fn reason(self) -> Option<Reason> {
        match self {
            Self::Open => None,
            Self::Closed => Some(Reason::Origin),
            Self::Broken => Some(Reason::Error),
        }
    }
}

/// A connection in somebody's hands. Dropped before its response has ended, it is closed.
pub(super) struct Http1Lease {
    shared: Arc<Shared>,
    info: ConnectionInfo,
    client: Affinity,
    /// Taken when the lease ends.
    connection: Option<Http1>,
    used: bool,
}

impl Http1Lease {
    pub(super) fn new(shared: Arc<Shared>, connection: Http1) -> Self {
        Self {
            shared,
            info: connection.info.clone(),
            client: connection.client.clone(),
            connection: Some(connection),
            used: false,
        }
    }

    pub(super) fn info(&self) -> &ConnectionInfo {
        &self.info
    }

    pub(super) fn client(&self) -> &Affinity {
        &self.client
    }

    /// Whether it has served a request.
    pub(super) fn has_served(&self) -> bool {
        self.connection.as_ref().is_some_and(Http1::has_served)
    }

    pub(super) fn has_rested(&self) -> bool {
        let connection = self.connection.as_ref();
        connection.is_some_and(|connection| connection.has_rested)
    }

    /// Sends a request that is spelled for HTTP/1 and waits for the head of its response. The
    /// request's head stays, and its body if nothing was sent.
    #[expect(
        clippy::expect_used,
        reason = "`finish` and `drop` alone take the connection, and they end the lease; its driver leaves it with a response"
    )]
    pub(super) async fn exchange(
        &mut self,
        request: &mut Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, Unanswered> {
        self.used = true;
        let (continue_wait, continue_signal) = upload::expect_continue(request).unzip();
        request.body_mut().wait_for_continue(continue_wait);
        request.body_mut().remove_abort_handle();
        let connection = self
            .connection
            .as_mut()
            .expect("a lease holds a connection");
        connection.uses += 1;
        // It stays with the connection, so that a request which is given up says why before the
        // stream is closed.
        let driver = connection
            .driver
            .as_mut()
            .expect("a connection holds its driver")
            .get_mut();
        let outcome = match driver.begin(request, continue_signal) {
            Ok(()) => {
                let head = poll_fn(|cx| driver.poll_head(cx)).await;
                head.map_err(|problem| Unanswered::over_http1(problem, driver.received_any()))
            }
            Err(problem) => Err(Unanswered::over_http1(problem, false)),
        };
        match outcome {
            Ok(head) => {
                let driver = connection.driver.take();
                let driver = driver.expect("a connection holds its driver");
                Ok(response(head, driver.into_inner()))
            }
            Err(failed) => {
                connection.ending.note(failed.reason());
                Err(failed)
            }
        }
    }

    /// The response has ended: the connection may rest, unless the request has not.
    pub(super) fn finish(mut self, body: &mut ResponseBody) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        let driver = match body {
            ResponseBody::Http1(content) => content.take_connection(),
            ResponseBody::Hyper(_) => None,
        };
        let Some(mut driver) = driver.filter(|driver| driver.is_sent()) else {
            return connection.end(Reason::Cancelled);
        };
        let look = driver.make_idle();
        connection.driver = Some(SyncWrapper::new(driver));
        match look.reason() {
            None => self.shared.rest(connection),
            Some(reason) => connection.end(reason),
        }
    }

    /// The connection is of no use any more.
    pub(super) fn fail(mut self, reason: Reason) {
        if let Some(connection) = self.connection.take() {
            connection.end(reason);
        }
    }
}

fn response(
    head: ResponseHead,
    driver: Box<http1::Connection<TrackedIo>>,
) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::Http1(http1::ResponseBody::new(driver)));
    *response.version_mut() = head.version;
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    if let Some(reason) = head.reason {
        response.extensions_mut().insert(reason);
    }
    response
}

impl Drop for Http1Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        match self.used {
            // A connection that was granted to somebody who had left is as good as before.
            false => self.shared.rest(connection),
            true => connection.end(Reason::Cancelled),
        }
    }
}

impl Shared {
    /// Keeps a connection for the next request.
    fn rest(self: &Arc<Self>, mut connection: Http1) {
        let now = Instant::now();
        connection.rests_since = now;
        connection.has_rested = true;
        if connection.is_over(now, &self.settings) {
            return;
        }
        let (surplus, awaited) = {
            let mut state = self.lock();
            let ends = match () {
                () if connection.generation != state.generation => Some(Reason::Retired),
                () if state.addresses.lack(&connection.info) => Some(Reason::Vanished),
                // An upgrade that waits gets its place.
                () if state.wants_room(&self.settings) => Some(Reason::Surplus),
                () => None,
            };
            if let Some(reason) = ends {
                drop(state);
                return connection.end(reason);
            }
            let awaited = !state.queue.is_empty();
            state.resting.push_back(connection);
            let many = state.resting.len() > self.settings.idle_limit() && !awaited;
            // The one that has rested longest.
            let surplus = many.then(|| state.resting.pop_front()).flatten();
            (surplus, awaited)
        };
        if let Some(surplus) = surplus {
            surplus.end(Reason::Surplus);
        }
        if awaited {
            self.settle();
        }
    }
}
