//! `ExchangeCollector`: collects the records of one request.

use std::sync::{Arc, Mutex, PoisonError};

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
pub struct ExchangeCollector(Arc<Mutex<Vec<ExchangeInfo>>>);

impl ExchangeCollector {
    /// Returns the records that were added, in the order in which their exchanges ended.
    ///
    /// Empty while the request is on its way.
    #[must_use]
    pub fn exchanges(&self) -> Vec<ExchangeInfo> {
        let exchanges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        exchanges.clone()
    }

    pub(super) fn add(&self, exchange: ExchangeInfo) {
        let mut exchanges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        exchanges.push(exchange);
    }
}
