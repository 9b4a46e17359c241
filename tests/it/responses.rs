//! What an edge answers over HTTP: it passes untouched, with a diagnosis in its extensions.

use std::{
    convert::Infallible,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, ForwardedLayer, HostRewriteLayer, OriginProxy, ResponseRewriteLayer,
    connector::ConnectionInfo,
    diagnosis::{CauseId, Certainty, Diagnosis},
    error::{ErrorKind, Stage},
    group::{HealthCheck, Member, OriginGroup},
    origin::Scheme,
    proxy::{Limits, ProxyBody},
    tenants::{Tenant, VirtualHosts},
};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::{Service, ServiceExt};

use crate::{
    failing::{serving, to},
    support::{Authority, Behaviour, Edge, HostMismatch},
    tls_facts::Log,
    transports::to as over,
};

fn request(host: &str) -> Request<Full<Bytes>> {
    Request::get("/")
        .header("host", host)
        .body(Full::default())
        .unwrap()
}

async fn send<S>(service: S, host: &str) -> Response<ProxyBody>
where
    S: Service<Request<Full<Bytes>>, Response = Response<ProxyBody>, Error = Infallible>,
{
    let Ok(response) = service.oneshot(request(host)).await;
    response
}

async fn text(response: Response<ProxyBody>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[track_caller]
fn check(response: &Response<ProxyBody>, id: CauseId, certainty: Certainty, fix: &str) {
    let diagnosis: &Diagnosis = response.extensions().get().expect("there is a diagnosis");
    let cause = diagnosis.likeliest().unwrap();
    assert_eq!(
        (cause.id(), cause.certainty()),
        (id, certainty),
        "{diagnosis}"
    );
    assert_eq!(cause.fixes().first().unwrap().to_string(), fix);
}

#[tokio::test]
async fn http_to_the_tls_port_passes_the_400_and_says_https() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let origin = format!("http://127.0.0.1:{}", edge.port());
    let connector = CdnOriginConnector::builder(origin)
        .host("www.example.test")
        .build()
        .unwrap();
    let response = send(OriginProxy::new(connector), "client.test").await;

    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let fix = format!(
        "CdnOriginConnector::builder(\"https://127.0.0.1:{}\")",
        edge.port()
    );
    check(&response, CauseId::HttpToTlsPort, Certainty::Likely, &fix);
    let page = text(response).await;
    assert!(
        page.contains("The plain HTTP request was sent to HTTPS port"),
        "{page}"
    );
}

#[tokio::test]
async fn http_to_port_443_is_certainly_the_wrong_scheme() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let connector = CdnOriginConnector::builder("http://www.example.test:443")
        .transport(over(edge.address()))
        .build()
        .unwrap();
    let response = send(OriginProxy::new(connector), "client.test").await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let fix = "CdnOriginConnector::builder(\"https://www.example.test\")";
    check(&response, CauseId::HttpToTlsPort, Certainty::Certain, fix);
}

#[tokio::test]
async fn redirect_to_https_says_https() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).redirects_to_https().start().await;
    let connector = CdnOriginConnector::builder("http://www.example.test")
        .transport(over(edge.address()))
        .build()
        .unwrap();
    let response = send(OriginProxy::new(connector), "client.test").await;

    assert_eq!(response.status(), StatusCode::MOVED_PERMANENTLY);
    let fix = "CdnOriginConnector::builder(\"https://www.example.test\")";
    check(&response, CauseId::HttpsRequired, Certainty::Certain, fix);
}

#[tokio::test]
async fn wrong_host_answered_by_421_says_that_sni_and_host_disagree() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.example.test")
        .host_mismatch(HostMismatch::Misdirected421)
        .start()
        .await;
    let connector = to(&edge, &authority, "www.example.test").build().unwrap();
    let proxy = OriginProxy::new(connector).host_rewrite(HostRewriteLayer::preserve());
    let response = send(proxy, "client.test").await;

    assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST);
    let fix = "HostRewriteLayer::to(\"www.example.test\"), or another name that the edge serves";
    check(
        &response,
        CauseId::SniAndHostDisagree,
        Certainty::Certain,
        fix,
    );
    assert!(response.extensions().get::<ConnectionInfo>().is_some());
}

