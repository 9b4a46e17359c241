//! Who gets a connection: permits, the queue, the idle connections, and the order among them.
//!
//! A request that asks for a connection gets the first of these:
//!
//! 1. an idle connection of its affinity, or a free stream on an HTTP/2 connection;
//! 2. a permit to connect, if the pool is not full and no connect that it could share is under way;
//! 3. a place in the queue. A request with a permit stands in the queue too, and takes what comes
//!    first: its own connection, or one that became free;
//! 4. an error, if the queue is full.
//!
//! | file | what it holds |
//! |---|---|
//! | `affinity` | which client a connection belongs to |
//! | `permit`, `returns` | the right to open a connection, and how it comes back |
//! | `waiters` | the queue |
//! | `http2_set` | HTTP/2 connections by whether they have a free stream |
//! | `inventory` | the state of the pool, changed under its lock |
//! | `discarded` | connections that are closed when the lock is released |
//! | `decision`, `grant` | what the inventory decides, and what a request gets |
//! | `checkout` | the wait of a request |

mod affinity;
mod check_in;
#[expect(
    clippy::module_inception,
    reason = "the file holds what the folder is named after"
)]
mod checkout;
mod decision;
mod discarded;
mod grant;
mod http2_set;
mod inventory;
mod permit;
mod ticket;
mod waiters;

pub(super) use affinity::Affinity;
pub(super) use check_in::{CheckIn, CheckInUsed};
pub(super) use checkout::{
    begin_checkout, checkout, finish_checkout, fresh_connection, newer_connection, replacement,
    upgrade_permit,
};
pub(super) use decision::{Available, Placement, Protocol, Service};
pub(super) use grant::{Checkout, Grant};
pub(super) use inventory::{Inventory, RunningTasks};
pub(super) use permit::{
    ConnectPermit, ConnectionPermit, ConnectionUse, EndedConnect, PendingConnect, ReturnedPermit,
};
pub(super) use ticket::{AbandonedTicket, Ticket};
