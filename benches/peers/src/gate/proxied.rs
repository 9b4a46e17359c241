//! Requests through a proxy, between a client and an origin in the same thread.

use std::{convert::Infallible, fs, net::SocketAddr, sync::Arc};

use axum::Router;
use cdn_origin::{CdnOriginConnector, OriginProxy, Roots, VerifyPolicy};
use http::Uri;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use rustls::ServerConfig;
use tokio::io::{DuplexStream, duplex};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::{
    client::http1::Client,
    origin::own,
    setup::NAME,
    workload::{SIXTEEN_FIELDS, TWO_FIELDS, VARIED},
};

use super::{origins, watched};

const PIPE: usize = 64 * 1024;

pub(super) async fn exchange(path: &str, times: usize, certificate: &str, key: &str) {
    let is_varied = path.ends_with("varied");
    let workload = match is_varied {
        true => VARIED,
        false if path.contains("16-fields") => SIXTEEN_FIELDS,
        false => TWO_FIELDS,
    };
    let connector = match path.contains("http2") {
        true => https(certificate, own::tls(certificate, key)),
        false => CdnOriginConnector::builder(format!("http://{NAME}"))
            .transport(tower::service_fn(move |_: Uri| async move {
                let (near, far) = duplex(PIPE);
                tokio::spawn(origins::http1(far, is_varied));
                Ok::<_, Infallible>(TokioIo::new(near))
            }))
            .build()
            .unwrap(),
    };
    let connector = watched::by(path, connector);
    let mut client = Client::new(connect(connector).await, &workload);
    for number in 0..times {
        client.exchange(number).await;
    }
}

fn https(certificate: &str, mut config: ServerConfig) -> CdnOriginConnector {
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    CdnOriginConnector::builder(format!("https://{NAME}"))
        .verify(VerifyPolicy::roots(Roots::pem(
            fs::read(certificate).unwrap(),
        )))
        .transport(tower::service_fn(move |_: Uri| {
            let (near, far) = duplex(PIPE);
            let accepted = acceptor.accept(far);
            tokio::spawn(async { origins::http2(accepted.await.unwrap()).await });
            async { Ok::<_, Infallible>(TokioIo::new(near)) }
        }))
        .build()
        .unwrap()
}

/// Serves a connection as `axum::serve` does, and returns the client's end.
async fn connect(connector: CdnOriginConnector) -> DuplexStream {
    let router = Router::new().fallback_service(OriginProxy::new(connector));
    let services = router.into_make_service_with_connect_info::<SocketAddr>();
    let address = SocketAddr::from(([127, 0, 0, 1], 50_000));
    let service = services.oneshot(address).await.unwrap();
    let (near, far) = duplex(PIPE);
    tokio::spawn(async move {
        auto::Builder::new(TokioExecutor::new())
            .serve_connection_with_upgrades(TokioIo::new(far), TowerToHyperService::new(service))
            .await
    });
    near
}
