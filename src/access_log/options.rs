//! The choices of an access log.
//!
//! Enums in place of flags, so that a call reads as what it does.

/// The format of the lines.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum LineFormat {
    /// One line of text.
    Combined,
    /// One object.
    Json,
}

/// Whether `Referer` and `User-Agent` are logged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ClientFields {
    /// The client chooses their values, and they may tell people apart.
    Logged,
    LeftOut,
}

/// Whether the query is logged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum QueryUse {
    /// It may contain tokens and names of people.
    Logged,
    LeftOut,
}
