//! The record of a request: where its time went, how often it was tried, and how it ended.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, OriginProxy,
    dial::Dns,
    error::Elapsed,
    observe::{ExchangeCollector, ExchangeInfo, ExchangeOutcome, ExchangeTry},
    proxy::Limits,
};
use http::{Method, StatusCode};
use http_body_util::{BodyExt, Full};

use super::{Seen, request, send};
use crate::{
    closing_origin::{ClosingOrigin, End, Speaks},
    resolve::ScriptedResolver,
    support::refused_address,
};

/// Sends a GET and reads its response to the end.
async fn exchange(proxy: &OriginProxy, seen: &Seen) -> ExchangeInfo {
    let mut request = request(Method::GET);
    request
        .extensions_mut()
        .insert(ExchangeCollector::default());
    let response = send(proxy, request).await;
    let early = response.extensions().get::<ExchangeInfo>();
    let early = early.expect("the request has a collector").clone();
    assert_eq!((early.outcome(), early.total()), (None, None));
    let status = response.status();
    response.into_body().collect().await.unwrap();
    let exchange = seen.take_only();
    assert_eq!(
        (early.status(), early.head()),
        (Some(status), exchange.head())
    );
    assert_eq!(exchange.status(), Some(status));
    exchange
}

fn last(exchange: &ExchangeInfo) -> &ExchangeTry {
    exchange.tries().last().expect("a request that was sent")
}

#[tokio::test]
async fn a_reused_request_spends_no_time_on_look_up_tcp_and_tls() {
    for speaks in Speaks::ALL {
        let origin = ClosingOrigin::start(speaks, End::Fin);
        let seen = Seen::default();
        let dns = Dns::default().resolver(ScriptedResolver::addresses([origin.address()]));
        let proxy = seen.proxy(&origin.by_name().dns(dns).build().unwrap());
        let first = exchange(&proxy, &seen).await;
        assert!(!last(&first).reused, "{speaks:?}");
        let connect = first.elapsed();
        assert!(connect.resolve > Some(Duration::ZERO) && connect.dial > Some(Duration::ZERO));
        assert_eq!(
            connect.handshake > Some(Duration::ZERO),
            speaks != Speaks::Http
        );
        for _ in 0..2 {
            let later = exchange(&proxy, &seen).await;
            assert!(last(&later).reused, "{speaks:?}");
            assert_eq!(later.elapsed(), Elapsed::default(), "{speaks:?}");
            assert_eq!(later.peer(), Some(origin.address()));
            assert_eq!(last(&later).http2, speaks == Speaks::HttpsHttp2);
            assert_eq!(later.outcome(), Some(ExchangeOutcome::Complete));
            assert_eq!((later.tries().count(), later.response_bytes()), (1, 2));
            assert_eq!(later.error_type(), None);
        }
    }
}

