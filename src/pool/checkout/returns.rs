//! `Returns`: where a permit, a ticket, a stream or a connection goes when it is dropped.

use crate::pool::connection::Silence;

/// The pool, as seen by a value that goes back to it.
///
/// The value holds this trait instead of the pool, so that its file imports nothing of the pool.
/// Implementations lock the pool: never drop such a value under the pool's lock.
pub(crate) trait Returns<T>: Send + Sync {
    /// Takes the value back, and serves waiting requests with what has become free.
    fn returned(&self, value: T);
}

/// The pool, as seen by a connection that serves a request. It also receives reports of silence.
pub(crate) trait ReturnsUsed<T>: Returns<T> + Returns<Silence> {}

impl<P, T> ReturnsUsed<T> for P where P: Returns<T> + Returns<Silence> {}
