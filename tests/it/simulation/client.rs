//! A client: sends one request after the other, and checks what comes back.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use cdn_origin::{Error, OriginProxy};
use futures_util::stream;
use http::{Method, Request};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, Full, StreamBody, combinators::UnsyncBoxBody};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, sleep, timeout},
};
use tower::ServiceExt;

use crate::relay::{Network, Upgrade};

use super::{
    run::Pace,
    world::{REQUEST, RESPONSE, World, content},
};

/// How long a tunnel may be open: some delays, and the idle timeout. Its bytes take no time.
const LONGEST_TUNNEL: Duration = Duration::from_secs(30);

/// How a request ended, if it was not cancelled.
enum End {
    Succeeded,
    Failed,
    Aborted,
}

/// One client of the proxy.
pub(super) struct Client {
    pub(super) world: Arc<World>,
    pub(super) proxy: OriginProxy,
    pub(super) network: Network,
    pub(super) rng: fastrand::Rng,
    pub(super) pace: Pace,
}

impl Client {
    /// Sends so many requests.
    pub(super) async fn run(mut self, requests: usize) {
        for _ in 0..requests {
            sleep(self.pace.millis(&mut self.rng, 20)).await;
            let id = self.world.next_id();
            self.world.totals().requests += 1;
            let leaves_after = match self.rng.u8(..10) {
                0 => self.pace.millis(&mut self.rng, 60),
                _ => Duration::MAX,
            };
            // Dropped when the client leaves.
            let bound = self.pace.bound;
            let sending = Box::pin(self.send(id));
            match timeout(leaves_after.min(bound), sending).await {
                Ok(end) => {
                    let mut totals = self.world.totals();
                    match end {
                        End::Succeeded => totals.succeeded += 1,
                        End::Failed => totals.failed += 1,
                        End::Aborted => totals.aborted += 1,
                    }
                }
                Err(_) if leaves_after < bound => self.world.totals().cancelled += 1,
                Err(_) => {
                    let pool = self.proxy.snapshot().pool;
                    self.world
                        .breaks(format!("request {id} waits for ever: {pool:?}"));
                }
            }
        }
    }

    async fn send(&mut self, id: u64) -> End {
        let rng = &mut self.rng;
        let length = size(rng);
        let parts = match rng.bool() {
            true => rng.usize(1..6),
            false => 0,
        };
        let (wait, pause) = (rng.u8(..30), rng.u8(..15));
        let generation = self.network.generation();
        let query = format!(
            "generation={generation}&length={length}&parts={parts}&wait={wait}&pause={pause}"
        );
        match rng.u8(..10) {
            0 => self.tunnel(id).await,
            1..6 => {
                let request = Request::get(format!("/{id}?{query}"));
                let request = request.header("x-id", id).header("host", "client.test");
                let request = request.body(Empty::<Bytes>::new()).unwrap();
                self.exchange(id, length, request).await
            }
            kind => {
                let sent = size(rng);
                let early = u8::from(kind == 9);
                let method = match rng.bool() {
                    true => Method::POST,
                    false => Method::PUT,
                };
                let body = upload(id, sent, rng);
                let request = Request::builder().method(method);
                let request = request.uri(format!("/{id}?{query}&sent={sent}&early={early}"));
                let request = request.header("x-id", id).header("host", "client.test");
                let request = request.body(body).unwrap();
                self.exchange(id, length, request).await
            }
        }
    }

    async fn exchange<B>(&mut self, id: u64, length: usize, request: Request<B>) -> End
    where
        B: http_body::Body<Data = Bytes, Error = Infallible> + Send + 'static,
    {
        let method = request.method().clone();
        let Ok(response) = self.proxy.clone().oneshot(request).await;
        let (head, mut body) = response.into_parts();
        let status = head.status.as_u16();
        let is_slow = self.rng.u8(..8) == 0;
        if status != 200 {
            let error = head.extensions.get::<Error>();
            let is_known = match error {
                Some(_) => matches!(status, 502..=504 | 408),
                // The origin has noticed that an upload broke off.
                None => status == 400 && method != Method::GET,
            };
            if !is_known {
                self.world
                    .breaks(format!("{method} {id} got {status}, {error:?}"));
            }
            return End::Failed;
        }
        if head.headers["x-id"] != id.to_string() {
            let other = &head.headers["x-id"];
            self.world
                .breaks(format!("request {id} got the response of {other:?}"));
        }
        let mut received = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                return End::Aborted;
            };
            received.extend_from_slice(&frame.into_data().unwrap_or_default());
            if is_slow {
                sleep(self.pace.millis(&mut self.rng, 20)).await;
            }
        }
        if received != content(id, RESPONSE, length) {
            let received = received.len();
            self.world.breaks(format!(
                "response {id} has {received} of {length} bytes, or others"
            ));
        }
        End::Succeeded
    }

    /// An upgrade, and messages that come back.
    async fn tunnel(&mut self, id: u64) -> End {
        let Ok(mut upgrade) = Upgrade::ask(&self.proxy, &format!("/{id}")).await else {
            return End::Aborted;
        };
        if upgrade.status != 101 {
            return End::Failed;
        }
        self.world.totals().tunnels += 1;
        let length = size(&mut self.rng);
        let bytes = content(id, REQUEST, length);
        let (mut reader, mut writer) = tokio::io::split(&mut upgrade.stream);
        let sending = async {
            for part in bytes.chunks(3000) {
                if writer.write_all(part).await.is_err() {
                    return;
                }
            }
            let _ = writer.shutdown().await;
        };
        let (started, mut received) = (Instant::now(), Vec::new());
        let receiving = reader.read_to_end(&mut received);
        let (read, ()) = tokio::join!(receiving, sending);
        if started.elapsed() > LONGEST_TUNNEL {
            let elapsed = started.elapsed();
            self.world
                .breaks(format!("tunnel {id} crawls: {length} bytes in {elapsed:?}"));
        }
        if !bytes.starts_with(&received) {
            self.world.breaks(format!("tunnel {id} changes its bytes"));
        }
        match read.is_ok() && received.len() == bytes.len() {
            true => End::Succeeded,
            false => End::Aborted,
        }
    }
}

/// Mostly small.
fn size(rng: &mut fastrand::Rng) -> usize {
    match rng.u8(..10) {
        0 if rng.bool() => rng.usize(..100_000),
        0..4 => rng.usize(..20_000),
        _ => rng.usize(..600),
    }
}

/// A body of known or unknown length.
fn upload(id: u64, sent: usize, rng: &mut fastrand::Rng) -> UnsyncBoxBody<Bytes, Infallible> {
    let content = content(id, REQUEST, sent);
    if rng.bool() {
        return Full::new(content).boxed_unsync();
    }
    let part = rng.usize(100..20_000);
    let pause = Duration::from_millis(rng.u64(..8));
    let frames = stream::unfold(content, move |mut content| async move {
        if content.is_empty() {
            return None;
        }
        sleep(pause).await;
        let frame = Frame::data(content.split_to(part.min(content.len())));
        Some((Ok::<_, Infallible>(frame), content))
    });
    StreamBody::new(frames).boxed_unsync()
}
