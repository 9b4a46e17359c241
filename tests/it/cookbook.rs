//! The recipes of the guide do what they say.

#[path = "../../examples/cookbook/mod.rs"]
mod recipes;

use std::{convert::Infallible, future::ready};

use axum::Router;
use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, ErrorKind, OriginProxy, Roots, SpkiPin, VerifyPolicy,
    connector::CdnOriginBuilder, group::OriginGroup, proxy::ProxyBody,
};
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Channel, Empty};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{mpsc, oneshot},
};
use tower::{Service, ServiceExt};

use crate::{
    groups::site::Site as Member,
    memory, origin,
    resolve::listener,
    support::{Authority, Certified, Edge, Site, refused_address},
    upgrades::websockets::{PlainEcho, talk},
};

/// The builder of a recipe, pointed at a test edge that it has to trust.
fn towards(edge: &Edge, origin: CdnOriginBuilder) -> CdnOriginBuilder {
    origin.dial(edge.address().to_string())
}

fn trusting(authority: &Authority) -> VerifyPolicy {
    VerifyPolicy::roots(Roots::pem(authority.root_pem()))
}

async fn send<S, B>(service: S, request: Request<B>) -> Response<ProxyBody>
where
    S: Service<Request<B>, Response = Response<ProxyBody>, Error = Infallible>,
{
    let Ok(response) = service.oneshot(request).await;
    response
}

fn request(host: &str) -> Request<Empty<Bytes>> {
    let request = Request::get("/page").header(header::HOST, host);
    request.body(Empty::new()).unwrap()
}

/// Sends a request for this host. Returns the status, and the failure if there was one.
async fn ask<S>(service: S, host: &str) -> (StatusCode, Option<ErrorKind>)
where
    S: Service<Request<Empty<Bytes>>, Response = Response<ProxyBody>, Error = Infallible>,
{
    let response = send(service, request(host)).await;
    let error = response.extensions().get::<Error>().map(Error::kind);
    (response.status(), error)
}

const OK: (StatusCode, Option<ErrorKind>) = (StatusCode::OK, None);

/// A connector to an edge of plain http.
async fn plain(edge: &Edge) -> CdnOriginConnector {
    let url = format!("http://{}", edge.address());
    CdnOriginConnector::builder(url).build().unwrap()
}

async fn plain_edge() -> Edge {
    Edge::builder(&Authority::new()).plain_http().start().await
}

#[test]
fn every_recipe_is_in_the_guide() {
    let guide = include_str!("../../src/guide/cookbook.rs");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/cookbook");
    for file in std::fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(name == "mod.rs" || guide.contains(&name), "{name}");
    }
}

#[tokio::test]
async fn a_custom_domain_is_in_sni_certificate_and_host() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).serves("www.example.com");
    let edge = edge.knows_hosts(&["www.example.com"]).start().await;
    let origin = towards(&edge, recipes::custom_domain::origin()).verify(trusting(&authority));
    let proxy = OriginProxy::new(origin.build().unwrap());

    assert_eq!(ask(proxy, "client.test").await, OK);
    let seen = edge.wait_for_requests(1).await;
    assert_eq!(seen.sni.as_deref(), Some("www.example.com"));
}

#[tokio::test]
async fn the_host_of_the_client_arrives() {
    let edge = plain_edge().await;
    let proxy = recipes::client_host::proxy(plain(&edge).await);
    assert_eq!(ask(proxy, "client.test").await, OK);
    assert_eq!(edge.wait_for_requests(1).await.host(), Some("client.test"));
}

#[tokio::test]
async fn redirects_to_the_old_site_lead_to_the_client_s_host() {
    let edge = Edge::builder(&Authority::new()).plain_http().respond(|_| {
        let redirect = Response::builder().status(StatusCode::FOUND);
        let redirect = redirect.header(header::LOCATION, "http://old.example.com/new");
        redirect.body(Bytes::new()).unwrap()
    });
    let edge = edge.start().await;
    let proxy = recipes::redirects::proxy(plain(&edge).await).unwrap();
    let response = send(proxy, request("client.test")).await;
    assert_eq!(
        response.headers()[header::LOCATION],
        "http://client.test/new"
    );
}

