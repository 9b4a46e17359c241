//! The access log, `Server-Timing` and `traceparent`.

use std::{
    convert::Infallible,
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use axum::Router;
use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, OriginProxy,
    access_log::AccessLogLayer,
    downstream::ClientConnection,
    group::OriginGroup,
    name::DialTarget,
    origin::Scheme,
    server_timing::ServerTimingLayer,
    trace_context::{TraceContext, TraceContextLayer},
};
use futures_util::{FutureExt, stream};
use http::{Method, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tower::{Layer, Service, ServiceExt};

use super::{Seen, request, send};
use crate::{
    closing_origin::{ClosingOrigin, End, Speaks},
    support::{Site, refused_address},
};

/// The lines of a log.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    pub(crate) fn sink(&self) -> impl Fn(&str) + Send + Sync + 'static {
        let lines = self.0.clone();
        move |line| lines.lock().unwrap().push(line.to_owned())
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    pub(crate) fn take_json(&self) -> Vec<Value> {
        let lines = self.take();
        let parse = |line: &String| serde_json::from_str(line).expect(line);
        lines.iter().map(parse).collect()
    }

    fn only(&self) -> String {
        let mut lines = self.take();
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines.remove(0)
    }
}

async fn call<S, B>(service: S, request: Request<Full<Bytes>>) -> Response<B>
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>, Error = Infallible>,
{
    let Ok(response) = service.oneshot(request).await;
    response
}

#[tokio::test]
async fn a_line_is_written_once_when_the_body_has_ended() {
    let origin = ClosingOrigin::start(Speaks::Http, End::Fin);
    let lines = Lines::default();
    let logged = AccessLogLayer::json(lines.sink()).layer(OriginProxy::new(origin.connector()));
    for connection in ["fresh", "reused"] {
        let mut request = request(Method::GET);
        let client = ClientConnection::new(Ipv4Addr::LOCALHOST, Scheme::Http);
        request.extensions_mut().insert(client);
        let response = call(logged.clone(), request).await;
        assert!(lines.take().is_empty());
        response.into_body().collect().await.unwrap();
        let line: Value = serde_json::from_str(&lines.only()).unwrap();
        assert_eq!(line["client"], "127.0.0.1");
        assert_eq!(
            (&line["path"], &line["status"]),
            (&"/page".into(), &200.into())
        );
        assert_eq!((&line["bytes"], &line["tries"]), (&2.into(), &1.into()));
        assert_eq!(line["outcome"], "complete");
        assert_eq!(line["connection"], connection);
        let steps = ["resolve", "connect", "handshake"].map(|step| line[step].is_number());
        assert_eq!(steps[1], connection == "fresh", "{line}");
        assert!(!steps[2], "there is no TLS: {line}");
        assert_eq!(steps.contains(&true), connection == "fresh", "{line}");
        assert_eq!(line["origin"], origin.address().to_string());
    }
}

#[tokio::test]
async fn the_combined_format_escapes_what_the_client_chose_and_leaves_the_query_out() {
    let origin = ClosingOrigin::start(Speaks::Http, End::Fin);
    let lines = Lines::default();
    let proxy = OriginProxy::new(origin.connector());
    let mut odd = request(Method::GET);
    let headers = odd.headers_mut();
    headers.insert("referer", "http://a.example/b?token=1".parse().unwrap());
    let agent = http::HeaderValue::from_bytes("a\"b\u{e9}\\".as_bytes()).unwrap();
    headers.insert("user-agent", agent);
    let layer = AccessLogLayer::combined(lines.sink()).log_client_fields();
    let response = call(layer.layer(proxy.clone()), odd).await;
    response.into_body().collect().await.unwrap();
    let line = lines.only();
    let start = "- - - [";
    assert!(line.starts_with(start), "{line}");
    let expected = " +0000] \"GET /page HTTP/1.1\" 200 2 \"http://a.example/b\" \
                    \"a\\x22b\\xC3\\xA9\\x5C\" duration=";
    assert!(line.contains(expected), "{line}");
    assert!(line.contains(" outcome=complete "), "{line}");
    assert!(
        !line.contains("secret") && !line.contains("token"),
        "{line}"
    );

    let with_query = layer.log_query().layer(proxy);
    drop(call(with_query, request(Method::GET)).await);
    assert!(lines.only().contains("\"GET /page?secret=1 HTTP/1.1\""));
}