#[tokio::test]
async fn wrong_host_answered_by_403_passes_the_page_untouched() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.example.test")
        .knows_hosts(&["www.example.test"])
        .start()
        .await;
    let connector = to(&edge, &authority, "www.example.test").build().unwrap();
    let proxy = OriginProxy::new(connector).host_rewrite(HostRewriteLayer::preserve());
    let response = send(proxy, "client.test").await;

    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(response.headers()["x-cache"], "Error from cloudfront");
    let fix = "HostRewriteLayer::to(\"www.example.test\"), or another name that the edge serves";
    check(&response, CauseId::HostNotServed, Certainty::Likely, fix);
    let length: usize = response.headers()["content-length"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let page = text(response).await;
    assert_eq!(page.len(), length);
    assert!(
        page.contains("Generated by cloudfront (CloudFront)"),
        "{page}"
    );
}

#[tokio::test]
async fn a_refused_host_that_a_layer_sent_is_to_be_the_builders() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("edge.cdn.test")
        .knows_hosts(&["www.shop.test"])
        .start()
        .await;
    let builder = to(&edge, &authority, "edge.cdn.test").host("www.shop.test");
    let proxy = OriginProxy::new(builder.build().unwrap());
    let proxy = proxy.host_rewrite(HostRewriteLayer::preserve());
    let response = send(proxy, "client.test").await;
    let fix = "HostRewriteLayer::to(\"www.shop.test\") or HostRewriteLayer::to(\"edge.cdn.test\"), \
               or another name that the edge serves";
    check(&response, CauseId::HostNotServed, Certainty::Likely, fix);
}

#[tokio::test]
async fn a_refused_host_with_a_port_is_to_be_sent_without_it() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.shop.test")
        .respond(|_| Response::builder().status(421).body(Bytes::new()).unwrap())
        .start()
        .await;
    let builder = to(&edge, &authority, "www.shop.test").host("www.shop.test:8443");
    let response = send(OriginProxy::new(builder.build().unwrap()), "client.test").await;
    let fix = ".host(\"www.shop.test\"), or another name that the edge serves";
    check(&response, CauseId::HostNotServed, Certainty::Likely, fix);
}

#[tokio::test]
async fn plain_403_with_disagreeing_names_is_possibly_theirs() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.example.test")
        .respond(|_| Response::builder().status(403).body(Bytes::new()).unwrap())
        .start()
        .await;
    let connector = to(&edge, &authority, "www.example.test").build().unwrap();
    let disagreeing =
        OriginProxy::new(connector.clone()).host_rewrite(HostRewriteLayer::preserve());
    let response = send(disagreeing, "client.test").await;
    let fix = "HostRewriteLayer::to(\"www.example.test\"), or another name that the edge serves";
    check(
        &response,
        CauseId::SniAndHostDisagree,
        Certainty::Possible,
        fix,
    );

    // With one name for everything, the edge may not serve it.
    let response = send(OriginProxy::new(connector), "client.test").await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let fix = ".host(\"..\") with a name that the edge serves";
    check(&response, CauseId::HostNotServed, Certainty::Possible, fix);
    let diagnosis: &Diagnosis = response.extensions().get().unwrap();
    let clients = diagnosis.likeliest().unwrap().fixes()[1].to_string();
    assert_eq!(clients, "HostRewriteLayer::preserve()");
}

/// The edge at `www.example.test`, which answers each request with the next of these.
async fn answering(authority: &Authority, answers: Vec<Response<Bytes>>) -> Edge {
    let answers = std::sync::Mutex::new(answers.into_iter().cycle());
    let edge = Edge::builder(authority).serves("www.example.test");
    edge.respond(move |_| answers.lock().unwrap().next().unwrap())
        .start()
        .await
}

