//! `Observer`: a trait whose methods are called for events of requests and connections.
//!
//! | event | called by |
//! |---|---|
//! | `request_completed` | `exchange_record.rs` |
//! | `connecting` | `connector/cdn_origin_connector.rs` |
//! | `connected`, `connect_failed` | `connector/notify_observers.rs` |
//! | `certificate_expiring`, `reloaded`, `reload_failed` | `connector/notify_observers.rs` |
//! | `closed` | `pool/checkout/permit.rs` |
//! | `ejected`, `returned` | `group/group_member.rs` |

use std::error::Error as StdError;

use crate::{
    error::{Error, Facts},
    origin::Origin,
};

use super::{ClosedConnection, ExchangeInfo};

/// Watches requests and connections, for metrics or a log of your own.
///
/// Every method does nothing by default. The methods are called on the tasks of requests and of the
/// pool: count, or send to a channel, and never block. No lock of the pool is held. A panic is
/// caught and logged, and has no other effect.
///
/// The feature `metrics` has an implementation for the `metrics` facade. For OpenTelemetry or
/// prometheus-client, implement the trait:
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use cdn_origin::{
///     Error,
///     observe::{ExchangeInfo, Observer},
/// };
///
/// #[derive(Default)]
/// struct Counters {
///     requests: AtomicU64,
///     failed_connects: AtomicU64,
/// }
///
/// impl Observer for Counters {
///     fn request_completed(&self, _: &ExchangeInfo) {
///         self.requests.fetch_add(1, Ordering::Relaxed);
///     }
///
///     fn connect_failed(&self, _: &Error) {
///         self.failed_connects.fetch_add(1, Ordering::Relaxed);
///     }
/// }
/// ```
pub trait Observer: Send + Sync + 'static {
    /// An exchange has ended. Called exactly once for each request to an
    /// [`OriginProxy`](crate::OriginProxy), even if the request failed or was refused, or the
    /// client left.
    fn request_completed(&self, exchange: &ExchangeInfo) {
        let _ = exchange;
    }

    /// A connect begins. [`connected`](Self::connected) or [`connect_failed`](Self::connect_failed)
    /// follows, unless the connect is cancelled.
    fn connecting(&self, origin: &Origin) {
        let _ = origin;
    }

    /// A connection is open. The facts have its address, its TLS session, its certificate and the
    /// time of each stage.
    fn connected(&self, facts: &Facts) {
        let _ = facts;
    }

    /// A connect failed at [`Error::stage`]: before the TLS handshake or in it.
    fn connect_failed(&self, error: &Error) {
        let _ = error;
    }

    /// A connection of a pool was closed. Connections outside of a pool are not reported.
    fn closed(&self, connection: &ClosedConnection) {
        let _ = connection;
    }

    /// A certificate that was accepted expires in `days_left` days: sooner than
    /// [`expiry_notice`](crate::connector::AdviceSettings::expiry_notice), which is 14 days by
    /// default. Called for each connection, after [`connected`](Self::connected). The log has one
    /// warning per certificate.
    fn certificate_expiring(&self, facts: &Facts, days_left: i64) {
        let _ = (facts, days_left);
    }

    /// Policy and client identity were [reloaded](crate::CdnOriginConnector::reload). The origin is
    /// `None` for a connector without a fixed origin.
    fn reloaded(&self, origin: Option<&Origin>) {
        let _ = origin;
    }

    /// Policy and client identity could not be reloaded, and stay as they were. The origin is
    /// `None` for a connector without a fixed origin.
    fn reload_failed(&self, origin: Option<&Origin>, error: &(dyn StdError + 'static)) {
        let _ = (origin, error);
    }

    /// A group ejected the origin after too many failures. Called again if the origin fails the
    /// trial after an ejection.
    fn ejected(&self, origin: &Origin) {
        let _ = origin;
    }

    /// An ejected origin has returned: its trials succeeded, its health checks passed, or it was
    /// removed from the group.
    fn returned(&self, origin: &Origin) {
        let _ = origin;
    }
}
