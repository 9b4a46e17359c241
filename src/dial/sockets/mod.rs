//! TCP sockets: their options and the connect.

mod connect;
mod options;

pub(crate) use connect::{connect, local_address};
pub use options::SocketOptions;
