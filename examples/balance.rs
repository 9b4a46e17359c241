//! Balances requests over three origins with a backup, and shows what happens when they fail.
//!
//! ```text
//! cargo run --example balance
//! ```
//!
//! It starts its origins on this machine, and needs no network.

#[path = "local_origin/mod.rs"]
mod local_origin;

use std::{net::SocketAddr, time::Duration};

use cdn_origin::{
    BuildError, CdnOriginConnector,
    group::{Ejection, HealthCheck, Member, OriginGroup},
    proxy::Limits,
};
use futures_util::future::try_join_all;
use local_origin::{get, start};
use tokio::task::JoinSet;
use tower::BoxError;

/// The part to copy: origins that share the load, and a backup.
fn group(origins: [Member; 3], backup: Member) -> Result<OriginGroup, BuildError> {
    let limits = Limits::default().request_timeout(Duration::from_secs(30));
    OriginGroup::builder()
        .tier(origins)
        .tier([backup])
        .each(move |proxy| proxy.limits(limits.clone()))
        .ejection(Ejection::default().failures(3))
        .health_check(HealthCheck::get("/healthz").interval(Duration::from_secs(1)))
        .build()
}

fn member(name: &str, address: SocketAddr) -> Result<Member, BuildError> {
    let connector = CdnOriginConnector::builder("http://origin.example").dial(address);
    Ok(Member::new(connector.build()?).name(name))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let (mut first, mut others) = (JoinSet::new(), JoinSet::new());
    let one = member("one", start("one", &mut first).await?)?;
    let two = member("two", start("two", &mut others).await?)?;
    let three = member("three", start("three", &mut others).await?)?;
    let mut backups = JoinSet::new();
    let backup = member("backup", start("backup", &mut backups).await?)?;
    let group = group([one, two, three], backup)?;
    show("All serve.", &group).await?;

    first.shutdown().await;
    show("One ended. Its requests go to the others.", &group).await?;

    others.shutdown().await;
    show("All of the first tier ended. The backup serves.", &group).await?;

    let late = member("late", start("late", &mut backups).await?)?;
    group.put(0, late)?.await;
    show("Another was added to the first tier.", &group).await
}

/// Sends sixty requests, and prints who responded.
async fn show(what: &str, group: &OriginGroup) -> Result<(), BoxError> {
    let requests = (0..60).map(|_| get(group.clone(), "client.example"));
    let mut responses = try_join_all(requests).await?;
    responses.sort();
    println!("{what}");
    for same in responses.chunk_by(|one, other| one == other) {
        let (status, name) = &same[0];
        println!("  {:>3} x {status}: {name}", same.len());
    }
    for member in group.snapshot() {
        println!("      {}: {:?}", member.name, member.state);
    }
    Ok(())
}
