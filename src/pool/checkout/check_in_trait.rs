//! `CheckIn`: where a permit, a ticket, a stream or a connection goes when it is dropped.

use crate::pool::connection::Silence;

/// The pool, as seen by a value that goes back to it.
///
/// The value holds this trait instead of the pool, so that its file imports nothing of the pool.
/// Implementations lock the pool: never drop such a value under the pool's lock.
pub(crate) trait CheckIn<T>: Send + Sync {
    /// Takes the value back, and serves waiting requests with what has become free.
    fn check_in(&self, value: T);
}

/// The pool, as seen by a connection that serves a request. It also receives reports of silence.
pub(crate) trait CheckInUsed<T>: CheckIn<T> + CheckIn<Silence> {}

impl<P, T> CheckInUsed<T> for P where P: CheckIn<T> + CheckIn<Silence> {}
