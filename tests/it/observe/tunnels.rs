//! The record of a tunnel: it ends with the tunnel, and has its bytes.

use std::{net::SocketAddr, time::Duration};

use axum::Router;
use cdn_origin::{
    CdnOriginConnector, OriginProxy,
    access_log::AccessLogLayer,
    group::OriginGroup,
    observe::{CloseReason, ExchangeInfo, ExchangeOutcome},
    proxy::Upgrades,
};
use http::StatusCode;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    task::yield_now,
};
use tower::Layer;

use super::{Seen, layers::Lines};
use crate::{
    support::{Site, refused_address},
    upgrades::{ASK, SWITCH, Scene, bytes, head, rest},
};

/// How a tunnel ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum TunnelEnds {
    /// The origin is done, and then the client.
    Closed,
    /// The application ends it.
    Requested,
    Idle,
    ClientResets,
    OriginResets,
}

/// A tunnel that is watched.
async fn scene(seen: &Seen, idle_timeout: Duration) -> Scene {
    let origin = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", origin.local_addr().unwrap());
    let connector = CdnOriginConnector::builder(&*url).build().unwrap();
    let upgrades = Upgrades::default().idle_timeout(idle_timeout);
    Scene::before(origin, seen.proxy(&connector).upgrades(upgrades)).await
}

async fn end(how: TunnelEnds, scene: &Scene, mut client: TcpStream, mut origin: TcpStream) {
    match how {
        TunnelEnds::Closed => {
            origin.shutdown().await.unwrap();
            assert_eq!(rest(&mut client).await, "");
            drop(client);
        }
        TunnelEnds::Requested => scene.proxy.close_tunnels(),
        TunnelEnds::Idle => assert_eq!(rest(&mut client).await, ""),
        TunnelEnds::ClientResets => client.set_zero_linger().unwrap(),
        TunnelEnds::OriginResets => {
            origin.set_zero_linger().unwrap();
            drop(origin);
            assert_eq!(rest(&mut client).await, "");
        }
    }
}

async fn only(seen: &Seen) -> ExchangeInfo {
    while seen.exchanges().is_empty() {
        yield_now().await;
    }
    seen.take_only()
}

#[tokio::test]
async fn a_tunnel_is_recorded_once_when_it_has_ended_with_its_bytes() {
    let minute = Duration::from_secs(60);
    for (how, outcome) in [
        (TunnelEnds::Closed, ExchangeOutcome::Complete),
        (TunnelEnds::Requested, ExchangeOutcome::Complete),
        (TunnelEnds::Idle, ExchangeOutcome::Deadline),
        (TunnelEnds::ClientResets, ExchangeOutcome::ClientLeft),
        (TunnelEnds::OriginResets, ExchangeOutcome::Failed),
    ] {
        let seen = Seen::default();
        let limit = match how {
            TunnelEnds::Idle => Duration::from_millis(50),
            _ => minute,
        };
        let scene = scene(&seen, limit).await;
        let (mut client, mut origin) = scene.tunnel().await;
        client.write_all(b"question").await.unwrap();
        assert_eq!(&bytes::<8>(&mut origin).await, b"question", "{how:?}");
        origin.write_all(b"reply").await.unwrap();
        assert_eq!(&bytes::<5>(&mut client).await, b"reply", "{how:?}");
        assert!(
            how == TunnelEnds::Idle || seen.exchanges().is_empty(),
            "{how:?}"
        );
        end(how, &scene, client, origin).await;

        let tunnel = only(&seen).await;
        assert_eq!(tunnel.outcome(), Some(outcome), "{how:?}");
        assert_eq!(tunnel.status(), Some(StatusCode::SWITCHING_PROTOCOLS));
        let carried = (tunnel.request_bytes(), tunnel.response_bytes());
        assert_eq!(carried, (8, 5), "{how:?}");
        assert_eq!(tunnel.tries().count(), 1);
        assert!(tunnel.elapsed().dial > Some(Duration::ZERO));
        assert!(!tunnel.tries().last().unwrap().reused);
        assert!(tunnel.head() < tunnel.total());
        let label = (outcome != ExchangeOutcome::Complete).then_some(outcome.as_str());
        assert_eq!(tunnel.error_type(), label, "{how:?}");
        let ends = |it: &&String| it.starts_with("closed");
        assert_eq!(
            seen.events().iter().filter(ends).collect::<Vec<_>>(),
            ["closed: upgrade after 1"]
        );
        assert!(seen.exchanges().is_empty());
    }
}

