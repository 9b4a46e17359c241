//! The time that each stage of a connection took.

use std::time::Duration;

/// The time spent in each stage; `None` for a stage that was not reached or not needed.
///
/// ```
/// # fn log(info: &cdn_origin::connector::ConnectionInfo) {
/// let elapsed = info.facts().elapsed();
/// println!(
///     "dns {:?}, tcp {:?}, tls {:?}",
///     elapsed.resolve,
///     elapsed.dial,
///     elapsed.handshake,
/// );
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Elapsed {
    /// The time of the DNS look-up. Nearly zero if the answer was in the DNS cache.
    pub resolve: Option<Duration>,
    /// The time from the first connection attempt until one connected.
    ///
    /// It covers all addresses that were tried. If addresses arrive late, it overlaps with the
    /// look-up.
    pub dial: Option<Duration>,
    /// The time of the TLS handshake. `None` without TLS.
    pub handshake: Option<Duration>,
}
