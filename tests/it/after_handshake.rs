//! TLS messages after the handshake: session tickets, key updates, and the end of a session.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, ErrorKind, OriginProxy, VerifyPolicy,
    diagnosis::{CauseId, Certainty},
    observe::CloseReason,
    proxy::ProxyBody,
    tls::{Roots, rustls},
};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::{body::Incoming, server::conn, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tower::ServiceExt;

use crate::{
    failing::check,
    origin::{NAME, server_config},
    support::Authority,
};

async fn get(proxy: &OriginProxy) -> Response<ProxyBody> {
    let request = Request::get("/").header("host", "client.test");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = proxy.clone().oneshot(request).await;
    response
}

fn proxy_to(address: std::net::SocketAddr, authority: &Authority) -> OriginProxy {
    let connector = CdnOriginConnector::builder(format!("https://{NAME}"))
        .dial(address)
        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())));
    OriginProxy::new(connector.build().unwrap())
}

/// A proxy to an origin that sends this many session tickets with each handshake.
async fn with_tickets(count: usize, protocol: &'static [u8]) -> OriginProxy {
    let authority = Authority::new();
    let config = server_config(&authority, protocol);
    let mut config = ServerConfig::clone(&config);
    config.send_tls13_tickets = count;
    config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let service = service_fn(|_: Request<Incoming>| async {
                    Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("ok")))
                });
                let Ok(tls) = acceptor.accept(stream).await else {
                    return;
                };
                let io = TokioIo::new(tls);
                let _ = match protocol {
                    b"h2" => {
                        let builder = conn::http2::Builder::new(TokioExecutor::new());
                        builder.serve_connection(io, service).await
                    }
                    _ => {
                        conn::http1::Builder::new()
                            .serve_connection(io, service)
                            .await
                    }
                };
            });
        }
    });
    proxy_to(address, &authority)
}

