//! What is wrong with the HTTP that the origin sent.

/// The rule of HTTP that the origin's response breaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum HttpFault {
    /// A chunk is malformed (RFC 9112 section 7.1).
    Chunk,
    /// `Content-Length` or `Transfer-Encoding` is malformed, or both are there (RFC 9112 section
    /// 6.3).
    Framing,
    /// The status line or a field is malformed (RFC 9112 sections 4 and 5).
    Head,
    /// A line of the content ends in LF alone (RFC 9112 section 2.2).
    LineEnd,
    /// The response does not begin with `HTTP/1.0` or `HTTP/1.1`.
    NotHttp,
    /// The trailers are malformed or too large.
    Trailers,
    /// The protocol was switched without a request for that (RFC 9110 section 15.2.2).
    Upgrade,
    /// Data arrived before the first request.
    Unsolicited,
}
