//! `PresentFields`: the fields of a head that the proxy handles. One pass over the names that are
//! present costs less than a look-up for each name.

use http::{HeaderMap, HeaderName};

use crate::forwarded;

use super::hop_by_hop::is_hop_by_hop;

/// The fields of a head that the proxy handles, as they were before any was removed.
#[derive(Clone, Copy)]
pub(super) struct PresentFields(u8);

impl PresentFields {
    pub(super) const CONTENT_LENGTH: Self = Self(1);
    pub(super) const COOKIE: Self = Self(1 << 1);
    pub(super) const EXPECT: Self = Self(1 << 2);
    /// `Via` and `CDN-Loop`.
    pub(super) const HOPS: Self = Self(1 << 3);
    /// Any hop-by-hop field.
    pub(super) const HOP_BY_HOP: Self = Self(1 << 4);
    pub(super) const EARLY_DATA: Self = Self(1 << 5);
    /// A forwarded field or an alias of one, most likely.
    pub(super) const FORWARDED: Self = Self(1 << 6);

    /// The flags of this head.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let bits = headers.keys().map(|name| Self::named(name).0);
        Self(bits.fold(0, |all, bit| all | bit))
    }

    pub(super) fn has(self, field: Self) -> bool {
        self.0 & field.0 != 0
    }

    fn named(name: &HeaderName) -> Self {
        match name.as_str() {
            "content-length" => Self::CONTENT_LENGTH,
            "cookie" => Self::COOKIE,
            "early-data" => Self::EARLY_DATA,
            "expect" => Self::EXPECT,
            "via" | "cdn-loop" => Self::HOPS,
            other if is_hop_by_hop(other) => Self::HOP_BY_HOP,
            other if forwarded::may_be_forwarded_field(other.as_bytes()) => Self::FORWARDED,
            _ => Self(0),
        }
    }
}