#[tokio::test]
async fn more_tickets_than_a_client_needs_do_no_harm() {
    for protocol in [&b"http/1.1"[..], b"h2"] {
        for count in [0, 1, 10, 100, 200] {
            let proxy = with_tickets(count, protocol).await;
            for _ in 0..2 {
                let response = get(&proxy).await;
                assert_eq!(response.status(), StatusCode::OK, "{count} tickets");
                response.into_body().collect().await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_flood_of_tickets_is_a_named_error_of_tls() {
    for protocol in [&b"http/1.1"[..], b"h2"] {
        let proxy = with_tickets(2000, protocol).await;
        let response = get(&proxy).await;
        let error = response.extensions().get::<Error>().cloned();
        let error = error.unwrap_or_else(|| panic!("{:?}", response.status()));
        assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
        assert_eq!(error.kind(), ErrorKind::TlsProtocol);
        let status = response.headers()["proxy-status"].to_str().unwrap();
        assert!(status.contains("tls_protocol_error"), "{status}");
        let fix = "configure the origin to send fewer session tickets: two are usual";
        check(&error, CauseId::BrokenTls, Certainty::Certain, fix);
        let report = error.report().to_string();
        assert!(
            report.contains("more than 64 KiB of TLS handshake messages"),
            "{report}"
        );
    }
}

#[tokio::test]
async fn a_flood_of_key_updates_is_a_named_error_of_tls() {
    for protocol in [&b"http/1.1"[..], b"h2"] {
        let authority = Authority::new();
        let acceptor = TlsAcceptor::from(server_config(&authority, protocol));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = proxy_to(listener.local_addr().unwrap(), &authority);
        let origin = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let mut tls = acceptor.accept(stream).await.unwrap();
                let mut request = [0; 1024];
                let _ = tls.read(&mut request).await.unwrap();
                act(&mut tls, OnIdle::KeyUpdates).await;
                let _ = tls.read(&mut request).await;
            }
        });
        let response = get(&proxy).await;
        let error = response.extensions().get::<Error>().unwrap();
        assert_eq!(error.kind(), ErrorKind::TlsProtocol, "{}", error.report());
        check(error, CauseId::BrokenTls, Certainty::Likely, "");
        let report = error.report().to_string();
        assert!(report.contains("TooManyKeyUpdateRequests"), "{report}");
        origin.abort();
    }
}

/// What an origin does on an idle connection.
#[derive(Clone, Copy, Debug)]
enum OnIdle {
    Data,
    CloseNotify,
    Eof,
    KeyUpdate,
    KeyUpdates,
}

async fn act(tls: &mut TlsStream<TcpStream>, action: OnIdle) {
    let key_updates = match action {
        OnIdle::Data => return tls.write_all(b"HTTP/1.1 200 OK\r\n").await.unwrap(),
        OnIdle::CloseNotify => {
            tls.get_mut().1.send_close_notify();
            return tls.flush().await.unwrap();
        }
        OnIdle::Eof => return tls.get_mut().0.shutdown().await.unwrap(),
        OnIdle::KeyUpdate => 1,
        OnIdle::KeyUpdates => 100,
    };
    for _ in 0..key_updates {
        tls.get_mut().1.refresh_traffic_keys().unwrap();
        tls.flush().await.unwrap();
    }
}

/// An origin that answers each request, and acts on a connection once it is told to.
async fn acting(
    authority: &Authority,
    mut actions: mpsc::Receiver<OnIdle>,
) -> std::net::SocketAddr {
    let acceptor = TlsAcceptor::from(server_config(authority, b"http/1.1"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut tls) = acceptor.accept(stream).await else {
                continue;
            };
            let mut buffer = [0; 4096];
            loop {
                tokio::select! {
                    read = tls.read(&mut buffer) => match read {
                        Ok(0) | Err(_) => break,
                        Ok(_) => {
                            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                            tls.write_all(answer).await.unwrap();
                            tls.flush().await.unwrap();
                        }
                    },
                    action = actions.recv() => match action {
                        Some(action) => act(&mut tls, action).await,
                        None => return,
                    },
                }
            }
        }
    });
    address
}

async fn until(holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    let outcome = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    outcome.expect("it does not come true");
}

async fn get_ok(proxy: &OriginProxy) {
    let response = get(proxy).await;
    assert_eq!(response.status(), StatusCode::OK);
    response.into_body().collect().await.unwrap();
}

#[tokio::test]
async fn an_idle_connection_is_closed_by_what_ends_it_and_by_nothing_else() {
    for (action, by_origin, by_error) in [
        (OnIdle::Data, 0, 1),
        (OnIdle::CloseNotify, 1, 0),
        (OnIdle::Eof, 1, 0),
        (OnIdle::KeyUpdates, 0, 1),
    ] {
        let authority = Authority::new();
        let (act, actions) = mpsc::channel(1);
        let proxy = proxy_to(acting(&authority, actions).await, &authority);
        get_ok(&proxy).await;
        until(|| proxy.snapshot().pool.idle == 1).await;
        act.send(action).await.unwrap();
        until(|| proxy.snapshot().pool.open == 0).await;
        let pool = proxy.snapshot().pool;
        assert_eq!(
            (
                pool.closed(CloseReason::Origin),
                pool.closed(CloseReason::Error)
            ),
            (by_origin, by_error),
            "{action:?}"
        );
        get_ok(&proxy).await;
        assert_eq!(proxy.snapshot().pool.opened, 2, "{action:?}");
    }
    let authority = Authority::new();
    let (act, actions) = mpsc::channel(1);
    let proxy = proxy_to(acting(&authority, actions).await, &authority);
    for _ in 0..40 {
        get_ok(&proxy).await;
        until(|| proxy.snapshot().pool.idle == 1).await;
        act.send(OnIdle::KeyUpdate).await.unwrap();
    }
    assert_eq!(proxy.snapshot().pool.opened, 1, "key updates are harmless");
}