#[tokio::test]
async fn a_bare_403_to_the_clients_own_host_asks_for_the_name_of_the_site() {
    let authority = Authority::new();
    let refusal = Response::builder().status(403).body(Bytes::new()).unwrap();
    let edge = answering(&authority, vec![refusal]).await;
    let connector = to(&edge, &authority, "www.example.test").build().unwrap();
    let response = send(OriginProxy::new(connector), "www.example.test").await;
    let fix = ".host(\"..\") with a name that the edge serves";
    check(&response, CauseId::HostNotServed, Certainty::Possible, fix);
    let diagnosis: &Diagnosis = response.extensions().get().unwrap();
    let confirm = diagnosis.likeliest().unwrap().confirm().unwrap();
    assert!(confirm.contains("the names of your site"), "{confirm}");
}

#[tokio::test]
async fn a_403_of_an_application_is_no_diagnosis() {
    let authority = Authority::new();
    let own = |field: (&str, &str), page: &'static str| {
        let response = Response::builder().status(403).header(field.0, field.1);
        response.body(Bytes::from_static(page.as_bytes())).unwrap()
    };
    let long = "long ".repeat(500).leak();
    let answers = vec![
        own(("content-type", "application/json"), "{}"),
        own(("www-authenticate", "Basic realm=\"a\""), "no"),
        own(("x-powered-by", "PHP"), "no"),
        own(("etag", "\"1\""), "no"),
        own(("x-nothing", ""), long),
        own(
            ("x-nothing", ""),
            "CSRF verification failed. Request aborted.",
        ),
    ];
    let count = answers.len();
    let edge = answering(&authority, answers).await;
    for host in ["www.example.test", "shop.example.test"] {
        let connector = to(&edge, &authority, "www.example.test").host(host);
        let proxy = OriginProxy::new(connector.build().unwrap());
        for _ in 0..count {
            let response = send(proxy.clone(), "client.test").await;
            assert_eq!(response.status(), StatusCode::FORBIDDEN);
            let diagnosis = response.extensions().get::<Diagnosis>();
            assert!(
                diagnosis.is_none(),
                "{:?}: {diagnosis:?}",
                response.headers()
            );
        }
    }
}

/// Protection against bots sets cookies. An application that has answered other requests is more
/// likely to have sent one.
#[tokio::test]
async fn a_403_with_a_cookie_may_be_about_a_host_that_has_got_no_success() {
    let authority = Authority::new();
    let refusal = Response::builder()
        .status(403)
        .header("set-cookie", "id=1")
        .body(Bytes::new())
        .unwrap();
    let edge = answering(&authority, vec![refusal; 2]).await;
    let connector = to(&edge, &authority, "www.example.test").build().unwrap();
    let one_host = OriginProxy::new(connector);
    let many_hosts = one_host.clone().host_rewrite(HostRewriteLayer::preserve());
    for (proxy, is_logged) in [(one_host, true), (many_hosts, false)] {
        let (log, _guard) = Log::down_to(tracing::Level::INFO);
        let response = send(proxy, "www.example.test").await;
        let diagnosis = response.extensions().get::<Diagnosis>();
        assert_eq!(diagnosis.is_some(), is_logged, "{diagnosis:?}");
        let text = log.text();
        assert_eq!(text.contains("perhaps by Host"), is_logged, "{text}");
    }
}

#[tokio::test]
async fn a_403_is_not_about_names_that_have_got_a_success() {
    let authority = Authority::new();
    let answer = |status: u16| {
        let response = Response::builder().status(status);
        response.body(Bytes::new()).unwrap()
    };
    let answers = || vec![answer(403), answer(200), answer(403), answer(400)];
    for host in ["www.example.test", "shop.example.test"] {
        let edge = answering(&authority, answers()).await;
        let connector = to(&edge, &authority, "www.example.test").host(host);
        let proxy = OriginProxy::new(connector.build().unwrap());
        let response = send(proxy.clone(), "client.test").await;
        assert!(response.extensions().get::<Diagnosis>().is_some());
        assert_eq!(send(proxy.clone(), "client.test").await.status(), 200);
        let (log, _guard) = Log::down_to(tracing::Level::INFO);
        for _ in 0..2 {
            let response = send(proxy.clone(), "client.test").await;
            assert!(response.extensions().get::<Diagnosis>().is_none());
        }
        assert!(!log.text().contains("perhaps by Host"), "{}", log.text());
    }
}

