//! Who gets a connection: permits, the queue, the idle connections, and the order among them.

mod affinity;
#[expect(
    clippy::module_inception,
    reason = "the file holds what the folder is named after"
)]
mod checkout;
mod decision;
mod grant;
mod http2_set;
mod inventory;
mod permit;
mod returns;
mod waiters;

pub(super) use affinity::Affinity;
pub(super) use checkout::{
    begin_checkout, checkout, finish_checkout, fresh_connection, upgrade_permit,
};
pub(super) use decision::{Available, Placement, Protocol, Service};
pub(super) use grant::{Checkout, Grant};
pub(super) use inventory::{Inventory, RunningTasks};
pub(super) use permit::{
    ConnectPermit, ConnectionPermit, ConnectionUse, EndedConnect, PendingConnect, ReturnedPermit,
};
pub(super) use returns::Returns;
pub(super) use waiters::{AbandonedTicket, Ticket};
