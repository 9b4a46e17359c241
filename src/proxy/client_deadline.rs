//! `ClientDeadline`: when the client stops waiting for its response. `forward_request.rs` ends the
//! request then.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Request};
use tokio::time::Instant;

use crate::error::{Deadline, ExchangeTimeout};

use super::error_response::GrpcCall;

const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// When the client stops waiting for its response, as an extension of the request.
///
/// For gRPC calls the proxy reads `grpc-timeout`. For others, a layer in front inserts it. Such a
/// request has the deadline of [`Limits::request_timeout`](super::Limits::request_timeout) or this
/// one, whichever is earlier.
///
/// The proxy sends no request after its deadline, and answers 504 then. gRPC calls get
/// `grpc-status: 4` (DEADLINE_EXCEEDED). In overload, a request is refused at once if its deadline
/// is shorter than the queue. The deadline says nothing about the health of an origin, and no other
/// member of a group is tried after it.
///
/// ```
/// use std::time::Duration;
///
/// use cdn_origin::proxy::ClientDeadline;
/// use http::Request;
///
/// /// Envoy sends the time that is left in this field, in milliseconds.
/// fn read_deadline<B>(request: &mut Request<B>) {
///     let field = request.headers().get("x-envoy-expected-rq-timeout-ms");
///     let text = field.and_then(|value| value.to_str().ok());
///     if let Some(time) = text.and_then(|text| text.parse().ok()) {
///         let deadline = ClientDeadline::after(Duration::from_millis(time));
///         request.extensions_mut().insert(deadline);
///     }
/// }
/// # let mut request = Request::get("/").header("x-envoy-expected-rq-timeout-ms", "5");
/// # let mut request = request.body(()).unwrap();
/// # read_deadline(&mut request);
/// # assert!(request.extensions().get::<ClientDeadline>().is_some());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ClientDeadline {
    since: Instant,
    after: Duration,
    timeout: ExchangeTimeout,
}

impl ClientDeadline {
    /// A deadline after this time from now on.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cdn_origin::proxy::ClientDeadline;
    ///
    /// let mut request = http::Request::new(());
    /// request.extensions_mut().insert(ClientDeadline::after(Duration::from_secs(2)));
    /// ```
    #[must_use]
    pub fn after(time: Duration) -> Self {
        Self {
            since: Instant::now(),
            after: time,
            timeout: ExchangeTimeout::Client,
        }
    }

    /// The deadline of a health check.
    pub(crate) fn of_check(time: Duration) -> Self {
        Self {
            timeout: ExchangeTimeout::HealthCheck,
            ..Self::after(time)
        }
    }

    /// Notes the deadline of a gRPC call when it arrives, unless a layer in front has set one.
    pub(super) fn note<B>(request: &mut Request<B>) {
        if !GrpcCall::is_in(request.method(), request.headers()) {
            return;
        }
        let timeout = request.headers().get(GRPC_TIMEOUT).and_then(grpc_timeout);
        if let Some(timeout) = timeout
            && request.extensions().get::<Self>().is_none()
        {
            request.extensions_mut().insert(Self::after(timeout));
        }
    }

    pub(super) fn deadline(self) -> Deadline {
        Deadline::new(self.since, self.after, self.timeout)
    }
}

/// The value of `grpc-timeout`: at most eight digits, and a unit.
fn grpc_timeout(value: &HeaderValue) -> Option<Duration> {
    let (unit, digits) = value.as_bytes().split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits
        .iter()
        .fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    match unit {
        b'H' => Some(Duration::from_secs(number * 3600)),
        b'M' => Some(Duration::from_secs(number * 60)),
        b'S' => Some(Duration::from_secs(number)),
        b'm' => Some(Duration::from_millis(number)),
        b'u' => Some(Duration::from_micros(number)),
        b'n' => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grpc_timeout_is_at_most_eight_digits_and_a_unit() {
        let parse = |text| grpc_timeout(&HeaderValue::from_static(text));
        for (text, time) in [
            ("1H", Duration::from_secs(3600)),
            ("99999999M", Duration::from_secs(99_999_999 * 60)),
            ("2S", Duration::from_secs(2)),
            ("100m", Duration::from_millis(100)),
            ("7u", Duration::from_micros(7)),
            ("0n", Duration::ZERO),
        ] {
            assert_eq!(parse(text), Some(time), "{text}");
        }
        for text in ["", "S", "5", "5s", "-5S", "5 S", "123456789S", "1.5S"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
