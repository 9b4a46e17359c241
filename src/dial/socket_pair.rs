//! A pair of connected sockets, for callers that need one of the operating system's.

use std::{io, net::Ipv4Addr, time::Duration};

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

/// Two sockets on the loopback interface, connected to each other.
///
/// Unix sockets are not used: they cannot be [reset](reset_on_close), so that a stream that breaks
/// off would look complete at the other end.
pub(crate) async fn socket_pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let near = TcpStream::connect(listener.local_addr()?).await?;
    let address = near.local_addr()?;
    loop {
        let (far, peer) = listener.accept().await?;
        // Another process may have connected first.
        if peer == address {
            near.set_nodelay(true)?;
            far.set_nodelay(true)?;
            return Ok((near, far));
        }
    }
}

/// Makes the close of a socket a reset.
pub(crate) fn reset_on_close(socket: &TcpStream) {
    // Without the option, the close is an orderly one. It does not fail for an open socket.
    let _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
}