#[tokio::test]
async fn a_prefix_is_replaced_and_comes_back_in_redirects() {
    let edge = Edge::builder(&Authority::new()).plain_http().respond(|_| {
        let redirect = Response::builder().status(StatusCode::FOUND);
        let redirect = redirect.header(header::LOCATION, "/v2/paid");
        redirect.body(Bytes::new()).unwrap()
    });
    let edge = edge.start().await;
    let proxy = recipes::path_prefix::proxy(plain(&edge).await).unwrap();
    let request = Request::get("/shop/cart").header(header::HOST, "client.test");
    let response = send(proxy, request.body(Empty::<Bytes>::new()).unwrap()).await;
    assert_eq!(response.headers()[header::LOCATION], "/shop/paid");
    assert_eq!(edge.wait_for_requests(1).await.target, "/v2/cart");
}

#[tokio::test]
async fn a_failure_has_a_page_of_one_s_own() {
    let refused = refused_address();
    let url = format!("http://{}", refused.address());
    let connector = CdnOriginConnector::builder(url).build().unwrap();
    let response = send(
        recipes::error_pages::proxy(connector),
        request("client.test"),
    )
    .await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(memory::text(response).await, "<h1>Back soon</h1>");
}

#[tokio::test]
async fn a_certificate_of_the_company_is_accepted_under_its_internal_name() {
    let authority = Authority::new();
    let certified = authority.issue(&["origin.internal.example"]);
    let edge = Edge::builder(&authority).serves_with("www.example.com", certified);
    let edge = edge.start().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), authority.root_pem()).unwrap();
    let origin = recipes::private_authority::origin(file.path().to_str().unwrap());
    let connector = towards(&edge, origin).build().unwrap();
    let proxy = OriginProxy::new(connector.clone());

    assert_eq!(ask(proxy.clone(), "client.test").await, OK);
    assert_eq!(
        edge.wait_for_requests(1).await.host(),
        Some("www.example.com")
    );

    let two = Authority::new().root_pem().repeat(2);
    std::fs::write(file.path(), two).unwrap();
    let reloaded = recipes::private_authority::reload(connector).await;
    reloaded.unwrap();
    let (_, error) = ask(proxy, "client.test").await;
    assert!(matches!(error, Some(ErrorKind::Certificate(_))));
}

#[cfg(unix)]
#[tokio::test]
async fn a_hangup_reads_the_roots_again() {
    use tokio::{
        process::Command,
        signal::unix::{SignalKind, signal},
    };

    let authority = Authority::new();
    let certified = authority.issue(&["origin.internal.example"]);
    let edge = Edge::builder(&authority).serves_with("www.example.com", certified);
    let edge = edge.start().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), Authority::new().root_pem().repeat(2)).unwrap();
    let origin = recipes::private_authority::origin(file.path().to_str().unwrap());
    let connector = towards(&edge, origin).build().unwrap();
    let proxy = OriginProxy::new(connector.clone());
    assert_ne!(ask(proxy.clone(), "client.test").await, OK);

    // Without a handler, the signal would end the tests.
    let _handler = signal(SignalKind::hangup()).unwrap();
    std::fs::write(file.path(), authority.root_pem()).unwrap();
    let reload = recipes::private_authority::reload_on_sighup(connector);
    let reload = tokio::spawn(reload);
    while ask(proxy.clone(), "client.test").await != OK {
        let hang_up = format!("kill -HUP {}", std::process::id());
        let mut shell = Command::new("sh");
        assert!(
            shell
                .args(["-c", &hang_up])
                .status()
                .await
                .unwrap()
                .success()
        );
    }
    reload.abort();
}

