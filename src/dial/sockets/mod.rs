//! TCP sockets: their options and the connect.

mod connect_socket;
mod socket_options;

pub(crate) use connect_socket::{connect, local_address};
pub use socket_options::SocketOptions;
