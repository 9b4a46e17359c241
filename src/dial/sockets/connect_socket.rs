//! Connects one socket; finds the local address of a route.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use socket2::{Domain, SockRef, Socket, Type};
use tokio::net::{TcpSocket, TcpStream};

use super::SocketOptions;

/// Connects to one address.
pub(crate) async fn connect(address: SocketAddr, options: &SocketOptions) -> io::Result<TcpStream> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    let view = SockRef::from(&socket);
    options.apply(&view, address.ip())?;
    if let Some(local) = options.local(address.ip()) {
        socket.bind(SocketAddr::new(local, 0))?;
    }
    socket.connect(address).await
}

/// The local address of the route to `address`, or `None` without a route.
///
/// Connecting a UDP socket queries the routing table and sends nothing.
pub(crate) fn local_address(address: SocketAddr, options: &SocketOptions) -> Option<IpAddr> {
    if let Some(local) = options.local(address.ip()) {
        return Some(local);
    }
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, None).ok()?;
    options.choose_route(&SockRef::from(&socket)).ok()?;
    socket.connect(&address.into()).ok()?;
    let local = socket.local_addr().ok()?.as_socket()?;
    Some(local.ip())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_route_is_that_of_the_interface() {
        let address = SocketAddr::from(([127, 0, 0, 1], 443));
        let through = |name: &str| {
            let options = SocketOptions::default().interface(name);
            local_address(address, &options)
        };
        assert_eq!(through("lo"), Some(address.ip()));
        assert_eq!(through("no-such-if"), None);
    }
}