#[tokio::test]
async fn either_of_two_pinned_keys_is_accepted_and_no_other() {
    let (authority, stranger) = (Authority::new(), SpkiPin::sha256([7; 32]));
    let certified = authority.issue(&["origin.example.com"]);
    let pin = SpkiPin::sha256(certified.spki_sha256());
    let edge = Edge::builder(&authority).serves_with("origin.example.com", certified);
    let edge = edge.start().await;
    let proxy = |present, next| {
        let origin = recipes::pinned_key::origin(present, next);
        OriginProxy::new(towards(&edge, origin).build().unwrap())
    };

    assert_eq!(ask(proxy(pin, stranger), "client.test").await, OK);
    assert_eq!(ask(proxy(stranger, pin), "client.test").await, OK);
    let (status, error) = ask(proxy(stranger, stranger), "client.test").await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert!(matches!(error, Some(ErrorKind::Certificate(_))));
}

#[tokio::test]
async fn a_client_certificate_is_read_again_when_its_file_has_changed() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let write = |identity: &Certified| {
        std::fs::write(path("client.pem"), identity.cert_pem()).unwrap();
        std::fs::write(path("client.key"), identity.key_pem()).unwrap();
    };
    write(&Authority::new().issue_client("stranger.test"));
    let edge = Edge::builder(&authority).serves("www.example.com");
    let edge = edge.requires_clients_of(&clients).start().await;
    let origin = recipes::client_certificate::origin(&path("client.pem"), &path("client.key"));
    let origin = towards(&edge, origin).verify(trusting(&authority));
    let connector = origin.build().unwrap();
    let proxy = OriginProxy::new(connector.clone());
    assert_eq!(
        ask(proxy.clone(), "client.test").await.0,
        StatusCode::BAD_GATEWAY
    );

    write(&clients.issue_client("client.test"));
    let watch = tokio::spawn(recipes::client_certificate::watch_files(connector));
    while ask(proxy.clone(), "client.test").await != OK {}
    watch.abort();
}

#[tokio::test]
async fn a_bucket_s_website_is_asked_by_its_name() {
    let edge = plain_edge().await;
    let origin = towards(&edge, recipes::s3_website::origin());
    let proxy = OriginProxy::new(origin.build().unwrap());
    assert_eq!(ask(proxy, "www.example.com").await, OK);
    let seen = edge.wait_for_requests(1).await;
    assert_eq!(
        seen.host(),
        Some("my-bucket.s3-website-us-east-1.amazonaws.com")
    );
}

#[tokio::test]
async fn an_upload_of_unknown_length_arrives_with_its_length() {
    let edge = plain_edge().await;
    let proxy = recipes::s3_upload::proxy(plain(&edge).await);
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(2);
    sender.send_data("content".into()).await.unwrap();
    drop(sender);
    let upload = Request::put("/object").header(header::HOST, "client.test");
    let response = send(proxy, upload.body(body).unwrap()).await;
    assert_eq!(response.status(), StatusCode::OK);
    let seen = edge.wait_for_requests(1).await;
    assert_eq!(seen.header("content-length"), Some("7"));
    assert_eq!(seen.body, "content");
}

#[tokio::test]
async fn the_client_s_address_comes_from_the_cdn_in_front() {
    let edge = plain_edge().await;
    let cdn = vec!["127.0.0.0/8".parse().unwrap()];
    let proxy = recipes::behind_a_cdn::proxy(plain(&edge).await, cdn);
    let site = Site::serve(Router::new().fallback_service(proxy)).await;
    let head = "GET / HTTP/1.1\r\nHost: client.test\r\nX-Forwarded-For: 203.0.113.7\r\n\
                Connection: close\r\n\r\n";
    let mut client = TcpStream::connect(site.address()).await.unwrap();
    client.write_all(head.as_bytes()).await.unwrap();
    client.read_to_end(&mut Vec::new()).await.unwrap();
    let seen = edge.wait_for_requests(1).await;
    assert_eq!(seen.header("x-real-ip"), Some("203.0.113.7"));
}

