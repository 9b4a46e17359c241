//! One connect, and what it would connect from.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
};

use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream};

use crate::dial::TcpKeepalive;

use super::SocketOptions;

/// Connects to one address.
pub(crate) async fn connect(
    address: SocketAddr,
    options: &SocketOptions,
    keepalive: TcpKeepalive,
) -> io::Result<TcpStream> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    let view = SockRef::from(&socket);
    options.apply(&view, address.ip())?;
    keepalive.apply(&view)?;
    if let Some(local) = options.local(address.ip()) {
        socket.bind(SocketAddr::new(local, 0))?;
    }
    socket.connect(address).await
}

/// The local address from which the system would connect to `address`; `None` if there is no route.
///
/// A UDP socket that "connects" asks the routing table and sends nothing.
pub(crate) fn local_address(address: SocketAddr, options: &SocketOptions) -> Option<IpAddr> {
    if let Some(local) = options.local(address.ip()) {
        return Some(local);
    }
    let any = match address {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(address).ok()?;
    Some(socket.local_addr().ok()?.ip())
}
