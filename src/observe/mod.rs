//! What happened to requests and connections: one record per request, and an observer.
//!
//! An **exchange** is one request to an origin, and its response.
//!
//! * [`ExchangeInfo`] is the record of one request to an origin: where its time went, which
//!   connection served it, how often it was tried and why, and how it ended.
//! * An [`Observer`] gets the record of every request, and the events of connections.
//!   [`with_observer`](crate::CdnOriginConnector::with_observer) registers it.
//! * An [`ExchangeCollector`] in a request's extensions collects the records of that request.
//!
//! Without an observer, a collector or an enabled span, nothing is recorded.
//!
//! ```
//! use cdn_origin::{
//!     CdnOriginConnector, OriginProxy,
//!     observe::{ClosedConnection, ExchangeInfo, Observer},
//! };
//!
//! struct Log;
//!
//! impl Observer for Log {
//!     fn request_completed(&self, exchange: &ExchangeInfo) {
//!         println!("{:?} after {:?}", exchange.outcome(), exchange.total());
//!     }
//!
//!     fn closed(&self, connection: &ClosedConnection) {
//!         println!("{} after {:?}", connection.reason, connection.age);
//!     }
//! }
//!
//! let connector = CdnOriginConnector::builder("http://origin.example").build()?;
//! let proxy = OriginProxy::new(connector.with_observer(Log));
//! # drop(proxy);
//! # Ok::<(), cdn_origin::BuildError>(())
//! ```
//!
//! # The times of a request
//!
//! ```text
//! request                                                 head        end of the body
//!   │ queue_wait │   checkout    │        first_byte         │     body     │
//!   ├────────────┼───────────────┼──── tries before ─────────┼──────────────┤
//!   │            │ resolve, dial,│   of the last try         │              │
//!   │            │ handshake     │                           │              │
//!   └──────────────────────────── total ────────────────────────────────────┘
//! ```
//!
//! `resolve`, `dial` and `handshake` are `None` on a connection that was open before. The
//! [guide](crate::guide::observability) compares them with the timers of nginx and HAProxy.

// | file | what it holds |
// |---|---|
// | `observer`, `observers` | the trait, and the observers of one connector |
// | `exchange_record` | writes the record of a request while it runs |
// | `exchange_info`, `exchange_try`, `exchange_outcome` | the record: its attempts and its end |
// | `exchange_collector` | collects the records of one request |
// | `closed_connection`, `close_reason` | the report of a connection that was closed |
// | `known_methods` | the methods that spans and metrics name |
// | `spans` | the spans of requests and connects |

mod close_reason;
mod closed_connection;
mod exchange_collector;
mod exchange_info;
mod exchange_outcome;
mod exchange_record;
mod exchange_try;
mod known_methods;
mod observer;
mod observers;
pub(crate) mod spans;

pub use close_reason::CloseReason;
pub use closed_connection::ClosedConnection;
pub use exchange_collector::ExchangeCollector;
pub use exchange_info::ExchangeInfo;
pub use exchange_outcome::ExchangeOutcome;
pub(crate) use exchange_record::ExchangeRecord;
pub use exchange_try::{ExchangeTry, RetryReason};
pub(crate) use known_methods::{METHODS, index_of};
pub use observer::Observer;
pub(crate) use observers::Observers;