#[tokio::test]
async fn grpc_goes_over_http2_and_its_failures_have_a_grpc_status() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("grpc.example.com")
        .start()
        .await;
    let origin = towards(&edge, recipes::grpc::origin()).verify(trusting(&authority));
    let proxy = recipes::grpc::proxy(origin.build().unwrap());
    let call = || {
        let call = Request::post("/test.Echo/Say").header(header::HOST, "client.test");
        let call = call.header(header::CONTENT_TYPE, "application/grpc");
        call.body(Empty::<Bytes>::new()).unwrap()
    };
    assert_eq!(send(proxy.clone(), call()).await.status(), StatusCode::OK);
    assert_eq!(
        edge.wait_for_requests(1).await.version,
        http::Version::HTTP_2
    );

    edge.stop().await;
    proxy.retire_connections();
    let response = send(proxy, call()).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["grpc-status"], "14");
}

#[tokio::test]
async fn a_websocket_passes_messages() {
    let origin = PlainEcho::start().await;
    let url = format!("http://{}", origin.address());
    let proxy = recipes::websocket::proxy(CdnOriginConnector::builder(url).build().unwrap());
    let site = Site::serve(Router::new().fallback_service(proxy)).await;
    let stream = TcpStream::connect(site.address()).await.unwrap();
    let upgraded = tokio_tungstenite::client_async("ws://client.test/", stream).await;
    talk(upgraded.unwrap().0).await;
}

#[tokio::test]
async fn events_are_passed_on_as_they_arrive() {
    let (listener, address) = listener().await;
    let url = format!("http://{address}");
    let connector = CdnOriginConnector::builder(url).build().unwrap();
    let proxy = recipes::server_sent_events::proxy(connector);
    let response = tokio::spawn(send(proxy, request("client.test")));
    let (mut origin, _) = listener.accept().await.unwrap();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    origin.write_all(head.as_bytes()).await.unwrap();
    let mut body = response.await.unwrap().into_body();
    for event in ["data: first\n\n", "data: second\n\n"] {
        origin.write_all(event.as_bytes()).await.unwrap();
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), event);
    }
}

#[tokio::test]
async fn a_backup_answers_for_a_primary_that_fails() {
    let (primary, backup) = (Member::new("primary"), Member::new("backup"));
    let group = recipes::failover::group(primary.connector(), backup.connector()).unwrap();
    assert_eq!(answer(&group, &[]).await, "primary");
    primary.answer_with(StatusCode::BAD_GATEWAY);
    assert_eq!(answer(&group, &[]).await, "backup");
    primary.kill();
    assert_eq!(answer(&group, &[]).await, "backup");
}

#[tokio::test]
async fn a_member_that_is_dead_gets_no_share() {
    let (large, small) = (Member::new("large"), Member::new("small"));
    let group = recipes::balancing::group(large.connector(), small.connector()).unwrap();
    small.kill();
    for _ in 0..20 {
        assert_eq!(answer(&group, &[]).await, "large");
    }
}

#[tokio::test]
async fn a_session_stays_with_its_origin() {
    let members = ["a", "b", "c"].map(Member::new);
    let connectors = members.each_ref().map(Member::connector);
    let group = recipes::sticky_sessions::group(connectors).unwrap();
    for session in ["session=one", "theme=dark; session=two"] {
        let first = answer(&group, &[("cookie", session)]).await;
        for _ in 0..5 {
            assert_eq!(answer(&group, &[("cookie", session)]).await, first);
        }
    }
}

/// The content of the response of a group.
async fn answer(group: &OriginGroup, fields: &[(&str, &str)]) -> String {
    memory::text(send(group.clone(), memory::get(fields)).await).await
}

#[tokio::test]
async fn each_tenant_has_an_origin_and_other_hosts_get_a_page() {
    let hosts = recipes::tenants::hosts().unwrap();
    let mut known = hosts.hosts();
    known.sort();
    assert_eq!(known, ["blog.example", "shop.example"]);
    let response = send(hosts, request("other.example")).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(memory::text(response).await, "<h1>No such shop</h1>");
}

