use std::{sync::Arc, time::Duration};

use cdn_origin::{OriginProxy, downstream::ClientConnection, origin::Scheme};
use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    net::TcpListener,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};
use tower::ServiceExt;

/// Serves HTTP/1.1 and HTTP/2 over TLS. The `alpn_protocols` of `tls` are `h2` and `http/1.1`.
pub async fn serve(listener: TcpListener, tls: Arc<ServerConfig>, proxy: OriginProxy) {
    let tls = TlsAcceptor::from(tls);
    loop {
        let Ok((stream, client)) = listener.accept().await else {
            // The process may have no file descriptor left.
            sleep(Duration::from_secs(1)).await;
            continue;
        };
        let (handshake, proxy) = (tls.accept(stream), proxy.clone());
        tokio::spawn(async move {
            let Ok(Ok(stream)) = timeout(Duration::from_secs(10), handshake).await else {
                return;
            };
            let client = ClientConnection::new(client.ip(), Scheme::Https);
            let service = service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(client);
                proxy.clone().oneshot(request)
            });
            let mut server = auto::Builder::new(TokioExecutor::new());
            // With a timer, clients have 30 s for the head of a request in HTTP/1.
            server.http1().timer(TokioTimer::new());
            // It fails if the client resets the connection, which ends the task as well.
            let io = TokioIo::new(stream);
            let _ = server.serve_connection_with_upgrades(io, service).await;
        });
    }
}