#[tokio::test]
async fn an_origin_that_has_answered_404_alone_is_logged() {
    let authority = Authority::new();
    let answer = |status: u16| {
        let response = Response::builder().status(status);
        response.body(Bytes::new()).unwrap()
    };
    let answers = vec![answer(404), answer(200), answer(404)];
    let edge = answering(&authority, answers).await;
    let connector = to(&edge, &authority, "www.example.test").build().unwrap();
    let proxy = OriginProxy::new(connector);
    for is_logged in [true, false, false] {
        let (log, _guard) = Log::down_to(tracing::Level::INFO);
        let response = send(proxy.clone(), "client.test").await;
        assert!(response.extensions().get::<Diagnosis>().is_none());
        let text = log.text();
        assert_eq!(text.contains("perhaps by Host"), is_logged, "{text}");
    }
}

/// An edge that answers some paths for any Host, and refuses the others.
async fn refusing_all_but(authority: &Authority, paths: &'static [&'static str]) -> Edge {
    let edge = Edge::builder(authority).serves("www.example.test");
    let edge = edge.respond(|request| {
        let status = match paths.contains(&request.uri().path()) {
            true => 200,
            false => 403,
        };
        Response::builder()
            .status(status)
            .body(Bytes::new())
            .unwrap()
    });
    edge.start().await
}

async fn get(proxy: &OriginProxy, path: &str) -> StatusCode {
    let request = Request::get(path).header("host", "client.test");
    let request = request.body(Full::<Bytes>::default()).unwrap();
    let Ok(response) = proxy.clone().oneshot(request).await;
    response.status()
}

#[tokio::test]
async fn a_success_of_one_path_hides_no_403_of_others() {
    let authority = Authority::new();
    let edge = refusing_all_but(&authority, &["/health", "/a", "/b"]).await;
    let connector = to(&edge, &authority, "www.example.test").build().unwrap();
    let proxy = OriginProxy::new(connector);
    for (path, is_logged) in [
        ("/page", true),
        // Once a minute, now that there was a success.
        ("/other", false),
        ("/health?deep=1", false),
    ] {
        let (log, _guard) = Log::down_to(tracing::Level::INFO);
        assert_eq!(get(&proxy, "/health").await, StatusCode::OK);
        get(&proxy, path).await;
        let text = log.text();
        assert_eq!(
            text.contains("perhaps by Host"),
            is_logged,
            "{path}: {text}"
        );
    }
    let (debug, _guard) = Log::down_to(tracing::Level::DEBUG);
    get(&proxy, "/page").await;
    let text = debug.text();
    assert!(text.contains("may have refused"), "{text}");
    drop((debug, _guard));
    let (log, _guard) = Log::down_to(tracing::Level::DEBUG);
    for path in ["/a", "/b", "/page"] {
        get(&proxy, path).await;
    }
    let text = log.text();
    assert!(
        !text.contains("may have refused"),
        "three paths show it: {text}"
    );
}

#[tokio::test]
async fn a_health_check_shows_nothing_of_the_host_of_clients() {
    let authority = Authority::new();
    let edge = refusing_all_but(&authority, &["/health"]).await;
    let connector = to(&edge, &authority, "www.example.test").build().unwrap();
    let group = OriginGroup::builder()
        .tier([Member::new(connector).name("a")])
        .health_check(HealthCheck::get("/health"))
        .build()
        .unwrap();
    while group.snapshot()[0].last_check.is_none() {
        tokio::task::yield_now().await;
    }
    for path in ["/health", "/a", "/b"] {
        let (log, _guard) = Log::down_to(tracing::Level::INFO);
        let response = Request::get(path).header("host", "client.test");
        let response = response.body(Full::<Bytes>::default()).unwrap();
        drop(group.clone().oneshot(response).await);
        let text = log.text();
        assert_eq!(
            text.contains("perhaps by Host"),
            path == "/a",
            "{path}: {text}"
        );
    }
}

