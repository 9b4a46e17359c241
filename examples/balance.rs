//! Balances requests over three origins with a backup, and shows what happens when they fail.
//!
//! ```text
//! cargo run --example balance
//! ```
//!
//! It starts four origins on this machine, and uses no network.

use std::{convert::Infallible, error::Error, time::Duration};

use bytes::Bytes;
use cdn_origin::{
    BuildError, CdnOriginConnector,
    group::{Ejection, HealthCheck, Member, OriginGroup},
    proxy::Limits,
};
use futures_util::future::join_all;
use http::{HeaderValue, Request, Response, header::HOST};
use http_body_util::{BodyExt, Empty, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::AbortHandle};
use tower::ServiceExt;

/// The part to copy: three origins that share the load, and a backup.
fn group(origins: &[Origin], backup: &Origin) -> Result<OriginGroup, BuildError> {
    let limits = Limits::default().request_timeout(Duration::from_secs(30));
    let members: Result<Vec<_>, _> = origins.iter().map(Origin::member).collect();
    OriginGroup::builder()
        .tier(members?)
        .tier([backup.member()?])
        .each(move |proxy| proxy.limits(limits.clone()))
        .ejection(
            Ejection::default()
                .failures(3)
                .time(Duration::from_millis(200))
                .trials(1),
        )
        .health_check(
            HealthCheck::get("/healthz")
                .interval(Duration::from_millis(200))
                .fall(1),
        )
        .build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut origins = Vec::new();
    for name in ["one", "two", "three"] {
        origins.push(Origin::start(name).await?);
    }
    let backup = Origin::start("backup").await?;
    let group = group(&origins, &backup)?;
    show("All serve.", &group).await;

    origins[0].kill().await;
    show("One was killed. Its requests go to the others.", &group).await;

    for origin in &origins {
        origin.kill().await;
    }
    show("All of the first tier were killed.", &group).await;

    let late = Origin::start("late").await?;
    group.members().add(0, late.member()?)?;
    show("Another was added to the first tier.", &group).await;

    group.drain().await;
    Ok(())
}

/// Sends sixty requests, and prints who answered.
async fn show(what: &str, group: &OriginGroup) {
    let mut answers = join_all((0..60).map(|_| get(group))).await;
    answers.sort();
    println!("{what}");
    for same in answers.chunk_by(|one, other| one == other) {
        println!("  {:>3} x {}", same.len(), same[0]);
    }
    for member in group.members().snapshot() {
        let (name, state) = (member.name().to_owned(), member.state());
        println!("      {name}: {state:?}, {} failures", member.failures());
    }
}

async fn get(group: &OriginGroup) -> String {
    let mut request = Request::new(Empty::<Bytes>::new());
    let host = HeaderValue::from_static("client.example");
    request.headers_mut().insert(HOST, host);
    let Ok(response) = group.clone().oneshot(request).await;
    match response.into_body().collect().await {
        Ok(body) => String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        Err(error) => error.to_string(),
    }
}

/// An origin on this machine, which responds with its name.
struct Origin {
    name: &'static str,
    address: std::net::SocketAddr,
    server: AbortHandle,
}

impl Origin {
    async fn start(name: &'static str) -> Result<Self, Box<dyn Error>> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let service = service_fn(move |_: Request<Incoming>| async move {
                    Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(name)))
                });
                let io = TokioIo::new(stream);
                connections.spawn(http1::Builder::new().serve_connection(io, service));
            }
        });
        Ok(Self {
            name,
            address,
            server: server.abort_handle(),
        })
    }

    fn member(&self) -> Result<Member, BuildError> {
        let connector = CdnOriginConnector::builder("http://origin.example").dial(self.address);
        Ok(Member::new(connector.build()?).name(self.name))
    }

    /// Ends it with all its connections.
    async fn kill(&self) {
        self.server.abort();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
