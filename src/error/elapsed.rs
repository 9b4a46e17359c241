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
    /// Returns the DNS lookup.
    ///
    /// Nearly zero if the answer was in the DNS cache.
    #[must_use]
    pub fn resolve(&self) -> Option<Duration> {
        self.resolve
    }

    /// Connecting, over all addresses tried.
    ///
    /// From the first attempt until one connected. With addresses that arrive late, DNS and
    /// connecting overlap.
    #[must_use]
    pub fn dial(&self) -> Option<Duration> {
        self.dial
    }

    /// Returns the TLS handshake.
    ///
    /// `None` without TLS.
    #[must_use]
    pub fn handshake(&self) -> Option<Duration> {
        self.handshake
    }
}
