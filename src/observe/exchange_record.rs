//! `ExchangeRecord`: writes the record of one request while it runs.

use std::{mem, sync::Arc, time::Duration};

use http::{Extensions, Request, StatusCode};
use tokio::time::Instant;
use tracing::Span;

use crate::{
    diagnosis::OriginRefusal,
    error::{Error, Facts},
    origin::Origin,
    upload::UploadProgress,
};

use super::{
    ExchangeCollector, ExchangeInfo, ExchangeOutcome, ExchangeTry, Observers, RetryReason,
    exchange_info::ExchangeEnd, spans,
};

/// The record of one request. It goes with the request: first its future holds it, then the body of
/// the response, or the tunnel.
///
/// If nothing watches the request, it is empty, and every method returns at once. When it is
/// dropped without a call of [`end`](Self::end), the client has left, or a function panics.
#[derive(Default)]
pub(crate) struct ExchangeRecord(Option<Box<Recording>>);

struct Recording {
    info: ExchangeInfo,
    /// The end of the last wait or try. A clock is read only then.
    mark: Instant,
    /// The wait for the connection of the next try.
    checkout: Duration,
    /// Why the next try is made.
    reason: Option<RetryReason>,
    upload: UploadProgress,
    refusal: Option<Arc<OriginRefusal>>,
    /// What a tunnel carried to the origin.
    tunnel_bytes: u64,
    response_bytes: u64,
    observers: Observers,
    collector: Option<ExchangeCollector>,
    /// Closes with the record.
    span: Span,
}

impl ExchangeRecord {
    /// Begins the record of a request that arrives now, if something watches it: an observer, a
    /// collector in its extensions, or a span that is enabled.
    pub(crate) fn begin<B>(
        request: &Request<B>,
        origin: Option<&Arc<Origin>>,
        observers: &Observers,
    ) -> Self {
        let span = spans::request(request, origin.map(|origin| &**origin));
        let collector = request.extensions().get::<ExchangeCollector>();
        if observers.is_empty() && collector.is_none() && span.is_disabled() {
            return Self(None);
        }
        let now = Instant::now();
        Self(Some(Box::new(Recording {
            info: ExchangeInfo {
                origin: origin.cloned(),
                method: request.method().clone(),
                began: now,
                number: collector.map_or(0, ExchangeCollector::begin),
                queue_wait: Duration::ZERO,
                first: None,
                further: Vec::new(),
                status: None,
                head_at: None,
                end: None,
            },
            mark: now,
            checkout: Duration::ZERO,
            reason: None,
            upload: UploadProgress::default(),
            refusal: None,
            tunnel_bytes: 0,
            response_bytes: 0,
            observers: observers.clone(),
            collector: collector.cloned(),
            span,
        })))
    }

    /// Whether the request is recorded.
    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// The span of the request; none if the request is not recorded.
    pub(crate) fn span(&self) -> Option<&Span> {
        let span = self.0.as_ref().map(|recording| &recording.span);
        span.filter(|span| !span.is_disabled())
    }

    /// Adds the progress of the request's body.
    pub(crate) fn watch_upload(&mut self, progress: impl FnOnce() -> UploadProgress) {
        if let Some(recording) = &mut self.0 {
            recording.upload = progress();
        }
    }

    /// The record, which goes with the response from now on.
    pub(crate) fn take(&mut self) -> Self {
        mem::take(self)
    }

    /// The wait for the right to run has ended. Not called if there was none.
    pub(crate) fn left_queue(&mut self) {
        if let Some(recording) = &mut self.0 {
            recording.info.queue_wait = recording.step();
        }
    }

    /// The wait for a connection has ended. Not called if there was none.
    pub(crate) fn checked_out(&mut self) {
        if let Some(recording) = &mut self.0 {
            recording.checkout = recording.step();
        }
    }

    /// A try begins on the connection that was checked out.
    pub(crate) fn begin_try(&mut self, facts: &Facts, reused: bool, http2: bool) {
        if let Some(recording) = &mut self.0 {
            recording.info.add_try(ExchangeTry {
                reason: recording.reason.take(),
                peer: facts.peer(),
                reused,
                http2,
                checkout: mem::take(&mut recording.checkout),
                elapsed: facts.elapsed(),
                began: recording.mark,
                first_byte: None,
                status: None,
            });
        }
    }

