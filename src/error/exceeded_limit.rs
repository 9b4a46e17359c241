//! `ExceededLimit`: the size of what was refused, and the limit that it exceeds.

use std::fmt;

/// The size of a part of a request, and the limit that refused it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ExceededLimit {
    pub(crate) size: ExceededSize,
    pub(crate) limit: u64,
    pub(crate) source: LimitSource,
}

/// How large something is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ExceededSize {
    Bytes(u64),
    /// The length of a body that was not read to its end.
    MoreThanLimit,
    Fields(u64),
}

/// Where a limit comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LimitSource {
    /// `Limits::max_request_body`.
    RequestBody,
    /// `Limits::max_request_head`.
    RequestHead,
    /// `Limits::max_request_fields`.
    RequestFields,
    /// The documentation of this edge.
    Edge(&'static str),
}

impl ExceededLimit {
    pub(crate) fn bytes(size: usize, limit: usize, source: LimitSource) -> Self {
        Self {
            size: ExceededSize::Bytes(size as u64),
            limit: limit as u64,
            source,
        }
    }
}

impl fmt::Display for ExceededLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.size {
            ExceededSize::Bytes(bytes) => write!(f, "{bytes} bytes")?,
            ExceededSize::MoreThanLimit => f.write_str("more bytes")?,
            ExceededSize::Fields(fields) => write!(f, "{fields} fields")?,
        }
        write!(f, ", and the limit is {}", self.limit)?;
        match self.source {
            LimitSource::RequestBody => f.write_str(" by Limits::max_request_body(..)"),
            LimitSource::RequestHead => f.write_str(" by Limits::max_request_head(..)"),
            LimitSource::RequestFields => f.write_str(" by Limits::max_request_fields(..)"),
            LimitSource::Edge(name) => write!(f, " of {name}"),
        }
    }
}
