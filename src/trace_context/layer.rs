//! The layer that writes `traceparent`, and its service.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use http::{HeaderName, Request, request::Parts};
use tower_layer::Layer;
use tower_service::Service;

use super::{TraceContext, context::TRACEPARENT};

const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The flag of a trace that may have been recorded.
const SAMPLED: u8 = 1;

type ContextSource = dyn Fn(&Parts) -> Option<TraceContext> + Send + Sync;

/// A layer that writes `traceparent` into requests. See the [module](super).
#[derive(Clone)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct TraceContextLayer(Arc<ContextSource>);

impl TraceContextLayer {
    /// Continues the client's trace under a new id, or begins a trace.
    ///
    /// A malformed field is replaced, and its `tracestate` removed (section 3.2.1 of the
    /// recommendation). A new trace has the flag "sampled".
    ///
    /// ```
    /// let layer = cdn_origin::trace_context::TraceContextLayer::new();
    /// # drop(layer);
    /// ```
    pub fn new() -> Self {
        let ids = RandomIds::default();
        Self::from_fn(move |request| {
            Some(match TraceContext::received(&request.headers) {
                Some(context) => context.with_parent(ids.next()),
                None => TraceContext::new(ids.trace(), ids.next(), SAMPLED),
            })
        })
    }

    /// Writes what the function returns; `None` leaves the request as it is.
    ///
    /// ```
    /// use cdn_origin::trace_context::{TraceContext, TraceContextLayer};
    ///
    /// // Such as the ids of the present OpenTelemetry span.
    /// let layer = TraceContextLayer::from_fn(|_| Some(TraceContext::new(0x4bf9, 0x00f0, 1)));
    /// # drop(layer);
    /// ```
    pub fn from_fn(
        function: impl Fn(&Parts) -> Option<TraceContext> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(function))
    }
}

impl Default for TraceContextLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TraceContextLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceContextLayer").finish_non_exhaustive()
    }
}

/// A service whose requests have a `traceparent`. See the [module](super).
#[derive(Clone, Debug)]
#[expect(unnameable_types, reason = "it is `Layer::Service`")]
pub struct TraceContextService<S> {
    inner: S,
    layer: TraceContextLayer,
}

impl<S> Layer<S> for TraceContextLayer {
    type Service = TraceContextService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TraceContextService {
            inner,
            layer: self.clone(),
        }
    }
}

impl<S, B> Service<Request<B>> for TraceContextService<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        if let Some(context) = (self.layer.0)(&parts) {
            let known = TraceContext::received(&parts.headers).map(|received| received.trace_id());
            if known != Some(context.trace_id()) {
                parts.headers.remove(TRACESTATE);
            }
            parts.headers.insert(TRACEPARENT, context.into_value());
            parts.extensions.insert(context);
        }
        self.inner.call(Request::from_parts(parts, body))
    }
}

/// Random ids. The standard library's hasher is seeded at random, which is chance enough for ids
/// that need not be secret.
#[derive(Default)]
struct RandomIds {
    seed: RandomState,
    count: AtomicU64,
}

impl RandomIds {
    fn next(&self) -> u64 {
        self.seed
            .hash_one(self.count.fetch_add(1, Ordering::Relaxed))
    }

    fn trace(&self) -> u128 {
        u128::from(self.next()) << 64 | u128::from(self.next())
    }
}
