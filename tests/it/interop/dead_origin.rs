//! One dead origin of three, behind a group, HAProxy and nginx: a fixed number of requests, and
//! what comes of them.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Instant,
};

use bytes::Bytes;
use cdn_origin::{CdnOriginConnector, OriginProxy, group::OriginGroup};
use futures_util::future::join_all;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Empty, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tower::{Service, ServiceExt};

use super::server::{Folder, Server};
use crate::support::refused_address;

const REQUESTS: usize = 1160;

/// An origin that answers.
async fn serving() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service_fn(async |_: Request<Incoming>| {
                Ok::<_, std::io::Error>(Response::new(Full::<Bytes>::from("fine")))
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

/// An origin that closes each connection at once, and counts them.
async fn closing() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::<AtomicUsize>::default();
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, SeqCst);
            drop(stream);
        }
    });
    (address, count)
}

/// Sends all requests, ten at a time. Returns how many failed, and the seconds that began.
async fn failed<S, B>(service: &S) -> (usize, usize)
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>> + Clone,
    S::Error: std::fmt::Debug,
    B: Body,
    B::Error: std::fmt::Debug,
{
    let began = Instant::now();
    let get = async || {
        let request = Request::get("/").header("host", "client.test");
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let response = service.clone().oneshot(request).await.unwrap();
        let status = response.status();
        response.into_body().collect().await.unwrap();
        status
    };
    let mut failed = 0;
    for _ in 0..REQUESTS / 10 {
        let statuses = join_all((0..10).map(|_| get())).await;
        failed += statuses.iter().filter(|it| **it != StatusCode::OK).count();
    }
    (failed, began.elapsed().as_secs() as usize + 1)
}

fn connector(address: SocketAddr) -> CdnOriginConnector {
    let connector = CdnOriginConnector::builder(format!("http://{address}"));
    connector.build().unwrap()
}

fn group(addresses: [SocketAddr; 3]) -> OriginGroup {
    let group = OriginGroup::builder().tier(addresses.map(connector));
    group.build().unwrap()
}

fn haproxy(addresses: [SocketAddr; 3]) -> Server {
    let servers = addresses
        .map(|it| format!("server s{} {it}\n", it.port()))
        .concat();
    let sections = format!(
        "frontend edge
            bind fd@0
            default_backend origins
        backend origins
            balance leastconn
            option redispatch 1
            retry-on all-retryable-errors
            {servers}"
    );
    Server::haproxy(Folder::new(), &sections)
}

fn nginx(addresses: [SocketAddr; 3]) -> Server {
    let servers = addresses.map(|it| format!("server {it};")).concat();
    let servers = format!(
        "upstream origins {{ least_conn; {servers} }}
        server {{ listen LISTEN; location / {{ proxy_pass http://origins; }} }}"
    );
    Server::nginx(Folder::new(), &servers)
}

#[tokio::test]
#[ignore = "needs haproxy and nginx"]
async fn a_dead_origin_of_three_costs_no_get_beside_haproxy_and_nginx() {
    let (closing, accepted) = closing().await;
    let refused = refused_address();
    for (what, dead) in [("closes", closing), ("refuses", refused.address())] {
        let addresses = [dead, serving().await, serving().await];
        let group = group(addresses);
        let (failed_here, seconds) = failed(&group).await;
        let tried = group.snapshot()[0].failures as usize;
        println!("{what}: group: {failed_here} failed, {tried} tries of the dead one");
        assert_eq!(failed_here, 0);
        // Ten requests begin at once. Then it is one a second, until it is ejected.
        assert!(tried <= 10 + seconds, "{tried} in {seconds} s");
        let servers = [("haproxy", haproxy(addresses)), ("nginx", nginx(addresses))];
        for (name, server) in servers {
            accepted.store(0, SeqCst);
            let (failed, _) = failed(&OriginProxy::new(connector(server.address()))).await;
            let tried = accepted.load(SeqCst);
            println!("{what}: {name}: {failed} failed, {tried} tries of the dead one (if counted)");
        }
    }
}
