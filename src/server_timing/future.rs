//! The future of the service, and the value of the field.

use std::{
    fmt::Write,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use http::{HeaderName, HeaderValue, Response};
use pin_project_lite::pin_project;

use crate::observe::ExchangeInfo;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

pin_project! {
    /// The future of the service.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ServerTimingFuture<F> {
        #[pin]
        inner: F,
    }
}

impl<F> ServerTimingFuture<F> {
    pub(super) fn new(inner: F) -> Self {
        Self { inner }
    }
}

impl<F, R, E> Future for ServerTimingFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<R>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut response = ready!(self.project().inner.poll(cx))?;
        let exchange = response.extensions().get::<ExchangeInfo>();
        if let Some(value) = exchange.and_then(value) {
            response.headers_mut().append(SERVER_TIMING, value);
        }
        Poll::Ready(Ok(response))
    }
}

/// The value of the field: times in milliseconds.
fn value(exchange: &ExchangeInfo) -> Option<HeaderValue> {
    let mut value = String::with_capacity(160);
    push(&mut value, "queue", exchange.queue_wait());
    push(&mut value, "checkout", exchange.checkout());
    let (last, connect) = (exchange.tries().last(), exchange.elapsed());
    if let Some(last) = last {
        value.push_str(match last.reused {
            true => ";desc=\"reused\"",
            false => ";desc=\"fresh\"",
        });
    }
    let stages = [
        ("resolve", connect.resolve),
        ("connect", connect.dial),
        ("handshake", connect.handshake),
        ("first-byte", last.and_then(|last| last.first_byte)),
    ];
    for (name, time) in stages {
        if let Some(time) = time.filter(|time| !time.is_zero()) {
            push(&mut value, name, time);
        }
    }
    HeaderValue::try_from(value).ok()
}

fn push(value: &mut String, name: &str, time: Duration) {
    if !value.is_empty() {
        value.push_str(", ");
    }
    let _ = write!(value, "{name};dur={:.3}", time.as_secs_f64() * 1000.0);
}
