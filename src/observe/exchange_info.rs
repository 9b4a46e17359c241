//! `ExchangeInfo`: the record of one request to an origin.

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use http::{Method, StatusCode};
use tokio::time::Instant;

use crate::{
    diagnosis::{Cause, CauseId, Diagnosis, ExchangeReport, OriginRefusal},
    error::{Elapsed, Error},
    origin::Origin,
};

use super::{ExchangeOutcome, ExchangeTry};

/// The record of one request to an origin.
///
/// An [`Observer`](super::Observer) gets it when the exchange has ended, and so does an
/// [`ExchangeCollector`](super::ExchangeCollector) in the request's extensions.
///
/// With a collector, the extensions of the response hold a copy too: the record at the head,
/// without the outcome and the values of the body. With an observer alone there is no copy, because
/// it would cost every request an allocation.
///
/// ```
/// use cdn_origin::observe::{ExchangeCollector, ExchangeInfo};
///
/// fn ask<B>(request: &mut http::Request<B>) {
///     request.extensions_mut().insert(ExchangeCollector::default());
/// }
///
/// fn log<B>(response: &http::Response<B>) {
///     if let Some(exchange) = response.extensions().get::<ExchangeInfo>() {
///         println!(
///             "queued {:?}, TCP connected in {:?}, first byte after {:?}, {} tries",
///             exchange.queue_wait(),
///             exchange.elapsed().dial,
///             exchange.tries().last().and_then(|last| last.first_byte),
///             exchange.tries().count(),
///         );
///     }
/// }
/// # let mut request = http::Request::new(());
/// # ask(&mut request);
/// # log(&http::Response::new(()));
/// ```
#[derive(Clone)]
pub struct ExchangeInfo {
    pub(super) origin: Option<Arc<Origin>>,
    pub(super) method: Method,
    pub(super) began: Instant,
    /// The number among the exchanges of its collector, in the order in which they began.
    pub(super) number: u32,
    pub(super) queue_wait: Duration,
    /// The first try. Most requests have no other.
    pub(super) first: Option<ExchangeTry>,
    pub(super) further: Vec<ExchangeTry>,
    pub(super) status: Option<StatusCode>,
    /// When the head of the response arrived, or was made.
    pub(super) head_at: Option<Instant>,
    pub(super) end: Option<ExchangeEnd>,
}

/// What is known at the end of an exchange.
#[derive(Clone)]
pub(super) struct ExchangeEnd {
    pub(super) outcome: ExchangeOutcome,
    pub(super) error: Option<Error>,
    /// Of the error or of the refusal. Empty without a known cause.
    pub(super) diagnosis: Diagnosis,
    /// The response by which the origin refused the request.
    pub(super) refusal: Option<Arc<OriginRefusal>>,
    pub(super) at: Instant,
    pub(super) request_bytes: u64,
    pub(super) response_bytes: u64,
}

impl ExchangeInfo {
    /// The last try, to change it.
    pub(super) fn last_try_mut(&mut self) -> Option<&mut ExchangeTry> {
        self.further.last_mut().or(self.first.as_mut())
    }

    /// Adds a try.
    pub(super) fn add_try(&mut self, made: ExchangeTry) {
        match self.first {
            None => self.first = Some(made),
            Some(_) => self.further.push(made),
        }
    }

