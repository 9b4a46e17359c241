//! `PooledStream`: a stream of an HTTP/2 connection, which serves one request.

use std::{future::poll_fn, sync::Arc};

use http::{Request, Response};
use tokio::time::Instant;

use crate::{
    connector::ConnectionInfo,
    http2::{Http2Error, Http2Exchange},
    upload::RequestBody,
};

use crate::pool::{
    checkout::{CheckIn, CheckInUsed, ConnectionKey},
    send::{NoResponse, SavedFields, Target},
};

use super::{
    http2_connection::Http2Connection,
    response_body::ResponseBody,
    silent_connection::{Silence, Waiting},
};

/// A stream that is reserved for one request.
pub(crate) struct PooledStream {
    pool: Arc<dyn CheckInUsed<Arc<Http2Connection>>>,
    connection: Arc<Http2Connection>,
    info: ConnectionInfo,
    was_used: bool,
    /// The request waited for a stream when its exchange ended.
    awaits_stream: bool,
    /// The wait for the response, until that has ended.
    waiting: Option<Waiting>,
    /// Present until the first stream of a new connection is open.
    unlisted: Option<UnlistedHttp2>,
}

impl PooledStream {
    /// The stream must have been reserved.
    pub(crate) fn new(
        pool: Arc<dyn CheckInUsed<Arc<Http2Connection>>>,
        connection: Arc<Http2Connection>,
    ) -> Self {
        Self {
            pool,
            info: connection.info_of_request(),
            connection,
            was_used: false,
            awaits_stream: false,
            waiting: None,
            unlisted: None,
        }
    }

    /// The first stream of a new connection.
    pub(crate) fn first_of(mut self, unlisted: UnlistedHttp2) -> Self {
        self.unlisted = Some(unlisted);
        self
    }

    pub(crate) fn info(&self) -> &ConnectionInfo {
        &self.info
    }

    /// Since when the connection has been idle.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        self.connection.idle_before_stream()
    }

    pub(crate) fn key(&self) -> &ConnectionKey {
        self.connection.key()
    }

    /// Whether the connection has served a request other than this one.
    pub(crate) fn has_served(&self) -> bool {
        self.connection.uses() > u64::from(self.was_used)
    }

    /// Whether the connection was idle in the pool, or has served another request.
    pub(crate) fn was_open_before(&self) -> bool {
        self.has_served() || self.connection.was_idle()
    }

    /// Sends a request, and waits for the head of its response.
    ///
    /// The request keeps its fields unless the response is a success, and its body if nothing was
    /// sent.
    pub(crate) async fn exchange(
        &mut self,
        request: &mut Request<RequestBody>,
        target: &Target,
        began_at: Instant,
    ) -> Result<Response<ResponseBody>, NoResponse> {
        // An attempt over HTTP/1 may have set it.
        request.body_mut().wait_for_continue(None);
        self.was_used = true;
        self.waiting = Some(Waiting::for_response(request, began_at));
        if self.connection.streams() == 1 && self.was_open_before() {
            self.connection.schedule_peek(request);
        }
        // In a block, so that the future does not hold the outcome while it waits.
        let (exchange, saved) = {
            let begun = self.begin(request, target).await;
            self.unlisted = None;
            begun.map_err(|error| self.failed(error))?
        };
        let response = {
            let awaits_stream = &mut self.awaits_stream;
            let mut watched = WatchedExchange {
                exchange,
                awaits_stream: Some(awaits_stream),
            };
            let response = poll_fn(|cx| watched.exchange.poll_response(cx)).await;
            watched.awaits_stream = None;
            response
        };
        if !response.as_ref().is_ok_and(|it| it.status().is_success()) {
            saved.restore(request.headers_mut());
        }
        match response {
            Ok(response) => {
                self.waiting = self.waiting.take().map(Waiting::begun);
                Ok(response.map(ResponseBody::Http2))
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Opens the stream. Takes the fields of the request, unless it fails.
    async fn begin(
        &self,
        request: &mut Request<RequestBody>,
        target: &Target,
    ) -> Result<(Http2Exchange, SavedFields), Http2Error> {
        let ready = self.connection.ready().await?;
        let (head, saved) = target.encode_http2(request);
        match ready.begin(head, request.body_mut()) {
            Ok(exchange) => Ok((exchange, saved)),
            Err(error) => {
                saved.restore(request.headers_mut());
                Err(error)
            }
        }
    }

    /// There is no response to wait for any longer.
    fn failed(&mut self, error: Http2Error) -> NoResponse {
        self.waiting = None;
        NoResponse::over_http2(error)
    }

    /// Whether the request waited for a stream when its exchange ended.
    pub(crate) fn awaits_stream(&self) -> bool {
        self.awaits_stream
    }

    /// Whether the peer allows no stream for now.
    pub(crate) fn refuses_streams(&self) -> bool {
        self.connection.refuses_streams()
    }

    /// The response has not begun, or not gone on, in time.
    pub(crate) fn time_out(&mut self) {
        self.waiting = self.waiting.take().map(Waiting::timed_out);
    }

    /// The response has ended, so the stream is free. If the request has not ended, the stream is
    /// free when the returned future completes. Dropping the future resets the stream.
    pub(crate) fn finish(
        mut self,
        body: &mut ResponseBody,
    ) -> Option<impl Future<Output = ()> + Send + 'static> {
        self.waiting = None;
        let ResponseBody::Http2(body) = body else {
            return None;
        };
        let upload = body.take_upload()?;
        Some(async move {
            upload.await;
            drop(self);
        })
    }

    /// The silence of the peer, if the request waited in vain.
    fn silence(&self) -> Option<Silence> {
        let waiting = self.waiting.as_ref()?;
        waiting.silence(Some(self.connection.last_received()))
    }
}

impl Drop for PooledStream {
    fn drop(&mut self) {
        self.unlisted = None;
        if let Some(silence) = self.silence() {
            self.pool.check_in(silence);
        }
        self.pool.check_in(self.connection.clone());
    }
}

/// An exchange that notes, if it is dropped without a response, whether it waits for a stream.
struct WatchedExchange<'a> {
    exchange: Http2Exchange,
    /// Absent once there is a response.
    awaits_stream: Option<&'a mut bool>,
}

impl Drop for WatchedExchange<'_> {
    fn drop(&mut self) {
        if let Some(awaits_stream) = self.awaits_stream.take() {
            *awaits_stream = self.exchange.awaits_stream();
        }
    }
}

/// A new connection that the pool does not list yet.
///
/// The request that opened it opens the first stream. The pool lists the connection only then, so
/// an origin that sends GOAWAY after a few streams has processed the first.
pub(crate) struct UnlistedHttp2 {
    pool: Arc<dyn CheckIn<NewHttp2>>,
    connection: Arc<Http2Connection>,
    generation: u64,
}

/// A new connection that the pool may list.
pub(crate) struct NewHttp2 {
    pub(crate) connection: Arc<Http2Connection>,
    /// The generation of connections that it belongs to.
    pub(crate) generation: u64,
}

impl UnlistedHttp2 {
    pub(crate) fn new(
        pool: Arc<dyn CheckIn<NewHttp2>>,
        connection: Arc<Http2Connection>,
        generation: u64,
    ) -> Self {
        Self {
            pool,
            connection,
            generation,
        }
    }
}

impl Drop for UnlistedHttp2 {
    fn drop(&mut self) {
        self.pool.check_in(NewHttp2 {
            connection: self.connection.clone(),
            generation: self.generation,
        });
    }
}
