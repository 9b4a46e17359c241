//! The spans of requests and connects. Names of fields are OpenTelemetry's.

use std::fmt;

use http::{Method, Request};
use tracing::{Span, field, level_filters::LevelFilter};

use crate::{
    error::{Error, Facts, TlsVersion},
    name::Endpoint,
    origin::Origin,
    trace_context::TraceContext,
};

use super::{ExchangeInfo, METHODS, index_of};

/// The target of all spans, for filters.
const TARGET: &str = "cdn_origin::spans";

/// The span of a request: a child of the caller's, until the end of the response.
pub(crate) fn request<B>(request: &Request<B>, origin: Option<&Origin>) -> Span {
    // Without a subscriber, `tracing` may hand the fields of spans to the crate `log`.
    if LevelFilter::current() < LevelFilter::INFO {
        return Span::none();
    }
    let method = request.method();
    let trace = TraceContext::received(request.headers());
    let trace_id = trace.map(|trace| format!("{:032x}", trace.trace_id()));
    // `record_end` finds its fields by their names, one after the other: they come first.
    tracing::info_span!(
        target: TARGET,
        "request",
        http.response.status_code = field::Empty,
        network.peer.address = field::Empty,
        network.peer.port = field::Empty,
        network.protocol.version = field::Empty,
        cdn_origin.outcome = field::Empty,
        error.type = field::Empty,
        http.request.resend_count = field::Empty,
        otel.kind = "client",
        otel.name = span_name(method),
        http.request.method = METHODS[index_of(method)],
        server.address = address(origin),
        server.port = port(origin),
        cdn_origin.label = origin.and_then(Origin::label),
        cdn_origin.trace_id = trace_id.map(field::display),
    )
}

/// The span of a health check: the parent of its request, at the same level.
pub(crate) fn health_check(member: &str) -> Span {
    tracing::info_span!(target: TARGET, "health_check", cdn_origin.member = member)
}

/// Adds the end of a request to its span.
pub(super) fn record_end(span: &Span, exchange: &ExchangeInfo) {
    if span.is_disabled() {
        return;
    }
    let last = exchange.last_try();
    let version = last.map(|last| match last.http2 {
        true => "2",
        false => "1.1",
    });
    let status = last.and_then(|last| Some(last.status?.as_u16()));
    let peer = exchange.peer();
    tracing::record_all!(
        span,
        http.response.status_code = status,
        network.peer.address = peer.map(|peer| field::display(peer.ip())),
        network.peer.port = peer.map(|peer| peer.port()),
        network.protocol.version = version,
        cdn_origin.outcome = exchange.outcome().map(|outcome| outcome.as_str()),
    );
    if let Some(error) = exchange.error_type() {
        span.record("error.type", error);
    }
    let resent = exchange.tries().count().saturating_sub(1) as u64;
    if resent > 0 {
        span.record("http.request.resend_count", resent);
    }
}

/// The span of a connect: look-up, attempts to dial, and TLS handshake.
pub(crate) fn connect(origin: &Origin) -> Span {
    tracing::info_span!(
        target: TARGET,
        "connect",
        otel.kind = "internal",
        server.address = address(Some(origin)),
        server.port = port(Some(origin)),
        network.peer.address = field::Empty,
        network.peer.port = field::Empty,
        tls.protocol.version = field::Empty,
        tls.cipher = field::Empty,
        tls.resumed = field::Empty,
        error.type = field::Empty,
    )
}

/// Adds the end of a connect to its span.
pub(crate) fn record_connect(span: &Span, facts: &Facts, error: Option<&Error>) {
    if span.is_disabled() {
        return;
    }
    if let Some(peer) = facts.peer() {
        let (address, port) = (field::display(peer.ip()), peer.port());
        tracing::record_all!(
            span,
            network.peer.address = address,
            network.peer.port = port
        );
    }
    if let Some(session) = facts.tls_session() {
        let version = match session.version {
            TlsVersion::V1_2 => "1.2",
            TlsVersion::V1_3 => "1.3",
        };
        tracing::record_all!(
            span,
            tls.protocol.version = version,
            tls.cipher = session.cipher_suite,
            tls.resumed = session.resumed,
        );
    }
    if let Some(error) = error {
        span.record("error.type", error.kind().as_str());
    }
}

/// The name of OpenTelemetry's conventions: the method, or `HTTP` for an unknown one.
fn span_name(method: &Method) -> &'static str {
    match METHODS[index_of(method)] {
        "_OTHER" => "HTTP",
        known => known,
    }
}

/// The dialled host, or the path of a Unix socket.
fn address(origin: Option<&Origin>) -> Option<field::DisplayValue<&dyn fmt::Display>> {
    let address: &dyn fmt::Display = match origin?.dial().endpoint() {
        Endpoint::Tcp(target) => target.host(),
        Endpoint::Unix(path) => path,
    };
    Some(field::display(address))
}

fn port(origin: Option<&Origin>) -> Option<u16> {
    origin?.dial().port()
}
