//! The time that each stage of a connection took.

use std::time::Duration;

/// The time spent in each stage; `None` for a stage that was not reached or not needed.
///
/// ```
/// # fn log(info: &cdn_origin::connector::ConnectionInfo) {
/// let elapsed = info.facts().elapsed();
/// println!(
///     "dns {:?}, tcp {:?}, tls {:?}",
///     elapsed.resolve(),
///     elapsed.dial(),
///     elapsed.handshake(),
/// );
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Elapsed {
    pub(crate) resolve: Option<Duration>,
    pub(crate) dial: Option<Duration>,
    pub(crate) handshake: Option<Duration>,
}

impl Elapsed {
    /// Returns the time of the DNS look-up.
    ///
    /// Nearly zero if the answer was in the DNS cache.
    #[must_use]
    pub fn resolve(&self) -> Option<Duration> {
        self.resolve
    }

    /// Returns the time from the first connection attempt until one connected.
    ///
    /// It covers all addresses that were tried. If addresses arrive late, it overlaps with the
    /// look-up.
    #[must_use]
    pub fn dial(&self) -> Option<Duration> {
        self.dial
    }

    /// Returns the time of the TLS handshake.
    ///
    /// `None` without TLS.
    #[must_use]
    pub fn handshake(&self) -> Option<Duration> {
        self.handshake
    }
}
