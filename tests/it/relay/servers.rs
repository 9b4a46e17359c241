//! The servers of the origin: hyper, over HTTP/1.1 or HTTP/2, with or without TLS.

use std::{
    fmt,
    future::Future,
    pin::{Pin, pin},
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use cdn_origin::tls::rustls::ServerConfig;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::{body::Incoming, server::conn, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Notify,
    task::AbortHandle,
};
use tokio_rustls::TlsAcceptor;
use tower::BoxError;

use crate::{origin::server_config, support::Authority};

use super::{Fault, Towards, Trigger, Wire, wire::End};

pub(crate) use crate::origin::NAME;

/// The body of a response of the origin.
pub(crate) type OriginBody = UnsyncBoxBody<Bytes, BoxError>;

/// What the proxy and the origin speak.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    Http,
    Https1,
    Https2,
}

impl Protocol {
    pub(crate) const ALL: [Self; 3] = [Self::Http, Self::Https1, Self::Https2];

    pub(crate) fn is_tls(self) -> bool {
        self != Self::Http
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https1 => "https, HTTP/1.1",
            Self::Https2 => "https, HTTP/2",
        })
    }
}

/// A request that has arrived at the origin, and the connection on which it did.
pub(crate) struct Arrival {
    pub(crate) request: Request<Incoming>,
    pub(crate) wire: Wire,
    /// Spawns tasks that end with the servers.
    pub(crate) tasks: ServerTasks,
}

/// The tasks of the origin. Clones are the same tasks.
#[derive(Clone, Default)]
pub(crate) struct ServerTasks {
    handles: Arc<Mutex<Vec<AbortHandle>>>,
    retire: Arc<Notify>,
}

impl ServerTasks {
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let handle = tokio::spawn(task).abort_handle();
        let mut handles = self.handles();
        handles.retain(|handle| !handle.is_finished());
        handles.push(handle);
    }

    fn handles(&self) -> MutexGuard<'_, Vec<AbortHandle>> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes present connections after their requests.
    pub(super) fn retire(&self) {
        self.retire.notify_waiters();
    }

    async fn retired(&self) {
        self.retire.notified().await;
    }

    pub(super) fn abort(&self) {
        let handles = std::mem::take(&mut *self.handles());
        handles.iter().for_each(AbortHandle::abort);
    }
}

pub(super) type Handler = Arc<
    dyn Fn(Arrival) -> Pin<Box<dyn Future<Output = Response<OriginBody>> + Send>> + Send + Sync,
>;

/// A throw-away CA, and the TLS servers that it certifies.
pub(super) struct Servers {
    pub(super) root_pem: String,
    http1: Arc<ServerConfig>,
    http2: Arc<ServerConfig>,
}

pub(super) static SERVERS: LazyLock<Servers> = LazyLock::new(|| {
    let authority = Authority::new();
    let mut http2 = server_config(&authority, b"h2");
    let config = Arc::get_mut(&mut http2).expect("a configuration that nothing shares yet");
    // Upgrades need HTTP/1.1.
    config.alpn_protocols.push(b"http/1.1".to_vec());
    Servers {
        root_pem: authority.root_pem(),
        http1: server_config(&authority, b"http/1.1"),
        http2,
    }
});

/// Serves one connection until it ends.
pub(super) async fn serve(
    protocol: Protocol,
    end: End,
    at_settings: Option<Fault>,
    connection: Connection,
) {
    let config = match protocol {
        Protocol::Http => return connection.serve_http1(end).await,
        Protocol::Https1 => &SERVERS.http1,
        Protocol::Https2 => &SERVERS.http2,
    };
    let Ok(tls) = TlsAcceptor::from(config.clone()).accept(end).await else {
        return;
    };
    if let Some(fault) = at_settings {
        connection
            .wire
            .plan(Towards::Proxy, Trigger::Bytes(10), fault);
    }
    match tls.get_ref().1.alpn_protocol() {
        Some(b"h2") => connection.serve_http2(tls).await,
        _ => connection.serve_http1(tls).await,
    }
}

/// A connection of the origin.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) wire: Wire,
    pub(super) handler: Handler,
    pub(super) tasks: ServerTasks,
}

impl Connection {
    async fn serve_http1<S>(self, io: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn(|request| self.respond(request));
        let serving = conn::http1::Builder::new()
            .serve_connection(TokioIo::new(io), service)
            .with_upgrades();
        let mut serving = pin!(serving);
        tokio::select! {
            biased;
            _ = serving.as_mut() => return,
            () = self.tasks.retired() => serving.as_mut().graceful_shutdown(),
        }
        let _ = serving.await;
    }

    async fn serve_http2<S>(self, io: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn(|request| self.respond(request));
        let serving = conn::http2::Builder::new(self.tasks.clone())
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(io), service);
        let mut serving = pin!(serving);
        tokio::select! {
            biased;
            _ = serving.as_mut() => return,
            () = self.tasks.retired() => serving.as_mut().graceful_shutdown(),
        }
        let _ = serving.await;
    }

    fn respond(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<OriginBody>, BoxError>> + use<> {
        let responding = (self.handler)(Arrival {
            request,
            wire: self.wire.clone(),
            tasks: self.tasks.clone(),
        });
        async move { Ok(responding.await) }
    }
}

impl<F> hyper::rt::Executor<F> for ServerTasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        self.spawn(task);
    }
}
