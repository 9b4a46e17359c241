//! Which of the fields that are looked for in each message there are. One look at each name that is
//! there costs less than one look-up for each that might be.

use http::{HeaderMap, HeaderName};

use super::hop_by_hop::is_hop_by_hop;

/// Which of the fields there are, or were before some were removed.
#[derive(Clone, Copy)]
pub(super) struct Present(u8);

impl Present {
    pub(super) const CONTENT_LENGTH: Self = Self(1);
    pub(super) const COOKIE: Self = Self(1 << 1);
    pub(super) const EXPECT: Self = Self(1 << 2);
    /// `Via` and `CDN-Loop`.
    pub(super) const HOPS: Self = Self(1 << 3);
    /// Any that belongs to the connection.
    pub(super) const HOP_BY_HOP: Self = Self(1 << 4);
    pub(super) const EARLY_DATA: Self = Self(1 << 5);

    /// Those of this head.
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
            _ if is_hop_by_hop(name) => Self::HOP_BY_HOP,
            _ => Self(0),
        }
    }
}
