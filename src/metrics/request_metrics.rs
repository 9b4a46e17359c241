//! `RequestMetrics`: the handles of one kind of request, found without a hash.

use std::sync::OnceLock;

use ::metrics::{Counter, Histogram, Label};

use crate::observe::{ExchangeInfo, ExchangeOutcome, METHODS, index_of};

use super::names;

/// The statuses from 100 to 599.
const STATUSES: usize = 500;

/// The handles for the complete responses of one origin.
pub(super) struct RequestTable {
    statuses: Box<[OnceLock<Box<StatusRow>>; STATUSES]>,
}

/// Each method, over HTTP/1 and HTTP/2, on a fresh and a reused connection.
type StatusRow = [OnceLock<RequestMetrics>; METHODS.len() * 4];

/// What is counted for one kind of request.
pub(super) struct RequestMetrics {
    pub(super) duration: Histogram,
    pub(super) requests: Counter,
}

impl RequestTable {
    pub(super) fn new() -> Self {
        Self {
            statuses: Box::new([const { OnceLock::new() }; STATUSES]),
        }
    }

    /// Counts a request. Complete responses of the origin, which are most, take no look-up by a
    /// hash.
    pub(super) fn count(&self, exchange: &ExchangeInfo, seconds: f64, server: &[Label]) {
        match self.of_complete(exchange, server) {
            Some(metrics) => metrics.count(seconds),
            None => RequestMetrics::new(exchange, server).count(seconds),
        }
    }

    fn of_complete(&self, exchange: &ExchangeInfo, server: &[Label]) -> Option<&RequestMetrics> {
        // All labels of a cell follow from its place. The proxy's own responses have no try.
        let last = exchange.last_try()?;
        let is_complete = exchange.outcome() == Some(ExchangeOutcome::Complete);
        let status = last.status.filter(|_| is_complete)?;
        if exchange.status() != Some(status) {
            return None;
        }
        let row = self
            .statuses
            .get(usize::from(status.as_u16()).checked_sub(100)?)?;
        let row = row.get_or_init(|| Box::new([const { OnceLock::new() }; METHODS.len() * 4]));
        let connection = usize::from(last.http2) * 2 + usize::from(last.reused);
        let cell = row.get(index_of(exchange.method()) * 4 + connection)?;
        Some(cell.get_or_init(|| RequestMetrics::new(exchange, server)))
    }
}

impl RequestMetrics {
    fn new(exchange: &ExchangeInfo, server: &[Label]) -> Self {
        let mut duration = server.to_vec();
        let mut requests = server.to_vec();
        let method = METHODS[index_of(exchange.method())];
        duration.push(Label::from_static_parts(names::METHOD, method));
        // Without a response of the origin, there is no status of the request.
        if let Some(status) = exchange.last_try().and_then(|last| last.status) {
            duration.push(Label::new(names::STATUS, status.as_str().to_owned()));
        }
        let connection = match exchange.last_try() {
            None => "none",
            Some(last) => {
                let version = match last.http2 {
                    true => "2",
                    false => "1.1",
                };
                duration.push(Label::from_static_parts(names::VERSION, version));
                match last.reused {
                    true => "reused",
                    false => "fresh",
                }
            }
        };
        let outcome = exchange.outcome().map_or("", ExchangeOutcome::as_str);
        requests.push(Label::from_static_parts(names::OUTCOME, outcome));
        requests.push(Label::from_static_parts(names::CONNECTION, connection));
        if let Some(error) = exchange.error_type() {
            let error = Label::new(names::ERROR_TYPE, error.to_owned());
            duration.push(error.clone());
            requests.push(error);
        }
        Self {
            duration: ::metrics::histogram!(names::REQUEST_DURATION.name, duration),
            requests: ::metrics::counter!(names::REQUESTS.name, requests),
        }
    }

    fn count(&self, seconds: f64) {
        self.duration.record(seconds);
        self.requests.increment(1);
    }
}