#[tokio::test]
async fn an_origin_in_the_private_network_is_refused() {
    let template = recipes::user_origins::template().unwrap();
    let hosts = recipes::user_origins::hosts(template.clone());
    let save = |url| recipes::user_origins::save(&hosts, &template, "shop.example", url, None);
    let error = save("http://localhost").await.unwrap_err();
    let kind = Error::find_in(&*error).map(Error::kind);
    assert_eq!(kind, Some(ErrorKind::AddressProhibited));
    let error = save("http://localhost:22").await.unwrap_err();
    assert_eq!(error.to_string(), "the port must be 80 or 443");
    assert!(hosts.hosts().is_empty());
}

#[tokio::test]
async fn an_egress_proxy_is_asked_to_connect_to_the_origin() {
    let (listener, address) = listener().await;
    let egress = format!("http://{address}").parse().unwrap();
    let origin = recipes::egress_proxy::origin(egress).verify(trusting(&Authority::new()));
    let _connecting = tokio::spawn(origin.build().unwrap().oneshot(http::Uri::default()));
    let (mut client, _) = listener.accept().await.unwrap();
    let mut line = [0; 36];
    client.read_exact(&mut line).await.unwrap();
    assert_eq!(&line, b"CONNECT www.example.com:443 HTTP/1.1");
}

#[cfg(feature = "hickory")]
#[tokio::test]
async fn a_name_server_is_asked_over_tls() {
    use cdn_origin::dial::hickory_resolver::config::{ConnectionConfig, NameServerConfig};

    let (listener, address) = listener().await;
    let mut server = NameServerConfig::tls(address.ip(), "dns.example".into());
    let mut connection = ConnectionConfig::tls("dns.example".into());
    connection.port = address.port();
    server.connections = vec![connection];
    let origin = recipes::dns_over_tls::origin(server).unwrap();
    let origin = origin.verify(trusting(&Authority::new()));
    let _connecting = tokio::spawn(origin.build().unwrap().oneshot(http::Uri::default()));
    let (mut client, _) = listener.accept().await.unwrap();
    // A handshake record (RFC 8446 section 5.1).
    assert_eq!(client.read_u8().await.unwrap(), 22);
}

