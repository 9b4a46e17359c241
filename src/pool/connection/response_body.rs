//! `ResponseBody`: the body of an origin's response, over any protocol.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::{http1, http2};

use crate::pool::send::Failure;

use super::tracked_io::TrackedIo;

/// The body of an origin's response, over any protocol.
pub(crate) enum ResponseBody {
    Http1(http1::Http1Body<TrackedIo>),
    Http2(http2::Http2Body),
    /// Connections for upgrades.
    Hyper(Incoming),
}

impl From<Incoming> for ResponseBody {
    fn from(body: Incoming) -> Self {
        Self::Hyper(body)
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        match self.get_mut() {
            Self::Http1(body) => {
                let frame = Pin::new(body).poll_frame(cx);
                frame.map(|frame| frame.map(|frame| frame.map_err(Failure::Http1)))
            }
            Self::Http2(body) => {
                let frame = Pin::new(body).poll_frame(cx);
                frame.map(|frame| frame.map(|frame| frame.map_err(Failure::Http2)))
            }
            Self::Hyper(body) => {
                let frame = Pin::new(body).poll_frame(cx);
                frame.map(|frame| frame.map(|frame| frame.map_err(Failure::Hyper)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Http1(body) => body.is_end_stream(),
            Self::Http2(body) => body.is_end_stream(),
            Self::Hyper(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Http1(body) => body.size_hint(),
            Self::Http2(body) => body.size_hint(),
            Self::Hyper(body) => body.size_hint(),
        }
    }
}
