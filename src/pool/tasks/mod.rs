//! Tasks of the pool. Each is a named type, runs in a span, and ends with its owner.
//!
//! | task | started by | span | ends with |
//! |---|---|---|---|
//! | `Connect` | a request, or `Prewarm` | its starter's | the connect, or the pool |
//! | `Prewarm` | a request | the pool's | enough connections that are ready, or the pool |
//! | `IdleReaper` | the first connect | the pool's | the last connection, or the pool |
//! | `DnsWatch` | the first connection | the pool's | the last connection, or the pool |
//! | `Http2Driver` | a connect | the pool's | its connection |
//! | `UpgradeDriver` | an upgrade | the pool's | its connection, or the upgrade |
//! | `FinishUpload` | the end of a response | the pool's | its request |
//!
//! | file | what it holds |
//! |---|---|
//! | `connect_task` | opens a connection |
//! | `prewarm`, `idle_reaper`, `dns_watch`, `finish_upload` | the task of that name |
//! | `http2_driver`, `upgrade_driver` | the task that drives a connection |
//! | `dns_absence` | which addresses are absent from DNS, and for how long |
//! | `single_instance` | keeps a task from running twice |
//! | `task_scope` | the owner of the tasks |
//!
//! A task holds the pool weakly: only requests keep a pool alive. A task that ended with its
//! runtime is spawned again by the next request, in another one.

mod connect_task;
mod dns_absence;
mod dns_watch;
mod finish_upload;
mod http2_driver;
mod idle_reaper;
mod prewarm;
mod single_instance;
mod task_scope;
mod upgrade_driver;

pub(super) use connect_task::{Connect, ConnectResult, Opened, Recipient};
pub(crate) use dns_absence::DnsAbsence;
pub(super) use dns_watch::DnsWatch;
pub(super) use finish_upload::FinishUpload;
pub(super) use idle_reaper::IdleReaper;
pub(super) use prewarm::{Prewarm, prewarm};
pub(super) use task_scope::TaskScope;
pub(super) use upgrade_driver::UpgradeDriver;
