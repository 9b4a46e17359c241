//! The requests of clients, and what became of them.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt, stream};
use http::{Method, Request, Uri};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{
    net::TcpStream,
    sync::Semaphore,
    time::{Instant, sleep, timeout},
};
use tokio_tungstenite::{client_async, tungstenite::Message};
use tower::BoxError;

use crate::origin::Restarts;

type Body = UnsyncBoxBody<Bytes, BoxError>;

/// The maximum number of requests under way at one proxy.
const MAX_IN_FLIGHT: u32 = 50;

/// How long before a request a restart still explains its failure: connections end one by one.
const AFTERMATH: Duration = Duration::from_secs(1);

/// No request of the load takes as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// What became of the requests since the last sample.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) latencies: Vec<Duration>,
    pub(crate) explained: usize,
    pub(crate) unexplained: Vec<String>,
}

/// Clients of one proxy.
#[derive(Clone)]
pub(crate) struct Load {
    address: SocketAddr,
    restarts: Restarts,
    client: Client<HttpConnector, Body>,
    in_flight: Arc<Semaphore>,
    tally: Arc<Mutex<Tally>>,
}

impl Load {
    pub(crate) fn to(address: SocketAddr, restarts: Restarts) -> Self {
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_idle_timeout(Duration::from_secs(2));
        builder.pool_timer(hyper_util::rt::TokioTimer::new());
        Self {
            address,
            restarts,
            client: builder.build_http(),
            in_flight: Arc::new(Semaphore::new(MAX_IN_FLIGHT as usize)),
            tally: Arc::default(),
        }
    }

    /// Starts a request. Does nothing if there are too many.
    pub(crate) fn send(&self, kind: u8) {
        let Ok(permit) = self.in_flight.clone().try_acquire_owned() else {
            return;
        };
        let load = self.clone();
        tokio::spawn(async move {
            let started = Instant::now();
            let outcome = timeout(PATIENCE, load.request(kind)).await;
            let outcome = outcome.unwrap_or_else(|_| Err("it never ends".into()));
            load.record(kind, started, outcome);
            drop(permit);
        });
    }

    /// Starts as many requests as there may be.
    pub(crate) fn burst(&self) {
        (0..=u8::MAX).for_each(|kind| self.send(kind));
    }

    /// Waits until no request is under way.
    pub(crate) async fn rest(&self) {
        let all = self.in_flight.acquire_many(MAX_IN_FLIGHT).await;
        drop(all);
    }

    pub(crate) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, kind: u8, started: Instant, outcome: Result<(), BoxError>) {
        let restart = *self.restarts.lock().unwrap_or_else(PoisonError::into_inner);
        let is_explained = restart.is_some_and(|restart| restart + AFTERMATH > started);
        let mut tally = self.tally();
        match outcome {
            Ok(()) => tally.latencies.push(started.elapsed()),
            Err(_) if is_explained => tally.explained += 1,
            Err(error) => tally
                .unexplained
                .push(format!("kind {}: {error}", kind % 12)),
        }
    }

    async fn request(&self, kind: u8) -> Result<(), BoxError> {
        match kind % 12 {
            0..4 => self.expect(Method::GET, "/", full(""), b"hello").await,
            4 | 5 => {
                let content = vec![b'a'; 2000];
                self.expect(Method::POST, "/echo", full(content.clone()), &content)
                    .await
            }
            6 => {
                self.expect(Method::PUT, "/count", upload(), b"1048576")
                    .await
            }
            7 => self.download("/bytes", 1024 * 1024, Duration::ZERO).await,
            8 => self.download("/events", 80, Duration::ZERO).await,
            9 => {
                self.download("/bytes", 1024 * 1024, Duration::from_millis(5))
                    .await
            }
            10 => self.socket().await,
            _ => self.leave(kind).await,
        }
    }

    async fn ask(&self, method: Method, path: &str, body: Body) -> Result<Incoming, BoxError> {
        let uri: Uri = format!("http://{}{path}", self.address).parse()?;
        let request = Request::builder().method(method).uri(uri).body(body)?;
        let response = self.client.request(request).await?;
        match response.status().as_u16() {
            200 => Ok(response.into_body()),
            status => Err(format!("{path}: {status}").into()),
        }
    }

    async fn expect(
        &self,
        method: Method,
        path: &str,
        body: Body,
        expected: &[u8],
    ) -> Result<(), BoxError> {
        let content = self
            .ask(method, path, body)
            .await?
            .collect()
            .await?
            .to_bytes();
        match content == expected {
            true => Ok(()),
            false => Err(format!("{path}: other content").into()),
        }
    }

    /// Reads a response of this length, with a pause after each part.
    async fn download(&self, path: &str, expected: usize, pause: Duration) -> Result<(), BoxError> {
        let mut body = self.ask(Method::GET, path, full("")).await?;
        let mut length = 0;
        while let Some(frame) = body.frame().await {
            length += frame?.data_ref().map_or(0, Bytes::len);
            if !pause.is_zero() {
                sleep(pause).await;
            }
        }
        match length == expected {
            true => Ok(()),
            false => Err(format!("{path}: {length} bytes").into()),
        }
    }

    async fn socket(&self) -> Result<(), BoxError> {
        let stream = TcpStream::connect(self.address).await?;
        let uri = format!("ws://{}/socket", self.address);
        let (mut socket, _) = client_async(uri, stream).await?;
        for number in 0..5 {
            let message = Message::text(format!("message {number}"));
            socket.send(message.clone()).await?;
            let answer = socket.next().await.ok_or("the socket ended")??;
            if answer != message {
                return Err("another message".into());
            }
            sleep(Duration::from_millis(20)).await;
        }
        socket.close(None).await?;
        while let Some(Ok(_)) = socket.next().await {}
        Ok(())
    }

    /// Leaves before the response, or amid it, or receives a broken one.
    async fn leave(&self, kind: u8) -> Result<(), BoxError> {
        match kind / 12 % 4 {
            0 => {
                let asked = self.ask(Method::GET, "/slow", full(""));
                let _ = timeout(Duration::from_millis(50), asked).await;
            }
            1 => {
                let mut body = self.ask(Method::GET, "/bytes", full("")).await?;
                let _ = body.frame().await;
            }
            2 => {
                let asked = self.ask(Method::POST, "/count", upload());
                let _ = timeout(Duration::from_millis(5), asked).await;
            }
            _ => {
                let body = self.ask(Method::GET, "/broken", full("")).await;
                // Over HTTP/2 the reset may overtake the head.
                if let Ok(body) = body
                    && body.collect().await.is_ok()
                {
                    return Err("a broken response looks complete".into());
                }
            }
        }
        Ok(())
    }
}

fn full(content: impl Into<Bytes>) -> Body {
    let body = Full::new(content.into());
    body.map_err(|never| match never {}).boxed_unsync()
}

/// A body of a mebibyte whose length is not known in advance.
fn upload() -> Body {
    let part = Bytes::from_static(&[b'u'; 16 * 1024]);
    let parts = stream::iter(0..64).map(move |_| Ok(Frame::data(part.clone())));
    StreamBody::new(parts).boxed_unsync()
}