    /// The last try got the head of a response with this status.
    pub(crate) fn response_started(&mut self, status: StatusCode) {
        if let Some(recording) = &mut self.0 {
            recording.mark = Instant::now();
            if let Some(last) = recording.info.last_try_mut() {
                last.first_byte = Some(recording.mark.duration_since(last.began));
                last.status = Some(status);
            }
        }
    }

    /// The last try got no response.
    pub(crate) fn unanswered(&mut self) {
        if let Some(recording) = &mut self.0 {
            recording.step();
        }
    }

    /// The next try, if there is one, is made for this reason.
    pub(crate) fn retry(&mut self, reason: RetryReason) {
        if let Some(recording) = &mut self.0 {
            recording.reason = Some(reason);
        }
    }

    /// The client gets a response with this status. If the record is collected, adds it to the
    /// response's extensions.
    pub(crate) fn begin_response(&mut self, status: StatusCode, extensions: &mut Extensions) {
        let Some(recording) = &mut self.0 else {
            return;
        };
        // The origin's head has just arrived, if there is one.
        let last = recording.info.last_try_mut();
        let first_byte_at = last.and_then(|last| Some(last.began + last.first_byte?));
        recording.info.status = Some(status);
        recording.info.head_at = Some(first_byte_at.unwrap_or_else(Instant::now));
        if recording.collector.is_some() {
            extensions.insert(recording.info.clone());
        }
    }

    /// Adds a refusal by the origin that passes to the client, if the request is recorded.
    pub(crate) fn note_refusal(&mut self, refusal: impl FnOnce() -> OriginRefusal) {
        if let Some(recording) = &mut self.0 {
            recording.refusal = Some(refusal().into());
        }
    }

    /// Counts bytes of the response body.
    pub(crate) fn count_response(&mut self, bytes: usize) {
        if let Some(recording) = &mut self.0 {
            recording.response_bytes += bytes as u64;
        }
    }

    /// Counts what a tunnel has carried.
    pub(crate) fn count_tunnel(&mut self, to_origin: u64, to_downstream: u64) {
        if let Some(recording) = &mut self.0 {
            recording.tunnel_bytes = to_origin;
            recording.response_bytes = to_downstream;
        }
    }

    /// The exchange has failed, and the client gets a response of the proxy with this status.
    pub(crate) fn refuse(&mut self, error: Error, status: StatusCode, extensions: &mut Extensions) {
        self.begin_response(status, extensions);
        self.end_with(ExchangeOutcome::of_failure(&error), Some(error));
    }

    /// The exchange has failed within the response.
    pub(crate) fn abort(&mut self, error: &Error) {
        if self.is_on() {
            self.end_with(ExchangeOutcome::of_abort(error), Some(error.clone()));
        }
    }

    /// The exchange has ended.
    pub(crate) fn end(&mut self, outcome: ExchangeOutcome) {
        self.end_with(outcome, None);
    }

    fn end_with(&mut self, outcome: ExchangeOutcome, error: Option<Error>) {
        if let Some(recording) = self.0.take() {
            recording.end(outcome, error);
        }
    }
}

impl Drop for ExchangeRecord {
    fn drop(&mut self) {
        if self.is_on() {
            self.end(ExchangeOutcome::of_drop());
        }
    }
}

impl Recording {
    /// Ends a wait or a try, and returns how long it took.
    fn step(&mut self) -> Duration {
        let now = Instant::now();
        now.duration_since(mem::replace(&mut self.mark, now))
    }

    fn end(mut self: Box<Self>, outcome: ExchangeOutcome, error: Option<Error>) {
        let of_error = || error.as_ref().map(Error::diagnosis).unwrap_or_default();
        let diagnosis = match &self.refusal {
            Some(refusal) => refusal.diagnosis.clone(),
            None => of_error(),
        };
        self.info.end = Some(ExchangeEnd {
            outcome,
            diagnosis,
            refusal: self.refusal,
            at: Instant::now(),
            request_bytes: self.upload.received() + self.tunnel_bytes,
            response_bytes: self.response_bytes,
            error,
        });
        spans::record_end(&self.span, &self.info);
        self.observers
            .notify(|observer| observer.request_completed(&self.info));
        if let Some(collector) = self.collector.take() {
            collector.add(self.info);
        }
    }
}
