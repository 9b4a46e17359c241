//! `LogEntry`: what is logged of one request.
//!
//! An entry is begun with the request and completed with the response's body. The proxy below it
//! writes facts about the exchange into a collector in the request's extensions; several exchanges
//! are in it if a group has failed over.
//!
//! ```text
//! of(request) ──> begin_response(..) ──> add_bytes(..), outcome ──> the line is written
//!      │                                      │
//!      └── the client leaves before ──────────┴── or leaves within the body
//! ```

use std::{
    net::IpAddr,
    time::{Instant, SystemTime},
};

use http::{
    HeaderMap, Method, Request, Response, StatusCode, Uri, Version,
    header::{CONTENT_LENGTH, HOST, HeaderName, REFERER, USER_AGENT},
};
use http_body::Body;

use crate::{
    downstream::Downstream,
    observe::{ExchangeCollector, ExchangeInfo, ExchangeOutcome},
    trace_context::TraceContext,
};

use super::{
    AccessLogLayer,
    options::{ClientFields, QueryUse},
};

/// What is known of one request.
pub(super) struct LogEntry {
    /// When the request arrived, by the system's clock.
    pub(super) time: SystemTime,
    /// A monotonic clock, for durations.
    began: Instant,
    /// `None` if the server reports no address.
    pub(super) client: Option<IpAddr>,
    pub(super) method: Method,
    /// The host that the client asked for, which may be empty.
    pub(super) host: Vec<u8>,
    /// The id of the trace that the request belongs to.
    pub(super) trace_id: Option<u128>,
    uri: Uri,
    query: QueryUse,
    pub(super) version: Version,
    pub(super) referer: Vec<u8>,
    pub(super) user_agent: Vec<u8>,
    pub(super) status: Option<StatusCode>,
    /// Of the response's content, as they were handed to the server.
    pub(super) bytes: u64,
    /// Those that the server sends. It drops the body after the last one, without another poll.
    length: Option<u64>,
    /// How the response ended; `None` if it was dropped.
    outcome: Option<ExchangeOutcome>,
    collector: ExchangeCollector,
    /// The exchange that goes on with the response.
    current: Option<ExchangeInfo>,
}

impl LogEntry {
    /// The entry of a request that arrives now.
    ///
    /// `collector` is the one in the request's extensions.
    pub(super) fn of<B>(
        request: &Request<B>,
        layer: &AccessLogLayer,
        collector: ExchangeCollector,
    ) -> Self {
        let logged = |name| match layer.client_fields {
            ClientFields::Logged => field(request.headers(), name),
            ClientFields::LeftOut => b"",
        };
        Self {
            time: SystemTime::now(),
            began: Instant::now(),
            client: Downstream::address_of(request.extensions()),
            method: request.method().clone(),
            host: match request.uri().authority() {
                Some(authority) => authority.as_str().as_bytes().to_vec(),
                None => field(request.headers(), &HOST).to_vec(),
            },
            trace_id: TraceContext::of(request).map(|context| context.trace_id()),
            uri: request.uri().clone(),
            query: layer.query,
            version: request.version(),
            referer: without_query(logged(&REFERER)).to_vec(),
            user_agent: logged(&USER_AGENT).to_vec(),
            status: None,
            bytes: 0,
            length: None,
            outcome: None,
            collector,
            current: None,
        }
    }

    /// The response has begun.
    ///
    /// An upgrade has its exchange in the response, because its collector is not complete yet.
    pub(super) fn begin_response<B: Body>(&mut self, response: &Response<B>) {
        self.status = Some(response.status());
        self.current = response.extensions().get::<ExchangeInfo>().cloned();
        self.length = match has_no_content(&self.method, response.status()) {
            true => Some(0),
            false => length(response),
        };
        self.add_bytes(0);
        if response.body().is_end_stream() {
            self.end(ExchangeOutcome::Complete);
        }
    }

    /// The server gets so many bytes of the response's content.
    pub(super) fn add_bytes(&mut self, count: usize) {
        self.bytes += count as u64;
        if self.length.is_some_and(|length| self.bytes >= length) {
            self.end(ExchangeOutcome::Complete);
        }
    }

    /// Notes how the response ended, unless that is known.
    pub(super) fn end(&mut self, outcome: ExchangeOutcome) {
        self.outcome.get_or_insert(outcome);
    }

    /// How the response ended.
    ///
    /// Called when the line is written.
    pub(super) fn outcome(&self) -> ExchangeOutcome {
        self.outcome.unwrap_or_else(ExchangeOutcome::of_drop)
    }

    /// The path, and the query where it is logged.
    ///
    /// Never an authority, also for a request in absolute-form.
    pub(super) fn target(&self) -> &str {
        match (self.query, self.uri.path_and_query()) {
            (QueryUse::Logged, Some(target)) => target.as_str(),
            _ => self.uri.path(),
        }
    }

    /// The seconds since the request began.
    ///
    /// Called when the line is written.
    pub(super) fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// The last exchange, and those before it with other origins.
    ///
    /// That of a tunnel has not ended: it is the one in the response. `None` if no proxy was
    /// called, as for a route of the application.
    pub(super) fn exchange(&self) -> Option<(ExchangeInfo, Vec<ExchangeInfo>)> {
        let mut ended = self.collector.exchanges();
        let last_ended = ended.last();
        let current = self
            .current
            .as_ref()
            .filter(|current| last_ended.is_none_or(|last_ended| current.began_after(last_ended)));
        let last = current.cloned().or_else(|| ended.pop())?;
        Some((last, ended))
    }
}

/// Whether a response has no content, whatever its fields say (RFC 9110 section 6.4.1).
fn has_no_content(method: &Method, status: StatusCode) -> bool {
    let never = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED];
    *method == Method::HEAD || status.is_informational() || never.contains(&status)
}

/// The length of the content, in the field or by the body.
fn length<B: Body>(response: &Response<B>) -> Option<u64> {
    let field = response.headers().get(CONTENT_LENGTH);
    let field = field.and_then(|value| value.to_str().ok()?.parse().ok());
    field.or_else(|| response.body().size_hint().exact())
}

/// The first value; empty if there is none.
fn field<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a [u8] {
    headers.get(name).map_or(b"", |value| value.as_bytes())
}

/// A referrer without its query, which may contain secrets.
fn without_query(referer: &[u8]) -> &[u8] {
    let mut parts = referer.split(|byte| matches!(byte, b'?' | b'#'));
    parts.next().unwrap_or_default()
}
