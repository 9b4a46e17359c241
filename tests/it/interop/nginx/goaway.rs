//! nginx closes HTTP/2 connections under load: no response is lost, and no POST is sent twice.

use std::collections::BTreeMap;

use axum::body::Body;
use cdn_origin::{OriginProxy, pool::PoolSettings, tls::Alpn};
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

/// An nginx that ends each connection after `keepalive_requests`, and logs the id of each request.
fn nginx(authority: &Authority, keepalive_requests: usize) -> Server {
    let folder = Folder::new().certified("site", &authority.issue(&[NAME]));
    let servers = format!(
        "
        keepalive_requests {keepalive_requests};
        log_format ids 'id=$http_x_id status=$status';
        server {{
            listen LISTEN ssl http2;
            access_log /dev/stdout ids;
            ssl_certificate site.pem;
            ssl_certificate_key site.pem;
            location / {{ return 200 ok; }}
        }}"
    );
    Server::nginx(folder, &servers)
}

/// Sends so many requests, as many at a time, and returns the failures.
async fn send_all(proxy: &OriginProxy, method: &Method, at_once: usize) -> Vec<String> {
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
    let responses = requests.buffer_unordered(at_once);
    let failures = responses.filter_map(async |response| {
        let failed = response.status() != StatusCode::OK;
        let error = response.extensions().get::<cdn_origin::Error>();
        failed.then(|| {
            format!(
                "{} {:?}",
                response.status(),
                error.map(|e| e.report().to_string())
            )
        })
    });
    failures.collect().await
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn every_request_is_answered_though_nginx_closes_connections_under_load() {
    for keepalive_requests in [1, 3, 100] {
        let authority = Authority::new();
        let nginx = nginx(&authority, keepalive_requests);
        let connector = connector(&nginx, &authority).alpn(Alpn::Http2);
        let proxy = OriginProxy::new(connector.build().unwrap()).pool(PoolSettings::default());
        for method in [Method::GET, Method::POST] {
            for at_once in [1, 4, 16, 64] {
                let failures = send_all(&proxy, &method, at_once).await;
                assert!(
                    failures.is_empty(),
                    "keepalive_requests {keepalive_requests}, {method}, {at_once} at once: \
                     {} of {REQUESTS}, {:#?}",
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
        assert!(repeated.is_empty(), "{repeated:?}");
    }
}
