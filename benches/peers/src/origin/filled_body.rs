//! A body of a given length, generated in chunks of 64 KiB.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

static CHUNK: [u8; 64 * 1024] = [b'x'; 64 * 1024];

pub(crate) struct FilledBody {
    left: usize,
}

impl FilledBody {
    pub(crate) fn with(length: usize) -> Self {
        Self { left: length }
    }
}

impl Body for FilledBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let count = self.left.min(CHUNK.len());
        self.left -= count;
        let frame = Frame::data(Bytes::from_static(&CHUNK[..count]));
        Poll::Ready((count > 0).then_some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left as u64)
    }
}
