//! `TraceContext`: the ids of a trace, and how the field spells them.

use std::{fmt, str::FromStr};

use http::{HeaderMap, HeaderName, HeaderValue, Request};

use crate::invalid_value::InvalidValue;

/// Sampled, and random of level 2 of the specification.
const KNOWN_FLAGS: u8 = 0b11;

pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The ids of a trace and of one request in it.
///
/// `Display` and `FromStr` are the value of `traceparent`:
///
/// ```
/// use cdn_origin::trace_context::TraceContext;
///
/// let field = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let context: TraceContext = field.parse()?;
/// assert_eq!(context.to_string(), field);
/// assert_eq!(context.parent_id(), 0x00f067aa0ba902b7);
/// assert!("00-4bf92f3577b34da6".parse::<TraceContext>().is_err());
/// # Ok::<(), cdn_origin::error::InvalidValue>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct TraceContext {
    trace_id: u128,
    parent_id: u64,
    flags: u8,
}

impl TraceContext {
    /// Creates a context. An id of zero is invalid, and becomes one.
    ///
    /// ```
    /// use cdn_origin::trace_context::TraceContext;
    ///
    /// let sampled = 1;
    /// let context = TraceContext::new(0x4bf92f3577b34da6a3ce929d0e0e4736, 7, sampled);
    /// assert_eq!(context.to_string(), "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000007-01");
    /// ```
    #[must_use]
    pub fn new(trace_id: u128, parent_id: u64, flags: u8) -> Self {
        Self {
            trace_id: trace_id.max(1),
            parent_id: parent_id.max(1),
            flags,
        }
    }

    /// The context in a request's extensions, or else the one that the client sent.
    pub(crate) fn of<B>(request: &Request<B>) -> Option<Self> {
        let known = request.extensions().get().copied();
        known.or_else(|| Self::received(request.headers()))
    }

    /// The context that the client sent, if it sent a valid one.
    pub(crate) fn received(headers: &HeaderMap) -> Option<Self> {
        let mut fields = headers.get_all(TRACEPARENT).iter();
        match (fields.next(), fields.next()) {
            (Some(field), None) => field.to_str().ok()?.parse().ok(),
            _ => None,
        }
    }

    /// Returns the id of the whole trace.
    #[must_use]
    pub fn trace_id(&self) -> u128 {
        self.trace_id
    }

    /// Returns the id of the request, the parent of what the origin does.
    #[must_use]
    pub fn parent_id(&self) -> u64 {
        self.parent_id
    }

    /// Returns the flags. The lowest bit means that the caller may have recorded the trace.
    ///
    /// Bit 1 says that the trace id is random (level 2 of the specification).
    ///
    /// ```
    /// use cdn_origin::trace_context::TraceContext;
    ///
    /// fn is_sampled(context: &TraceContext) -> bool {
    ///     context.flags() & 1 == 1
    /// }
    /// assert!(is_sampled(&TraceContext::new(1, 1, 1)));
    /// ```
    #[must_use]
    pub fn flags(&self) -> u8 {
        self.flags
    }

    /// The same trace, for another request. Flags without a meaning are cleared (section 3.2.2.5,
    /// "Other Flags").
    pub(super) fn with_parent(self, parent_id: u64) -> Self {
        Self::new(self.trace_id, parent_id, self.flags & KNOWN_FLAGS)
    }

    #[expect(
        clippy::expect_used,
        reason = "the text is hexadecimal digits and hyphens"
    )]
    pub(super) fn into_value(self) -> HeaderValue {
        HeaderValue::try_from(self.to_string()).expect("it is ASCII")
    }
}

impl FromStr for TraceContext {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let mut parts = text.splitn(5, '-');
        let mut part = |length: usize| {
            let digits = |part: &&str| {
                let mut bytes = part.bytes();
                part.len() == length && bytes.all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            };
            parts.next().filter(digits).ok_or_else(invalid)
        };
        let (version, trace_id, parent_id, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
        // A later version may append parts. Version ff is invalid (section 3.2.2).
        let is_complete = version != "00" || parts.next().is_none();
        let parse = |_| invalid();
        let context = Self {
            trace_id: u128::from_str_radix(trace_id, 16).map_err(parse)?,
            parent_id: u64::from_str_radix(parent_id, 16).map_err(parse)?,
            flags: u8::from_str_radix(flags, 16).map_err(parse)?,
        };
        let is_valid = context.trace_id != 0 && context.parent_id != 0;
        match is_complete && is_valid && version != "ff" {
            true => Ok(context),
            false => Err(invalid()),
        }
    }
}

fn invalid() -> InvalidValue {
    InvalidValue::new(
        "a traceparent is 00-, 32 hexadecimal digits, -, 16 digits, -, 2 digits; ids not zero",
    )
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (trace_id, parent_id, flags) = (self.trace_id, self.parent_id, self.flags);
        write!(f, "00-{trace_id:032x}-{parent_id:016x}-{flags:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_without_a_meaning_do_not_go_on() {
        let received = TraceContext::new(1, 2, 0xff);
        assert_eq!(received.with_parent(3), TraceContext::new(1, 3, 0b11));
    }

    #[test]
    fn malformed_fields_and_zero_ids_are_refused() {
        let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        for text in [
            "",
            "00",
            &format!("ff-{trace}-{parent}-01"),
            &format!("00-{trace}-{parent}-01-more"),
            &format!("00-{trace}-{parent}-1"),
            &format!("00-{}-{parent}-01", trace.to_uppercase()),
            &format!("00-{}-{parent}-01", "0".repeat(32)),
            &format!("00-{trace}-{}-01", "0".repeat(16)),
        ] {
            assert_eq!(text.parse::<TraceContext>(), Err(invalid()), "{text}");
        }
        let later = format!("01-{trace}-{parent}-01-more");
        assert!(later.parse::<TraceContext>().is_ok());
    }
}
