//! A Pingora proxy whose connections a `CdnOriginConnector` opens.

use std::sync::Arc;

use async_trait::async_trait;
use cdn_origin::{Alpn, CdnOriginConnector, adapt, connector::CdnOriginBuilder};
use pingora_core::{
    Error,
    ErrorType::ConnectError,
    Result,
    connectors::L4Connect,
    protocols::l4::{socket::SocketAddr, stream::Stream},
    upstreams::peer::HttpPeer,
};
use pingora_http::RequestHeader;
use pingora_proxy::{ProxyHttp, Session};
use tower::BoxError;

/// Opens verified connections for Pingora.
#[derive(Debug)]
struct OriginConnect(CdnOriginConnector);

#[async_trait]
impl L4Connect for OriginConnect {
    async fn connect(&self, _: &SocketAddr) -> Result<Stream> {
        let socket = adapt::socket::connect(&self.0).await.map(Stream::from);
        socket.map_err(|error| Error::because(ConnectError, error.report().to_string(), error))
    }
}

pub(crate) struct OriginPeer {
    peer: HttpPeer,
    host: String,
}

impl OriginPeer {
    /// The connections of each origin need a group of their own in Pingora's pool.
    pub(crate) fn new(origin: CdnOriginBuilder, group: u64) -> Result<Self, BoxError> {
        // Pingora speaks HTTP/1.1 on connections that it did not encrypt itself.
        let connector = origin.alpn(Alpn::Http1).build()?;
        let host = connector
            .origin()
            .ok_or("no fixed origin")?
            .host()
            .to_string();
        // Pingora does not dial this address.
        let mut peer = HttpPeer::new("0.0.0.0:0", false, String::new());
        peer.group_key = group;
        peer.options.custom_l4 = Some(Arc::new(OriginConnect(connector)));
        Ok(Self { peer, host })
    }
}

#[async_trait]
impl ProxyHttp for OriginPeer {
    type CTX = ();

    fn new_ctx(&self) {}

    async fn upstream_peer(&self, _: &mut Session, _: &mut ()) -> Result<Box<HttpPeer>> {
        Ok(Box::new(self.peer.clone()))
    }

    async fn upstream_request_filter(
        &self,
        _: &mut Session,
        request: &mut RequestHeader,
        _: &mut (),
    ) -> Result<()> {
        request.insert_header("host", &self.host)
    }
}
