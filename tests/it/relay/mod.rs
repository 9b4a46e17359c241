//! The relay between the pool and its origin, in memory and on paused time.
//!
//! A [`Network`] is the transport of a connector. Each connect gets a [`Wire`] to a hyper server of
//! the origin, and a wire can delay, drop, truncate, corrupt, reset, half-close or stall its bytes,
//! or pass one at a time. So the pool, TLS and both HTTP clients run as they are, and no outcome
//! depends on the speed of the machine.

mod balance;
mod front;
mod lane;
mod network;
mod servers;
mod wire;

pub(crate) use balance::{LONG, alive_tasks, becomes_quiet, leaves_nothing};
pub(crate) use front::{Upgrade, echo, switch};
pub(crate) use network::{Connects, Network, Plan};
pub(crate) use servers::{Arrival, NAME, OriginBody, Protocol};
pub(crate) use wire::{Fault, Towards, Trigger, Wire};
