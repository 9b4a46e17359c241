//! Reads more at once than rustls asks for while a peer sends large records.
//!
//! rustls reads one record at a time, at most 16 KiB. For a large body, the system calls would take
//! a tenth of the time.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::io::poll_read_buf;

/// The size of the read-ahead buffer. `http1/read_buffer.rs` explains why it is no multiple of a
/// page.
const AHEAD: usize = 63 * 1024;

/// A read of this size that is filled shows that large records arrive: rustls asks for 4 KiB until
/// the first one.
const LARGE_READ: usize = 8 * 1024;

/// The bytes that are read but not asked for yet.
///
/// It has memory only while data arrives faster than it is read.
#[derive(Debug, Default)]
pub(super) struct ReadAhead {
    bytes: BytesMut,
    /// Whether the last read filled its buffer, so that more is likely to be there.
    more: bool,
}

impl ReadAhead {
    /// Reads from the buffered bytes, or else from the stream.
    pub(super) fn poll_read<IO: AsyncRead>(
        &mut self,
        io: Pin<&mut IO>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.bytes.is_empty() {
            if !self.more {
                return self.poll_read_through(io, cx, buf);
            }
            ready!(self.poll_fill(io, cx))?;
        }
        let length = self.bytes.len().min(buf.remaining());
        buf.put_slice(&self.bytes[..length]);
        self.bytes.advance(length);
        Poll::Ready(Ok(()))
    }

    fn poll_read_through<IO: AsyncRead>(
        &mut self,
        io: Pin<&mut IO>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.release();
        let before = buf.filled().len();
        ready!(io.poll_read(cx, buf))?;
        self.more = buf.remaining() == 0 && buf.filled().len() - before >= LARGE_READ;
        Poll::Ready(Ok(()))
    }

    fn poll_fill<IO: AsyncRead>(
        &mut self,
        io: Pin<&mut IO>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.bytes.reserve(AHEAD);
        let room = self.bytes.capacity();
        let read = poll_read_buf(io, cx, &mut self.bytes);
        self.more = matches!(read, Poll::Ready(Ok(read)) if read == room);
        if self.bytes.is_empty() {
            self.release();
        }
        read.map_ok(|_| ())
    }

    fn release(&mut self) {
        self.bytes = BytesMut::new();
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, future::poll_fn};

    use super::*;

    /// A stream with these reads, each limited by the room in the buffer. It counts the calls.
    struct Offer {
        left: VecDeque<Option<usize>>,
        calls: usize,
        next: u8,
    }

    impl Offer {
        fn new(reads: impl IntoIterator<Item = Option<usize>>) -> Self {
            Self {
                left: reads.into_iter().collect(),
                calls: 0,
                next: 0,
            }
        }
    }

    impl AsyncRead for Offer {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            self.calls += 1;
            match self.left.pop_front() {
                Some(Some(length)) => {
                    let now = length.min(buf.remaining());
                    for _ in 0..now {
                        buf.put_slice(&[self.next]);
                        self.next = self.next.wrapping_add(1);
                    }
                    if now < length {
                        self.left.push_front(Some(length - now));
                    }
                    Poll::Ready(Ok(()))
                }
                Some(None) => Poll::Pending,
                None => Poll::Ready(Ok(())),
            }
        }
    }

    /// The result of one read of this size.
    fn read(ahead: &mut ReadAhead, offer: &mut Offer, size: usize) -> Poll<Vec<u8>> {
        let mut memory = vec![0; size];
        let mut buf = ReadBuf::new(&mut memory);
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let read = ahead.poll_read(Pin::new(offer), &mut cx, &mut buf);
        read.map(|read| {
            read.unwrap();
            buf.filled().to_vec()
        })
    }

    #[tokio::test]
    async fn bytes_arrive_in_order_for_any_sizes() {
        let mut rng = fastrand::Rng::with_seed(7);
        for _ in 0..200 {
            let sizes: Vec<usize> = (0..20).map(|_| rng.usize(1..200_000)).collect();
            let mut offer = Offer::new(sizes.iter().copied().map(Some));
            let (mut ahead, mut expected, mut left) =
                (ReadAhead::default(), 0u8, sizes.iter().sum::<usize>());
            loop {
                let size = rng.usize(1..20_000);
                let bytes = poll_fn(|_| read(&mut ahead, &mut offer, size)).await;
                left -= bytes.len();
                for byte in &bytes {
                    assert_eq!(*byte, expected);
                    expected = expected.wrapping_add(1);
                }
                if bytes.is_empty() {
                    break;
                }
            }
            assert_eq!(left, 0);
        }
    }

    #[test]
    fn large_data_takes_few_calls() {
        let mut offer = Offer::new([Some(1024 * 1024)]);
        let mut ahead = ReadAhead::default();
        let mut left = 1024 * 1024;
        while left > 0 {
            let Poll::Ready(bytes) = read(&mut ahead, &mut offer, 16_406) else {
                panic!("there is more");
            };
            left -= bytes.len();
        }
        assert!(offer.calls <= 18, "{}", offer.calls);
    }

    #[test]
    fn an_idle_stream_keeps_no_memory() {
        let mut offer = Offer::new([Some(16_406 + AHEAD), None]);
        let mut ahead = ReadAhead::default();
        while let Poll::Ready(bytes) = read(&mut ahead, &mut offer, 16_406) {
            assert!(!bytes.is_empty());
        }
        assert_eq!(ahead.bytes.capacity(), 0);
    }

    #[test]
    fn small_reads_take_no_memory() {
        let mut offer = Offer::new([Some(100), Some(4096), Some(7000), Some(10)]);
        let mut ahead = ReadAhead::default();
        for size in [4096, 4096, 7000, 4096] {
            assert!(read(&mut ahead, &mut offer, size).is_ready());
            assert_eq!(ahead.bytes.capacity(), 0);
        }
    }
}
