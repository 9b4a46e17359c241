//! A Pingora proxy whose connections a `CdnOriginConnector` opens.

use std::convert::Infallible;

use async_trait::async_trait;
use cdn_origin::{CdnOriginConnector, adapt, pingora_peer};
use pingora_core::{Result, upstreams::peer::HttpPeer};
use pingora_http::{RequestHeader, ResponseHeader};
use pingora_proxy::{ProxyHttp, Session};

pub(crate) struct Shop {
    connector: CdnOriginConnector,
    peer: HttpPeer,
}

impl Shop {
    pub(crate) fn new(connector: CdnOriginConnector) -> Self {
        let peer = pingora_peer!(&connector);
        Self { connector, peer }
    }
}

#[async_trait]
impl ProxyHttp for Shop {
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
        request.insert_header("host", "shop.example.com")
    }

    async fn upstream_response_filter(
        &self,
        _: &mut Session,
        response: &mut ResponseHeader,
        _: &mut (),
    ) -> Result<()> {
        if let Err(error) = adapt::check(&self.connector, Ok::<_, Infallible>(&**response)) {
            log::error!("{}", error.report());
        }
        Ok(())
    }
}
