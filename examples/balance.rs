//! Balances requests over two proxies with tower's load balancing.
//!
//! ```text
//! cargo run --example balance
//! ```
//!
//! It starts two origins and sends twenty requests. Each request goes to the origin with fewer
//! pending requests ("power of two choices"). `OriginGroup` lets one
//! origin take over when another fails.

use std::{convert::Infallible, error::Error, net::SocketAddr};

use bytes::Bytes;
use cdn_origin::{CdnOriginConnector, OriginProxy};
use futures_util::future::try_join_all;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tower::{
    BoxError, Service, ServiceExt,
    balance::p2c::Balance,
    discover::ServiceList,
    load::{CompleteOnResponse, PendingRequests},
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut proxies = Vec::new();
    for name in ["the first origin", "the second origin"] {
        let address = start(name).await?;
        let connector = CdnOriginConnector::builder("http://origin.example").dial(address);
        let proxy = OriginProxy::new(connector.build()?);
        proxies.push(PendingRequests::new(proxy, CompleteOnResponse::default()));
    }
    let proxies = ServiceList::new::<Request<Empty<Bytes>>>(proxies);
    let mut balance = Balance::new(proxies);

    let mut responses = Vec::new();
    for _ in 0..20 {
        let request = Request::get("/")
            .header("host", "client.example")
            .body(Empty::<Bytes>::new())?;
        responses.push(balance.ready().await?.call(request));
    }
    for response in try_join_all(responses).await? {
        let text = response.into_body().collect().await?.to_bytes();
        println!("{}", String::from_utf8_lossy(&text));
    }
    Ok(())
}

/// Starts an origin that responds to every request with its name.
async fn start(name: &'static str) -> Result<SocketAddr, BoxError> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service_fn(move |_: Request<Incoming>| async move {
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(name)))
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    Ok(address)
}
