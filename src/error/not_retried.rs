//! `NotRetried`: why a request that could be sent again was not.

use std::fmt;

/// Why a request that could be sent again was not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NotRetried {
    /// It was sent this many times.
    Attempts(usize),
    /// It was sent this many times, and the origin processed no attempt.
    Unprocessed(usize),
    /// The retry budget is used up.
    Budget,
    /// Not all of the body is kept.
    BodyNotKept,
}

impl fmt::Display for NotRetried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attempts(count) => write!(f, "it was sent {count} times"),
            Self::Unprocessed(count) => {
                write!(f, "the origin processed none of {count} attempts")
            }
            Self::Budget => f.write_str("the retry budget is used up"),
            Self::BodyNotKept => f.write_str("its body is larger than what is kept for a retry"),
        }
    }
}