#[tokio::test]
async fn values_of_the_clients_fields_are_logged_only_on_request_and_shortened() {
    let origin = ClosingOrigin::start(Speaks::Http, End::Fin);
    let lines = Lines::default();
    let proxy = OriginProxy::new(origin.connector());
    let asked = || {
        let mut request = request(Method::GET);
        let headers = request.headers_mut();
        headers.insert("referer", "http://a.example/b?token=1".parse().unwrap());
        headers.insert("user-agent", "agent/1\"".repeat(100).parse().unwrap());
        request
    };
    let json = AccessLogLayer::json(lines.sink());
    let combined = AccessLogLayer::combined(lines.sink());
    for layer in [json.clone(), combined] {
        drop(call(layer.layer(proxy.clone()), asked()).await);
        let line = lines.only();
        assert!(
            !line.contains("agent") && !line.contains("a.example"),
            "{line}"
        );
        assert!(
            line.starts_with('{') || line.contains(" \"-\" \"-\" duration="),
            "{line}"
        );
    }
    drop(call(json.log_client_fields().layer(proxy), asked()).await);
    let line: Value = serde_json::from_str(&lines.only()).unwrap();
    assert_eq!(line["referer"], "http://a.example/b");
    let agent = line["user_agent"].as_str().unwrap();
    assert_eq!(agent.len(), 512, "{agent}");
    assert!(agent.starts_with("agent/1\"agent"), "{agent}");
}

#[tokio::test]
async fn a_client_that_leaves_has_a_line_too() {
    let origin = ClosingOrigin::start(Speaks::Http, End::Silent);
    let (lines, seen) = (Lines::default(), Seen::default());
    let proxy = seen.proxy(&origin.connector());
    let logged = AccessLogLayer::json(lines.sink()).layer(proxy);
    tokio::select! {
        _ = call(logged, request(Method::GET)) => panic!("the origin does not answer"),
        () = seen.connected() => {}
    }
    let line: Value = serde_json::from_str(&lines.only()).unwrap();
    assert_eq!(line["outcome"], "client_left");
    assert_eq!(line["status"], Value::Null);
    // Not the connection that the first request may have left.
    let proxy = seen.proxy(&origin.connector());
    let logged = AccessLogLayer::combined(lines.sink()).layer(proxy);
    tokio::select! {
        _ = call(logged, request(Method::GET)) => panic!("the origin does not answer"),
        () = seen.connected() => {}
    }
    assert!(lines.only().contains("\" 499 0 "));
}

