//! What passes once the protocols are switched, and how it ends.

use std::{pin::pin, time::Duration};

use cdn_origin::{observe::CloseReason, proxy::Upgrades};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Scene, bytes, rest};

#[tokio::test]
async fn bytes_pass_both_ways_and_as_they_are() {
    let scene = Scene::new().await;
    let (mut client, mut origin) = scene.tunnel().await;
    let all: Vec<u8> = (0..=255).collect();
    client.write_all(&all).await.unwrap();
    assert_eq!(bytes::<256>(&mut origin).await[..], all);
    origin.write_all(&all).await.unwrap();
    assert_eq!(bytes::<256>(&mut client).await[..], all);
}

#[tokio::test]
async fn a_side_that_has_said_all_may_still_listen() {
    let scene = Scene::new().await;
    let (mut client, mut origin) = scene.tunnel().await;
    client.write_all(b"question").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(rest(&mut origin).await, "question");
    origin.write_all(b"answer").await.unwrap();
    origin.shutdown().await.unwrap();
    assert_eq!(rest(&mut client).await, "answer");
    scene.until(|pool| pool.tunnels == 0).await;
}

#[tokio::test]
async fn an_origin_that_has_said_all_may_still_listen() {
    let scene = Scene::new().await;
    let (mut client, mut origin) = scene.tunnel().await;
    origin.write_all(b"bye").await.unwrap();
    origin.shutdown().await.unwrap();
    assert_eq!(rest(&mut client).await, "bye");
    client.write_all(b"last words").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(rest(&mut origin).await, "last words");
    scene.until(|pool| pool.tunnels == 0).await;
}

#[tokio::test]
async fn a_client_who_leaves_closes_the_origins_side() {
    let scene = Scene::new().await;
    let (client, mut origin) = scene.tunnel().await;
    drop(client);
    assert_eq!(rest(&mut origin).await, "");
    drop(origin);
    scene.until(|pool| pool.open == 0).await;
}

#[tokio::test]
async fn a_client_who_breaks_off_closes_the_origins_side_at_once() {
    let scene = Scene::new().await;
    let (client, mut origin) = scene.tunnel().await;
    client.set_zero_linger().unwrap();
    drop(client);
    assert_eq!(rest(&mut origin).await, "");
    // The origin has not said that it is done, and the tunnel has ended nevertheless.
    scene.until(|pool| pool.open == 0).await;
}

#[tokio::test]
async fn an_origin_that_breaks_off_closes_the_clients_side_at_once() {
    let scene = Scene::new().await;
    let (mut client, origin) = scene.tunnel().await;
    origin.set_zero_linger().unwrap();
    drop(origin);
    assert_eq!(rest(&mut client).await, "");
    scene.until(|pool| pool.open == 0).await;
}

#[tokio::test]
async fn a_client_who_is_gone_before_the_answer_leaves_nothing_behind() {
    let scene = Scene::new().await;
    let client = scene.client(super::ASK).await;
    let (mut origin, _) = scene.accept_request().await;
    drop(client);
    // Either the request is given up at once, or the tunnel finds nobody.
    let _ = origin.write_all(super::SWITCH.as_bytes()).await;
    assert_eq!(rest(&mut origin).await, "");
    drop(origin);
    scene.until(|pool| pool.open == 0).await;
}

#[tokio::test]
async fn a_tunnel_in_which_nothing_moves_is_closed_on_both_sides() {
    let limit = Duration::from_millis(50);
    let scene = Scene::with(|proxy| proxy.upgrades(Upgrades::default().idle_timeout(limit))).await;
    let (mut client, mut origin) = scene.tunnel().await;
    assert_eq!(rest(&mut client).await, "");
    assert_eq!(rest(&mut origin).await, "");
    scene.until(|pool| pool.open == 0).await;
}

#[tokio::test]
async fn closed_tunnels_close_on_both_sides_and_let_a_drain_end() {
    let scene = Scene::new().await;
    let (mut client, mut origin) = scene.tunnel().await;
    // One that is asked for.
    let mut late = scene.client(super::ASK).await;
    let (mut late_origin, _) = scene.accept_request().await;
    let mut drained = pin!(scene.proxy.drain());
    assert!(futures_util::poll!(&mut drained).is_pending());

    scene.proxy.close_tunnels();
    assert_eq!(rest(&mut client).await, "");
    assert_eq!(rest(&mut origin).await, "");
    assert!(futures_util::poll!(&mut drained).is_pending());
    late_origin
        .write_all(super::SWITCH.as_bytes())
        .await
        .unwrap();
    assert!(rest(&mut late).await.starts_with("HTTP/1.1 101 "));
    assert_eq!(rest(&mut late_origin).await, "");
    drained.await;
    scene.until(|pool| pool.closed_total() == 2).await;
    assert_eq!(scene.proxy.snapshot().pool.closed(CloseReason::Upgrade), 2);
}

#[tokio::test]
async fn tunnels_that_begin_after_a_close_stay_open() {
    let scene = Scene::new().await;
    let (_client, mut origin) = scene.tunnel().await;
    scene.proxy.close_tunnels();
    assert_eq!(rest(&mut origin).await, "");

    let (mut client, mut origin) = scene.tunnel().await;
    client.write_all(b"ping").await.unwrap();
    assert_eq!(&bytes(&mut origin).await, b"ping");
}

#[tokio::test]
async fn a_limit_that_no_clock_reaches_is_none() {
    let scene =
        Scene::with(|proxy| proxy.upgrades(Upgrades::default().idle_timeout(Duration::MAX))).await;
    let (mut client, mut origin) = scene.tunnel().await;
    client.write_all(b"ping").await.unwrap();
    assert_eq!(&bytes(&mut origin).await, b"ping");
}

#[tokio::test]
async fn what_one_side_does_not_take_is_not_taken_from_the_other() {
    const CHUNK: usize = 64 * 1024;
    let scene = Scene::new().await;
    let (mut client, mut origin) = scene.tunnel().await;
    let chunk = vec![7; CHUNK];
    // As much as fits into the buffers of the system: then the client can write no more, because the origin does not read.
    let mut sent = 0;
    let writing = async {
        loop {
            sent += client.write(&chunk).await.unwrap();
        }
    };
    let stuck = tokio::time::timeout(Duration::from_millis(300), writing).await;
    assert!(stuck.is_err());
    assert!(sent < 256 * 1024 * 1024, "{sent} bytes are kept somewhere");
    let reading = tokio::spawn(async move {
        let mut received = 0;
        let mut buffer = vec![0; CHUNK];
        loop {
            match origin.read(&mut buffer).await.unwrap() {
                0 => return received,
                some => received += some,
            }
        }
    });
    client.shutdown().await.unwrap();
    assert_eq!(reading.await.unwrap(), sent);
}
