//! From a dial target to a connected byte stream.
//!
//! 1. The dialled name is looked up, unless it is an address or a Unix socket: [`Resolve`],
//!    [`DnsCache`].
//! 2. Its addresses are sorted and race each other, within one deadline that a dead address cannot
//!    eat: [`HappyEyeballs`], [`IpFamilies`].
//! 3. Each address is judged right before it is connected to: [`EgressGuard`].
//! 4. Each socket is set up before it connects: [`SocketOptions`], [`TcpKeepalive`].
//! 5. The client is named, where the origin expects it: [`ProxyProtocol`].
//!
//! A transport of the caller's own takes the place of all that; see
//! [`CdnOriginBuilder::transport`](crate::connector::CdnOriginBuilder::transport).
//!
//! # What is not offered
//!
//! | what | why |
//! |---|---|
//! | TLS handshakes that race each other | TLS begins when the race is over: which certificate is good is not for the fastest address to decide |
//! | TCP Fast Open | the system calls such a connection open before the address has answered, so that the first address would win every race |
//! | DNS over TLS or HTTPS without the `hickory` feature | the system's resolver decides for itself what it speaks; with the feature, `HickoryResolver` takes a resolver with such settings |

mod failure;
mod guard;
mod io;
mod keepalive;
mod log;
mod proxy_protocol;
mod race;
mod resolve;
mod sockets;
mod tcp;
mod transport;
mod unix;

pub use guard::EgressGuard;
/// Part of the public API of the `hickory` feature: a new 0.x of it is a breaking change here too.
#[cfg(feature = "hickory")]
pub use hickory_resolver;
/// A network of IP addresses, such as `10.20.0.0/16`, as [`EgressGuard`] takes it.
pub use ipnet::IpNet;
pub use keepalive::TcpKeepalive;
pub use proxy_protocol::ProxyProtocol;
pub use race::{HappyEyeballs, IpFamilies};
#[cfg(feature = "hickory")]
pub use resolve::HickoryResolver;
pub use resolve::{
    Dns, DnsCache, Families, Lookup, Questions, Resolve, ResolveError, Resolved, Resolving,
    Services,
};
pub use sockets::SocketOptions;

pub(crate) use failure::DialFailure;
pub(crate) use io::{DialedIo, TransportIo};
pub(crate) use resolve::Book;
pub(crate) use tcp::{TcpDialer, TcpSettings};
pub(crate) use transport::Transport;
