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
        let name = name.as_str();
        // The first letter excludes most names, of browsers and of origins.
        let first = name.as_bytes().first();
        let Some(b'c' | b'e' | b'f' | b'k' | b'p' | b't' | b'u' | b'v' | b'x') = first else {
            return Self(0);
        };
        match name {
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

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn flags(name: &str) -> u8 {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        let headers = HeaderMap::from_iter([(name, HeaderValue::from_static(""))]);
        PresentFields::of(&headers).0
    }

    #[test]
    fn each_field_that_is_handled_is_noticed_and_no_other() {
        for (name, flag) in [
            ("Content-Length", PresentFields::CONTENT_LENGTH),
            ("Cookie", PresentFields::COOKIE),
            ("Expect", PresentFields::EXPECT),
            ("Via", PresentFields::HOPS),
            ("CDN-Loop", PresentFields::HOPS),
            ("Early-Data", PresentFields::EARLY_DATA),
            ("Connection", PresentFields::HOP_BY_HOP),
            ("Keep-Alive", PresentFields::HOP_BY_HOP),
            ("Proxy-Authenticate", PresentFields::HOP_BY_HOP),
            ("Proxy-Authentication-Info", PresentFields::HOP_BY_HOP),
            ("Proxy-Authorization", PresentFields::HOP_BY_HOP),
            ("Proxy-Connection", PresentFields::HOP_BY_HOP),
            ("TE", PresentFields::HOP_BY_HOP),
            ("Transfer-Encoding", PresentFields::HOP_BY_HOP),
            ("Upgrade", PresentFields::HOP_BY_HOP),
            ("Forwarded", PresentFields::FORWARDED),
            ("X-Forwarded-For", PresentFields::FORWARDED),
            ("X-Forwarded-Host", PresentFields::FORWARDED),
            ("X-Forwarded-Port", PresentFields::FORWARDED),
            ("X-Forwarded-Proto", PresentFields::FORWARDED),
            ("x_real_ip", PresentFields::FORWARDED),
        ] {
            assert_eq!(flags(name), flag.0, "{name}");
        }
        for name in [
            "Accept",
            "Content-Type",
            "Host",
            "Server",
            "User-Agent",
            "X-Cache",
        ] {
            assert_eq!(flags(name), 0, "{name}");
        }
    }
}
