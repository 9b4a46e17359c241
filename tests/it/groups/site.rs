//! Origins that can be killed, and requests to groups of them.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering::SeqCst},
    },
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector,
    group::{Member, MemberSnapshot, OriginGroup, OriginGroupBuilder},
};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::AbortHandle,
};
use tower::ServiceExt;

/// As many requests as can be in a site at a time.
pub(crate) const GATE: usize = 1000;

/// An origin that can be killed, with all its connections, and brought back.
#[derive(Clone)]
pub(crate) struct Site(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) name: &'static str,
    pub(crate) dead: AtomicBool,
    /// Takes requests and hangs up.
    pub(crate) hangs_up: AtomicBool,
    /// Takes requests and never answers.
    pub(crate) hangs: AtomicBool,
    pub(crate) status: AtomicU16,
    pub(crate) requests: AtomicUsize,
    /// Requests wait for it.
    pub(crate) gate: Semaphore,
    connections: Mutex<Vec<AbortHandle>>,
    /// The contents of the requests.
    pub(crate) contents: Mutex<Vec<Vec<u8>>>,
}

impl Site {
    pub(crate) fn new(name: &'static str) -> Self {
        Self(Arc::new(Inner {
            name,
            dead: AtomicBool::new(false),
            hangs_up: AtomicBool::new(false),
            hangs: AtomicBool::new(false),
            status: AtomicU16::new(200),
            requests: AtomicUsize::new(0),
            gate: Semaphore::new(GATE),
            connections: Mutex::default(),
            contents: Mutex::default(),
        }))
    }

    pub(crate) fn kill(&self) {
        self.0.dead.store(true, SeqCst);
        let connections = std::mem::take(&mut *self.0.connections.lock().unwrap());
        connections.iter().for_each(AbortHandle::abort);
    }

    pub(crate) fn revive(&self) {
        self.0.dead.store(false, SeqCst);
    }

    pub(crate) fn answer_with(&self, status: StatusCode) {
        self.0.status.store(status.as_u16(), SeqCst);
    }

    pub(crate) fn requests(&self) -> usize {
        self.0.requests.load(SeqCst)
    }

    pub(crate) fn serve(&self, io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let site = self.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let site = site.clone();
            async move { site.answer(request).await }
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(io), service);
        let task = tokio::spawn(async move { drop(connection.await) });
        let mut connections = self.0.connections.lock().unwrap();
        connections.push(task.abort_handle());
    }

    /// Its name, and what was sent.
    async fn answer(&self, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        self.0.requests.fetch_add(1, SeqCst);
        let body = request.into_body().collect().await;
        let body = body.map_err(io::Error::other)?.to_bytes();
        if !body.is_empty() {
            self.0.contents.lock().unwrap().push(body.to_vec());
        }
        let leave = self.0.gate.acquire().await;
        drop(leave);
        if self.0.hangs.load(SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.0.hangs_up.load(SeqCst) {
            return Err(io::Error::other("it hangs up"));
        }
        let content = [self.0.name.as_bytes(), &body].concat();
        let response = Response::builder().status(self.0.status.load(SeqCst));
        Ok(response.body(Full::from(content)).unwrap())
    }

    pub(crate) fn check(&self) -> io::Result<()> {
        match self.0.dead.load(SeqCst) {
            true => Err(io::ErrorKind::ConnectionRefused.into()),
            false => Ok(()),
        }
    }

    /// A connector to it, in memory.
    pub(crate) fn connector(&self) -> CdnOriginConnector {
        let site = self.clone();
        let transport = tower::service_fn(move |_: Uri| {
            let site = site.clone();
            async move {
                site.check()?;
                let (near, far) = tokio::io::duplex(4096);
                site.serve(far);
                Ok::<_, io::Error>(TokioIo::new(near))
            }
        });
        connector_over(self.0.name, transport)
    }

    /// It as a member of its own name, in memory.
    pub(crate) fn member(&self) -> Member {
        Member::new(self.connector()).name(self.0.name)
    }

    /// A connector to it, over loopback. The dead refuse without leaving their port to others.
    pub(crate) async fn connector_by_tcp(&self) -> CdnOriginConnector {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let site = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                site.serve(stream);
            }
        });
        let site = self.clone();
        let transport = tower::service_fn(move |_: Uri| {
            let site = site.clone();
            async move {
                site.check()?;
                Ok::<_, io::Error>(TokioIo::new(TcpStream::connect(address).await?))
            }
        });
        connector_over(self.0.name, transport)
    }
}

fn connector_over<S, T, F>(name: &str, transport: S) -> CdnOriginConnector
where
    S: tower::Service<Uri, Response = TokioIo<T>, Error = io::Error, Future = F>
        + Clone
        + Send
        + Sync
        + 'static,
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    F: Send + 'static,
{
    let connector = CdnOriginConnector::builder(format!("http://{}.example", name.trim()));
    let connector = connector.transport(transport);
    connector.build().unwrap()
}

/// Status and text of the answer.
pub(crate) async fn ask(
    group: &OriginGroup,
    method: Method,
    body: &'static str,
) -> (StatusCode, String) {
    let request = Request::builder().method(method).uri("/");
    let request = request.header("host", "client.test");
    let Ok(response) = match body {
        "" => {
            let request = request.body(Empty::<Bytes>::new()).unwrap();
            group.clone().oneshot(request).await
        }
        body => {
            let request = request.body(Full::<Bytes>::from(body)).unwrap();
            group.clone().oneshot(request).await
        }
    };
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

pub(crate) async fn get(group: &OriginGroup) -> String {
    ask(group, Method::GET, "").await.1
}

/// A group of a primary and its backup.
pub(crate) fn failover(
    primary: impl Into<Member>,
    backup: impl Into<Member>,
) -> OriginGroupBuilder {
    OriginGroup::builder()
        .tier([primary.into().name("primary")])
        .tier([backup.into().name("backup")])
}

/// The state of the first member.
pub(crate) fn first(group: &OriginGroup) -> MemberSnapshot {
    group.snapshot().remove(0)
}
