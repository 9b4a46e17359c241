//! `HappyEyeballs` and `IpFamilies`: the settings of the race. `attempt_schedule.rs` applies them.

use std::time::Duration;

use crate::dial::resolve::Families;

/// Happy Eyeballs: when the next address is tried while earlier attempts are still running.
///
/// | call | default | [RFC 8305](https://www.rfc-editor.org/rfc/rfc8305) |
/// |---|---|---|
/// | [`attempt_delay`](Self::attempt_delay) | 250 ms | Connection Attempt Delay, section 5 |
/// | [`resolution_delay`](Self::resolution_delay) | 50 ms | Resolution Delay, section 3 |
/// | [`first_family_count`](Self::first_family_count) | 1 | First Address Family Count, section 4 |
/// | [`families`](Self::families) | IPv4 and IPv6 | section 4 |
///
/// The first connection that succeeds is used, and the others are dropped. All attempts together
/// end with [`Timeouts::dial`](crate::connector::Timeouts::dial).
///
/// ```
/// use std::time::Duration;
///
/// use cdn_origin::{CdnOriginConnector, dial::HappyEyeballs};
///
/// let connector = CdnOriginConnector::builder("http://origin.example")
///     .happy_eyeballs(HappyEyeballs::default().attempt_delay(Duration::from_millis(150)))
///     .build()?;
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "these settings do nothing until a builder is given them"]
pub struct HappyEyeballs {
    pub(crate) attempt_delay: Duration,
    pub(crate) resolution_delay: Duration,
    pub(crate) first_family_count: usize,
    pub(crate) families: IpFamilies,
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
    /// Sets the delay between the start of one attempt and the next.
    ///
    /// The default is 250 ms. Values are clamped to 100 ms to 2 s (section 8). A failed attempt
    /// starts the next one at once.
    pub fn attempt_delay(mut self, delay: Duration) -> Self {
        self.attempt_delay = delay.clamp(Duration::from_millis(100), Duration::from_secs(2));
        self
    }

    /// Sets how long the addresses of one family wait for those of the preferred family.
    ///
    /// The default is 50 ms, the maximum 2 s. It applies to a resolver that
    /// [splits families](crate::dial::Resolve::splits_families).
    pub fn resolution_delay(mut self, delay: Duration) -> Self {
        self.resolution_delay = delay.min(Duration::from_secs(2));
        self
    }

    /// Sets how many addresses of the first family are tried before one of the other.
    ///
    /// The default is 1, which is also the minimum.
    ///
    /// ```
    /// use cdn_origin::dial::{HappyEyeballs, IpFamilies};
    ///
    /// // Two IPv4 addresses, then one of IPv6, and so on.
    /// let race = HappyEyeballs::default()
    ///     .families(IpFamilies::PreferV4)
    ///     .first_family_count(2);
    /// # drop(race);
    /// ```
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

    /// The address families that may be dialled.
    pub(crate) fn allowed_families(&self) -> Families {
        self.families.allowed()
    }
}

/// Which address families are dialled, and which comes first.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, dial::{HappyEyeballs, IpFamilies}};
///
/// // The origin's firewall lists an IPv4 address of ours.
/// let connector = CdnOriginConnector::builder("https://origin.example")
///     .happy_eyeballs(HappyEyeballs::default().families(IpFamilies::OnlyV4))
///     .build()?;
/// # drop(connector);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum IpFamilies {
    /// Both. The family of the resolver's first address comes first, unless it has just failed.
    ///
    /// The system's resolver sorts by RFC 6724, and so does this crate for a resolver that looks up
    /// each family [separately](crate::dial::Resolve::splits_families). IPv6 usually comes first if
    /// there is a route. On Linux, `/etc/gai.conf` can change that for the system's resolver.
    #[default]
    Any,
    /// Both, IPv4 first.
    PreferV4,
    /// Both, IPv6 first.
    PreferV6,
    /// IPv4 only. The resolvers of this crate send no query for IPv6 addresses.
    OnlyV4,
    /// IPv6 only. The resolvers of this crate send no query for IPv4 addresses.
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