#[tokio::test]
async fn an_unexplained_refusal_is_logged_with_the_host_that_was_sent() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.example.test")
        .respond(|_| Response::builder().status(403).body(Bytes::new()).unwrap())
        .start()
        .await;
    let connector = to(&edge, &authority, "www.example.test").build().unwrap();
    let proxy = OriginProxy::new(connector);
    let (log, _guard) = Log::down_to(tracing::Level::INFO);
    send(proxy, "client.test").await;
    let text = log.text();
    assert!(text.contains("host=www.example.test status=403"), "{text}");
}

#[tokio::test]
async fn a_redirect_that_is_let_through_is_not_called_a_refusal() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.example.test")
        .respond(|_| {
            let moved = Response::builder().status(302);
            let moved = moved.header("location", "https://www.example.test/new");
            moved.body(Bytes::new()).unwrap()
        })
        .start()
        .await;
    let connector = to(&edge, &authority, "www.example.test").build().unwrap();
    let proxy = OriginProxy::new(connector).response_rewrite(ResponseRewriteLayer::off());
    let (log, _guard) = Log::down_to(tracing::Level::INFO);
    let response = send(proxy, "client.test").await;
    assert_eq!(response.status(), StatusCode::FOUND);
    let text = log.text();
    assert!(!text.contains("refused"), "{text}");
    assert!(
        text.contains("the redirect leads clients past the proxy"),
        "{text}"
    );
}

/// A proxy whose origin answers its first request, and then sends this response.
async fn after_a_success(
    status: u16,
    server: &'static str,
    body: &'static str,
) -> Option<Diagnosis> {
    let authority = Authority::new();
    let requests = AtomicUsize::new(0);
    let edge = Edge::builder(&authority)
        .serves("lb.example.test")
        .respond(move |_| {
            let response = Response::builder().header("server", server);
            let (status, body) = match requests.fetch_add(1, Ordering::Relaxed) {
                0 => (200, "the site"),
                _ => (status, body),
            };
            response.status(status).body(body.into()).unwrap()
        })
        .start()
        .await;
    let builder = to(&edge, &authority, "lb.example.test").host("www.example.test");
    let proxy = OriginProxy::new(builder.build().unwrap());
    let first = send(proxy.clone(), "client.test").await;
    assert_eq!(first.status(), StatusCode::OK);
    let second = send(proxy, "client.test").await;
    assert_eq!(second.status().as_u16(), status);
    second.extensions().get().cloned()
}

#[tokio::test]
async fn a_host_that_was_answered_is_not_the_reason_for_an_outage() {
    for (status, line) in [
        (502, "502 Bad Gateway"),
        (503, "503 Service Temporarily Unavailable"),
        (504, "504 Gateway Time-out"),
    ] {
        let page = format!("<center><h1>{line}</h1></center>\r\n<hr><center>nginx</center>");
        let diagnosis = after_a_success(status, "nginx", page.leak()).await.unwrap();
        let causes = diagnosis.causes().iter();
        let causes: Vec<_> = causes.map(|it| (it.id(), it.certainty())).collect();
        let down = (CauseId::BehindTheEdge, Certainty::Likely);
        assert_eq!(causes, [down], "{diagnosis}");
    }
    // A 404 is then the application's, or about the path.
    assert_eq!(after_a_success(404, "envoy", "no such article").await, None);
}

