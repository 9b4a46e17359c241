//! Who gets a connection: permits, the queue, the idle connections, and the order among them.
//!
//! A request that asks for a connection gets the first of these:
//!
//! 1. an idle connection of its key, or a free stream on an HTTP/2 connection;
//! 2. a permit to connect, if the pool is not full and no connect that it could share is under way;
//! 3. a place in the queue. A request with a permit stands in the queue too, and takes what comes
//!    first: its own connection, or one that became free;
//! 4. an error, if the queue is full.
//!
//! | file | what it holds |
//! |---|---|
//! | `checkout` | how a request gets a connection: takes one, opens one, or waits |
//! | `connect_or_wait` | who gets a connection, who opens one, and who waits |
//! | `inventory` | the state of the pool, changed under its lock |
//! | `retire` | retires connections: after a reload, by call, or by DNS |
//! | `checkout_outcome` | what a request gets: a connection, a permit, or a place in the queue |
//! | `queue`, `queue_line` | the queue, and its line for each key |
//! | `queue_ticket` | a place in the queue, given up when it is dropped |
//! | `permit` | the right to open a connection, and to have it open |
//! | `connection_key` | which requests a connection may serve |
//! | `http2_set` | HTTP/2 connections by whether they have a free stream |
//! | `close_after_unlock` | connections that are closed when the lock is released |
//! | `check_in_trait` | where all these go when they are dropped |

mod check_in_trait;
#[expect(
    clippy::module_inception,
    reason = "the file holds what the folder is named after"
)]
mod checkout;
mod checkout_outcome;
mod close_after_unlock;
mod connect_or_wait;
mod connection_key;
mod http2_set;
mod inventory;
mod permit;
mod queue;
mod queue_line;
mod queue_ticket;
mod retire;

pub(super) use check_in_trait::{CheckIn, CheckInUsed};
pub(super) use checkout::{
    begin_checkout, checkout, finish_checkout, fresh_connection, newer_connection, replacement,
    upgrade_permit,
};
pub(super) use checkout_outcome::{CheckoutOutcome, Grant, UpgradeCheckout};
pub(super) use connect_or_wait::{
    AvailableConnection, CheckoutDecision, GrantDecision, decide_checkout, next_grant,
};
pub(super) use connection_key::ConnectionKey;
pub(super) use inventory::{Inventory, Protocol, RunningTasks};
pub(super) use permit::{
    ConnectPermit, ConnectionPermit, ConnectionUse, EndedConnect, PendingConnect, ReturnedPermit,
};
pub(super) use queue_ticket::{AbandonedTicket, QueueTicket};
pub(super) use retire::{discard_idle_since, retire_absent, retire_all, retire_before_reload};
