//! The origin: nginx if it is installed, else a hyper server with nginx's response fields.

mod filled_body;
mod nginx;
pub(crate) mod own;

use std::net::SocketAddr;

use crate::{server::Server, setup::Setup, workload::Protocol};

/// An origin in a process of its own. It serves one name, and rejects others in SNI.
pub(crate) struct Origin {
    _server: Server,
    http1: SocketAddr,
    http2: SocketAddr,
    /// Without TLS.
    pub(crate) plain: SocketAddr,
}

impl Origin {
    pub(crate) fn start(setup: &Setup) -> Self {
        nginx::start(setup).unwrap_or_else(|| own::start(setup).origin)
    }

    /// Its address for TLS and this protocol.
    pub(crate) fn address(&self, protocol: Protocol) -> SocketAddr {
        match protocol {
            Protocol::Http1 => self.http1,
            Protocol::Http2 => self.http2,
        }
    }
}
