//! What is read of a body before the request is forwarded, by default.
//!
//! | the body | what is read | for at most |
//! |---|---|---|
//! | of a GET, with no announced length | its first frame | 200 ms |
//! | of up to 16 KiB, with an announced length | all of it, and its end | 1 s |
//!
//! Neither is awaited beyond the deadline of the request.
//!
//! A request over HTTP/2 may end with an empty DATA frame (RFC 9113 section 8.1), and one over
//! HTTP/1.1 with an empty chunk. The request has no content, and is forwarded without: many origins
//! and some edges refuse a GET with content.
//!
//! A small body that is here occupies its connection for as long as the origin needs. One whose
//! client holds it back is an upload like any other, of which the pool admits a limited number.

use std::time::Duration;

use http::{
    Method, Request,
    header::{CONTENT_LENGTH, EXPECT},
};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};
use tower::BoxError;

use crate::response_diagnosis::PeekedBody;

use super::arrival::{Arrival, exchange_end};

/// Methods whose requests usually have no content (RFC 9110 section 9.3).
const USUALLY_EMPTY: [Method; 4] = [Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS];

/// The largest body that is read before the request is forwarded, in bytes.
pub(super) const SMALL_BODY: usize = 16 * 1024;

/// How long the first frame of a body without a length is awaited.
const FIRST_FRAME_TIME: Duration = Duration::from_millis(200);

/// How long the client may take to send it. TCP sends a packet that was lost again after a second
/// (RFC 6298 section 2).
const SMALL_BODY_TIME: Duration = Duration::from_secs(1);

/// Whether the length of the content is not known, so that HTTP/1.1 sends it in chunks.
pub(super) fn has_unknown_length<B: Body>(request: &Request<B>) -> bool {
    let length = request.body().size_hint().exact();
    length.is_none() && !request.headers().contains_key(CONTENT_LENGTH)
}

/// What is read of a body.
#[derive(Clone, Copy, Debug)]
pub(super) enum ContentAhead {
    /// The first frame, which shows whether there is content.
    FirstFrame,
    /// All of it, which is this number of bytes, and the end of its stream.
    Whole(usize),
}

impl ContentAhead {
    /// What is read of the body of a request.
    ///
    /// `None` if there is no body, or its client may wait for an answer before it sends. It does if
    /// it expects 100 (Continue), and often if it sends a POST of unknown length.
    pub(super) fn of<B: Body>(request: &Request<B>) -> Option<Self> {
        let body = request.body();
        if body.is_end_stream() || request.headers().contains_key(EXPECT) {
            return None;
        }
        match body.size_hint().exact() {
            None => USUALLY_EMPTY
                .contains(request.method())
                .then_some(Self::FirstFrame),
            Some(length) => usize::try_from(length)
                .ok()
                .filter(|length| *length <= SMALL_BODY)
                .map(Self::Whole),
        }
    }

    /// Reads it, as far as it arrives in time and before the deadline of the request.
    pub(super) async fn read<B>(
        self,
        request: Request<B>,
        request_timeout: Option<Duration>,
    ) -> Request<impl Body<Data = B::Data, Error = BoxError> + Send + 'static>
    where
        B: Body + Send + Unpin + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let mut arrival = Arrival::now();
        // The errors are converted, because not all of them can be moved to another thread.
        let body = |body: B| PeekedBody::new(body.map_err(Into::<BoxError>::into));
        let mut request = request.map(body);
        let (wanted, time) = match self {
            Self::FirstFrame => (1, FIRST_FRAME_TIME),
            // One byte more, so that the end of the stream is read too: a client that withholds
            // that would let the origin wait.
            Self::Whole(length) => (length + 1, SMALL_BODY_TIME),
        };
        let end = exchange_end(request_timeout, request.extensions());
        let until = Instant::now() + time;
        let until = end.map_or(until, |end| until.min(end.at));
        let body = request.body_mut();
        // No frame is lost: it is cancelled only while it waits for one.
        let _ = timeout_at(until, body.read_ahead(wanted)).await;
        arrival.has_whole_body = body.is_whole();
        request.extensions_mut().insert(arrival);
        request
    }
}