    /// Returns the origin; `None` for a proxy whose connector has no fixed origin.
    #[must_use]
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_deref()
    }

    /// Returns the method of the request.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Returns the status that the client got, from the origin or from the proxy. `None` if the
    /// client left before.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// Returns the tries, in their order. Empty if no connection was available.
    ///
    /// ```
    /// # fn count(exchange: &cdn_origin::observe::ExchangeInfo) {
    /// let retries = exchange.tries().count().saturating_sub(1);
    /// println!("{retries} retries");
    /// # }
    /// ```
    pub fn tries(&self) -> impl Iterator<Item = &ExchangeTry> {
        self.first.iter().chain(&self.further)
    }

    /// Whether this exchange began after the other one, which has the same collector.
    pub(crate) fn began_after(&self, other: &Self) -> bool {
        self.number > other.number
    }

    /// The last try.
    pub(crate) fn last_try(&self) -> Option<&ExchangeTry> {
        self.further.last().or(self.first.as_ref())
    }

    /// Returns the wait until the limits of the proxy admitted the request, such as
    /// [`Limits::max_concurrency`](crate::proxy::Limits::max_concurrency), or until an upload got
    /// its share of the connections. Zero if there was none.
    ///
    /// ```
    /// # fn log(exchange: &cdn_origin::observe::ExchangeInfo) {
    /// // Time that the proxy added, and time that the origin took.
    /// let waited = exchange.queue_wait() + exchange.checkout();
    /// println!("waited {waited:?} of {:?}", exchange.total());
    /// # }
    /// ```
    #[must_use]
    pub fn queue_wait(&self) -> Duration {
        self.queue_wait
    }

    /// Returns the wait for a connection, over all tries: in the pool's queue, or for a connect.
    #[must_use]
    pub fn checkout(&self) -> Duration {
        self.tries().map(|attempt| attempt.checkout).sum()
    }

    /// Returns the time of each stage of the last connect: that of the last try, or the one that
    /// failed. Empty on a connection that was open before.
    #[must_use]
    pub fn elapsed(&self) -> Elapsed {
        let failed = || self.error().map(|error| error.facts().elapsed());
        let elapsed = self.last_try().map(|last| last.elapsed);
        elapsed.or_else(failed).unwrap_or_default()
    }

    /// Returns the time from the request to the head of the response, the origin's or the proxy's
    /// own. `None` before.
    #[must_use]
    pub fn head(&self) -> Option<Duration> {
        Some(self.head_at?.duration_since(self.began))
    }

    /// Returns the time from the request to the end. `None` before the end.
    ///
    /// ```
    /// # fn log(exchange: &cdn_origin::observe::ExchangeInfo) {
    /// if let Some(total) = exchange.total() {
    ///     println!("{} {:?} in {total:?}", exchange.method(), exchange.status());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn total(&self) -> Option<Duration> {
        Some(self.end.as_ref()?.at.duration_since(self.began))
    }

    /// Returns the size of the request body, as far as it was read from the client, or of what a
    /// tunnel carried to the origin. Zero before the end.
    #[must_use]
    pub fn request_bytes(&self) -> u64 {
        self.end.as_ref().map_or(0, |end| end.request_bytes)
    }

    /// Returns the size of the response body, as far as it was passed on, or of what a tunnel
    /// carried to the client. Zero before the end.
    #[must_use]
    pub fn response_bytes(&self) -> u64 {
        self.end.as_ref().map_or(0, |end| end.response_bytes)
    }

    /// Returns the address of the last connection, or the last address to which no connection could
    /// be opened.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        let failed = || {
            let facts = self.error()?.facts();
            let tried = facts.attempts().last().map(|attempt| attempt.address);
            facts.peer().or(tried)
        };
        match self.last_try() {
            Some(last) => last.peer,
            None => failed(),
        }
    }

    /// Returns how the exchange ended. `None` before the end.
    ///
    /// ```
    /// use cdn_origin::observe::{ExchangeInfo, ExchangeOutcome, Observer};
    ///
    /// /// Logs the responses that the origin cut off, which have an innocent status.
    /// struct BrokenResponses;
    ///
    /// impl Observer for BrokenResponses {
    ///     fn request_completed(&self, exchange: &ExchangeInfo) {
    ///         if exchange.outcome() == Some(ExchangeOutcome::OriginBrokeOff) {
    ///             let (status, bytes) = (exchange.status(), exchange.response_bytes());
    ///             eprintln!("{status:?} broke off after {bytes} bytes");
    ///         }
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn outcome(&self) -> Option<ExchangeOutcome> {
        self.end.as_ref().map(|end| end.outcome)
    }

    /// Returns the error that the exchange ended with, if there is one.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        self.end.as_ref()?.error.as_ref()
    }

    /// Returns the label `error.type` of OpenTelemetry. It is the [kind](crate::ErrorKind::as_str)
    /// of the error or the origin's status from 400 on. Without either, it is the
    /// [outcome](ExchangeOutcome::as_str), such as `client_left`. `None` for a success, and before
    /// the end.
    ///
    /// ```
    /// # fn count(exchange: &cdn_origin::observe::ExchangeInfo) {
    /// // A label with few values, as in `Proxy-Status`.
    /// let label = exchange.error_type().unwrap_or("none");
    /// println!("requests{{error=\"{label}\"}}");
    /// # }
    /// ```
    #[must_use]
    pub fn error_type(&self) -> Option<&str> {
        let end = self.end.as_ref()?;
        if let Some(error) = &end.error {
            return Some(error.kind().as_str());
        }
        let ends_by_status = matches!(
            end.outcome,
            ExchangeOutcome::Complete | ExchangeOutcome::Discarded
        );
        if !ends_by_status {
            return Some(end.outcome.as_str());
        }
        let status = self.status.as_ref()?;
        let is_error = status.is_client_error() || status.is_server_error();
        is_error.then(|| status.as_str())
    }

    /// Returns the likeliest [cause](crate::diagnosis) of the failure, or of the origin's refusal.
    ///
    /// ```
    /// use cdn_origin::{diagnosis::CauseId, observe::ExchangeInfo};
    ///
    /// /// Whether to look at the names rather than at the origin.
    /// fn is_about_names(exchange: &ExchangeInfo) -> bool {
    ///     matches!(exchange.cause(), Some(CauseId::SniNotServed | CauseId::HostNotServed))
    /// }
    /// ```
    #[must_use]
    pub fn cause(&self) -> Option<CauseId> {
        self.diagnosis()?.likeliest().map(Cause::id)
    }

    /// The likeliest cause, unless the response passes on and may well be the application's own.
    #[cfg(feature = "metrics")]
    pub(crate) fn likely_cause(&self) -> Option<CauseId> {
        let likeliest = self.diagnosis()?.likeliest()?;
        let is_likely = likeliest.certainty() > crate::diagnosis::Certainty::Possible;
        (is_likely || self.error().is_some()).then(|| likeliest.id())
    }

    /// Returns the diagnosis of the failure, or of a refusal by the origin, such as a 421. `None`
    /// before the end, and if no cause is known.
    #[must_use]
    pub fn diagnosis(&self) -> Option<&Diagnosis> {
        let diagnosis = &self.end.as_ref()?.diagnosis;
        (!diagnosis.causes().is_empty()).then_some(diagnosis)
    }

    /// Returns the report for people, like [`Error::report`]: of the failure, or of a refusal by
    /// the origin whose cause is known. `None` for all others, and before the end.
    ///
    /// ```
    /// use cdn_origin::observe::{ExchangeInfo, Observer};
    ///
    /// struct Reports(std::sync::mpsc::Sender<String>);
    ///
    /// impl Observer for Reports {
    ///     fn request_completed(&self, exchange: &ExchangeInfo) {
    ///         if let Some(report) = exchange.report() {
    ///             drop(self.0.send(report.to_string()));
    ///         }
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn report(&self) -> Option<impl fmt::Display + fmt::Debug + Copy> {
        let end = self.end.as_ref()?;
        match (&end.error, &end.refusal) {
            (Some(error), _) => Some(ExchangeReport::Error(error)),
            (None, Some(refusal)) => Some(ExchangeReport::Refusal(refusal)),
            (None, None) => None,
        }
    }
}

impl fmt::Debug for ExchangeInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExchangeInfo")
            .field("status", &self.status())
            .field("outcome", &self.outcome())
            .field("tries", &self.tries().count())
            .field("total", &self.total())
            .finish_non_exhaustive()
    }
}
