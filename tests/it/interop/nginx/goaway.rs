//! nginx closes HTTP/2 connections under load: no response is lost, and no POST is sent twice.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
};

use axum::body::Body;
use cdn_origin::{
    OriginProxy,
    proxy::{AdaptiveConcurrency, Limits},
    tls::Alpn,
};
use futures_util::{StreamExt, stream};
use http::{Method, Request, StatusCode};

use crate::{
    interop::{
        client::{NAME, connector, send},
        server::{Folder, Server},
    },
    support::Authority,
};

/// How many requests each combination of settings sends.
const REQUESTS: usize = 600;

/// nginx is reloaded each time that so many requests have been answered.
const REQUESTS_PER_RELOAD: usize = 100;

/// The `server` block of an nginx with these settings, which logs the id of each request.
fn server(settings: &str) -> String {
    format!(
        "
        {settings}
        log_format ids 'id=$http_x_id status=$status';
        server {{
            listen LISTEN ssl http2;
            access_log /dev/stdout ids;
            ssl_certificate site.pem;
            ssl_certificate_key site.pem;
            location / {{ return 200 ok; }}
        }}"
    )
}

fn folder(authority: &Authority) -> Folder {
    Folder::new().certified("site", &authority.issue(&[NAME]))
}

/// Sends so many requests, as many at a time, and returns the failures.
async fn send_all(
    proxy: &OriginProxy,
    method: &Method,
    at_once: usize,
    answered: impl Fn(),
) -> Vec<String> {
    let requests = stream::iter(0..REQUESTS).map(|id| {
        let body = match *method == Method::POST {
            true => Body::from("content"),
            false => Body::empty(),
        };
        let request = Request::builder()
            .method(method)
            .uri("/")
            .header("host", "client.test")
            .header("x-id", format!("{method}-{at_once}-{id}"));
        send(proxy, request.body(body).unwrap())
    });
    let responses = requests.buffer_unordered(at_once).inspect(|_| answered());
    let failures = responses.filter_map(async |response| {
        let failed = response.status() != StatusCode::OK;
        let error = response.extensions().get::<cdn_origin::Error>();
        failed.then(|| {
            let report = error.map(|error| error.report().to_string());
            format!("{} {report:?}", response.status())
        })
    });
    failures.collect().await
}

/// Sends GET and POST, 1 to 64 at a time.
///
/// # Panics
///
/// If a request fails, or nginx logs a POST twice.
async fn send_everything(nginx: &Server, authority: &Authority, about: &str, answered: impl Fn()) {
    let connector = connector(nginx, authority).alpn(Alpn::Http2);
    // nginx that reloads on a busy machine may be slow: here that is no overload.
    let limits = Limits::default().adaptive_concurrency(AdaptiveConcurrency::off());
    let proxy = OriginProxy::new(connector.build().unwrap()).limits(limits);
    for method in [Method::GET, Method::POST] {
        for at_once in [1, 4, 16, 64] {
            let failures = send_all(&proxy, &method, at_once, &answered).await;
            assert!(
                failures.is_empty(),
                "{about}, {method}, {at_once} at once: {} of {REQUESTS}, {:#?}",
                failures.len(),
                &failures[..failures.len().min(2)]
            );
        }
    }
    drop(proxy);
    let mut posts = BTreeMap::<String, usize>::new();
    for line in nginx.output().lines() {
        if let Some((_, id)) = line.split_once("id=POST") {
            *posts.entry(id.to_owned()).or_default() += 1;
        }
    }
    let repeated: Vec<_> = posts.iter().filter(|(_, count)| **count > 1).collect();
    assert!(repeated.is_empty(), "{about}: {repeated:?}");
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn every_request_is_answered_though_nginx_closes_connections_under_load() {
    for settings in [
        "keepalive_requests 1;",
        "keepalive_requests 3;",
        "keepalive_requests 100;",
        "keepalive_timeout 0;",
    ] {
        let authority = Authority::new();
        let nginx = Server::nginx(folder(&authority), &server(settings));
        send_everything(&nginx, &authority, settings, || ()).await;
    }
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn every_request_is_answered_though_nginx_reloads_under_load() {
    let authority = Authority::new();
    let nginx = Server::nginx_with_worker(folder(&authority), &server(""));
    let answered = AtomicUsize::new(0);
    send_everything(&nginx, &authority, "reloads", || {
        if answered
            .fetch_add(1, SeqCst)
            .is_multiple_of(REQUESTS_PER_RELOAD)
        {
            nginx.reload();
        }
    })
    .await;
    let replaced = nginx.output().matches("gracefully shutting down").count();
    assert!(replaced > 10, "{replaced}");
}
