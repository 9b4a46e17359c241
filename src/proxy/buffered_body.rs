//! `BufferedBody`: a request body that is read before the origin is asked, within bounds.
//!
//! It can be sent a second time, if all of it was read: `BufferedBody::repeat`.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Request, header::EXPECT};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::BoxError;

use crate::error::Error;

use super::{
    Limits,
    error_response::GrpcCall,
    limited_request_body::{LimitedRequestBody, to_bytes},
};

/// The memory of all buffered bodies of a proxy, in units of 1 KiB.
const MEMORY: usize = 64 * 1024;
const UNIT: usize = 1024;

/// The memory for the bodies of a proxy.
#[derive(Clone, Debug)]
pub(super) struct BufferMemory(Arc<Semaphore>);

/// A body of which the beginning is buffered.
pub(crate) struct BufferedBody {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
    /// Absent if all of the body was read. Its limits are those of the exchange.
    rest: Option<UnsyncBoxBody<Bytes, BoxError>>,
    memory: Arc<OwnedSemaphorePermit>,
}

impl BufferMemory {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MEMORY)))
    }

    /// The memory for a body of up to `limit` bytes. `None` if the request is not to be buffered:
    /// there is not enough, the body has ended, or the client may wait before it sends on: for 100
    /// (Continue), or for an answer within a gRPC call.
    pub(super) fn reserve<B: Body>(
        &self,
        request: &Request<B>,
        limit: usize,
    ) -> Option<OwnedSemaphorePermit> {
        let is_plain = limit > 0
            && !request.body().is_end_stream()
            && !request.headers().contains_key(EXPECT)
            && !GrpcCall::is_in(request.method(), request.headers())
            && request.method() != http::Method::CONNECT;
        let length = request.body().size_hint();
        if !is_plain || length.lower() > limit as u64 {
            return None;
        }
        let length = length.exact().and_then(|it| usize::try_from(it).ok());
        let units = length.unwrap_or(limit).div_ceil(UNIT).max(1);
        let units = u32::try_from(units).ok()?;
        self.0.clone().try_acquire_many_owned(units).ok()
    }
}

/// Reads as much as the limits allow. Gives back the part of `memory` that it does not need.
///
/// # Errors
///
/// Fails if the body fails, or its client is too slow.
pub(super) async fn read<B>(
    body: B,
    limits: &Limits,
    mut memory: OwnedSemaphorePermit,
) -> Result<BufferedBody, Error>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let mut rest = to_bytes(body).boxed_unsync();
    // The rest is limited anew when it is sent: its client may pause once there is a response.
    let mut body = LimitedRequestBody::new(limits, limits.min_upload_rate, &mut rest);
    let (mut data, mut trailers, mut has_ended) = (Vec::new(), None, false);
    while data.len() < limits.buffer_requests && !body.is_end_stream() {
        let Some(frame) = body.frame().await else {
            has_ended = true;
            break;
        };
        match frame?.into_data() {
            // Copied: a small piece may keep a large buffer of the server.
            Ok(piece) => data.extend_from_slice(&piece),
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    let needed = data.capacity().div_ceil(UNIT);
    drop(memory.split(memory.num_permits().saturating_sub(needed)));
    let has_ended = has_ended || rest.is_end_stream() || trailers.is_some();
    Ok(BufferedBody {
        data: (!data.is_empty()).then(|| data.into()),
        trailers,
        rest: (!has_ended).then_some(rest),
        memory: memory.into(),
    })
}

impl BufferedBody {
    /// Whether all of the body was read.
    pub(super) fn is_whole(&self) -> bool {
        self.rest.is_none()
    }

    /// The same body once more, if all of it was read.
    pub(crate) fn repeat(&self) -> Option<Self> {
        self.is_whole().then(|| Self {
            data: self.data.clone(),
            trailers: self.trailers.clone(),
            rest: None,
            memory: self.memory.clone(),
        })
    }
}

impl Body for BufferedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if let Some(trailers) = self.trailers.take() {
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        match &mut self.rest {
            Some(rest) => Pin::new(rest).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        let rest = self.rest.as_ref();
        self.data.is_none() && self.trailers.is_none() && rest.is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let buffered = self.data.as_ref().map_or(0, Bytes::len) as u64;
        let mut hint = match (&self.rest, &self.trailers) {
            (None, None) => return SizeHint::with_exact(buffered),
            // A length would drop the trailers.
            (None, Some(_)) => SizeHint::new(),
            (Some(rest), _) => rest.size_hint(),
        };
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(buffered));
        }
        hint.set_lower(hint.lower().saturating_add(buffered));
        hint
    }
}
