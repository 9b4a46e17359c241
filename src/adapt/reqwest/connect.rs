//! What reqwest's connect calls: the resolver, and the layer that explains a failure.

use std::{
    cell::Cell,
    future::Future,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use http::Uri;
use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};
use tokio::{task_local, time::timeout};
use tower::BoxError;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    CdnOriginConnector,
    connector::{Connecting, Purpose, WaitFor},
    error::{Error, ErrorKind, Facts, RequestProblem, Stage},
    name::Host,
};

task_local! {
    /// Whether the connect asked the resolver. It does not for an IP address.
    static RESOLVER_ASKED: Cell<bool>;
}

/// Resolves the host of the base URL to the addresses of the dial target.
pub(super) struct OriginResolver {
    pub(super) connector: CdnOriginConnector,
    pub(super) base: Url,
}

impl Resolve for OriginResolver {
    fn resolve(&self, name: Name) -> Resolving {
        // Absent where another caller than the connect asks.
        let _ = RESOLVER_ASKED.try_with(|asked| asked.set(true));
        let (connector, base) = (self.connector.clone(), self.base.clone());
        Box::pin(async move {
            if base.host_str() != Some(name.as_str()) {
                return Err(foreign_url(&base).into());
            }
            let addresses = addresses(&connector).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// The addresses of the dial target, with its port.
///
/// As in the connector, a family whose look-up fails, or takes too long, does not hide the other.
async fn addresses(connector: &CdnOriginConnector) -> Result<Vec<SocketAddr>, BoxError> {
    const NONE: &str = "the connector dials no TCP address";
    let origin = connector.origin().ok_or(NONE)?;
    let dial = origin.dial().tcp().ok_or(NONE)?;
    match dial.host() {
        Host::Dns(_) => Ok(connector.addresses(WaitFor::FirstFamily).await?.addresses),
        Host::Ip(address) => {
            let port = dial
                .port()
                .unwrap_or_else(|| origin.scheme().default_port());
            Ok(vec![SocketAddr::new(*address, port)])
        }
    }
}

fn foreign_url(base: &Url) -> Error {
    let kind = ErrorKind::Request(RequestProblem::UrlForeign);
    let why = format!("this client is only for {base}: join paths to base_url(..)");
    Error::with_source(kind, Stage::Prepare, Facts::default(), why)
}

/// Puts the connector's own error in place of reqwest's.
#[derive(Clone)]
pub(super) struct ExplainingLayer {
    pub(super) connector: CdnOriginConnector,
    pub(super) base: Url,
    pub(super) protocols: Protocols,
}

/// What reqwest offers in ALPN, and so the connector that explains its failures.
#[derive(Clone, Copy)]
pub(super) enum Protocols {
    OfConnector,
    Http1,
}

#[derive(Clone)]
pub(super) struct Explaining<S> {
    inner: S,
    layer: ExplainingLayer,
}

impl ExplainingLayer {
    /// Connects as reqwest did.
    fn connect(&self) -> Connecting {
        match self.protocols {
            Protocols::OfConnector => self.connector.clone().call(Uri::default()),
            Protocols::Http1 => self.connector.connect_for(Purpose::Http1),
        }
    }
}

impl<S> Layer<S> for ExplainingLayer {
    type Service = Explaining<S>;

    fn layer(&self, inner: S) -> Self::Service {
        let layer = self.clone();
        Explaining { inner, layer }
    }
}

impl<S, R> Service<R> for Explaining<S>
where
    S: Service<R, Error = BoxError>,
    S::Response: Send,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, target: R) -> Self::Future {
        let connecting = self.inner.call(target);
        let layer = self.layer.clone();
        Box::pin(RESOLVER_ASKED.scope(Cell::new(false), async move {
            let limit = layer.connector.to_builder().connect_timeout();
            let connected = timeout(limit, connecting).await;
            if layer.base.domain().is_some() && !RESOLVER_ASKED.with(Cell::get) {
                return Err(foreign_url(&layer.base).into());
            }
            let error = match connected {
                Ok(Ok(connection)) => return Ok(connection),
                // The URL is wrong: the connector would connect to another host.
                Ok(Err(error)) if Error::find_in(&*error).is_some() => return Err(error),
                Ok(Err(error)) => error,
                Err(elapsed) => elapsed.into(),
            };
            // The connector sees what reqwest does not report: what was presented, and when.
            match layer.connect().await {
                Ok(_) => Err(error),
                Err(explained) => Err(explained.into()),
            }
        }))
    }
}