#[tokio::test]
async fn a_failover_is_in_the_line() {
    let origin = ClosingOrigin::start(Speaks::Http, End::Fin);
    let refused = refused_address();
    let primary = CdnOriginConnector::builder(format!("http://{}", refused.address()));
    let group = OriginGroup::builder()
        .tier([OriginProxy::new(primary.build().unwrap())])
        .tier([OriginProxy::new(origin.connector())])
        .build()
        .unwrap();
    let lines = Lines::default();
    let logged = AccessLogLayer::json(lines.sink()).layer(group);
    let response = call(logged, request(Method::GET)).await;
    response.into_body().collect().await.unwrap();
    let line: Value = serde_json::from_str(&lines.only()).unwrap();
    assert_eq!(line["status"], 200);
    assert_eq!(line["origin"], origin.address().to_string());
    let failed = line["failed_over"][0].as_str().unwrap();
    let expected = format!("{}/connection_refused/", refused.address());
    assert!(failed.starts_with(&expected), "{failed}");
    assert_eq!(line["failed_over"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_line_has_the_host_and_the_trace_of_its_request() {
    let origin = ClosingOrigin::start(Speaks::Http, End::Fin);
    let lines = Lines::default();
    let logged = AccessLogLayer::json(lines.sink()).layer(OriginProxy::new(origin.connector()));
    let mut sent = request(Method::GET);
    let id = "4bf92f3577b34da6a3ce929d0e0e4736";
    let field = format!("00-{id}-00f067aa0ba902b7-01");
    sent.headers_mut()
        .insert("traceparent", field.parse().unwrap());
    let host = sent.headers()["host"].to_str().unwrap().to_owned();
    drop(call(logged, sent).await);
    let line: Value = serde_json::from_str(&lines.only()).unwrap();
    assert_eq!(
        (&line["host"], &line["trace_id"]),
        (&host.into(), &id.into())
    );
}

#[tokio::test]
async fn a_line_has_the_label_of_the_origin() {
    let lines = Lines::default();
    let refused = refused_address();
    let origin = format!("http://{}", refused.address());
    let connector = CdnOriginConnector::builder(origin).label("shop");
    let proxy = OriginProxy::new(connector.build().unwrap());
    drop(
        call(
            AccessLogLayer::json(lines.sink()).layer(proxy),
            request(Method::GET),
        )
        .await,
    );
    let line: Value = serde_json::from_str(&lines.only()).unwrap();
    assert_eq!(line["label"], "shop");
}

#[tokio::test]
async fn a_label_and_a_path_with_spaces_quotes_and_line_ends_end_no_value() {
    let label = "a \"shop\"\nof\u{e9}";
    let origin = |socket: &str| {
        let connector = CdnOriginConnector::builder("http://origin.example").label(label);
        let target: DialTarget = format!("unix:{socket}").parse().unwrap();
        OriginProxy::new(connector.dial(target).build().unwrap())
    };
    let group = || {
        let first = origin("/no such/\"directory\"/1.sock");
        let second = origin("/no such/\"directory\"/2.sock");
        let group = OriginGroup::builder().tier([first]).tier([second]);
        group.build().unwrap()
    };
    let lines = Lines::default();
    let logged = AccessLogLayer::json(lines.sink()).layer(group());
    drop(call(logged, request(Method::GET)).await);
    let line: Value = serde_json::from_str(&lines.only()).unwrap();
    assert_eq!(line["label"], label);
    let failed = line["failed_over"][0].as_str().unwrap();
    let first: DialTarget = "unix:/no such/\"directory\"/1.sock".parse().unwrap();
    assert!(failed.starts_with(&format!("{first}/io/")), "{failed}");

    let logged = AccessLogLayer::combined(lines.sink()).layer(group());
    drop(call(logged, request(Method::GET)).await);
    let line = lines.only();
    let expected = " label=\"a \\x22shop\\x22\\x0Aof\\xC3\\xA9\" ";
    assert!(line.contains(expected), "{line}");
    let expected = " failed_over=\"unix:/no such/";
    assert!(line.contains(expected), "{line}");
}

#[tokio::test]
async fn other_services_are_logged_too() {
    let lines = Lines::default();
    let service = tower::service_fn(|_: Request<Full<Bytes>>| async {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello")))
    });
    let logged = AccessLogLayer::json(lines.sink()).layer(service);
    let response = call(logged.clone(), request(Method::GET)).await;
    response.into_body().collect().await.unwrap();
    drop(call(logged, request(Method::GET)).await);
    let ends: Vec<_> = lines
        .take_json()
        .iter()
        .map(|it| it["outcome"].clone())
        .collect();
    assert_eq!(ends, ["complete", "client_left"]);
}

/// As files are served: the server sends the last byte, and drops the body without another poll.
#[tokio::test]
async fn a_stream_is_complete_when_its_length_was_sent() {
    let service = tower::service_fn(|_: axum::extract::Request| async {
        let frame = Ok::<_, Infallible>(Frame::data(Bytes::from("hello")));
        let response = Response::builder().header("content-length", 5);
        let body = StreamBody::new(stream::iter([frame]));
        Ok::<_, Infallible>(response.body(body).unwrap())
    });
    let lines = Lines::default();
    let logged = AccessLogLayer::json(lines.sink()).layer(service);
    let site = Site::serve(Router::new().fallback_service(logged)).await;
    for (method, bytes) in [("GET", 5), ("HEAD", 0)] {
        let mut client = TcpStream::connect(site.address()).await.unwrap();
        let request = format!("{method} / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
        client.read_to_end(&mut Vec::new()).await.unwrap();
        let line = lines.take_json().remove(0);
        assert_eq!(
            (&line["status"], &line["bytes"]),
            (&200.into(), &bytes.into())
        );
        assert_eq!(line["outcome"], "complete", "{line}");
    }
}

#[tokio::test]
async fn a_service_that_fails_is_no_client_that_left() {
    let origin = ClosingOrigin::start(Speaks::Http, End::Silent);
    let proxy = OriginProxy::new(origin.connector());
    for with_proxy in [false, true] {
        // As a timeout does, it drops the exchange that it has begun.
        let proxy = proxy.clone();
        let service = tower::service_fn(move |request: Request<Full<Bytes>>| {
            let exchange = with_proxy.then(|| proxy.clone().oneshot(request).now_or_never());
            std::future::ready(Err::<Response<Full<Bytes>>, _>(
                exchange.flatten().is_some(),
            ))
        });
        let lines = Lines::default();
        let json = AccessLogLayer::json(lines.sink()).layer(service.clone());
        assert_eq!(json.oneshot(request(Method::GET)).await.err(), Some(false));
        let line: Value = serde_json::from_str(&lines.only()).unwrap();
        assert_eq!(line["outcome"], "failed", "{line}");
        assert_eq!(line["status"], Value::Null);
        assert_eq!(line["origin"].is_string(), with_proxy, "{line}");
        let combined = AccessLogLayer::combined(lines.sink()).layer(service);
        assert_eq!(
            combined.oneshot(request(Method::GET)).await.err(),
            Some(false)
        );
        let line = lines.only();
        assert!(line.contains(" HTTP/1.1\" - 0 "), "{line}");
    }
}

#[tokio::test]
async fn server_timing_has_the_stages_of_a_fresh_connection_only() {
    let origin = ClosingOrigin::start(Speaks::HttpsHttp1, End::Fin);
    let timed = ServerTimingLayer::new().layer(OriginProxy::new(origin.connector()));
    for (connection, stages) in [("fresh", true), ("reused", false)] {
        let response = call(timed.clone(), request(Method::GET)).await;
        let field = response.headers()["server-timing"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(field.contains(&format!("desc=\"{connection}\"")), "{field}");
        assert_eq!(field.contains("handshake;dur="), stages, "{field}");
        assert!(field.contains("first-byte;dur="), "{field}");
        response.into_body().collect().await.unwrap();
    }
    let plain = send(&OriginProxy::new(origin.connector()), request(Method::GET)).await;
    assert!(!plain.headers().contains_key("server-timing"));
}

#[tokio::test]
async fn a_trace_goes_on_under_a_new_id_and_a_malformed_one_is_replaced() {
    let field = |request: Request<Full<Bytes>>| async move {
        let layered = TraceContextLayer::new().layer(tower::service_fn(
            |request: Request<Full<Bytes>>| async move {
                let (parts, _) = request.into_parts();
                let context = *parts.extensions.get::<TraceContext>().unwrap();
                let field = parts.headers["traceparent"].to_str().unwrap();
                assert_eq!(field, context.to_string());
                let state = parts.headers.contains_key("tracestate");
                Ok::<_, Infallible>(Response::new((context, state)))
            },
        ));
        let Ok(response) = layered.oneshot(request).await;
        response.into_body()
    };
    let known = TraceContext::new(0x4bf9, 0x00f0, 0);
    let mut continued = request(Method::GET);
    let headers = continued.headers_mut();
    headers.insert("traceparent", known.to_string().parse().unwrap());
    headers.insert("tracestate", "a=b".parse().unwrap());
    let (context, has_state) = field(continued).await;
    assert_eq!((context.trace_id(), context.flags()), (0x4bf9, 0));
    assert_ne!(context.parent_id(), known.parent_id());
    assert!(has_state);

    let mut malformed = request(Method::GET);
    let headers = malformed.headers_mut();
    headers.insert("traceparent", "00-secret".parse().unwrap());
    headers.insert("tracestate", "a=b".parse().unwrap());
    let (first, has_state) = field(malformed).await;
    let (second, _) = field(request(Method::GET)).await;
    assert!(!has_state);
    assert_ne!(first.trace_id(), second.trace_id());
    assert_eq!(first.flags(), 1);
}