#[tokio::test]
async fn an_upgrade_that_is_refused_or_fails_is_recorded_too() {
    let seen = Seen::default();
    let scene = scene(&seen, Duration::from_secs(60)).await;
    for (answer, outcome, error) in [
        (
            "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno",
            ExchangeOutcome::Complete,
            Some("403"),
        ),
        ("", ExchangeOutcome::Failed, Some("connection_closed")),
    ] {
        let mut client = scene.client(ASK).await;
        let (mut origin, _) = scene.accept_request().await;
        origin.write_all(answer.as_bytes()).await.unwrap();
        drop(origin);
        let response = head(&mut client).await;
        if response.starts_with("HTTP/1.1 403 ") {
            assert_eq!(&bytes::<2>(&mut client).await, b"no");
        }
        let upgrade = only(&seen).await;
        assert_eq!(upgrade.outcome(), Some(outcome), "{answer}");
        assert_eq!(upgrade.error_type(), error, "{answer}");
    }
}

#[tokio::test]
#[cfg(feature = "metrics")]
async fn metrics_count_a_tunnel_while_it_is_open_and_its_bytes_at_its_end() {
    use super::{metrics::recorder, prometheus::Scrape};

    let (recorder, handle) = recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let observer = cdn_origin::metrics::MetricsObserver::new();
    let origin = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", origin.local_addr().unwrap());
    let connector = CdnOriginConnector::builder(&*url).build().unwrap();
    let proxy = OriginProxy::new(connector.with_observer(observer.clone()));
    let scene = Scene::before(origin, proxy).await;
    let (mut client, origin) = scene.tunnel().await;
    observer.sample(&scene.proxy);
    let scrape = Scrape::parse(&handle.render());
    assert_eq!(scrape.sum("cdn_origin_pool_open_tunnels", &[]), 1.0);
    assert_eq!(scrape.sum("http_client_active_requests", &[]), 1.0);
    assert_eq!(scrape.sum("cdn_origin_requests_total", &[]), 0.0);

    client.write_all(b"question").await.unwrap();
    end(TunnelEnds::Closed, &scene, client, origin).await;
    scene
        .until(|pool| pool.closed(CloseReason::Upgrade) == 1)
        .await;
    observer.sample(&scene.proxy);
    let scrape = Scrape::parse(&handle.render());
    assert_eq!(scrape.sum("cdn_origin_pool_open_tunnels", &[]), 0.0);
    let switched = [("http_response_status_code", "101")];
    let duration = "http_client_request_duration_seconds_count";
    assert_eq!(scrape.sum(duration, &switched), 1.0);
    assert_eq!(scrape.sum("cdn_origin_request_bytes_total", &[]), 8.0);
}

#[tokio::test]
async fn the_line_of_a_tunnel_is_about_its_origin_and_not_about_the_one_that_failed_before() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, refused) = (listener.local_addr().unwrap(), refused_address());
    let proxy = |address: SocketAddr| {
        let connector = CdnOriginConnector::builder(format!("http://{address}"));
        OriginProxy::new(connector.build().unwrap())
    };
    let group = OriginGroup::builder()
        .tier([proxy(refused.address())])
        .tier([proxy(address)])
        .build()
        .unwrap();
    let lines = Lines::default();
    let logged = AccessLogLayer::json(lines.sink()).layer(group);
    let site = Site::serve(Router::new().fallback_service(logged)).await;
    let mut client = TcpStream::connect(site.address()).await.unwrap();
    client.write_all(ASK.as_bytes()).await.unwrap();
    let (mut origin, _) = listener.accept().await.unwrap();
    head(&mut origin).await;
    origin.write_all(SWITCH.as_bytes()).await.unwrap();
    head(&mut client).await;
    let line = loop {
        match lines.take_json().pop() {
            Some(line) => break line,
            None => yield_now().await,
        }
    };
    assert_eq!(line["status"], 101, "{line}");
    assert_eq!(line["origin"], address.to_string(), "{line}");
    assert!(
        line["outcome"].is_null() && line["error"].is_null(),
        "{line}"
    );
    let failed = line["failed_over"][0].as_str().unwrap();
    let expected = format!("{}/connection_refused/", refused.address());
    assert!(failed.starts_with(&expected), "{line}");
}
