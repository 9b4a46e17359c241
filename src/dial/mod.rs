//! Dialling: from a name or an address to a connected byte stream.
//!
//! 1. A [`Resolve`] looks up the name. A [`DnsCache`] keeps the answer. IP addresses and Unix
//!    sockets skip this step.
//! 2. The addresses are sorted and tried in parallel, within one timeout: [`HappyEyeballs`],
//!    [`IpFamilies`].
//! 3. The [`EgressGuard`] checks each address immediately before the connect.
//! 4. [`SocketOptions`] are set on each socket before the connect.
//! 5. The [`ProxyProtocol`] header sends the client's address to the origin.
//!
//! A [custom transport](crate::connector::CdnOriginBuilder::transport) replaces all of these steps
//! except the last.
//!
//! ```
//! use std::time::Duration;
//!
//! use cdn_origin::{
//!     CdnOriginConnector,
//!     dial::{Dns, DnsCache, EgressGuard, HappyEyeballs, IpFamilies, SocketOptions},
//! };
//!
//! let connector = CdnOriginConnector::builder("http://origin.example")
//!     .dns(Dns::default().cache(DnsCache::default().stale(Duration::ZERO)))
//!     .happy_eyeballs(HappyEyeballs::default().families(IpFamilies::PreferV4))
//!     .egress_guard(EgressGuard::deny_private())
//!     .socket_options(SocketOptions::default().dscp(10))
//!     .build()?;
//! # Ok::<(), cdn_origin::BuildError>(())
//! ```
//!
//! # What is not offered
//!
//! * **Racing TLS handshakes.** TLS starts when the race of TCP connects is over. The fastest
//!   address must not decide which certificate is accepted. An address that times out, closes or
//!   resets during the handshake is tried last for a minute.
//! * **TCP Fast Open.** The system reports such a connection as open before the address has
//!   answered. The first address would win every race.
//! * **DNS over TLS or HTTPS without the `hickory` feature.** The system's resolver chooses its own
//!   protocol. With the feature, `HickoryResolver` takes a resolver with such settings.

// | file | what it holds |
// |---|---|
// | `transport` | TCP, a transport of the caller's, or a Unix socket |
// | `tcp_dialer` | resolves, races the connects, returns the first stream |
// | `resolve/` | the resolvers and the DNS cache |
// | `known_addresses` | the addresses of a name, for those who need all of them |
// | `race/` | Happy Eyeballs: which address is tried when |
// | `egress_guard/` | which addresses may be dialled |
// | `sockets/`, `tcp_keepalive` | one connect, and the options of its socket |
// | `unix_socket` | connects to Unix sockets |
// | `socket_pair` | a pair of connected sockets, for a client without a network
// | `proxy_protocol` | the PROXY protocol header with the client's address |
// | `dialled_io` | the types of dialled streams, and what has arrived on one |
// | `dial_failure`, `record_facts` | why dialling failed, and what a race shows |

mod dial_failure;
mod dialled_io;
mod egress_guard;
mod known_addresses;
mod proxy_protocol;
mod race;
mod record_facts;
mod resolve;
mod socket_pair;
mod sockets;
mod tcp_dialer;
mod tcp_keepalive;
mod transport;
mod unix_socket;

pub use egress_guard::EgressGuard;
/// Part of the public API of the `hickory` feature: a new 0.x of it is a breaking change here too.
#[cfg(feature = "hickory")]
pub use hickory_resolver;
/// A network of IP addresses, such as `10.20.0.0/16`, as [`EgressGuard`] takes it.
pub use ipnet::IpNet;
pub use proxy_protocol::ProxyProtocol;
pub use race::{HappyEyeballs, IpFamilies};
#[cfg(feature = "hickory")]
pub use resolve::HickoryResolver;
pub use resolve::{Dns, DnsCache, Lookup, Resolve, ResolveError, Resolved, Resolving};
pub use sockets::SocketOptions;
pub(crate) use tcp_keepalive::TcpKeepalive;

pub(crate) use dial_failure::DialFailure;
pub(crate) use dialled_io::{DialedIo, TransportIo, Unread, unread};
#[cfg(feature = "serde")]
pub(crate) use egress_guard::DefaultRule;
pub(crate) use egress_guard::GuardDecision;
pub(crate) use known_addresses::{KnownAddresses, WaitFor};
pub(crate) use resolve::{DnsCacheStore, Families};
pub(crate) use socket_pair::{reset_on_close, socket_pair};
pub(crate) use tcp_dialer::{TcpDialer, TcpSettings};
pub(crate) use tokio::net::TcpStream;
pub(crate) use transport::Transport;
