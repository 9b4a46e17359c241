//! The choices of an access log.

/// The format of the lines.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum LineFormat {
    Combined,
    Json,
}

/// Whether the query is logged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum QueryUse {
    Logged,
    LeftOut,
}
