//! Groups of origins: failover, balancing, health checks, and members that change.

mod balancing;
mod changes;
mod checks;
mod failover;
mod flapping;
mod observed;
pub(crate) mod site;
mod tiers;

pub(crate) use site::{GATE, Site, ask, failover, first, get};
