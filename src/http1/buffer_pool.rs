//! A pool of large read buffers.
//!
//! Allocators return memory of this size to the kernel. glibc's does so at the end of a response,
//! and the kernel maps and zeroes the buffers of the next one page by page: a tenth of the CPU time
//! of a 1 MiB body.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::BytesMut;

/// The capacity of a large buffer.
pub(super) const LARGE_BUFFER: usize = 63 * 1024;

/// The maximum number of pooled buffers: 1 MiB in total.
const MAX_POOLED: usize = 16;

/// The pool of this process.
pub(super) static BUFFERS: BufferPool = BufferPool::new();

/// Buffers between two uses. What was read into one may still wait to be written.
pub(super) struct BufferPool(Mutex<VecDeque<BytesMut>>);

impl BufferPool {
    /// An empty pool.
    const fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    /// Takes an empty buffer: the one returned last whose bytes have all been written, or a new
    /// one. The one returned last is still in the processor's caches.
    pub(super) fn take(&self) -> BytesMut {
        let mut buffers = self.lock();
        let free = buffers
            .iter_mut()
            .rposition(|pooled| pooled.try_reclaim(LARGE_BUFFER));
        let buffer = free.and_then(|free| buffers.remove(free));
        drop(buffers);
        buffer.unwrap_or_else(|| BytesMut::with_capacity(LARGE_BUFFER))
    }

    /// Returns a buffer. If there are too many, frees the oldest: it may never become reusable.
    pub(super) fn put(&self, mut buffer: BytesMut) {
        buffer.clear();
        let mut buffers = self.lock();
        buffers.push_back(buffer);
        let oldest = (buffers.len() > MAX_POOLED).then(|| buffers.pop_front());
        drop(buffers);
        drop(oldest);
    }

    /// The pooled buffers, the oldest first.
    fn lock(&self) -> MutexGuard<'_, VecDeque<BytesMut>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_whose_bytes_are_still_referenced_is_not_reused() {
        let pool = BufferPool::new();
        for _ in 0..3 * MAX_POOLED {
            let mut buffer = pool.take();
            assert!(buffer.is_empty() && buffer.capacity() >= LARGE_BUFFER);
            buffer.extend_from_slice(b"held");
            let held = buffer.split().freeze();
            pool.put(buffer);
            let mut next = pool.take();
            next.extend_from_slice(b"next");
            assert_eq!(held, "held");
            pool.put(next);
        }
    }

    #[test]
    fn at_most_one_mib_is_pooled() {
        let pool = BufferPool::new();
        let buffers: Vec<BytesMut> = (0..2 * MAX_POOLED).map(|_| pool.take()).collect();
        buffers.into_iter().for_each(|buffer| pool.put(buffer));
        assert!(pool.lock().len() <= MAX_POOLED);
    }
}
