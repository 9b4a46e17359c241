//! `ExchangeCollector`: collects the records of one request.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use super::ExchangeInfo;

/// A request extension that collects the records of its request.
///
/// A record is added when its exchange has ended: when the body of the response has ended, when the
/// client has left, or when the request was refused. A request that a group sends to several
/// origins has a record for each. Clones share the records.
///
/// The extensions of the response have the [`ExchangeInfo`] as it is at the head.
///
/// ```
/// use cdn_origin::observe::ExchangeCollector;
///
/// let collector = ExchangeCollector::default();
/// let mut request = http::Request::new(());
/// request.extensions_mut().insert(collector.clone());
/// // .. call the proxy, read `ExchangeInfo` from the extensions of the response if its times until
/// // the head are enough, and read or drop the body. Then:
/// for exchange in collector.exchanges() {
///     println!("{:?}", exchange.outcome());
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ExchangeCollector(Arc<Collected>);

#[derive(Debug, Default)]
struct Collected {
    /// The number of exchanges that have begun.
    begun: AtomicU32,
    /// Those that have ended, by their number.
    ended: Mutex<Vec<ExchangeInfo>>,
}

impl ExchangeCollector {
    /// Returns the records that were added, in the order in which their exchanges began.
    ///
    /// An exchange that has not ended is left out: that of a tunnel, while the tunnel is open.
    #[must_use]
    pub fn exchanges(&self) -> Vec<ExchangeInfo> {
        let ended = self.0.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.clone()
    }

    /// Counts an exchange that begins. Returns its number.
    pub(super) fn begin(&self) -> u32 {
        self.0.begun.fetch_add(1, Relaxed)
    }

    pub(super) fn add(&self, exchange: ExchangeInfo) {
        let mut ended = self.0.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let at = ended.partition_point(|it| it.number < exchange.number);
        ended.insert(at, exchange);
    }
}
