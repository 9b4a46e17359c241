//! An origin in a runtime of its own, whose connections end when the test says so.
//!
//! The runtime of the test need not run for that: what it does not know yet waits in its sockets.

use std::{
    convert::Infallible,
    future::pending,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{CdnOriginConnector, VerifyPolicy, connector::CdnOriginBuilder, tls::Roots};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    sync::Notify,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    origin::{NAME, server_config},
    support::Authority,
};

/// What the origin speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Speaks {
    Http,
    HttpsHttp1,
    HttpsHttp2,
}

impl Speaks {
    pub(crate) const ALL: [Self; 3] = [Self::Http, Self::HttpsHttp1, Self::HttpsHttp2];
}

/// When and how the connections of an origin end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// The byte stream ends, over TLS without `close_notify`.
    Fin,
    /// `close_notify`, then the end of the byte stream.
    CloseNotify,
    Reset,
    /// Each connection is reset by its second request, which is read before.
    ResetBySecondRequest,
    /// The second request of a connection is read and not answered.
    SilentFromSecondRequest,
    /// No request is answered.
    Silent,
}

impl End {
    /// Whether a connection answers a request, after it has answered so many.
    fn answers(self, answered: usize) -> bool {
        match self {
            Self::Fin | Self::CloseNotify | Self::Reset => true,
            Self::ResetBySecondRequest | Self::SilentFromSecondRequest => answered == 0,
            Self::Silent => false,
        }
    }
}

/// An origin that answers each request with 200 and `ok`, after it has read all of it.
pub(crate) struct ClosingOrigin {
    runtime: Option<Runtime>,
    authority: Authority,
    speaks: Speaks,
    address: SocketAddr,
    posts: Arc<AtomicUsize>,
    /// Notified when a connection is to end.
    end: Arc<Notify>,
    ended: mpsc::Receiver<()>,
}

/// What a connection needs.
#[derive(Clone)]
struct Settings {
    acceptor: Option<TlsAcceptor>,
    speaks: Speaks,
    how: End,
    posts: Arc<AtomicUsize>,
    end: Arc<Notify>,
    ended: mpsc::Sender<()>,
}

impl ClosingOrigin {
    pub(crate) fn start(speaks: Speaks, how: End) -> Self {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().unwrap();
        let authority = Authority::new();
        let acceptor = match speaks {
            Speaks::Http => None,
            Speaks::HttpsHttp1 => Some(server_config(&authority, b"http/1.1")),
            Speaks::HttpsHttp2 => Some(server_config(&authority, b"h2")),
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let posts = Arc::new(AtomicUsize::new(0));
        let end = Arc::new(Notify::new());
        let (ended_sender, ended) = mpsc::channel();
        let settings = Settings {
            acceptor: acceptor.map(TlsAcceptor::from),
            speaks,
            how,
            posts: posts.clone(),
            end: end.clone(),
            ended: ended_sender,
        };
        runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(settings.clone().serve(stream));
            }
        });
        Self {
            runtime: Some(runtime),
            authority,
            speaks,
            address,
            posts,
            end,
            ended,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn connector(&self) -> CdnOriginConnector {
        self.by_name().dial(self.address).build().unwrap()
    }

    /// A connector that has to look up its name.
    pub(crate) fn by_name(&self) -> CdnOriginBuilder {
        let scheme = match self.speaks {
            Speaks::Http => "http",
            Speaks::HttpsHttp1 | Speaks::HttpsHttp2 => "https",
        };
        let builder = CdnOriginConnector::builder(format!("{scheme}://{NAME}"));
        match self.speaks {
            Speaks::Http => builder,
            Speaks::HttpsHttp1 | Speaks::HttpsHttp2 => {
                builder.verify(VerifyPolicy::roots(Roots::pem(self.authority.root_pem())))
            }
        }
    }

    /// How many POST requests have arrived.
    pub(crate) fn posts(&self) -> usize {
        self.posts.load(SeqCst)
    }

    /// Ends one connection, the only one, and blocks the thread until its end has been sent.
    pub(crate) fn end_connection(&self) {
        self.end.notify_one();
        self.until_ended();
    }

    /// Blocks the thread until one more connection has ended.
    pub(crate) fn until_ended(&self) {
        self.ended.recv_timeout(Duration::from_secs(30)).unwrap();
    }
}

impl Drop for ClosingOrigin {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Settings {
    async fn serve(self, stream: TcpStream) {
        // With a time to linger, `close` waits until the peer has acknowledged the end.
        let linger = match self.how {
            End::Fin | End::CloseNotify => Duration::from_secs(10),
            _ => Duration::ZERO,
        };
        SockRef::from(&stream).set_linger(Some(linger)).unwrap();
        match self.acceptor.clone() {
            None => self.speak(stream).await,
            Some(acceptor) => match acceptor.accept(stream).await {
                Ok(stream) => self.speak(stream).await,
                Err(_) => return,
            },
        }
        let _ = self.ended.send(());
    }

    async fn speak<S>(&self, mut stream: S)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let end = self.end.clone();
        if self.speaks == Speaks::HttpsHttp2 {
            let (posts, how) = (self.posts.clone(), self.how);
            let answered = Arc::new(AtomicUsize::new(0));
            let cut_off = Arc::new(Notify::new());
            let is_cut_off = cut_off.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let (posts, cut_off) = (posts.clone(), cut_off.clone());
                let answers = how.answers(answered.fetch_add(1, SeqCst));
                async move {
                    let is_post = request.method() == Method::POST;
                    let _ = request.into_body().collect().await;
                    if !answers {
                        if how == End::ResetBySecondRequest {
                            cut_off.notify_one();
                        }
                        pending::<()>().await;
                    }
                    posts.fetch_add(usize::from(is_post), SeqCst);
                    Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("ok")))
                }
            });
            let connection = http2::Builder::new(TokioExecutor::new());
            let connection = connection.serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                _ = connection => {}
                () = end.notified() => {}
                () = is_cut_off.notified() => {}
            }
            return;
        }
        tokio::select! {
            _ = self.answer_http1(&mut stream) => {}
            () = end.notified() => {}
        }
        if self.how == End::CloseNotify {
            let _ = stream.shutdown().await;
        }
    }

    async fn answer_http1<S>(&self, stream: &mut S) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut read = Vec::new();
        for answered in 0.. {
            let length = loop {
                if let Some(length) = length_of_request(&read) {
                    break length;
                }
                if stream.read_buf(&mut read).await? == 0 {
                    return Ok(());
                }
            };
            if !self.how.answers(answered) {
                match self.how {
                    End::ResetBySecondRequest => return Ok(()),
                    _ => pending::<()>().await,
                }
            }
            let is_post = read.starts_with(b"POST ");
            self.posts.fetch_add(usize::from(is_post), SeqCst);
            read.drain(..length);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
            stream.write_all(answer).await?;
            stream.flush().await?;
        }
        Ok(())
    }
}

/// The length of the first request, once all of it is read.
fn length_of_request(read: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(read).to_ascii_lowercase();
    let head = text.find("\r\n\r\n")? + 4;
    let length = text[..head].lines().find_map(|line| {
        let length = line.strip_prefix("content-length:")?;
        Some(length.trim().parse::<usize>().unwrap())
    });
    let length = head + length.unwrap_or_default();
    (read.len() >= length).then_some(length)
}
