//! Buffers that are used again.
//!
//! | | size | kept |
//! |---|---|---|
//! | [`BUFFERS`] | 63 KiB | 16 in this process: large bodies |
//! | [`first_buffer`] | 17 KiB | 8 a thread: what is read first of a response |
//! | [`WriteBuffer`] | 2 KiB and more | 1 a thread: heads of requests |
//!
//! glibc allocates more than a KiB on its slow path: 1,000 instructions for the first read buffer.
//! It returns a large buffer to the kernel at the end of a response, and the kernel maps and zeroes
//! the next one page by page: a tenth of the CPU time of a 1 MiB body.
//!
//! `BytesMut::try_reclaim` is what makes reuse safe: it succeeds only if no `Bytes` that was split
//! off the buffer is still alive. A buffer can therefore be returned while its content still waits
//! in the client's socket, and it is taken again only once that content is written.
//!
//! Locks are held for the search alone. Buffers are allocated and freed outside of them.

use std::{
    cell::Cell,
    collections::VecDeque,
    ops::{Deref, DerefMut},
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
///
/// It is a queue: [`take`](Self::take) searches from the back, where the most recent buffers are,
/// and [`put`](Self::put) drops from the front if there are more than [`MAX_POOLED`].
pub(super) struct BufferPool(Mutex<VecDeque<BytesMut>>);

impl BufferPool {
    /// An empty pool.
    const fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    /// Takes an empty buffer: the one returned last whose bytes have all been written, or a new
    /// one. The one returned last is still in the processor's caches.
    ///
    /// Never waits for a buffer: the pool bounds what is kept, and not what is in use.
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
    ///
    /// A panic in another thread does not poison the pool: a buffer has no state that could be half
    /// changed.
    fn lock(&self) -> MutexGuard<'_, VecDeque<BytesMut>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The size of the first buffer of a response. It holds a whole TLS record (RFC 8446 section 5.1):
/// the session would buffer what does not fit.
pub(super) const FIRST_BUFFER: usize = 17 * 1024;

/// How many first buffers a thread keeps.
const MAX_FIRST_BUFFERS: usize = 8;

thread_local! {
    /// The first buffers that this thread has returned, the oldest first. What was read into one
    /// may still wait to be written.
    static FIRST_BUFFERS: Cell<Vec<BytesMut>> = const { Cell::new(Vec::new()) };
}

/// Takes an empty first buffer: one of this thread whose bytes have all been written, or a new one.
pub(super) fn first_buffer() -> BytesMut {
    let kept = with_first_buffers(|buffers| {
        let free = buffers
            .iter_mut()
            .rposition(|kept| kept.try_reclaim(FIRST_BUFFER));
        free.map(|free| buffers.remove(free))
    });
    kept.flatten()
        .unwrap_or_else(|| BytesMut::with_capacity(FIRST_BUFFER))
}

/// Returns a first buffer. If there are too many, frees the oldest.
pub(super) fn return_first_buffer(mut buffer: BytesMut) {
    buffer.clear();
    with_first_buffers(|buffers| {
        if buffers.len() >= MAX_FIRST_BUFFERS {
            buffers.remove(0);
        }
        buffers.push(buffer);
    });
}

/// Changes the buffers of this thread. `None` in a thread that ends.
///
/// The vector is taken out of its cell while `change` runs. A nested call would see no buffers, and
/// its own would be lost; nothing calls it in that way.
fn with_first_buffers<R>(change: impl FnOnce(&mut Vec<BytesMut>) -> R) -> Option<R> {
    let changed = FIRST_BUFFERS.try_with(|kept| {
        let mut buffers = kept.take();
        let result = change(&mut buffers);
        kept.set(buffers);
        result
    });
    changed.ok()
}

/// The capacity of a new write buffer. It holds nearly all heads of requests.
const WRITE_BUFFER: usize = 2 * 1024;

/// A larger write buffer is freed after its use.
const MAX_KEPT_WRITE_BUFFER: usize = 16 * 1024;

thread_local! {
    /// The write buffer that this thread used last. glibc takes its slow path for a block of
    /// this size.
    static WRITE_BUFFER_OF_THREAD: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A buffer for a request that is being sent. The thread that drops it keeps its memory for the
/// next one.
///
/// The exchange holds it while the request is sent, however long that takes, so two exchanges of a
/// thread never share one: the second finds none and allocates.
pub(super) struct WriteBuffer(Vec<u8>);

impl WriteBuffer {
    /// An empty buffer.
    ///
    /// Keeps the capacity of the buffer that this thread dropped last, if there is one.
    pub(super) fn take() -> Self {
        let mut buffer = WRITE_BUFFER_OF_THREAD
            .try_with(Cell::take)
            .unwrap_or_default();
        buffer.reserve(WRITE_BUFFER);
        Self(buffer)
    }
}

impl Drop for WriteBuffer {
    fn drop(&mut self) {
        let mut buffer = std::mem::take(&mut self.0);
        if buffer.capacity() <= MAX_KEPT_WRITE_BUFFER {
            buffer.clear();
            // Fails in a thread that ends: the buffer is freed then.
            let _ = WRITE_BUFFER_OF_THREAD.try_with(|kept| kept.set(buffer));
        }
    }
}

impl Deref for WriteBuffer {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for WriteBuffer {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
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
    fn a_first_buffer_is_used_again_once_its_bytes_are_dropped() {
        let mut buffer = first_buffer();
        let memory = buffer.as_ptr();
        buffer.extend_from_slice(b"held");
        let held = buffer.split().freeze();
        return_first_buffer(buffer);
        let other = first_buffer();
        assert!(other.is_empty() && other.as_ptr() != memory);
        assert_eq!(held, "held");
        drop(held);
        let buffer = first_buffer();
        assert_eq!(buffer.as_ptr(), memory);
        assert!(buffer.is_empty() && buffer.capacity() >= FIRST_BUFFER);
        for _ in 0..2 * MAX_FIRST_BUFFERS {
            return_first_buffer(BytesMut::with_capacity(FIRST_BUFFER));
        }
        let kept = FIRST_BUFFERS.take();
        assert_eq!(kept.len(), MAX_FIRST_BUFFERS);
    }

    #[test]
    fn a_write_buffer_is_empty_and_its_memory_is_used_again_unless_it_is_large() {
        let mut buffer = WriteBuffer::take();
        buffer.extend_from_slice(b"secret");
        let memory = buffer.as_ptr();
        drop(buffer);
        let mut buffer = WriteBuffer::take();
        assert!(buffer.is_empty());
        assert_eq!(buffer.as_ptr(), memory);
        buffer.reserve(MAX_KEPT_WRITE_BUFFER + 1);
        drop(buffer);
        assert!(WriteBuffer::take().capacity() <= MAX_KEPT_WRITE_BUFFER);
    }

    #[test]
    fn at_most_one_mib_is_pooled() {
        let pool = BufferPool::new();
        let buffers: Vec<BytesMut> = (0..2 * MAX_POOLED).map(|_| pool.take()).collect();
        buffers.into_iter().for_each(|buffer| pool.put(buffer));
        assert!(pool.lock().len() <= MAX_POOLED);
    }
}
