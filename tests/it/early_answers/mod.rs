//! Final responses that come before their requests have ended: of origins, and of the proxy.

pub(crate) mod client;
mod not_reading;
pub(crate) mod origin;
mod reading_on;
mod streams;

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use cdn_origin::{CdnOriginConnector, OriginProxy, proxy::ProxyBody};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::net::TcpListener;
use tower::Service;

/// The protocol between a client and the proxy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Downstream {
    Http1,
    Http2,
}

/// The protocol between the proxy and an origin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Upstream {
    Http,
    HttpsHttp1,
    HttpsHttp2,
}

pub(crate) const DOWNSTREAMS: [Downstream; 2] = [Downstream::Http1, Downstream::Http2];

pub(crate) const UPSTREAMS: [Upstream; 3] =
    [Upstream::Http, Upstream::HttpsHttp1, Upstream::HttpsHttp2];

/// All pairs of protocols.
pub(crate) fn pairs() -> impl Iterator<Item = (Downstream, Upstream)> {
    DOWNSTREAMS
        .into_iter()
        .flat_map(|down| UPSTREAMS.into_iter().map(move |up| (down, up)))
}

/// More than the buffers of all sockets on the way.
const LARGE: usize = 8 << 20;

/// No step of these tests takes this long, unless something hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// Serves the proxy by hyper's server, as axum does.
pub(crate) async fn serve<S>(proxy: S) -> SocketAddr
where
    S: Service<Request<Incoming>, Response = Response<ProxyBody>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(proxy.clone());
            tokio::spawn(async move {
                let server = auto::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

fn proxy(connector: CdnOriginConnector) -> OriginProxy {
    OriginProxy::new(connector)
}