#[tokio::test]
async fn the_parts_of_a_request_add_up_to_its_time() {
    let origin = ClosingOrigin::start(Speaks::HttpsHttp1, End::Fin);
    let seen = Seen::default();
    let proxy = seen.proxy(&origin.connector());
    for _ in 0..2 {
        let it = exchange(&proxy, &seen).await;
        let head = it.head().unwrap();
        assert!(it.queue_wait() + it.checkout() + last(&it).first_byte.unwrap() <= head);
        assert!(head <= it.total().unwrap());
        let connect = it.elapsed();
        let stages = [connect.resolve, connect.dial, connect.handshake];
        let total: Duration = stages.into_iter().flatten().sum();
        assert!(total <= it.checkout());
    }
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_record_once() {
    let seen = Seen::default();
    let origin = ClosingOrigin::start(Speaks::Http, End::Silent);
    let proxy = seen.proxy(&origin.connector());
    tokio::select! {
        _ = send(&proxy, request(Method::GET)) => panic!("the origin does not answer"),
        () = seen.connected() => {}
    }
    let before = seen.take_only();
    assert_eq!(before.outcome(), Some(ExchangeOutcome::ClientLeft));
    assert_eq!((before.status(), before.head()), (None, None));
    assert_eq!(before.error_type(), Some("client_left"));

    let origin = ClosingOrigin::start(Speaks::Http, End::Fin);
    let proxy = seen.proxy(&origin.connector());
    drop(send(&proxy, request(Method::GET)).await);
    let within = seen.take_only();
    assert_eq!(within.outcome(), Some(ExchangeOutcome::ClientLeft));
    assert_eq!(within.status(), Some(StatusCode::OK));
}

#[tokio::test]
async fn refused_and_failed_requests_have_a_record_with_their_error() {
    let seen = Seen::default();
    let refused = refused_address();
    let origin = format!("http://{}", refused.address());
    let connector = CdnOriginConnector::builder(&*origin).build().unwrap();
    let proxy = seen.proxy(&connector);

    drop(send(&proxy, request(Method::TRACE)).await);
    let refused = seen.take_only();
    assert_eq!(refused.outcome(), Some(ExchangeOutcome::Refused));
    assert_eq!(refused.status(), Some(StatusCode::NOT_IMPLEMENTED));
    assert_eq!(refused.tries().count(), 0);

    drop(send(&proxy, request(Method::GET)).await);
    let failed = seen.take_only();
    assert_eq!(failed.outcome(), Some(ExchangeOutcome::Failed));
    assert_eq!(failed.status(), Some(StatusCode::BAD_GATEWAY));
    assert_eq!(failed.error_type(), Some("connection_refused"));
    assert!(failed.cause().is_some() && failed.peer().is_some());
    assert!(failed.elapsed().dial > Some(Duration::ZERO));
}

#[tokio::test]
async fn a_deadline_and_a_retry_are_in_the_record() {
    for speaks in Speaks::ALL {
        let origin = ClosingOrigin::start(speaks, End::SilentFromSecondRequest);
        let seen = Seen::default();
        let limits = Limits::default().response_timeout(Duration::from_millis(50));
        let proxy = seen.proxy(&origin.connector());
        exchange(&proxy, &seen).await;
        drop(send(&proxy.clone().limits(limits), request(Method::POST)).await);
        let late = seen.take_only();
        assert_eq!(
            late.outcome(),
            Some(ExchangeOutcome::Deadline),
            "{speaks:?}"
        );
        assert_eq!(late.status(), Some(StatusCode::GATEWAY_TIMEOUT));

        let origin = ClosingOrigin::start(speaks, End::ResetBySecondRequest);
        let proxy = seen.proxy(&origin.connector());
        exchange(&proxy, &seen).await;
        let again = exchange(&proxy, &seen).await;
        assert_eq!(again.outcome(), Some(ExchangeOutcome::Complete));
        let tries: Vec<_> = again.tries().collect();
        assert_eq!(tries.len(), 2, "{speaks:?}");
        assert_eq!((tries[0].reason, tries[0].status), (None, None));
        assert!(tries[0].reused && !tries[1].reused);
        let expected = match speaks {
            Speaks::HttpsHttp2 => "connection_ended",
            Speaks::Http | Speaks::HttpsHttp1 => "idle_closed",
        };
        assert_eq!(tries[1].reason.unwrap().as_str(), expected, "{speaks:?}");
        assert_eq!(tries[1].status, Some(StatusCode::OK));
    }
}

#[tokio::test]
async fn a_body_that_the_origin_breaks_off_is_in_the_record() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let sent = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // Bytes before the request would be an error of their own.
        assert_ne!(stream.read(&mut [0; 1024]).unwrap(), 0);
        let response = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf";
        stream.write_all(response).unwrap();
    });
    let seen = Seen::default();
    let connector = CdnOriginConnector::builder(&*origin).build().unwrap();
    let proxy = seen.proxy(&connector);
    let response = send(&proxy, request(Method::GET)).await;
    let _ = response.into_body().collect().await.unwrap_err();
    let broken = seen.take_only();
    assert_eq!(broken.outcome(), Some(ExchangeOutcome::OriginBrokeOff));
    assert_eq!(broken.response_bytes(), 4);
    sent.join().unwrap();
}

#[tokio::test]
async fn a_collector_records_its_request_without_an_observer() {
    let origin = ClosingOrigin::start(Speaks::Http, End::Fin);
    let proxy = OriginProxy::new(origin.connector());
    let plain = send(&proxy, request(Method::GET)).await;
    assert!(plain.extensions().get::<ExchangeInfo>().is_none());
    plain.into_body().collect().await.unwrap();

    let collector = ExchangeCollector::default();
    let mut upload = request(Method::POST).map(|_| Full::new(Bytes::from_static(b"12345")));
    upload.extensions_mut().insert(collector.clone());
    let response = send(&proxy, upload).await;
    assert!(collector.exchanges().is_empty());
    response.into_body().collect().await.unwrap();
    let exchanges = collector.exchanges();
    assert_eq!(exchanges.len(), 1);
    assert_eq!(exchanges[0].request_bytes(), 5);
    assert_eq!(exchanges[0].method(), Method::POST);
}

#[tokio::test]
async fn a_function_that_panics_is_no_client_that_left() {
    let seen = Seen::default();
    let origin = ClosingOrigin::start(Speaks::Http, End::Fin);
    let proxy = || seen.proxy(&origin.connector());
    let proxies = [
        proxy().map_request(|_| panic!("a bug in a hook")),
        proxy().map_response(|_| panic!("a bug in a hook")),
    ];
    for proxy in proxies {
        let sending = async move { drop(send(&proxy, request(Method::GET)).await) };
        assert!(tokio::spawn(sending).await.unwrap_err().is_panic());
        let exchange = seen.take_only();
        assert_eq!(exchange.outcome(), Some(ExchangeOutcome::Failed));
    }
}
