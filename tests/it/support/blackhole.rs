//! Addresses to which no connect succeeds: it hangs, or it is refused.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use socket2::{Domain, Socket, Type};

/// A listener with a full backlog: Linux drops the SYN of any further connect, so that it hangs.
pub struct Blackhole {
    address: SocketAddr,
    _guard: (tokio::net::TcpStream, TcpStream),
}

impl Blackhole {
    pub async fn new() -> Self {
        let (socket, address) = bound().expect("a port on the loopback");
        // Linux lets one connection in when the backlog is zero.
        socket.listen(0).expect("a socket that listens");
        let occupant = TcpStream::connect(address).expect("the only slot of the backlog");
        socket
            .set_nonblocking(true)
            .expect("a socket that can be watched");
        // The client may be connected before the listener has queued it. Tokio watches any socket
        // for readiness as a `TcpStream`, and a listener is readable when its queue is not empty.
        let listener = tokio::net::TcpStream::from_std(socket.into()).expect("a runtime");
        listener.readable().await.expect("a queued connection");
        Self {
            address,
            _guard: (listener, occupant),
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// A bound port without a listener: connects are refused.
pub struct Refused {
    address: SocketAddr,
    _socket: Socket,
}

impl Refused {
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// An address that refuses connections until the guard is dropped.
pub fn refused_address() -> Refused {
    let (socket, address) = bound().expect("a port on the loopback");
    Refused {
        address,
        _socket: socket,
    }
}

fn bound() -> io::Result<(Socket, SocketAddr)> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    let address = socket.local_addr()?.as_socket();
    let address = address.ok_or(io::ErrorKind::AddrNotAvailable)?;
    Ok((socket, address))
}