#[tokio::test]
async fn content_beyond_the_limit_is_refused() {
    let edge = plain_edge().await;
    let proxy = recipes::limits::proxy(plain(&edge).await);
    let upload = Request::put("/").header(header::HOST, "client.test");
    let upload = upload.header(header::CONTENT_LENGTH, 11 * 1024 * 1024);
    let response = send(proxy.clone(), upload.body(Empty::<Bytes>::new()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(ask(proxy, "client.test").await, OK);
}

#[tokio::test]
async fn after_a_shutdown_no_request_is_accepted() {
    let edge = plain_edge().await;
    let proxy = OriginProxy::new(plain(&edge).await);
    assert_eq!(ask(proxy.clone(), "client.test").await, OK);
    let (listener, _) = listener().await;
    let served = recipes::shutdown::serve(listener, proxy.clone(), ready(())).await;
    served.unwrap();
    let refused = (StatusCode::SERVICE_UNAVAILABLE, Some(ErrorKind::Draining));
    assert_eq!(ask(proxy, "client.test").await, refused);
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_a_request_without_an_end() {
    let (origin, address) = listener().await;
    let url = format!("http://{address}");
    let proxy = OriginProxy::new(CdnOriginConnector::builder(url).build().unwrap());
    let (front, address) = listener().await;
    let (signal, signalled) = oneshot::channel::<()>();
    let serving = tokio::spawn(recipes::shutdown::serve(front, proxy, signalled));
    let mut client = TcpStream::connect(address).await.unwrap();
    let head = b"GET / HTTP/1.1\r\nHost: client.test\r\n\r\n";
    client.write_all(head).await.unwrap();
    let (mut upstream, _) = origin.accept().await.unwrap();
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    upstream.write_all(head).await.unwrap();
    client.read_u8().await.unwrap();

    signal.send(()).unwrap();
    tokio::time::pause();
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_origin_hears_that_the_client_used_tls() {
    let authority = Authority::new();
    let edge = plain_edge().await;
    let proxy = OriginProxy::new(plain(&edge).await);
    let (front, address) = listener().await;
    let tls = origin::server_config(&authority, b"h2");
    let serving = tokio::spawn(recipes::tls_for_clients::serve(front, tls, proxy));
    let plain_client = TcpStream::connect(address).await.unwrap();
    drop(plain_client);

    let client = CdnOriginConnector::builder(format!("https://{}", origin::NAME));
    let client = client.dial(address.to_string());
    let client = client.verify(trusting(&authority)).build().unwrap();
    assert_eq!(ask(OriginProxy::new(client), origin::NAME).await, OK);
    let seen = edge.wait_for_requests(1).await;
    assert_eq!(seen.header("x-forwarded-proto"), Some("https"));
    assert_eq!(seen.header("x-forwarded-for"), Some("127.0.0.1"));
    serving.abort();
}

#[tokio::test]
async fn until_the_load_balancer_has_seen_the_failed_check_requests_are_served() {
    let edge = plain_edge().await;
    let proxy = OriginProxy::new(plain(&edge).await);
    let (front, address) = listener().await;
    let (signal, signalled) = oneshot::channel::<()>();
    let notice = std::time::Duration::from_secs(3600);
    let serving = recipes::load_balancer::serve(front, proxy.clone(), signalled, notice);
    let serving = tokio::spawn(serving);
    let get = async |path: &str| {
        let mut client = TcpStream::connect(address).await.unwrap();
        let head = format!("GET {path} HTTP/1.0\r\nHost: client.test\r\n\r\n");
        client.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[9..12]).into_owned()
    };
    assert_eq!(get("/readyz").await, "200");
    signal.send(()).unwrap();
    while get("/readyz").await != "503" {}
    assert_eq!(get("/page").await, "200");

    // The time passes, and the drain begins.
    tokio::time::pause();
    serving.await.unwrap().unwrap();
    let refused = (StatusCode::SERVICE_UNAVAILABLE, Some(ErrorKind::Draining));
    assert_eq!(ask(proxy, "client.test").await, refused);
}

#[tokio::test]
async fn an_access_log_has_a_line_for_each_request() {
    let edge = plain_edge().await;
    let (sender, lines) = mpsc::channel(1);
    let app = recipes::access_log::app(plain(&edge).await, sender);
    let response = app.oneshot(request("client.test")).await.unwrap();
    response.into_body().collect().await.unwrap();
    let mut log = Vec::new();
    let written = recipes::access_log::write(lines, &mut log).await;
    written.unwrap();
    let line: Value = serde_json::from_slice(&log).unwrap();
    assert_eq!(line["status"], 200);
}

#[cfg(feature = "metrics")]
#[tokio::test]
async fn metrics_count_requests() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let edge = plain_edge().await;
    let proxy = recipes::metrics::proxy(&plain(&edge).await);
    let response = send(proxy, request("client.test")).await;
    memory::text(response).await;
    let text = recorder.handle().render();
    assert!(text.contains("http_client_request_duration"), "{text}");
}

#[cfg(feature = "metrics")]
#[tokio::test]
async fn the_gauges_of_a_removed_tenant_are_zero() {
    use cdn_origin::{
        metrics::MetricsObserver,
        tenants::{Tenant, VirtualHosts},
    };

    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let edge = plain_edge().await;
    let template = CdnOriginConnector::any_origin().build().unwrap();
    let hosts = VirtualHosts::new(OriginProxy::new(template));
    let tenant = Tenant::new(format!("http://{}", edge.address()));
    hosts.insert("shop.example", tenant).unwrap();
    memory::text(send(hosts.clone(), request("shop.example")).await).await;
    let metrics = MetricsObserver::new();
    let open = |count| {
        let text = recorder.handle().render();
        let mut lines = text.lines();
        lines.any(|line| line.contains("state=\"idle\"") && line.ends_with(count))
    };
    recipes::metrics::sample(&metrics, &hosts);
    assert!(open(" 1"));
    hosts.remove("shop.example");
    recipes::metrics::sample(&metrics, &hosts);
    assert!(open(" 0"));
}
