//! How addresses race.

use std::time::Duration;

use crate::dial::resolve::Families;

/// Happy Eyeballs: when the next address is tried while the last has not answered.
///
/// | call | default | [RFC 8305](https://www.rfc-editor.org/rfc/rfc8305) |
/// |---|---|---|
/// | [`attempt_delay`](Self::attempt_delay) | 250 ms | Connection Attempt Delay, section 5 |
/// | [`resolution_delay`](Self::resolution_delay) | 50 ms | Resolution Delay, section 3 |
/// | [`first_family_count`](Self::first_family_count) | 1 | First Address Family Count, section 4 |
/// | [`families`](Self::families) | IPv4 and IPv6 | section 4 |
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "these settings do nothing until a builder is given them"]
pub struct HappyEyeballs {
    pub(super) attempt_delay: Duration,
    pub(super) resolution_delay: Duration,
    pub(super) first_family_count: usize,
    pub(super) families: IpFamilies,
}

impl Default for HappyEyeballs {
    fn default() -> Self {
        Self {
            attempt_delay: Duration::from_millis(250),
            resolution_delay: Duration::from_millis(50),
            first_family_count: 1,
            families: IpFamilies::Any,
        }
    }
}

impl HappyEyeballs {
    /// How long an attempt runs alone before the next begins. A failure starts the next at once.
    /// Brought into the bounds of section 8: 100 ms to 2 s.
    pub fn attempt_delay(mut self, delay: Duration) -> Self {
        self.attempt_delay = delay.clamp(Duration::from_millis(100), Duration::from_secs(2));
        self
    }

    /// How long addresses of the other family wait for those of the preferred one, where a resolver
    /// tells them apart. At most 2 s.
    pub fn resolution_delay(mut self, delay: Duration) -> Self {
        self.resolution_delay = delay.min(Duration::from_secs(2));
        self
    }

    /// How many addresses of the first family are tried before one of the other. At least one.
    pub fn first_family_count(mut self, count: usize) -> Self {
        self.first_family_count = count.max(1);
        self
    }

    /// Sets which address families are dialled, and which comes first.
    ///
    /// The default is [`IpFamilies::Any`].
    ///
    /// ```
    /// use cdn_origin::dial::{HappyEyeballs, IpFamilies};
    ///
    /// let ipv4_only = HappyEyeballs::default().families(IpFamilies::OnlyV4);
    /// ```
    pub fn families(mut self, families: IpFamilies) -> Self {
        self.families = families;
        self
    }

    /// The families that may be dialled.
    pub(crate) fn allowed_families(&self) -> Families {
        self.families.allowed()
    }
}

/// Which address families are dialled, and which comes first.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum IpFamilies {
    /// Both; the order is that of RFC 6724 and of what happened lately. Mostly IPv6 comes first
    /// where there is a route.
    #[default]
    Any,
    /// Both, IPv4 first.
    PreferV4,
    /// Both, IPv6 first.
    PreferV6,
    /// IPv4 alone.
    OnlyV4,
    /// IPv6 alone.
    OnlyV6,
}

impl IpFamilies {
    fn allowed(self) -> Families {
        match self {
            Self::Any | Self::PreferV4 | Self::PreferV6 => Families::Both,
            Self::OnlyV4 => Families::V4,
            Self::OnlyV6 => Families::V6,
        }
    }
}