#[tokio::test]
async fn honest_answers_carry_no_diagnosis() {
    let authority = Authority::new();
    for status in [200, 301, 400, 404, 500, 502] {
        let edge = Edge::builder(&authority)
            .serves("www.example.test")
            .respond(move |_| {
                let response = Response::builder().status(status);
                response
                    .header("location", "https://www.example.test/elsewhere")
                    .body(Bytes::from_static(b"honest"))
                    .unwrap()
            })
            .start()
            .await;
        let connector = to(&edge, &authority, "www.example.test").build().unwrap();
        let response = send(OriginProxy::new(connector), "client.test").await;
        assert_eq!(response.status().as_u16(), status);
        assert!(
            response.extensions().get::<Diagnosis>().is_none(),
            "{status}"
        );
        assert_eq!(text(response).await, "honest");
    }
}

#[tokio::test]
async fn a_stall_before_the_first_byte_is_504_with_the_facts_of_the_connection() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.example.test")
        .behaviour(Behaviour::StallBeforeResponse)
        .start()
        .await;
    let deadline = Duration::from_secs(1);
    let connector = to(&edge, &authority, "www.example.test").build().unwrap();
    let proxy = OriginProxy::new(connector).limits(Limits::default().response_timeout(deadline));
    let response = send(proxy, "client.test").await;

    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(
        response.headers()["proxy-status"],
        "cdn-origin;error=http_response_timeout"
    );
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(error.stage(), Stage::Receive);
    assert_eq!(error.facts().deadline(), Some(deadline));
    assert!(error.facts().tls_session().is_some());
    let cause = error.diagnosis().likeliest().unwrap().id();
    assert_eq!(cause, CauseId::TooSlow);
}

#[tokio::test]
async fn a_reset_before_the_first_byte_is_502() {
    let authority = Authority::new();
    for protocol in ["h2", "http/1.1"] {
        let edge = Edge::builder(&authority)
            .serves("www.example.test")
            .alpn(&[protocol])
            .behaviour(Behaviour::ResetBeforeResponse)
            .start()
            .await;
        let connector = to(&edge, &authority, "www.example.test").build().unwrap();
        let response = send(OriginProxy::new(connector), "client.test").await;

        assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
        let error: &Error = response.extensions().get().unwrap();
        assert_eq!(
            error.kind(),
            ErrorKind::ConnectionReset,
            "{protocol}: {error:?}"
        );
        assert_eq!(error.stage(), Stage::Receive);
        assert!(error.facts().tls_session().is_some());
    }
}

#[tokio::test]
async fn the_answer_to_a_failed_handshake_names_the_alert_and_nothing_internal() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let connector = to(&edge, &authority, "d1234567890.cloudfront.test")
        .build()
        .unwrap();
    let proxy = OriginProxy::new(connector).host_rewrite(HostRewriteLayer::preserve());
    let response = send(proxy, "www.example.test").await;

    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(
        response.headers()["proxy-status"],
        r#"cdn-origin;error=tls_alert_received;alert-id=40;alert-message="handshake_failure""#
    );
    let error: Error = response.extensions().get::<Error>().unwrap().clone();
    let fix = error
        .diagnosis()
        .likeliest()
        .unwrap()
        .fixes()
        .first()
        .unwrap()
        .to_string();
    // The client's Host is what the edge serves.
    assert_eq!(
        fix,
        ".sni(\"www.example.test\"), or another name that the edge serves"
    );
    assert_eq!(text(response).await, "502 Bad Gateway\n");
}

/// A proxy to an https origin that answers every request by this redirect.
async fn redirected(
    location: &'static str,
    proxy: impl FnOnce(OriginProxy) -> OriginProxy,
) -> Option<Diagnosis> {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.example.test")
        .respond(move |_| {
            let response = Response::builder().status(302).header("location", location);
            response.body(Bytes::new()).unwrap()
        })
        .start()
        .await;
    let connector = to(&edge, &authority, "www.example.test").build().unwrap();
    let response = send(proxy(OriginProxy::new(connector)), "client.test").await;
    response.extensions().get().cloned()
}

fn with_scheme(scheme: Scheme) -> ForwardedLayer {
    ForwardedLayer::new().client_scheme(scheme)
}

