//! From a dial target to a connected byte stream.
//!
//! By default the system's resolver is asked and every address is tried in turn, within one deadline that a dead address
//! cannot eat alone. A transport of the caller's own takes the place of all that; see
//! [`CdnOriginBuilder::transport`](crate::connector::CdnOriginBuilder::transport).

mod failure;
mod io;
mod keepalive;
mod tcp;
mod transport;

pub use keepalive::TcpKeepalive;

pub(crate) use failure::DialFailure;
pub(crate) use io::{DialedIo, GivenIo};
pub(crate) use tcp::TcpDialer;
pub(crate) use transport::Transport;
