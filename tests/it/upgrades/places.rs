//! Tunnels and the pool: each counts as an open connection until it ends.

use std::time::Duration;

use cdn_origin::pool::PoolSettings;
use tokio::io::AsyncWriteExt;

use super::{ASK, SWITCH, Scene, bytes, head, rest};

const GET: &str = "GET / HTTP/1.1\r\nHost: client.test\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn one_connection() -> PoolSettings {
    PoolSettings::default().max_connections(1)
}

#[tokio::test]
async fn a_tunnel_counts_as_open_until_it_ends() {
    let scene = Scene::new().await;
    let (client, origin) = scene.tunnel().await;
    let (_others, _other) = scene.tunnel().await;
    let pool = scene.proxy.snapshot().pool;
    assert_eq!((pool.open, pool.tunnels, pool.idle), (2, 2, 0));
    drop((client, origin));
    scene
        .until(|pool| pool.open == 1 && pool.tunnels == 1)
        .await;
}

#[tokio::test]
async fn where_tunnels_fill_the_pool_requests_wait_for_one_to_end() {
    let scene = Scene::with(|proxy| proxy.pool(one_connection())).await;
    let (client, origin) = scene.tunnel().await;
    let mut other = scene.client(GET).await;
    scene.until(|pool| pool.waiting == 1).await;
    drop((client, origin));
    let (mut origin, _) = scene.accept_request().await;
    origin.write_all(OK).await.unwrap();
    assert!(head(&mut other).await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn where_the_pool_stays_full_an_upgrade_is_503() {
    let settings = one_connection().queue_timeout(Duration::from_millis(20));
    let scene = Scene::with(|proxy| proxy.pool(settings)).await;
    let (_client, _origin) = scene.tunnel().await;
    let mut other = scene.client(ASK).await;
    let response_head = head(&mut other).await;
    assert!(
        response_head.starts_with("HTTP/1.1 503 Service Unavailable\r\n"),
        "{response_head}"
    );
    assert!(
        response_head.contains("error=connection_limit_reached"),
        "{response_head}"
    );
}

#[tokio::test]
async fn tunnels_leave_half_of_the_connections_to_other_requests() {
    let scene = Scene::with(|proxy| proxy.pool(PoolSettings::default().max_connections(3))).await;
    let (client, tunnel) = scene.tunnel().await;
    let mut next = scene.client(ASK).await;
    scene.until(|pool| pool.waiting == 1).await;
    // Neither the place that is free nor the connection that comes to rest is for the upgrade that waits.
    for _ in 0..2 {
        let mut other = scene.client(GET).await;
        let mut another = scene.client(GET).await;
        let (mut first, _) = scene.accept_request().await;
        let (mut second, _) = scene.accept_request().await;
        first.write_all(OK).await.unwrap();
        second.write_all(OK).await.unwrap();
        assert!(head(&mut other).await.starts_with("HTTP/1.1 200 OK\r\n"));
        assert!(head(&mut another).await.starts_with("HTTP/1.1 200 OK\r\n"));
        scene.until(|pool| pool.idle == 2).await;
        let pool = scene.proxy.snapshot().pool;
        assert_eq!((pool.open, pool.tunnels, pool.waiting), (3, 1, 1));
        drop((first, second));
        scene.until(|pool| pool.open == 1).await;
    }
    drop((client, tunnel));
    let (mut origin, _) = scene.accept_request().await;
    origin.write_all(SWITCH.as_bytes()).await.unwrap();
    assert!(head(&mut next).await.starts_with("HTTP/1.1 101 "));
}

#[tokio::test]
async fn as_many_tunnels_as_are_allowed_stand_at_a_time() {
    let settings = PoolSettings::default()
        .max_tunnels(2)
        .queue_timeout(Duration::from_millis(20));
    let scene = Scene::with(|proxy| proxy.pool(settings)).await;
    let (_client, _origin) = scene.tunnel().await;
    let (client, origin) = scene.tunnel().await;
    let mut other = scene.client(ASK).await;
    assert!(head(&mut other).await.starts_with("HTTP/1.1 503 "));
    drop((client, origin));
    scene.until(|pool| pool.tunnels == 1).await;
    let (_client, _origin) = scene.tunnel().await;
}

#[tokio::test]
async fn of_upgrades_only_so_many_wait_and_one_who_leaves_is_forgotten() {
    let scene = Scene::with(|proxy| proxy.pool(one_connection().max_queued(1))).await;
    let (_client, _origin) = scene.tunnel().await;
    for _ in 0..3 {
        let waiting = scene.client(ASK).await;
        scene.until(|pool| pool.waiting == 1).await;
        let mut refused = scene.client(ASK).await;
        assert!(head(&mut refused).await.starts_with("HTTP/1.1 503 "));
        drop(waiting);
        scene.until(|pool| pool.waiting == 0).await;
    }
}

#[tokio::test]
async fn an_idle_connection_makes_room_for_an_upgrade() {
    let scene = Scene::with(|proxy| proxy.pool(one_connection())).await;
    let mut client = scene.client(GET).await;
    let (mut resting, _) = scene.accept_request().await;
    resting.write_all(OK).await.unwrap();
    head(&mut client).await;
    assert_eq!(&bytes(&mut client).await, b"ok");
    scene.until(|pool| pool.idle == 1).await;
    let (_client, _origin) = scene.tunnel().await;
    assert_eq!(rest(&mut resting).await, "");
    let pool = scene.proxy.snapshot().pool;
    assert_eq!((pool.open, pool.tunnels, pool.idle), (1, 1, 0));
}

#[tokio::test]
async fn a_connection_that_comes_to_rest_makes_room_for_an_upgrade_that_waits() {
    let scene = Scene::with(|proxy| proxy.pool(one_connection())).await;
    let mut first = scene.client(GET).await;
    let (mut busy, _) = scene.accept_request().await;
    let _upgrade = scene.client(ASK).await;
    scene.until(|pool| pool.waiting == 1).await;
    busy.write_all(OK).await.unwrap();
    head(&mut first).await;
    let (_origin, received) = scene.accept_request().await;
    assert!(received.starts_with("GET /chat?a=b "), "{received}");
    assert_eq!(rest(&mut busy).await, "");
}

#[tokio::test]
async fn an_upgrade_that_is_given_up_while_it_waits_leaves_its_place_to_others() {
    let scene = Scene::with(|proxy| proxy.pool(one_connection())).await;
    let mut first = scene.client(GET).await;
    let (mut busy, _) = scene.accept_request().await;
    let upgrade = scene.client(ASK).await;
    scene.until(|pool| pool.waiting == 1).await;
    drop(upgrade);
    scene.until(|pool| pool.waiting == 0).await;
    busy.write_all(OK).await.unwrap();
    assert!(head(&mut first).await.starts_with("HTTP/1.1 200 OK\r\n"));
    // The connection is as good as before.
    scene.until(|pool| pool.idle == 1).await;
}