fn likeliest(diagnosis: Option<Diagnosis>) -> (CauseId, Certainty, String) {
    let diagnosis = diagnosis.expect("a diagnosis");
    let cause = diagnosis.likeliest().unwrap();
    let fix = cause.fixes().first().unwrap().to_string();
    (cause.id(), cause.certainty(), fix)
}

#[tokio::test]
async fn a_redirect_to_the_name_by_which_the_client_came_is_likely_a_loop() {
    let https = |proxy: OriginProxy| proxy.forwarded(with_scheme(Scheme::Https));
    let found = likeliest(redirected("https://client.test/", https).await);
    let preserve = "HostRewriteLayer::preserve()".to_owned();
    assert_eq!(found, (CauseId::RedirectLoop, Certainty::Likely, preserve));
    // To another page, it is a redirect like others.
    assert_eq!(redirected("https://client.test/login", https).await, None);
}

#[tokio::test]
async fn a_client_that_is_sent_to_https_may_have_come_by_it_all_along() {
    let preserving = |proxy: OriginProxy| proxy.host_rewrite(HostRewriteLayer::preserve());
    let by_http = |proxy: OriginProxy| proxy.forwarded(with_scheme(Scheme::Http));
    let back = "https://client.test/";
    for (found, expected) in [
        (redirected(back, |proxy| proxy).await, Certainty::Likely),
        (redirected(back, preserving).await, Certainty::Likely),
        // If clients are known to use http, another port may serve https.
        (redirected(back, by_http).await, Certainty::Possible),
        (
            redirected(back, |proxy| preserving(by_http(proxy))).await,
            Certainty::Possible,
        ),
    ] {
        let cause = found.unwrap().likeliest().unwrap().clone();
        let is = (cause.id(), cause.certainty());
        assert_eq!(is, (CauseId::RedirectLoop, expected));
        let fixes: Vec<_> = cause.fixes().iter().map(ToString::to_string).collect();
        let fixes = fixes.join("; ");
        assert!(fixes.contains("client_scheme(Scheme::Https)"), "{fixes}");
    }
}

#[tokio::test]
async fn a_redirect_to_the_origins_name_matters_only_where_it_is_passed_on() {
    let away = "https://www.example.test/elsewhere";
    assert_eq!(redirected(away, |proxy| proxy).await, None);
    let (id, certainty, _) = likeliest(
        redirected(away, |proxy| {
            proxy.response_rewrite(ResponseRewriteLayer::off())
        })
        .await,
    );
    assert_eq!(
        (id, certainty),
        (CauseId::LocationNamesOrigin, Certainty::Certain)
    );
}

#[tokio::test]
async fn the_scheme_of_the_forwarded_layer_is_that_of_redirects_alone_in_groups_and_of_tenants() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .plain_http()
        .respond(|request| {
            let proto = request.headers()["x-forwarded-proto"].to_str().unwrap();
            let response = Response::builder().status(302);
            let location = format!("http://www.example.test/{proto}");
            response
                .header("location", location)
                .body(Bytes::new())
                .unwrap()
        })
        .start()
        .await;
    let url = "http://www.example.test";
    let template = CdnOriginConnector::any_origin().build().unwrap();
    let connector = CdnOriginConnector::builder(url).dial(edge.address());
    let connector = connector.build().unwrap();
    for (scheme, to) in [(Scheme::Https, "https"), (Scheme::Http, "http")] {
        let proxy = |connector| OriginProxy::new(connector).forwarded(with_scheme(scheme));
        let alone = proxy(connector.clone());
        let group = OriginGroup::builder().tier([Member::new(alone.clone())]);
        let hosts = VirtualHosts::new(proxy(template.clone()));
        let tenant = Tenant::new(url).dial(edge.address());
        hosts.insert("client.test", tenant).unwrap();
        for response in [
            send(alone, "client.test").await,
            send(group.build().unwrap(), "client.test").await,
            send(hosts, "client.test").await,
        ] {
            let location = format!("{to}://client.test/{to}");
            assert_eq!(response.headers()["location"], location);
        }
    }
}
