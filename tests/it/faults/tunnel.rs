//! Upgrades and tunnels.

use tokio::time::Instant;

use crate::relay::{Towards, Trigger, Upgrade};

use super::{
    cell::{Deadline, Fault, Outcome},
    run::failure,
    scene::{MAIN, Scene},
};

/// The outcome of the upgrade, with a fault in its request or its response.
pub(super) async fn upgrade(scene: &Scene) -> Outcome {
    let mut client = Upgrade::ask(&scene.proxy, MAIN).await.unwrap();
    match (client.status, client.error.take()) {
        (status, Some(error)) => failure(status, &error),
        (101, None) => {
            assert_eq!(client.echoes(b"ping").await, Some(true));
            Outcome::Passes
        }
        (status, None) => Outcome::OriginResponds(status),
    }
}

/// The outcome for a tunnel, with a fault in one of its directions.
pub(super) async fn pass(scene: &Scene, fault: Fault, towards: Towards) -> Outcome {
    let mut client = Upgrade::ask(&scene.proxy, MAIN).await.unwrap();
    assert_eq!(client.echoes(b"ping").await, Some(true));
    let wire = scene.network.last_wire();
    wire.plan(towards, Trigger::Bytes(10), fault.of_wire());
    let started = Instant::now();
    match client.echoes(&[7; 1000]).await {
        Some(true) => Outcome::Passes,
        Some(false) => Outcome::Unnoticed,
        None if started.elapsed() < Deadline::Tunnel.time() => Outcome::Closes,
        None => Outcome::ClosesAfter(Deadline::Tunnel),
    }
}
