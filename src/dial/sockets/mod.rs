//! The sockets themselves: how they are set up before they connect.

mod connect;
mod options;

pub(crate) use connect::{connect, local_address};
pub use options::SocketOptions;
