//! What a head says about the end of its content and about its connection, as flags.

/// Which fields of a message are about the end of its content and about the connection.
///
/// They are found in the pass over all fields that reads or writes a head. A flag says that the
/// name is there; the value is not looked at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FramingFields {
    pub(super) content_length: bool,
    pub(super) transfer_encoding: bool,
    pub(super) connection: bool,
}

#[cfg(test)]
impl FramingFields {
    pub(super) fn of(headers: &http::HeaderMap) -> Self {
        Self {
            content_length: headers.contains_key("content-length"),
            transfer_encoding: headers.contains_key("transfer-encoding"),
            connection: headers.contains_key("connection"),
        }
    }
}

/// The options of `Connection` lines with exactly one option, which is `keep-alive` or `close`.
///
/// Nearly all of an origin's `Connection` lines are such. They are about this connection alone, and
/// a proxy would have to remove them. Other responses than successes keep them, for a diagnosis.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PlainOptions {
    pub(super) keep_alive: bool,
    pub(super) close: bool,
}

impl PlainOptions {
    /// Notes a line of `Connection`. Returns whether it is a plain one.
    ///
    /// `line` is a complete value. `close, x-a` is not plain: it names a field, which a proxy must
    /// remove.
    pub(super) fn note(&mut self, line: &[u8]) -> bool {
        let is_keep_alive = line.eq_ignore_ascii_case(b"keep-alive");
        let is_close = line.eq_ignore_ascii_case(b"close");
        self.keep_alive |= is_keep_alive;
        self.close |= is_close;
        is_keep_alive || is_close
    }
}
