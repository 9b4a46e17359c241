//! Reads more at once than rustls asks for, where a peer sends much.
//!
//! rustls reads a record at a time, of 16 KiB at most: for a large body, that many system calls are
//! a tenth of its price.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::io::poll_read_buf;

/// So much is read ahead. Not a multiple of a page, of which `pool/http1/input.rs` tells why.
const AHEAD: usize = 63 * 1024;

/// Whoever asks for as much, and gets it, is in the middle of large records: rustls asks for 4 KiB
/// until one has come.
const LARGE_READ: usize = 8 * 1024;

/// What has been read and was not asked for yet. It has memory only while a peer sends faster than
/// it is read.
#[derive(Debug, Default)]
pub(super) struct ReadAhead {
    bytes: BytesMut,
    /// The last read brought as much as there was room for.
    more: bool,
}

impl ReadAhead {
    /// Reads what is there already, or else from the stream.
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

    /// A stream that has these reads to offer, each as much as there is room for, and counts how
    /// often it was asked.
    struct Offer {
        left: VecDeque<Option<usize>>,
        asked: usize,
        next: u8,
    }

    impl Offer {
        fn new(reads: impl IntoIterator<Item = Option<usize>>) -> Self {
            Self {
                left: reads.into_iter().collect(),
                asked: 0,
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
            self.asked += 1;
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

    /// What one read of this size brings.
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
    async fn bytes_come_as_they_were_sent_whatever_the_sizes() {
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
    fn much_is_read_in_few_calls() {
        let mut offer = Offer::new([Some(1024 * 1024)]);
        let mut ahead = ReadAhead::default();
        let mut left = 1024 * 1024;
        while left > 0 {
            let Poll::Ready(bytes) = read(&mut ahead, &mut offer, 16_406) else {
                panic!("there is more");
            };
            left -= bytes.len();
        }
        assert!(offer.asked <= 18, "{}", offer.asked);
    }

    #[test]
    fn no_memory_is_kept_by_a_stream_that_rests() {
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
