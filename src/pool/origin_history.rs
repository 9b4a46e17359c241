//! `OriginHistory`: what earlier responses show about the origin.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Error;

/// What earlier responses show about the origin.
#[derive(Debug, Default)]
pub(crate) struct OriginHistory {
    /// A fresh connection got a 421, and there was no other response since.
    is_misdirected: AtomicBool,
    /// The origin has responded to a request.
    has_responded: AtomicBool,
}

impl OriginHistory {
    /// Notes that there was a response.
    pub(crate) fn note_response(&self) {
        // Read first: to write each time would have the cores of a busy proxy wait for each other.
        if !self.has_responded.load(Ordering::Relaxed) {
            self.has_responded.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a response reports the wrong connection, so a fresh one may help.
    ///
    /// A 421 on a connection of the request's own is the origin's answer, and so are those after it
    /// until there is another response.
    pub(crate) fn may_be_misdirected(&self, is_misdirected: bool, is_own: bool) -> bool {
        let known = &self.is_misdirected;
        if is_misdirected && is_own {
            known.store(true, Ordering::Relaxed);
            return false;
        }
        if known.load(Ordering::Relaxed) {
            known.store(is_misdirected, Ordering::Relaxed);
            return false;
        }
        is_misdirected
    }

    /// Adds to an error whether the origin has responded before.
    pub(crate) fn with_context(&self, error: Error) -> Error {
        match self.has_responded.load(Ordering::Relaxed) {
            true => error.after_answers(),
            false => error,
        }
    }
}
