//! Tasks of the pool. Each is a named type, runs in a span, and ends with its owner.

mod connect;
mod dedicated_driver;
mod dns_absence;
mod dns_watch;
mod http2_driver;
mod idle_reaper;
mod prewarm;
mod running;
mod scope;

pub(super) use connect::{Connect, ConnectResult, Opened, Recipient};
pub(super) use dedicated_driver::DedicatedDriver;
pub(super) use dns_absence::DnsAbsence;
pub(super) use prewarm::{Prewarm, prewarm};
pub(super) use scope::TaskScope;
