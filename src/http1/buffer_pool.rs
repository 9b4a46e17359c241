//! Large buffers that go round.
//!
//! Allocators give memory of this size back to the kernel: glibc's does where a response ends, and
//! the buffers of the next are mapped and zeroed again, page by page, which is a tenth of the CPU
//! time that a body of a MiB takes.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::BytesMut;

/// What a large buffer holds.
pub(crate) const LARGE_BUFFER: usize = 63 * 1024;

/// So many are kept by the process: a MiB.
const KEPT: usize = 16;

/// Those of the process.
pub(crate) static BUFFERS: Spares = Spares::new();

/// Buffers that are read into no more. What was read may still wait to be written.
pub(crate) struct Spares(Mutex<VecDeque<BytesMut>>);

impl Spares {
    const fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    /// An empty buffer: the one last given back of which all has been written, as that is still in
    /// the processor's caches, or a new one.
    pub(crate) fn take(&self) -> BytesMut {
        let mut spares = self.lock();
        let free = spares
            .iter_mut()
            .rposition(|spare| spare.try_reclaim(LARGE_BUFFER));
        let spare = free.and_then(|free| spares.remove(free));
        drop(spares);
        spare.unwrap_or_else(|| BytesMut::with_capacity(LARGE_BUFFER))
    }

    /// Gives a buffer back. Of too many, the oldest goes: something may hold on to it.
    pub(crate) fn give(&self, mut buffer: BytesMut) {
        buffer.clear();
        let mut spares = self.lock();
        spares.push_back(buffer);
        let oldest = (spares.len() > KEPT).then(|| spares.pop_front());
        drop(spares);
        drop(oldest);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<BytesMut>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_that_something_holds_on_to_is_not_written_into() {
        let spares = Spares::new();
        for _ in 0..3 * KEPT {
            let mut buffer = spares.take();
            assert!(buffer.is_empty() && buffer.capacity() >= LARGE_BUFFER);
            buffer.extend_from_slice(b"held");
            let held = buffer.split().freeze();
            spares.give(buffer);
            let mut next = spares.take();
            next.extend_from_slice(b"next");
            assert_eq!(held, "held");
            spares.give(next);
        }
    }

    #[test]
    fn no_more_are_kept_than_a_mib_takes() {
        let spares = Spares::new();
        let buffers: Vec<BytesMut> = (0..2 * KEPT).map(|_| spares.take()).collect();
        buffers.into_iter().for_each(|buffer| spares.give(buffer));
        assert!(spares.lock().len() <= KEPT);
    }
}
