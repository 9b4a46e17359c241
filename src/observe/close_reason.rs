//! `CloseReason`: why a connection was closed.
//!
//! | reason | decided in |
//! |---|---|
//! | `Age`, `Idle`, `Uses` | `pool/connection/expiry.rs` |
//! | `Retired`, `Surplus`, `Vanished` | `pool/checkout/inventory.rs` |
//! | `Cancelled`, `Error`, `Origin`, in the pool | `pool/connection/http1_connection.rs` |
//! | `Cancelled`, `Error`, `Origin`, without a response | `pool/send/no_response.rs` |
//! | `Error`, of a failed stream | `pool/connection/tracked_io.rs`, `pool/tasks/http2_driver.rs` |
//! | `Upgrade` | `pool/connection/upgrade_connection.rs` |
//!
//! `pool/connection/connection_life.rs` keeps the first reason, and `pool/checkout/permit.rs`
//! reports it.

use std::fmt;

/// Why a connection of a pool was closed. The first reason that was known counts.
///
/// ```
/// use cdn_origin::observe::CloseReason;
///
/// assert_eq!(CloseReason::Surplus.as_str(), "surplus");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum CloseReason {
    /// It had reached its [maximum age](crate::pool::PoolSettings::max_age).
    Age,
    /// Its exchange was cancelled halfway: the client left, a deadline passed, or the origin
    /// stopped reading a request that it had answered.
    Cancelled,
    /// It failed, or its peer violated the protocol.
    Error,
    /// It was idle for the [idle timeout](crate::pool::PoolSettings::idle_timeout).
    Idle,
    /// The origin closed it, or it ended with the pool. Also used if no other reason is known.
    Origin,
    /// It was [retired](crate::OriginProxy::retire_connections).
    Retired,
    /// There were more idle connections than [`max_idle`](crate::pool::PoolSettings::max_idle), or
    /// another needed the room.
    Surplus,
    /// It served an upgrade: the tunnel ended, or the origin refused the upgrade.
    Upgrade,
    /// It had served the [maximum of requests](crate::pool::PoolSettings::max_uses), or one that
    /// authenticated it.
    Uses,
    /// Its address was [absent from DNS](crate::pool::PoolSettings::follow_dns).
    Vanished,
}

impl CloseReason {
    /// Every reason, in the order of declaration.
    pub(crate) const ALL: [Self; 10] = [
        Self::Age,
        Self::Cancelled,
        Self::Error,
        Self::Idle,
        Self::Origin,
        Self::Retired,
        Self::Surplus,
        Self::Upgrade,
        Self::Uses,
        Self::Vanished,
    ];

    /// Returns the stable label for metrics.
    ///
    /// ```
    /// use cdn_origin::observe::CloseReason;
    ///
    /// assert_eq!(CloseReason::Idle.as_str(), "idle");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Cancelled => "cancelled",
            Self::Error => "error",
            Self::Idle => "idle",
            Self::Origin => "origin",
            Self::Retired => "retired",
            Self::Surplus => "surplus",
            Self::Upgrade => "upgrade",
            Self::Uses => "uses",
            Self::Vanished => "vanished",
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::snake_case::snake_case;

    #[test]
    fn labels_are_the_names_in_snake_case() {
        for reason in CloseReason::ALL {
            assert_eq!(reason.as_str(), snake_case(&format!("{reason:?}")));
        }
    }
}
