//! Origins on this machine, and requests to them. For examples that need no network.

use std::{convert::Infallible, io, net::SocketAddr};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Empty, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinSet};
use tower::{BoxError, Service, ServiceExt};

/// Starts an origin as a task of `servers`. It responds to every request with its name.
pub(crate) async fn start(name: &'static str, servers: &mut JoinSet<()>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    servers.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let service = service_fn(move |_: Request<Incoming>| async move {
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(name)))
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            connections.spawn(connection);
        }
    });
    Ok(address)
}

/// Sends a request for this host through a proxy. Returns the status and the text.
pub(crate) async fn get<S, B>(proxy: S, host: &str) -> Result<(StatusCode, String), BoxError>
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>, Error = Infallible>,
    B: Body<Error: Into<BoxError>>,
{
    let request = Request::get("/").header("host", host);
    let Ok(response) = proxy.oneshot(request.body(Empty::new())?).await;
    let status = response.status();
    let text = response.into_body().collect().await.map_err(Into::into)?;
    let text = String::from_utf8_lossy(&text.to_bytes()).trim().to_owned();
    Ok((status, text))
}
