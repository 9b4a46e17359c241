//! The code that the importers print. `tests/it/import/mod.rs` writes this file.

#![allow(dead_code, unused_qualifications, reason = "it is code of other programs")]

pub(super) mod nginx_analytics_script {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::Alpn;
use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::ForwardedLayer;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;
use std::error::Error;

/// `location = /js/script.js`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, Box<dyn Error>> {
    let connector = CdnOriginConnector::builder("https://analytics.origin.example")
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576))
        .map_path("/js/script.js".parse()?, "/js/stats.js".parse()?))
}

/// `location = /api/event`, line 7.
pub(crate) fn location_2() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://analytics.origin.example")
        .alpn(Alpn::Http1)
        .build()?;
    Ok(OriginProxy::new(connector)
        .forwarded(ForwardedLayer::new().append_unverified())
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    // `location = /js/script.js`: route its requests to `location_1()?` by host or path.
    // `location = /api/event`: route its requests to `location_2()?` by host or path.
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_azure_app_service {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::ForwardedLayer;
use cdn_origin::OriginProxy;
use cdn_origin::forwarded::ForwardedField;
use cdn_origin::proxy::Limits;

/// `location /`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://shop-example.azurewebsites.net")
        .build()?;
    Ok(OriginProxy::new(connector)
        .forwarded(ForwardedLayer::new().fields([ForwardedField::XForwardedFor, ForwardedField::XForwardedHost, ForwardedField::XForwardedPort, ForwardedField::XForwardedProto, ForwardedField::XRealIp]))
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_azure_blob_through_upstream {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use axum::Router;
use cdn_origin::Alpn;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::pool::PoolSettings;
use cdn_origin::proxy::Limits;
use cdn_origin::proxy::Upgrades;
use std::error::Error;

/// `location /files/`, line 2.
pub(crate) fn location_1() -> Result<OriginProxy, Box<dyn Error>> {
    let connector = CdnOriginConnector::builder("https://storeexample.blob.core.windows.net:443")
        .sni("storeexample.blob.core.windows.net")
        .alpn(Alpn::Http1)
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576))
        .pool(PoolSettings::default().max_idle(16))
        .upgrades(Upgrades::none())
        .map_path("/files/".parse()?, "/".parse()?))
}

/// Adds the routes of `location_1`: other paths do not reach the origin.
pub(crate) fn route_location_1(router: Router) -> Result<Router, Box<dyn Error>> {
    let service = location_1()?;
    Ok(router
        .route_service("/files/", service.clone())
        .route_service("/files/{*rest}", service))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = route_location_1(app)?;
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_behind_a_balancer {
// cargo add cdn-origin axum ipnet tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::CdnOriginConnector;
use cdn_origin::ForwardedLayer;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;
use std::error::Error;

/// `location /`, line 6.
pub(crate) fn location_1() -> Result<OriginProxy, Box<dyn Error>> {
    let connector = CdnOriginConnector::builder("http://app.internal.example:8080")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .forwarded(ForwardedLayer::new().trust(["10.0.0.0/8".parse::<ipnet::IpNet>()?, "2001:db8::/32".parse::<ipnet::IpNet>()?]))
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_behind_tls_with_large_heads {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::ForwardedLayer;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::origin::Scheme;
use cdn_origin::proxy::Limits;
use http::HeaderValue;

/// `location /`, line 7.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://10.0.0.31:8080")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve_name())
        .forwarded(ForwardedLayer::new().append_unverified().client_scheme(Scheme::Https))
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576))
        .map_request(|parts| drop(parts.headers.remove("proxy")))
        .map_request(|parts| drop(parts.headers.insert("x-forwarded-ssl", HeaderValue::from_static("on"))))
        .map_response(|mut response| { response.headers_mut().append("strict-transport-security", HeaderValue::from_static("max-age=31536000; includeSubDomains")); response }).map_response(|mut response| { response.headers_mut().append("x-frame-options", HeaderValue::from_static("SAMEORIGIN")); response }))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_bodies_and_errors {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use axum::Router;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;
use http::HeaderValue;
use http::StatusCode;
use std::error::Error;

/// `location /old/`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, Box<dyn Error>> {
    let connector = CdnOriginConnector::builder("http://127.0.0.1:9000")
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576))
        .map_path("/old/".parse()?, "/".parse()?)
        .map_request(|parts| drop(parts.headers.remove("accept-encoding")))
        .map_response(|mut response| { response.headers_mut().remove("x-powered-by"); response })
        .map_response(|mut response| { response.headers_mut().append("x-frame-options", HeaderValue::from_static("DENY")); response }))
}

/// Adds the routes of `location_1`: other paths do not reach the origin.
pub(crate) fn route_location_1(router: Router) -> Result<Router, Box<dyn Error>> {
    let service = location_1()?;
    Ok(router
        .route_service("/old/", service.clone())
        .route_service("/old/{*rest}", service))
}

/// Answers the requests of `location /old/`, line 1: no origin gets them.
pub(crate) fn answer_location_1(router: Router) -> Router {
    let answer = || async { StatusCode::FORBIDDEN };
    router
        .route("/old/", axum::routing::any(answer))
        .route("/old/{*rest}", axum::routing::any(answer))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    // Nothing checks here who may use `location_1`.
    let app = answer_location_1(app);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_closed {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use axum::Router;
use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;
use http::StatusCode;

/// Answers the requests of `location /admin/`, line 9: no origin gets them.
pub(crate) fn answer_location_1(router: Router) -> Router {
    let answer = || async { StatusCode::FORBIDDEN };
    router
        .route("/admin/", axum::routing::any(answer))
        .route("/admin/{*rest}", axum::routing::any(answer))
}

/// Answers the requests of `location = /status`, line 10: no origin gets them.
pub(crate) fn answer_location_2(router: Router) -> Router {
    let answer = || async { StatusCode::NO_CONTENT };
    router
        .route("/status", axum::routing::any(answer))
}

/// Answers the requests of `location /healthz`, line 11: no origin gets them.
pub(crate) fn answer_location_3(router: Router) -> Router {
    let answer = || async { (StatusCode::OK, [("content-type", "text/plain")], "ok") };
    router
        .route("/healthz", axum::routing::any(answer))
        .route("/healthz/", axum::routing::any(answer))
        .route("/healthz/{*rest}", axum::routing::any(answer))
}

/// Answers the requests of `location /moved/`, line 12: no origin gets them.
pub(crate) fn answer_location_4(router: Router) -> Router {
    let answer = || async { (StatusCode::MOVED_PERMANENTLY, [("location", "https://www.example.com/")]) };
    router
        .route("/moved/", axum::routing::any(answer))
        .route("/moved/{*rest}", axum::routing::any(answer))
}

/// Answers the requests of `location /files/`, line 13: no origin gets them.
pub(crate) fn answer_location_5(router: Router) -> Router {
    let answer = || async { StatusCode::NOT_IMPLEMENTED };
    router
        .route("/files/", axum::routing::any(answer))
        .route("/files/{*rest}", axum::routing::any(answer))
}

/// `location /api/`, line 15.
pub(crate) fn location_6() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://127.0.0.1:9")
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// Adds the routes of `location_6`: other paths do not reach the origin.
pub(crate) fn route_location_6(router: Router) -> Result<Router, BuildError> {
    let service = location_6()?;
    Ok(router
        .route_service("/api/", service.clone())
        .route_service("/api/{*rest}", service))
}

/// Answers the requests of `location /api/`, line 15: no origin gets them.
pub(crate) fn answer_location_6(router: Router) -> Router {
    let answer = || async { StatusCode::FORBIDDEN };
    router
        .route("/api/", axum::routing::any(answer))
        .route("/api/{*rest}", axum::routing::any(answer))
}

/// `location /parts/`, line 16.
pub(crate) fn location_7() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://127.0.0.1:9")
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// Adds the routes of `location_7`: other paths do not reach the origin.
pub(crate) fn route_location_7(router: Router) -> Result<Router, BuildError> {
    let service = location_7()?;
    Ok(router
        .route_service("/parts/", service.clone())
        .route_service("/parts/{*rest}", service))
}

/// Answers the requests of `location /parts/`, line 16: no origin gets them.
pub(crate) fn answer_location_7(router: Router) -> Router {
    let answer = || async { StatusCode::NOT_FOUND };
    router
        .route("/parts/", axum::routing::any(answer))
        .route("/parts/{*rest}", axum::routing::any(answer))
}

/// `location /team/`, line 17.
pub(crate) fn location_8() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://127.0.0.1:9")
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// Adds the routes of `location_8`: other paths do not reach the origin.
pub(crate) fn route_location_8(router: Router) -> Result<Router, BuildError> {
    let service = location_8()?;
    Ok(router
        .route_service("/team/", service.clone())
        .route_service("/team/{*rest}", service))
}

/// Answers the requests of `location /team/`, line 17: no origin gets them.
pub(crate) fn answer_location_8(router: Router) -> Router {
    let answer = || async { StatusCode::FORBIDDEN };
    router
        .route("/team/", axum::routing::any(answer))
        .route("/team/{*rest}", axum::routing::any(answer))
}

/// `location /open/`, line 18.
pub(crate) fn location_9() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://127.0.0.1:9")
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// Adds the routes of `location_9`: other paths do not reach the origin.
pub(crate) fn route_location_9(router: Router) -> Result<Router, BuildError> {
    let service = location_9()?;
    Ok(router
        .route_service("/open/", service.clone())
        .route_service("/open/{*rest}", service))
}

/// `location /`, line 19.
pub(crate) fn location_10() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://127.0.0.1:9")
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = answer_location_1(app);
    let app = answer_location_2(app);
    let app = answer_location_3(app);
    let app = answer_location_4(app);
    let app = answer_location_5(app);
    // Nothing checks here who may use `location_6`.
    let app = answer_location_6(app);
    // Nothing checks here who may use `location_7`.
    let app = answer_location_7(app);
    // Nothing checks here who may use `location_8`.
    let app = answer_location_8(app);
    let app = route_location_9(app)?;
    let app = app.fallback_service(location_10()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_cloud_storage_prefix {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use axum::Router;
use cdn_origin::Alpn;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;
use cdn_origin::proxy::Upgrades;
use http::HeaderValue;
use http::StatusCode;
use std::error::Error;

/// `location /media/`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, Box<dyn Error>> {
    let connector = CdnOriginConnector::builder("https://storage.googleapis.com")
        .alpn(Alpn::Http1)
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576))
        .upgrades(Upgrades::none())
        .map_path("/media/".parse()?, "/media-example/".parse()?)
        .map_request(|parts| drop(parts.headers.remove("authorization"))).map_request(|parts| drop(parts.headers.remove("cookie")))
        .map_response(|mut response| { response.headers_mut().remove("alt-svc"); response }).map_response(|mut response| { response.headers_mut().remove("x-goog-generation"); response }).map_response(|mut response| { response.headers_mut().remove("x-goog-hash"); response }).map_response(|mut response| { response.headers_mut().remove("x-goog-storage-class"); response }).map_response(|mut response| { response.headers_mut().remove("x-guploader-uploadid"); response })
        .map_response(|mut response| { response.headers_mut().append("x-content-type-options", HeaderValue::from_static("nosniff")); response }))
}

/// Adds the routes of `location_1`: other paths do not reach the origin.
pub(crate) fn route_location_1(router: Router) -> Result<Router, Box<dyn Error>> {
    let service = location_1()?;
    Ok(router
        .route_service("/media/", service.clone())
        .route_service("/media/{*rest}", service))
}

/// Answers the requests of `location /media/`, line 1: no origin gets them.
pub(crate) fn answer_location_1(router: Router) -> Router {
    let answer = || async { StatusCode::FORBIDDEN };
    router
        .route("/media/", axum::routing::any(answer))
        .route("/media/{*rest}", axum::routing::any(answer))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    // Nothing checks here who may use `location_1`.
    let app = answer_location_1(app);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_cloudflare_as_origin {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::connector::Sessions;
use cdn_origin::connector::Timeouts;
use cdn_origin::dial::Dns;
use cdn_origin::dial::DnsCache;
use cdn_origin::dial::HappyEyeballs;
use cdn_origin::dial::IpFamilies;
use cdn_origin::proxy::Limits;
use cdn_origin::proxy::Upgrades;
use std::time::Duration;

/// `location /`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://www.origin.example")
        .sni("www.origin.example")
        .sessions(Sessions::off())
        .timeouts(Timeouts::default().connect(Duration::from_secs(600)).dial(Duration::from_secs(300)).tls_handshake(Duration::from_secs(300)))
        .dns(Dns::default().cache(DnsCache::default().ttl(Duration::from_secs(300)..=Duration::from_secs(300))))
        .happy_eyeballs(HappyEyeballs::default().families(IpFamilies::OnlyV4))
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().body_idle_timeout(Duration::from_secs(86400)).buffer_requests(1048576).max_request_body(1048576).response_timeout(Duration::from_secs(86400)))
        .upgrades(Upgrades::default().idle_timeout(Duration::from_secs(86400))))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_cloudfront_migration {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::ForwardedLayer;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::TlsVersion;
use cdn_origin::proxy::Limits;

/// `location /`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
        .sni("www.example.com")
        .tls_versions(TlsVersion::V1_2..=TlsVersion::V1_2)
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve_name())
        .forwarded(ForwardedLayer::new().append_unverified())
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_cloudfront_old_versions {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;

/// `location /`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_cloudfront_without_sni {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;

/// `location /`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
        .host("www.example.com")
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_docker_registry {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use axum::Router;
use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::ForwardedLayer;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;
use cdn_origin::proxy::Upgrades;
use std::time::Duration;

/// `location /v2/`, line 8.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://10.0.0.21:5000")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .forwarded(ForwardedLayer::new().append_unverified())
        .limits(Limits::default().body_idle_timeout(Duration::from_secs(900)).buffer_requests(1048576).response_timeout(Duration::from_secs(900)))
        .upgrades(Upgrades::default().idle_timeout(Duration::from_secs(900))))
}

/// Adds the routes of `location_1`: other paths do not reach the origin.
pub(crate) fn route_location_1(router: Router) -> Result<Router, BuildError> {
    let service = location_1()?;
    Ok(router
        .route_service("/v2/", service.clone())
        .route_service("/v2/{*rest}", service))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = route_location_1(app)?;
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_docs_in_a_folder {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use axum::Router;
use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::ForwardedLayer;
use cdn_origin::OriginProxy;
use cdn_origin::origin::Scheme;
use cdn_origin::proxy::Limits;

/// `location /docs`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://docs-example.netlify.app")
        .build()?;
    Ok(OriginProxy::new(connector)
        .forwarded(ForwardedLayer::new().client_scheme(Scheme::Https))
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576))
        .map_response(|mut response| { response.headers_mut().remove("x-nf-request-id"); response }))
}

/// Adds the routes of `location_1`: other paths do not reach the origin.
pub(crate) fn route_location_1(router: Router) -> Result<Router, BuildError> {
    let service = location_1()?;
    Ok(router
        .route_service("/docs", service.clone())
        .route_service("/docs/", service.clone())
        .route_service("/docs/{*rest}", service))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = route_location_1(app)?;
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_everything_from_the_request {
}

pub(super) mod nginx_inherited_fields {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use axum::Router;
use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;

/// `location /`, line 6.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://10.0.0.1:8000")
        .host("www.example.com")
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(52428800).max_request_body(52428800)))
}

/// `location /upload/`, line 7.
pub(crate) fn location_2() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://10.0.0.2:8000")
        .build()?;
    Ok(OriginProxy::new(connector))
}

/// Adds the routes of `location_2`: other paths do not reach the origin.
pub(crate) fn route_location_2(router: Router) -> Result<Router, BuildError> {
    let service = location_2()?;
    Ok(router
        .route_service("/upload/", service.clone())
        .route_service("/upload/{*rest}", service))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    let app = route_location_2(app)?;
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_ip_hash {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::group::Balance;
use cdn_origin::group::Ejection;
use cdn_origin::group::Failover;
use cdn_origin::group::Member;
use cdn_origin::group::OriginGroup;
use cdn_origin::proxy::Limits;
use std::time::Duration;

/// `location /`, line 2.
pub(crate) fn location_1() -> Result<OriginGroup, BuildError> {
    let mut members = Vec::new();
    for (name, url) in [
        ("10.0.0.1", "http://10.0.0.1"),
        ("10.0.0.2", "http://10.0.0.2"),
        ("10.0.0.3", "http://10.0.0.3"),
    ] {
        let connector = CdnOriginConnector::builder(url)
            .host("www.example.com")
            .build()?;
        let proxy = OriginProxy::new(connector)
            .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576));
        members.push(Member::new(proxy).name(name));
    }
    let group = OriginGroup::builder()
        .tier(members)
        .balance(Balance::by_client_address())
        .failover(Failover::off())
        .ejection(Ejection::default().slow_start(Duration::from_secs(30)).failures(1).time(Duration::from_secs(10)).longest(Duration::from_secs(10)).trials(1))
        .build()?;
    Ok(group)
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_lua {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use axum::Router;
use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;
use http::StatusCode;

/// `location /`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://10.0.0.1")
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// Answers the requests of `location /`, line 1: no origin gets them.
pub(crate) fn answer_location_1(router: Router) -> Router {
    let answer = || async { StatusCode::FORBIDDEN };
    router.fallback(answer)
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    // Nothing checks here who may use `location_1`.
    let app = answer_location_1(app);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_mutual_tls {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use axum::Router;
use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::Roots;
use cdn_origin::VerifyPolicy;
use cdn_origin::proxy::Limits;
use cdn_origin::tls::ClientIdentity;
use cdn_origin::tls::Crls;

/// `location /bank/`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://bank.example:8443")
        .verify(VerifyPolicy::roots(Roots::pem_file("/etc/nginx/bank-ca.pem")).crls(Crls::pem_file("/etc/nginx/bank.crl.pem")))
        .client_identity(ClientIdentity::pem_files("/etc/nginx/client.pem", "/etc/nginx/client.key"))
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// Adds the routes of `location_1`: other paths do not reach the origin.
pub(crate) fn route_location_1(router: Router) -> Result<Router, BuildError> {
    let service = location_1()?;
    Ok(router
        .route_service("/bank/", service.clone())
        .route_service("/bank/{*rest}", service))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = route_location_1(app)?;
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_node_behind_websocket {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use axum::Router;
use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;
use cdn_origin::proxy::Upgrades;
use std::time::Duration;

/// `location /socket/`, line 7.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://127.0.0.1:3000")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .limits(Limits::default().body_idle_timeout(Duration::from_secs(3600)).buffer_requests(1048576).max_request_body(1048576).response_timeout(Duration::from_secs(3600)))
        .upgrades(Upgrades::default().idle_timeout(Duration::from_secs(3600))))
}

/// Adds the routes of `location_1`: other paths do not reach the origin.
pub(crate) fn route_location_1(router: Router) -> Result<Router, BuildError> {
    let service = location_1()?;
    Ok(router
        .route_service("/socket/", service.clone())
        .route_service("/socket/{*rest}", service))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = route_location_1(app)?;
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_plain_http_to_443 {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;

/// `location /`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://d1234567890.cloudfront.net:443")
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_privacy {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::ForwardedLayer;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;

/// `location /`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://media.example")
        .build()?;
    Ok(OriginProxy::new(connector)
        .forwarded(ForwardedLayer::new().fields([]))
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_redirects {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use axum::Router;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::ResponseRewriteLayer;
use cdn_origin::proxy::Limits;
use cdn_origin::proxy::Upgrades;
use http::HeaderValue;
use std::error::Error;
use std::time::Duration;

/// `location /one/`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, Box<dyn Error>> {
    let connector = CdnOriginConnector::builder("http://backend.example")
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().body_idle_timeout(Duration::from_secs(30)).buffer_requests(1048576).max_request_body(1048576).response_timeout(Duration::from_secs(30)))
        .response_rewrite(ResponseRewriteLayer::new().map_path("/one".parse()?, "/two".parse()?).name("old.example".parse()?))
        .upgrades(Upgrades::default().idle_timeout(Duration::from_secs(30)))
        .map_path("/one/".parse()?, "/two/".parse()?)
        .map_request(|parts| drop(parts.headers.insert("x-edge", HeaderValue::from_static("nginx"))))
        .map_response(|mut response| { response.headers_mut().remove("x-runtime"); response })
        .map_response(|mut response| { response.headers_mut().append("x-content-type-options", HeaderValue::from_static("nosniff")); response }))
}

/// Adds the routes of `location_1`: other paths do not reach the origin.
pub(crate) fn route_location_1(router: Router) -> Result<Router, Box<dyn Error>> {
    let service = location_1()?;
    Ok(router
        .route_service("/one/", service.clone())
        .route_service("/one/{*rest}", service))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = route_location_1(app)?;
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_rewritten_shop {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use axum::Router;
use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;
use http::HeaderValue;
use std::error::Error;

/// `location /shop/`, line 5.
pub(crate) fn location_1() -> Result<OriginProxy, Box<dyn Error>> {
    let connector = CdnOriginConnector::builder("http://shop.internal.example")
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576))
        .map_path("/shop/v1/".parse()?, "/store/".parse()?).map_path("/shop/".parse()?, "/".parse()?)
        .map_response(|mut response| { response.headers_mut().append("x-frame-options", HeaderValue::from_static("DENY")); response }))
}

/// Adds the routes of `location_1`: other paths do not reach the origin.
pub(crate) fn route_location_1(router: Router) -> Result<Router, Box<dyn Error>> {
    let service = location_1()?;
    Ok(router
        .route_service("/shop/", service.clone())
        .route_service("/shop/{*rest}", service))
}

/// `location /status/`, line 11.
pub(crate) fn location_2() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://shop.internal.example")
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576))
        .map_response(|mut response| { response.headers_mut().append("x-frame-options", HeaderValue::from_static("DENY")); response }))
}

/// Adds the routes of `location_2`: other paths do not reach the origin.
pub(crate) fn route_location_2(router: Router) -> Result<Router, BuildError> {
    let service = location_2()?;
    Ok(router
        .route_service("/status/", service.clone())
        .route_service("/status/{*rest}", service))
}

/// `location /plain/`, line 14.
pub(crate) fn location_3() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://shop.internal.example")
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576))
        .map_response(|mut response| { response.headers_mut().append("x-frame-options", HeaderValue::from_static("DENY")); response }))
}

/// Adds the routes of `location_3`: other paths do not reach the origin.
pub(crate) fn route_location_3(router: Router) -> Result<Router, BuildError> {
    let service = location_3()?;
    Ok(router
        .route_service("/plain/", service.clone())
        .route_service("/plain/{*rest}", service))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = route_location_1(app)?;
    let app = route_location_2(app)?;
    let app = route_location_3(app)?;
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_s3_bucket_by_variable {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use axum::Router;
use cdn_origin::Alpn;
use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::dial::Dns;
use cdn_origin::dial::DnsCache;
use cdn_origin::proxy::Limits;
use cdn_origin::proxy::Upgrades;
use std::time::Duration;

/// `location /media/`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://media-example.s3.amazonaws.com")
        .alpn(Alpn::Http1)
        .dns(Dns::default().cache(DnsCache::default().ttl(Duration::from_secs(300)..=Duration::from_secs(300))))
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576))
        .upgrades(Upgrades::none())
        .map_request(|parts| drop(parts.headers.remove("authorization")))
        .map_response(|mut response| { response.headers_mut().remove("x-amz-id-2"); response }).map_response(|mut response| { response.headers_mut().remove("x-amz-request-id"); response }).map_response(|mut response| { response.headers_mut().remove("set-cookie"); response }))
}

/// Adds the routes of `location_1`: other paths do not reach the origin.
pub(crate) fn route_location_1(router: Router) -> Result<Router, BuildError> {
    let service = location_1()?;
    Ok(router
        .route_service("/media/", service.clone())
        .route_service("/media/{*rest}", service))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = route_location_1(app)?;
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_s3_cached {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;

/// `location @s3`, line 6.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://static-example.s3.eu-west-1.amazonaws.com")
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_s3_object_by_pattern {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;

/// `location ~* ^/d/(.*)`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://files-example.s3.amazonaws.com")
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    // `location ~* ^/d/(.*)`: route its requests to `location_1()?` by host or path.
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_s3_website_endpoint {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::ResponseRewriteLayer;
use cdn_origin::proxy::Limits;

/// `location /`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://site-example.s3-website-us-east-1.amazonaws.com")
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576))
        .response_rewrite(ResponseRewriteLayer::off()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_same_path {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use axum::Router;
use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;

/// `location ^~ /grafana/`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://10.1.0.9:3000")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// Adds the routes of `location_1`: other paths do not reach the origin.
pub(crate) fn route_location_1(router: Router) -> Result<Router, BuildError> {
    let service = location_1()?;
    Ok(router
        .route_service("/grafana/", service.clone())
        .route_service("/grafana/{*rest}", service))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = route_location_1(app)?;
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_sni_of_the_client {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;

/// `location /`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://edge.example")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve_name())
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_sticky_nodes {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::group::Balance;
use cdn_origin::group::Ejection;
use cdn_origin::group::Failover;
use cdn_origin::group::Member;
use cdn_origin::group::OriginGroup;
use cdn_origin::pool::PoolSettings;
use cdn_origin::proxy::Limits;
use std::time::Duration;

/// `location /`, line 8.
pub(crate) fn location_1() -> Result<OriginGroup, BuildError> {
    let mut members = Vec::new();
    for (name, max_connections, url) in [
        ("a.example:8080", 100, "http://a.example:8080"),
        ("b.example:8080", 200, "http://b.example:8080"),
    ] {
        let connector = CdnOriginConnector::builder(url)
            .build()?;
        let proxy = OriginProxy::new(connector)
            .host_rewrite(HostRewriteLayer::preserve_name())
            .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576))
            .pool(PoolSettings::default().max_connections(max_connections).max_queued(100).queue_timeout(Duration::from_secs(30)));
        members.push(Member::new(proxy).name(name));
    }
    let group = OriginGroup::builder()
        .tier(members)
        .balance(Balance::by_cookie("session"))
        .failover(Failover::default().statuses([]))
        .ejection(Ejection::default().failures(2).time(Duration::from_secs(10)).longest(Duration::from_secs(10)).trials(1).slow_start(Duration::ZERO))
        .build()?;
    Ok(group)
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_streaming_api {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use axum::Router;
use cdn_origin::Alpn;
use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;
use cdn_origin::proxy::Upgrades;
use std::time::Duration;

/// `location /v1/`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://api.example")
        .alpn(Alpn::Http1)
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().body_idle_timeout(Duration::from_secs(600)).buffer_requests(1048576).max_request_body(1048576).response_timeout(Duration::from_secs(600)))
        .upgrades(Upgrades::none().idle_timeout(Duration::from_secs(600))))
}

/// Adds the routes of `location_1`: other paths do not reach the origin.
pub(crate) fn route_location_1(router: Router) -> Result<Router, BuildError> {
    let service = location_1()?;
    Ok(router
        .route_service("/v1/", service.clone())
        .route_service("/v1/{*rest}", service))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = route_location_1(app)?;
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_sub_path {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use axum::Router;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::ResponseRewriteLayer;
use cdn_origin::proxy::Limits;
use std::error::Error;

/// `location /app/`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, Box<dyn Error>> {
    let connector = CdnOriginConnector::builder("http://127.0.0.1:8080")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve_name())
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576))
        .response_rewrite(ResponseRewriteLayer::new().map_path("/app".parse()?, "/portal".parse()?))
        .map_path("/app/".parse()?, "/portal/".parse()?))
}

/// Adds the routes of `location_1`: other paths do not reach the origin.
pub(crate) fn route_location_1(router: Router) -> Result<Router, Box<dyn Error>> {
    let service = location_1()?;
    Ok(router
        .route_service("/app/", service.clone())
        .route_service("/app/{*rest}", service))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = route_location_1(app)?;
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_three_nodes {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::group::Ejection;
use cdn_origin::group::Failover;
use cdn_origin::group::Member;
use cdn_origin::group::OriginGroup;
use cdn_origin::pool::PoolSettings;
use cdn_origin::proxy::Limits;
use cdn_origin::proxy::Upgrades;
use http::StatusCode;
use std::time::Duration;

/// `location /`, line 14.
pub(crate) fn location_1() -> Result<OriginGroup, BuildError> {
    let mut members = Vec::new();
    for (name, url, weight) in [
        ("10.0.0.11:3000", "http://10.0.0.11:3000", 1),
        ("10.0.0.12:3000", "http://10.0.0.12:3000", 2),
    ] {
        let connector = CdnOriginConnector::builder(url)
            .build()?;
        let proxy = OriginProxy::new(connector)
            .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576))
            .pool(PoolSettings::default().idle_timeout(Duration::from_secs(60)).max_idle(64).max_uses(1000))
            .upgrades(Upgrades::none());
        members.push(Member::new(proxy).name(name).weight(weight));
    }
    let connector_1 = CdnOriginConnector::builder("http://10.0.0.13:3000")
        .build()?;
    let proxy_1 = OriginProxy::new(connector_1)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576))
        .pool(PoolSettings::default().idle_timeout(Duration::from_secs(60)).max_idle(64).max_uses(1000))
        .upgrades(Upgrades::none());
    let backups = [
        Member::new(proxy_1).name("10.0.0.13:3000"),
    ];
    let group = OriginGroup::builder()
        .tier(members)
        .tier(backups)
        .failover(Failover::default().statuses([StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT]).max_attempts(3).within(Duration::from_secs(10)))
        .ejection(Ejection::default().failures(3).time(Duration::from_secs(10)).longest(Duration::from_secs(10)).trials(1).slow_start(Duration::ZERO))
        .build()?;
    Ok(group)
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_tls_upstream_by_label {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::group::Ejection;
use cdn_origin::group::Failover;
use cdn_origin::group::Member;
use cdn_origin::group::OriginGroup;
use cdn_origin::proxy::Limits;
use std::time::Duration;

/// `location /`, line 3.
pub(crate) fn location_1() -> Result<OriginGroup, BuildError> {
    let mut members = Vec::new();
    for (name, url) in [
        ("origin-a.example:443", "https://origin-a.example:443"),
        ("origin-b.example:443", "https://origin-b.example:443"),
    ] {
        let connector = CdnOriginConnector::builder(url)
            .build()?;
        let proxy = OriginProxy::new(connector)
            .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576));
        members.push(Member::new(proxy).name(name));
    }
    let group = OriginGroup::builder()
        .tier(members)
        .failover(Failover::default().statuses([]))
        .ejection(Ejection::default().failures(1).time(Duration::from_secs(10)).longest(Duration::from_secs(10)).trials(1).slow_start(Duration::ZERO))
        .build()?;
    Ok(group)
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_tls_upstream_by_name {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::Roots;
use cdn_origin::VerifyPolicy;
use cdn_origin::group::Ejection;
use cdn_origin::group::Failover;
use cdn_origin::group::Member;
use cdn_origin::group::OriginGroup;
use cdn_origin::proxy::Limits;
use std::time::Duration;

/// `location /`, line 3.
pub(crate) fn location_1() -> Result<OriginGroup, BuildError> {
    let mut members = Vec::new();
    for (name, dial) in [
        ("192.0.2.1:443", "192.0.2.1:443"),
        ("192.0.2.2:443", "192.0.2.2:443"),
    ] {
        let connector = CdnOriginConnector::builder("https://www.example.com")
            .dial(dial)
            .verify(VerifyPolicy::roots(Roots::pem_file("/etc/ssl/ca.pem")))
            .build()?;
        let proxy = OriginProxy::new(connector)
            .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576));
        members.push(Member::new(proxy).name(name));
    }
    let group = OriginGroup::builder()
        .tier(members)
        .failover(Failover::default().statuses([]))
        .ejection(Ejection::default().failures(1).time(Duration::from_secs(10)).longest(Duration::from_secs(10)).trials(1).slow_start(Duration::ZERO))
        .build()?;
    Ok(group)
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_unix_socket {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::dial::SocketOptions;
use cdn_origin::proxy::Limits;
use std::error::Error;

/// `location /`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, Box<dyn Error>> {
    let connector = CdnOriginConnector::builder("http://localhost")
        .dial("unix:/run/app.sock")
        .socket_options(SocketOptions::default().local_address("127.0.0.1".parse::<std::net::IpAddr>()?))
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_unix_socket_upstream {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::ForwardedLayer;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::ResponseRewriteLayer;
use cdn_origin::origin::Scheme;
use cdn_origin::proxy::Limits;

/// `location @app`, line 4.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://localhost")
        .dial("unix:/run/gunicorn.sock")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .forwarded(ForwardedLayer::new().append_unverified().client_scheme(Scheme::Https))
        .limits(Limits::default().buffer_requests(1048576).max_request_body(4294967296))
        .response_rewrite(ResponseRewriteLayer::off()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_verification_off {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;
use cdn_origin::tls::danger;

/// `location /`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://10.0.0.5:8443")
        .omit_sni()
        .verify(danger::accept_any_certificate())
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_verified_by_address {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::Roots;
use cdn_origin::VerifyPolicy;
use cdn_origin::proxy::Limits;

/// `location /`, line 1.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://192.0.2.10")
        .sni("crm.example")
        .verify(VerifyPolicy::roots(Roots::pem_file("/etc/ssl/certs/ca-certificates.crt")))
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod nginx_whole_file {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use axum::Router;
use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::connector::Timeouts;
use cdn_origin::proxy::Limits;
use http::StatusCode;
use std::time::Duration;

/// `location /`, line 22.
pub(crate) fn location_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://www.example.com")
        .timeouts(Timeouts::default().connect(Duration::from_secs(10)).dial(Duration::from_secs(5)).tls_handshake(Duration::from_secs(5)))
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().buffer_requests(1048576).max_request_body(1048576)))
}

/// Answers the requests of `location /health`, line 26: no origin gets them.
pub(crate) fn answer_location_2(router: Router) -> Router {
    let answer = || async { StatusCode::OK };
    router
        .route("/health", axum::routing::any(answer))
        .route("/health/", axum::routing::any(answer))
        .route("/health/{*rest}", axum::routing::any(answer))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(location_1()?);
    let app = answer_location_2(app);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_affinity {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::group::Balance;
use cdn_origin::group::Ejection;
use cdn_origin::group::Member;
use cdn_origin::group::OriginGroup;
use http::HeaderName;

/// `backend app`, line 1.
pub(crate) fn backend_1() -> Result<OriginGroup, BuildError> {
    let mut members = Vec::new();
    for (name, url) in [
        ("one", "http://10.0.0.1"),
        ("two", "http://10.0.0.2"),
    ] {
        let connector = CdnOriginConnector::builder(url)
            .build()?;
        let proxy = OriginProxy::new(connector)
            .host_rewrite(HostRewriteLayer::preserve());
        members.push(Member::new(proxy).name(name));
    }
    let group = OriginGroup::builder()
        .tier(members)
        .balance(Balance::by_header(HeaderName::from_static("x-session")).max_load(150))
        .ejection(Ejection::default().failures(10))
        .build()?;
    Ok(group)
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_affinity_by_source {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::group::Balance;
use cdn_origin::group::Member;
use cdn_origin::group::OriginGroup;

/// `backend app`, line 1.
pub(crate) fn backend_1() -> Result<OriginGroup, BuildError> {
    let mut members = Vec::new();
    for (name, url) in [
        ("one", "http://10.0.0.1"),
        ("three", "http://10.0.0.3"),
    ] {
        let connector = CdnOriginConnector::builder(url)
            .build()?;
        let proxy = OriginProxy::new(connector)
            .host_rewrite(HostRewriteLayer::preserve());
        members.push(Member::new(proxy).name(name));
    }
    let group = OriginGroup::builder()
        .tier(members)
        .balance(Balance::by_client_address())
        .build()?;
    Ok(group)
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_api_without_its_prefix {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use std::error::Error;

/// `backend api`, line 6.
pub(crate) fn backend_1() -> Result<OriginProxy, Box<dyn Error>> {
    let connector = CdnOriginConnector::builder("http://10.0.0.31:3000")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .map_path("/api/".parse()?, "/".parse()?)
        .map_request(|parts| drop(parts.headers.remove("proxy"))))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_azure_sni_of_client {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::tls::danger;

/// `backend azure`, line 1.
pub(crate) fn backend_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://shop-example.azurewebsites.net")
        .verify(danger::accept_any_certificate())
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_behind_tls_termination {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::ForwardedLayer;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::origin::Scheme;
use cdn_origin::proxy::Limits;
use http::HeaderValue;
use std::time::Duration;

/// `listen code`, line 1.
pub(crate) fn listen_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://10.0.0.41:8181")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .forwarded(ForwardedLayer::new().append_unverified().client_scheme(Scheme::Https))
        .limits(Limits::default().body_idle_timeout(Duration::from_secs(3600)).response_timeout(Duration::from_secs(3600)))
        .map_request(|parts| drop(parts.headers.remove("proxy")))
        .map_request(|parts| drop(parts.headers.insert("x-forwarded-ssl", HeaderValue::from_static("on"))))
        .map_response(|mut response| { response.headers_mut().insert("strict-transport-security", HeaderValue::from_static("max-age=31536000; includeSubDomains")); response }))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(listen_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_client_address_from_a_field {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::ForwardedLayer;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::origin::Scheme;

/// `backend app`, line 1.
pub(crate) fn backend_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://10.0.0.2:8080")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .forwarded(ForwardedLayer::new().append_unverified().client_scheme(Scheme::Https)))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_cloudfront_without_host {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;

/// `backend no_host`, line 1.
pub(crate) fn backend_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
        .sni("d1234567890.cloudfront.net")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_cloudfront_without_sni {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::tls::danger;

/// `backend still_broken`, line 1.
pub(crate) fn backend_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://cloudfront-site.example")
        .verify(danger::accept_any_certificate())
        .build()?;
    Ok(OriginProxy::new(connector))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_cloudfront_without_tls {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;

/// `backend broken`, line 1.
pub(crate) fn backend_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://cloudfront-site.example")
        .build()?;
    Ok(OriginProxy::new(connector))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_cloudfront_working {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::tls::danger;

/// `backend working`, line 1.
pub(crate) fn backend_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://cloudfront-site.example")
        .sni("cloudfront-site.example")
        .verify(danger::accept_any_certificate())
        .build()?;
    Ok(OriginProxy::new(connector))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_dynamic_host {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::dial::HappyEyeballs;
use cdn_origin::dial::IpFamilies;

/// `backend tenants`, line 1.
pub(crate) fn backend_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://edge.example")
        .sni("edge.example")
        .happy_eyeballs(HappyEyeballs::default().families(IpFamilies::PreferV4))
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_environment {
}

pub(super) mod haproxy_fields {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::ResponseRewriteLayer;
use http::HeaderValue;
use std::error::Error;

/// `backend fields`, line 1.
pub(crate) fn backend_1() -> Result<OriginProxy, Box<dyn Error>> {
    let connector = CdnOriginConnector::builder("http://origin.example:8080")
        .host("origin.example")
        .build()?;
    Ok(OriginProxy::new(connector)
        .response_rewrite(ResponseRewriteLayer::new().name("origin.example".parse()?))
        .map_path("/app/".parse()?, "/v2/".parse()?)
        .map_request(|parts| drop(parts.headers.remove("cookie")))
        .map_request(|parts| drop(parts.headers.insert("x-edge", HeaderValue::from_static("haproxy"))))
        .map_response(|mut response| { response.headers_mut().remove("x-runtime"); response })
        .map_response(|mut response| { response.headers_mut().insert("x-frame-options", HeaderValue::from_static("DENY")); response }))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_forwarded_fields {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::ForwardedLayer;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::forwarded::ForwardedField;

/// `backend api`, line 11.
pub(crate) fn backend_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://10.0.0.1:8080")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .forwarded(ForwardedLayer::new().fields([ForwardedField::XForwardedFor, ForwardedField::XForwardedHost, ForwardedField::XForwardedPort, ForwardedField::XForwardedProto, ForwardedField::XRealIp])))
}

/// `backend app`, line 13.
pub(crate) fn backend_2() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://10.0.0.2:8080")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .forwarded(ForwardedLayer::new().fields([ForwardedField::XForwardedFor, ForwardedField::XForwardedHost, ForwardedField::XForwardedPort, ForwardedField::XForwardedProto, ForwardedField::XRealIp])))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    // `backend api`: route its requests to `backend_1()?` by host or path.
    // `backend app`: route its requests to `backend_2()?` by host or path.
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_http2 {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::Alpn;
use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::group::Member;
use cdn_origin::group::OriginGroup;

/// `backend grpc`, line 1.
pub(crate) fn backend_1() -> Result<OriginGroup, BuildError> {
    let connector_1 = CdnOriginConnector::builder("http://10.0.0.1:50051")
        .build()?;
    let proxy_1 = OriginProxy::new(connector_1)
        .host_rewrite(HostRewriteLayer::preserve());
    let connector_2 = CdnOriginConnector::builder("https://grpc.example")
        .sni("grpc.example")
        .alpn(Alpn::Http2)
        .build()?;
    let proxy_2 = OriginProxy::new(connector_2)
        .host_rewrite(HostRewriteLayer::preserve());
    let members = [
        Member::new(proxy_1).name("grpc"),
        Member::new(proxy_2).name("tls"),
    ];
    let group = OriginGroup::builder()
        .tier(members)
        .build()?;
    Ok(group)
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_mutual_tls {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::Roots;
use cdn_origin::TlsVersion;
use cdn_origin::VerifyPolicy;
use cdn_origin::connector::Sessions;
use cdn_origin::tls::ClientIdentity;

/// `backend bank`, line 1.
pub(crate) fn backend_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://bank.example:8443")
        .sni("bank.example")
        .tls_versions(TlsVersion::V1_2..)
        .verify(VerifyPolicy::roots(Roots::pem_file("/etc/bank.pem")))
        .client_identity(ClientIdentity::pem_files("/etc/client.pem", "/etc/client.pem"))
        .sessions(Sessions::off())
        .build()?;
    Ok(OriginProxy::new(connector))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_object_store_cluster {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::CdnOriginConnector;
use cdn_origin::ForwardedLayer;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::group::Failover;
use cdn_origin::group::HealthCheck;
use cdn_origin::group::Member;
use cdn_origin::group::OriginGroup;
use cdn_origin::pool::PoolSettings;
use http::StatusCode;
use std::error::Error;
use std::time::Duration;

/// `backend nodes`, line 8.
pub(crate) fn backend_1() -> Result<OriginGroup, Box<dyn Error>> {
    let mut members = Vec::new();
    for (name, url) in [
        ("node1", "http://10.0.0.21:9000"),
        ("node2", "http://10.0.0.22:9000"),
    ] {
        let connector = CdnOriginConnector::builder(url)
            .build()?;
        let proxy = OriginProxy::new(connector)
            .host_rewrite(HostRewriteLayer::preserve())
            .forwarded(ForwardedLayer::new().append_unverified())
            .pool(PoolSettings::default().max_connections(500))
            .map_response(|mut response| { response.headers_mut().remove("server"); response });
        members.push(Member::new(proxy).name(name));
    }
    let group = OriginGroup::builder()
        .tier(members)
        .failover(Failover::default().max_attempts(4))
        .health_check(HealthCheck::get("/minio/health/live").statuses([StatusCode::from_u16(200)?]).fall(3).interval(Duration::from_secs(5)).rise(2))
        .build()?;
    Ok(group)
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_old_check_with_host {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::group::HealthCheck;
use cdn_origin::group::Member;
use cdn_origin::group::OriginGroup;
use cdn_origin::pool::PoolSettings;
use http::Method;
use std::time::Duration;

/// `backend site`, line 1.
pub(crate) fn backend_1() -> Result<OriginGroup, BuildError> {
    let mut members = Vec::new();
    for (name, url) in [
        ("one", "http://127.0.1.10"),
        ("two", "http://127.0.1.11"),
    ] {
        let connector = CdnOriginConnector::builder(url)
            .host("site.example")
            .build()?;
        let proxy = OriginProxy::new(connector)
            .pool(PoolSettings::default().max_connections(2048));
        members.push(Member::new(proxy).name(name));
    }
    let group = OriginGroup::builder()
        .tier(members)
        .health_check(HealthCheck::get("/check").method(Method::HEAD).host("site.example").fall(5).interval(Duration::from_secs(5)).rise(2))
        .build()?;
    Ok(group)
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_plain_http_to_443 {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;

/// `backend app`, line 1.
pub(crate) fn backend_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://app.example:443")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_proxy_protocol {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::Roots;
use cdn_origin::VerifyPolicy;
use cdn_origin::dial::ProxyProtocol;

/// `backend tls`, line 1.
pub(crate) fn backend_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://10.0.0.1:8443")
        .sni("app.example")
        .verify(VerifyPolicy::roots(Roots::pem_file("/etc/ca.pem")))
        .proxy_protocol(ProxyProtocol::V2)
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_proxy_protocol_v1 {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::dial::ProxyProtocol;
use cdn_origin::dial::SocketOptions;
use cdn_origin::pool::PoolSettings;
use std::error::Error;
use std::time::Duration;

/// `listen app`, line 1.
pub(crate) fn listen_1() -> Result<OriginProxy, Box<dyn Error>> {
    let connector = CdnOriginConnector::builder("http://10.0.0.1")
        .socket_options(SocketOptions::default().local_address("10.0.0.99".parse::<std::net::IpAddr>()?).user_timeout(Duration::from_secs(30)))
        .proxy_protocol(ProxyProtocol::V1)
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .pool(PoolSettings::default().max_connections(200)))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(listen_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_responses {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use http::HeaderValue;
use std::error::Error;

/// `backend app`, line 1.
pub(crate) fn backend_1() -> Result<OriginProxy, Box<dyn Error>> {
    let connector = CdnOriginConnector::builder("http://10.0.0.1")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .map_path("/old/".parse()?, "/".parse()?)
        .map_response(|mut response| { response.headers_mut().insert("strict-transport-security", HeaderValue::from_static("max-age=31536000")); response }))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_retries {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::group::Failover;
use cdn_origin::group::Member;
use cdn_origin::group::OriginGroup;
use http::StatusCode;

/// `backend app`, line 1.
pub(crate) fn backend_1() -> Result<OriginGroup, BuildError> {
    let mut members = Vec::new();
    for (name, url) in [
        ("one", "http://10.0.0.1"),
        ("two", "http://10.0.0.2"),
    ] {
        let connector = CdnOriginConnector::builder(url)
            .build()?;
        let proxy = OriginProxy::new(connector)
            .host_rewrite(HostRewriteLayer::preserve());
        members.push(Member::new(proxy).name(name));
    }
    let group = OriginGroup::builder()
        .tier(members)
        .failover(Failover::default().max_attempts(3).statuses([StatusCode::SERVICE_UNAVAILABLE]).without_timeouts())
        .build()?;
    Ok(group)
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_retries_off {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::group::Ejection;
use cdn_origin::group::Failover;
use cdn_origin::group::Member;
use cdn_origin::group::OriginGroup;
use std::time::Duration;

/// `backend app`, line 1.
pub(crate) fn backend_1() -> Result<OriginGroup, BuildError> {
    let mut members = Vec::new();
    for (name, url, weight) in [
        ("one", "http://10.0.0.1", 10),
        ("two", "http://10.0.0.2", 30),
    ] {
        let connector = CdnOriginConnector::builder(url)
            .build()?;
        let proxy = OriginProxy::new(connector)
            .host_rewrite(HostRewriteLayer::preserve());
        members.push(Member::new(proxy).name(name).weight(weight));
    }
    let group = OriginGroup::builder()
        .tier(members)
        .failover(Failover::off())
        .ejection(Ejection::default().slow_start(Duration::from_secs(30)))
        .build()?;
    Ok(group)
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_s3_bucket {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::Roots;
use cdn_origin::VerifyPolicy;
use std::error::Error;

/// `backend s3`, line 1.
pub(crate) fn backend_1() -> Result<OriginProxy, Box<dyn Error>> {
    let connector = CdnOriginConnector::builder("https://media-example.s3.amazonaws.com")
        .sni("media-example.s3.amazonaws.com")
        .verify(VerifyPolicy::roots(Roots::pem_file("/etc/ssl/certs/ca-certificates.crt")))
        .build()?;
    Ok(OriginProxy::new(connector)
        .map_path("/".parse()?, "/public/".parse()?)
        .map_request(|parts| drop(parts.headers.remove("authorization")))
        .map_response(|mut response| { response.headers_mut().remove("x-amz-id-2"); response }).map_response(|mut response| { response.headers_mut().remove("x-amz-request-id"); response }))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_sni_off {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::TlsVersion;
use cdn_origin::tls::danger;

/// `backend old`, line 1.
pub(crate) fn backend_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://old.example")
        .omit_sni()
        .tls_versions(TlsVersion::V1_2..=TlsVersion::V1_2)
        .verify(danger::accept_any_certificate())
        .build()?;
    Ok(OriginProxy::new(connector))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_static_host {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::Roots;
use cdn_origin::VerifyPolicy;
use http::HeaderValue;

/// `backend site`, line 1.
pub(crate) fn backend_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://site-example.netlify.app")
        .sni("site-example.netlify.app")
        .verify(VerifyPolicy::roots(Roots::pem_file("/etc/ssl/certs/ca-certificates.crt")))
        .build()?;
    Ok(OriginProxy::new(connector)
        .map_request(|parts| drop(parts.headers.remove("cookie")))
        .map_response(|mut response| { response.headers_mut().remove("server"); response }).map_response(|mut response| { response.headers_mut().remove("x-nf-request-id"); response })
        .map_response(|mut response| { response.headers_mut().insert("referrer-policy", HeaderValue::from_static("strict-origin-when-cross-origin")); response }))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_tcp {
}

pub(super) mod haproxy_template {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;

/// `backend app`, line 1.
pub(crate) fn backend_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://10.0.0.9")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_three_nodes {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::ForwardedLayer;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::connector::Timeouts;
use cdn_origin::group::Balance;
use cdn_origin::group::Failover;
use cdn_origin::group::HealthCheck;
use cdn_origin::group::Member;
use cdn_origin::group::OriginGroup;
use cdn_origin::pool::PoolSettings;
use cdn_origin::proxy::Limits;
use std::time::Duration;

/// `listen web`, line 19.
pub(crate) fn listen_1() -> Result<OriginGroup, BuildError> {
    let mut members = Vec::new();
    for (name, url) in [
        ("node1", "http://10.10.11.86"),
        ("node2", "http://10.10.11.87"),
    ] {
        let connector = CdnOriginConnector::builder(url)
            .timeouts(Timeouts::default().connect(Duration::from_secs(10)).dial(Duration::from_secs(10)))
            .build()?;
        let proxy = OriginProxy::new(connector)
            .host_rewrite(HostRewriteLayer::preserve())
            .forwarded(ForwardedLayer::new().append_unverified())
            .limits(Limits::default().body_idle_timeout(Duration::from_secs(60)).response_timeout(Duration::from_secs(60)))
            .pool(PoolSettings::default().queue_timeout(Duration::from_secs(60)));
        members.push(Member::new(proxy).name(name));
    }
    let connector_1 = CdnOriginConnector::builder("http://10.10.11.88")
        .timeouts(Timeouts::default().connect(Duration::from_secs(10)).dial(Duration::from_secs(10)))
        .build()?;
    let proxy_1 = OriginProxy::new(connector_1)
        .host_rewrite(HostRewriteLayer::preserve())
        .forwarded(ForwardedLayer::new().append_unverified())
        .limits(Limits::default().body_idle_timeout(Duration::from_secs(60)).response_timeout(Duration::from_secs(60)))
        .pool(PoolSettings::default().queue_timeout(Duration::from_secs(60)));
    let backups = [
        Member::new(proxy_1).name("node3"),
    ];
    let group = OriginGroup::builder()
        .tier(members)
        .tier(backups)
        .balance(Balance::round_robin())
        .failover(Failover::default().max_attempts(4))
        .health_check(HealthCheck::get("/ping").fall(3).interval(Duration::from_secs(5)).rise(3))
        .build()?;
    Ok(group)
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(listen_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_unix_socket {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::pool::PoolSettings;

/// `backend app`, line 1.
pub(crate) fn backend_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://localhost")
        .dial("unix:/run/app.sock")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .pool(PoolSettings::default().max_connections(32)))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_verified_by_address {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::Roots;
use cdn_origin::VerifyPolicy;
use cdn_origin::group::Balance;
use cdn_origin::group::Member;
use cdn_origin::group::OriginGroup;
use cdn_origin::tls::Crls;

/// `backend webservers`, line 1.
pub(crate) fn backend_1() -> Result<OriginGroup, BuildError> {
    let mut members = Vec::new();
    for (name, url, verify) in [
        ("web1", "https://10.0.0.5", VerifyPolicy::roots(Roots::pem_file("/etc/ca.pem"))),
        ("web2", "https://10.0.0.6", VerifyPolicy::roots(Roots::pem_file("/etc/ca.pem")).crls(Crls::pem_file("/etc/ca.crl"))),
    ] {
        let connector = CdnOriginConnector::builder(url)
            .verify(verify)
            .build()?;
        let proxy = OriginProxy::new(connector)
            .host_rewrite(HostRewriteLayer::preserve());
        members.push(Member::new(proxy).name(name));
    }
    let group = OriginGroup::builder()
        .tier(members)
        .balance(Balance::round_robin())
        .build()?;
    Ok(group)
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_verified_by_name {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::Alpn;
use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::Roots;
use cdn_origin::VerifyPolicy;

/// `backend api`, line 1.
pub(crate) fn backend_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://10.0.1.1")
        .sni("api.example")
        .expected_name("api.example")
        .alpn(Alpn::Http2)
        .verify(VerifyPolicy::roots(Roots::pem_file("/etc/ssl/ca.pem")))
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_versions {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::TlsVersion;
use cdn_origin::connector::Sessions;
use cdn_origin::group::Member;
use cdn_origin::group::OriginGroup;

/// `backend new`, line 1.
pub(crate) fn backend_1() -> Result<OriginGroup, BuildError> {
    let connector_1 = CdnOriginConnector::builder("https://new.example")
        .sni("new.example")
        .tls_versions(TlsVersion::V1_3..)
        .build()?;
    let proxy_1 = OriginProxy::new(connector_1);
    let connector_2 = CdnOriginConnector::builder("https://new.example:8443")
        .sni("new.example")
        .tls_versions(..=TlsVersion::V1_2)
        .sessions(Sessions::default().early_data())
        .build()?;
    let proxy_2 = OriginProxy::new(connector_2);
    let members = [
        Member::new(proxy_1).name("a"),
        Member::new(proxy_2).name("b"),
    ];
    let group = OriginGroup::builder()
        .tier(members)
        .build()?;
    Ok(group)
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_websocket {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::pool::PoolSettings;
use cdn_origin::proxy::Limits;
use cdn_origin::proxy::Upgrades;
use std::time::Duration;

/// `backend ws`, line 1.
pub(crate) fn backend_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://10.0.0.1:8000")
        .host("ws.example")
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().body_idle_timeout(Duration::from_secs(30)).response_timeout(Duration::from_secs(30)))
        .pool(PoolSettings::default().max_connections(5000))
        .upgrades(Upgrades::default().idle_timeout(Duration::from_secs(3600))))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod haproxy_whole_file {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::TlsVersion;
use cdn_origin::connector::Timeouts;
use cdn_origin::pool::PoolSettings;
use cdn_origin::proxy::Limits;
use std::time::Duration;

/// `backend one`, line 23.
pub(crate) fn backend_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://one.example")
        .sni("one.example")
        .tls_versions(TlsVersion::V1_2..)
        .timeouts(Timeouts::default().connect(Duration::from_secs(5)).dial(Duration::from_secs(5)))
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().body_idle_timeout(Duration::from_secs(50)).response_timeout(Duration::from_secs(50)))
        .pool(PoolSettings::default().idle_timeout(Duration::from_secs(30)).max_idle(20).max_uses(100)))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(backend_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_accept_untrusted {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::tls::danger;

/// `cluster open`, line 1.
pub(crate) fn cluster_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://10.0.0.5")
        .sni("origin.example.net")
        .verify(danger::accept_any_certificate())
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_affinity {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::group::Balance;
use cdn_origin::group::Failover;
use cdn_origin::group::Member;
use cdn_origin::group::OriginGroup;
use cdn_origin::proxy::Limits;
use http::HeaderName;
use http::StatusCode;
use std::error::Error;
use std::time::Duration;

/// `cluster nodes at /`, line 8.
pub(crate) fn cluster_1() -> Result<OriginGroup, Box<dyn Error>> {
    let mut members = Vec::new();
    for (name, url) in [
        ("10.0.0.1:80", "http://10.0.0.1"),
        ("10.0.0.2:80", "http://10.0.0.2"),
    ] {
        let connector = CdnOriginConnector::builder(url)
            .build()?;
        let proxy = OriginProxy::new(connector)
            .host_rewrite(HostRewriteLayer::preserve())
            .limits(Limits::default().response_timeout(Duration::from_secs(5)));
        members.push(Member::new(proxy).name(name));
    }
    let group = OriginGroup::builder()
        .tier(members)
        .balance(Balance::by_header(HeaderName::from_static("x-tenant")).max_load(125))
        .failover(Failover::default().max_attempts(2).statuses([StatusCode::from_u16(500)?, StatusCode::from_u16(502)?, StatusCode::from_u16(503)?, StatusCode::from_u16(504)?]))
        .build()?;
    Ok(group)
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_camel_case {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::Roots;
use cdn_origin::VerifyPolicy;

/// `cluster edge at /`, line 8.
pub(crate) fn cluster_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://edge.example.net")
        .sni("site.edge.example.net")
        .expected_name("cdn.example.net")
        .host("www.example.com")
        .verify(VerifyPolicy::roots(Roots::pem_file("/etc/ssl/certs/ca-certificates.crt")))
        .build()?;
    Ok(OriginProxy::new(connector))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_camel_case_nodes {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::connector::Timeouts;
use cdn_origin::group::Balance;
use cdn_origin::group::Ejection;
use cdn_origin::group::HealthCheck;
use cdn_origin::group::Member;
use cdn_origin::group::OriginGroup;
use cdn_origin::pool::PoolSettings;
use cdn_origin::pool::RetryBudget;
use cdn_origin::proxy::Limits;
use http::StatusCode;
use std::error::Error;
use std::time::Duration;

/// `cluster nodes`, line 1.
pub(crate) fn cluster_1() -> Result<OriginGroup, Box<dyn Error>> {
    let mut members = Vec::new();
    for (name, url, weight) in [
        ("10.0.0.1:8080", "http://10.0.0.1:8080", 3),
        ("10.0.0.2:8080", "http://10.0.0.2:8080", 1),
    ] {
        let connector = CdnOriginConnector::builder(url)
            .timeouts(Timeouts::default().connect(Duration::from_secs(20)).dial(Duration::from_secs(20)).tls_handshake(Duration::from_secs(20)))
            .build()?;
        let proxy = OriginProxy::new(connector)
            .host_rewrite(HostRewriteLayer::preserve())
            .limits(Limits::default().max_concurrency(200))
            .pool(PoolSettings::default().max_connections(100).max_queued(50).retry_budget(RetryBudget::percent(25).at_least(5)));
        members.push(Member::new(proxy).name(name).weight(weight));
    }
    let connector_1 = CdnOriginConnector::builder("http://10.1.0.1:8080")
        .timeouts(Timeouts::default().connect(Duration::from_secs(20)).dial(Duration::from_secs(20)).tls_handshake(Duration::from_secs(20)))
        .build()?;
    let proxy_1 = OriginProxy::new(connector_1)
        .host_rewrite(HostRewriteLayer::preserve())
        .limits(Limits::default().max_concurrency(200))
        .pool(PoolSettings::default().max_connections(100).max_queued(50).retry_budget(RetryBudget::percent(25).at_least(5)));
    let backups = [
        Member::new(proxy_1).name("10.1.0.1:8080"),
    ];
    let group = OriginGroup::builder()
        .tier(members)
        .tier(backups)
        .balance(Balance::round_robin())
        .ejection(Ejection::default().failures(5).time(Duration::from_secs(30)).longest(Duration::from_secs(300)).max_share(50))
        .health_check(HealthCheck::get("/healthz").timeout(Duration::from_secs(1)).interval(Duration::from_secs(5)).fall(3).rise(2).host("nodes.example").statuses([StatusCode::from_u16(200)?, StatusCode::from_u16(201)?]))
        .panic_threshold(40)
        .build()?;
    Ok(group)
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_cloudfront_bootstrap {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::Roots;
use cdn_origin::VerifyPolicy;
use cdn_origin::connector::Timeouts;
use cdn_origin::proxy::Limits;
use std::time::Duration;

/// `cluster cdn at /`, line 25.
pub(crate) fn cluster_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
        .sni("www.example.com")
        .verify(VerifyPolicy::roots(Roots::pem_file("/etc/ssl/certs/ca-certificates.crt")))
        .timeouts(Timeouts::default().connect(Duration::from_millis(250)))
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().request_timeout(Duration::from_secs(30))))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_cloudfront_without_sni {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;

/// `cluster cdn`, line 1.
pub(crate) fn cluster_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_control_plane_file {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;

/// `cluster two`, line 10.
pub(crate) fn cluster_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://two.example.net")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_dns {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::dial::Dns;
use cdn_origin::dial::DnsCache;
use cdn_origin::dial::HappyEyeballs;
use cdn_origin::dial::IpFamilies;
use cdn_origin::dial::SocketOptions;
use std::error::Error;
use std::time::Duration;

/// `cluster dns`, line 1.
pub(crate) fn cluster_1() -> Result<OriginProxy, Box<dyn Error>> {
    let connector = CdnOriginConnector::builder("http://origin.example.net")
        .dns(Dns::default().cache(DnsCache::default().without_ttl(Duration::from_secs(5))))
        .happy_eyeballs(HappyEyeballs::default().families(IpFamilies::PreferV4))
        .socket_options(SocketOptions::default().local_address("192.0.2.10".parse::<std::net::IpAddr>()?))
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_http2_and_keepalive {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::Alpn;
use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::Roots;
use cdn_origin::VerifyPolicy;
use cdn_origin::dial::Dns;
use cdn_origin::dial::DnsCache;
use cdn_origin::dial::HappyEyeballs;
use cdn_origin::dial::IpFamilies;
use cdn_origin::dial::SocketOptions;
use cdn_origin::pool::PoolSettings;
use std::time::Duration;

/// `cluster grpc`, line 1.
pub(crate) fn cluster_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://grpc.example.net")
        .sni("grpc.example.net")
        .alpn(Alpn::Http2)
        .verify(VerifyPolicy::roots(Roots::pem_file("/etc/ssl/certs/ca-certificates.crt")))
        .dns(Dns::default().cache(DnsCache::default().ttl(Duration::from_secs(30)..=Duration::from_secs(30))))
        .happy_eyeballs(HappyEyeballs::default().families(IpFamilies::OnlyV4))
        .socket_options(SocketOptions::default().keepalive(Duration::from_secs(60), Duration::from_secs(10), 9))
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .pool(PoolSettings::default().idle_timeout(Duration::from_secs(300)).max_age(Duration::from_secs(3600)).max_uses(1000)))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_ipv6 {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::Roots;
use cdn_origin::VerifyPolicy;

/// `cluster v6`, line 1.
pub(crate) fn cluster_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://[2001:db8::1]")
        .verify(VerifyPolicy::roots(Roots::pem_file("/etc/ssl/certs/ca-certificates.crt")))
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_mesh {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::VerifyPolicy;
use cdn_origin::tls::SanMatcher;
use std::error::Error;

/// `cluster mesh`, line 1.
pub(crate) fn cluster_1() -> Result<OriginProxy, Box<dyn Error>> {
    let connector = CdnOriginConnector::builder("https://10.0.0.5:8443")
        .sni("shop.example.net")
        .verify(VerifyPolicy::native_roots().expecting_any([SanMatcher::uri("spiffe://prod.example/shop"), SanMatcher::spiffe_trust_domain("test.example"), SanMatcher::dns_suffix("mesh.example"), SanMatcher::ip("10.0.0.5".parse::<std::net::IpAddr>()?)]))
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_missing_names {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::Roots;
use cdn_origin::VerifyPolicy;

/// `cluster any_name`, line 1.
pub(crate) fn cluster_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://origin.example.net")
        .sni("origin.example.net")
        .verify(VerifyPolicy::roots(Roots::pem_file("/etc/ssl/certs/ca-certificates.crt")))
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_mutual_tls {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::Alpn;
use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::Roots;
use cdn_origin::TlsVersion;
use cdn_origin::VerifyPolicy;
use cdn_origin::tls::ClientIdentity;
use cdn_origin::tls::Crls;

/// `cluster bank`, line 1.
pub(crate) fn cluster_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://bank.example.net:8443")
        .sni("bank.example.net")
        .alpn(Alpn::Http1)
        .tls_versions(TlsVersion::V1_3..=TlsVersion::V1_3)
        .verify(VerifyPolicy::roots(Roots::pem_file("/etc/envoy/bank-ca.pem")).crls(Crls::pem_file("/etc/envoy/bank.crl")))
        .client_identity(ClientIdentity::pem_files("/etc/envoy/client.pem", "/etc/envoy/client.key"))
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_names_of_the_endpoint {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;

/// `cluster static at /`, line 7.
pub(crate) fn cluster_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://origin.example.net:8443")
        .dial("192.0.2.1:8443")
        .host("origin.example.net")
        .build()?;
    Ok(OriginProxy::new(connector))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_pinned {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::VerifyPolicy;
use cdn_origin::connector::Sessions;
use std::error::Error;

/// `cluster pinned`, line 1.
pub(crate) fn cluster_1() -> Result<OriginProxy, Box<dyn Error>> {
    let connector = CdnOriginConnector::builder("https://10.0.0.5")
        .sni("origin.example.net")
        .verify(VerifyPolicy::pinned("sha256/YLh1dUR9y6Kja30RrAn7JKnbQG/uEtLMkBgFF2Fuihg=".parse()?).and_certificate_pin("0000000000000000000000000000000000000000000000000000000000000000".parse()?))
        .sessions(Sessions::off())
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_plain_http2 {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;

/// `cluster h2c`, line 1.
pub(crate) fn cluster_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://10.0.0.1:50051")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_plain_http_to_443 {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;

/// `cluster plain`, line 1.
pub(crate) fn cluster_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://d1234567890.cloudfront.net:443")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_proxy_protocol {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::Roots;
use cdn_origin::VerifyPolicy;
use cdn_origin::dial::ProxyProtocol;

/// `cluster app`, line 1.
pub(crate) fn cluster_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://10.0.0.1")
        .sni("app.example.net")
        .verify(VerifyPolicy::roots(Roots::pem_file("/etc/ssl/certs/ca-certificates.crt")))
        .proxy_protocol(ProxyProtocol::V2)
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_routes {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use axum::Router;
use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;
use cdn_origin::proxy::Upgrades;
use http::HeaderValue;
use std::error::Error;
use std::time::Duration;

/// `cluster app at /api/`, line 8.
pub(crate) fn cluster_1() -> Result<OriginProxy, Box<dyn Error>> {
    let connector = CdnOriginConnector::builder("http://app.example.net:8000")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .limits(Limits::default().body_idle_timeout(Duration::from_secs(20)).response_timeout(Duration::from_secs(20)))
        .upgrades(Upgrades::default().idle_timeout(Duration::from_secs(20)))
        .map_path("/api/".parse()?, "/v2/".parse()?)
        .map_request(|parts| drop(parts.headers.remove("x-debug")))
        .map_request(|parts| drop(parts.headers.insert("x-tier", HeaderValue::from_static("edge"))))
        .map_response(|mut response| { response.headers_mut().remove("x-powered-by"); response })
        .map_response(|mut response| { response.headers_mut().append("strict-transport-security", HeaderValue::from_static("max-age=63072000")); response }).map_response(|mut response| { response.headers_mut().append("vary", HeaderValue::from_static("Origin")); response }).map_response(|mut response| { response.headers_mut().append("x-frame-options", HeaderValue::from_static("DENY")); response }))
}

/// Adds the routes of `cluster_1`: other paths do not reach the origin.
pub(crate) fn route_cluster_1(router: Router) -> Result<Router, Box<dyn Error>> {
    let service = cluster_1()?;
    Ok(router
        .route_service("/api/", service.clone())
        .route_service("/api/{*rest}", service))
}

/// `cluster app`, line 29.
pub(crate) fn cluster_2() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://app.example.net:8000")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .upgrades(Upgrades::none())
        .map_response(|mut response| { response.headers_mut().append("strict-transport-security", HeaderValue::from_static("max-age=63072000")); response }))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = route_cluster_1(app)?;
    let app = app.fallback_service(cluster_2()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_sni_and_host_differ {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::Roots;
use cdn_origin::VerifyPolicy;

/// `cluster edge at /`, line 8.
pub(crate) fn cluster_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://edge.example.net")
        .sni("site.edge.example.net")
        .expected_name("cdn.example.net")
        .host("www.example.com")
        .verify(VerifyPolicy::roots(Roots::pem_file("/etc/ssl/certs/ca-certificates.crt")))
        .build()?;
    Ok(OriginProxy::new(connector))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_sni_of_the_client {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::Roots;
use cdn_origin::VerifyPolicy;

/// `cluster edge at /`, line 7.
pub(crate) fn cluster_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://shop-example.azurewebsites.net")
        .verify(VerifyPolicy::roots(Roots::pem_file("/etc/ssl/certs/ca-certificates.crt")))
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_sni_of_the_rewritten_host {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::Alpn;
use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::Roots;
use cdn_origin::VerifyPolicy;

/// `cluster edge at /`, line 8.
pub(crate) fn cluster_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://edge.example.net")
        .sni("www.example.com")
        .alpn(Alpn::Http1)
        .verify(VerifyPolicy::roots(Roots::pem_file("/etc/ssl/certs/ca-certificates.crt")))
        .build()?;
    Ok(OriginProxy::new(connector))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_three_nodes {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::connector::Timeouts;
use cdn_origin::group::Balance;
use cdn_origin::group::Ejection;
use cdn_origin::group::HealthCheck;
use cdn_origin::group::Member;
use cdn_origin::group::OriginGroup;
use cdn_origin::pool::PoolSettings;
use cdn_origin::pool::RetryBudget;
use cdn_origin::proxy::Limits;
use http::StatusCode;
use std::error::Error;
use std::time::Duration;

/// `cluster nodes`, line 1.
pub(crate) fn cluster_1() -> Result<OriginGroup, Box<dyn Error>> {
    let mut members = Vec::new();
    for (name, url, weight) in [
        ("10.0.0.1:8080", "http://10.0.0.1:8080", 3),
        ("10.0.0.2:8080", "http://10.0.0.2:8080", 1),
    ] {
        let connector = CdnOriginConnector::builder(url)
            .timeouts(Timeouts::default().connect(Duration::from_secs(20)).dial(Duration::from_secs(20)).tls_handshake(Duration::from_secs(20)))
            .build()?;
        let proxy = OriginProxy::new(connector)
            .host_rewrite(HostRewriteLayer::preserve())
            .limits(Limits::default().max_concurrency(200))
            .pool(PoolSettings::default().max_connections(100).max_queued(50).retry_budget(RetryBudget::percent(25).at_least(5)));
        members.push(Member::new(proxy).name(name).weight(weight));
    }
    let connector_1 = CdnOriginConnector::builder("http://10.1.0.1:8080")
        .timeouts(Timeouts::default().connect(Duration::from_secs(20)).dial(Duration::from_secs(20)).tls_handshake(Duration::from_secs(20)))
        .build()?;
    let proxy_1 = OriginProxy::new(connector_1)
        .host_rewrite(HostRewriteLayer::preserve())
        .limits(Limits::default().max_concurrency(200))
        .pool(PoolSettings::default().max_connections(100).max_queued(50).retry_budget(RetryBudget::percent(25).at_least(5)));
    let backups = [
        Member::new(proxy_1).name("10.1.0.1:8080"),
    ];
    let group = OriginGroup::builder()
        .tier(members)
        .tier(backups)
        .balance(Balance::round_robin())
        .ejection(Ejection::default().failures(5).time(Duration::from_secs(30)).longest(Duration::from_secs(300)).max_share(50))
        .health_check(HealthCheck::get("/healthz").timeout(Duration::from_secs(1)).interval(Duration::from_secs(5)).fall(3).rise(2).host("nodes.example").statuses([StatusCode::from_u16(200)?, StatusCode::from_u16(201)?]))
        .panic_threshold(40)
        .build()?;
    Ok(group)
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod envoy_unix_socket {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;

/// `cluster app`, line 1.
pub(crate) fn cluster_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://localhost")
        .dial("unix:/run/app.sock")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(cluster_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod caddy_affinity {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::group::Balance;
use cdn_origin::group::Member;
use cdn_origin::group::OriginGroup;
use cdn_origin::pool::PoolSettings;
use http::HeaderName;

/// `site app.example.com`, line 2.
pub(crate) fn site_1() -> Result<OriginGroup, BuildError> {
    let mut members = Vec::new();
    for (name, url) in [
        ("https://one.example.net", "https://one.example.net"),
        ("https://two.example.net", "https://two.example.net"),
    ] {
        let connector = CdnOriginConnector::builder(url)
            .sni("app.example.com")
            .build()?;
        let proxy = OriginProxy::new(connector)
            .pool(PoolSettings::default().max_uses(1));
        members.push(Member::new(proxy).name(name));
    }
    let group = OriginGroup::builder()
        .tier(members)
        .balance(Balance::by_header(HeaderName::from_static("x-tenant")))
        .build()?;
    Ok(group)
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(site_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod caddy_cloudfront {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;

/// `site www.example.com`, line 10.
pub(crate) fn site_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
        .sni("www.example.com")
        .build()?;
    Ok(OriginProxy::new(connector))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(site_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod caddy_cloudfront_with_the_client_host {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;

/// `site www.example.com`, line 2.
pub(crate) fn site_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve_name()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(site_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod caddy_cloudfront_without_host {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;

/// `site www.example.com`, line 2.
pub(crate) fn site_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
        .build()?;
    Ok(OriginProxy::new(connector))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(site_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod caddy_from_the_environment {
}

pub(super) mod caddy_mutual_tls {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::Alpn;
use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::Roots;
use cdn_origin::VerifyPolicy;
use cdn_origin::connector::Timeouts;
use cdn_origin::dial::ProxyProtocol;
use cdn_origin::tls::ClientIdentity;
use std::time::Duration;

/// `site bank.example.com`, line 2.
pub(crate) fn site_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://bank.example.net:8443")
        .alpn(Alpn::Http1)
        .verify(VerifyPolicy::roots(Roots::pem_file("/etc/caddy/bank-ca.pem")))
        .client_identity(ClientIdentity::pem_files("/etc/caddy/client.pem", "/etc/caddy/client.key"))
        .timeouts(Timeouts::default().connect(Duration::from_secs(22)).dial(Duration::from_secs(2)).tls_handshake(Duration::from_secs(20)))
        .proxy_protocol(ProxyProtocol::V2)
        .build()?;
    Ok(OriginProxy::new(connector))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(site_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod caddy_one_file_of_roots_too_many {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;

/// `snippet`, line 1.
pub(crate) fn snippet_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://origin.example.net")
        .build()?;
    Ok(OriginProxy::new(connector))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(snippet_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod caddy_paths {
// cargo add cdn-origin axum http ipnet tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use axum::Router;
use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::ForwardedLayer;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::proxy::Limits;
use http::HeaderValue;
use std::error::Error;

/// `site shop.example.com, www.shop.example.com at /api/`, line 4.
pub(crate) fn site_1() -> Result<OriginProxy, Box<dyn Error>> {
    let connector = CdnOriginConnector::builder("http://api.example.net:8000")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .map_path("/api/".parse()?, "/".parse()?)
        .map_request(|parts| drop(parts.headers.insert("x-tier", HeaderValue::from_static("edge")))))
}

/// Adds the routes of `site_1`: other paths do not reach the origin.
pub(crate) fn route_site_1(router: Router) -> Result<Router, Box<dyn Error>> {
    let service = site_1()?;
    Ok(router
        .route_service("/api/", service.clone())
        .route_service("/api/{*rest}", service))
}

/// `site shop.example.com, www.shop.example.com at /files/`, line 12.
pub(crate) fn site_2() -> Result<OriginProxy, Box<dyn Error>> {
    let connector = CdnOriginConnector::builder("http://files.internal:9000")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .map_path("/".parse()?, "/bucket/".parse()?))
}

/// Adds the routes of `site_2`: other paths do not reach the origin.
pub(crate) fn route_site_2(router: Router) -> Result<Router, Box<dyn Error>> {
    let service = site_2()?;
    Ok(router
        .route_service("/files/", service.clone())
        .route_service("/files/{*rest}", service))
}

/// `site shop.example.com, www.shop.example.com`, line 18.
pub(crate) fn site_3() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://localhost")
        .dial("unix:/run/old.sock")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// `site shop.example.com, www.shop.example.com`, line 19.
pub(crate) fn site_4() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://localhost:7000")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// `site shop.example.com, www.shop.example.com`, line 21.
pub(crate) fn site_5() -> Result<OriginProxy, Box<dyn Error>> {
    let connector = CdnOriginConnector::builder("http://localhost:3000")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .forwarded(ForwardedLayer::new().trust(["10.0.0.0/8".parse::<ipnet::IpNet>()?, "127.0.0.0/8".parse::<ipnet::IpNet>()?, "172.16.0.0/12".parse::<ipnet::IpNet>()?, "192.168.0.0/16".parse::<ipnet::IpNet>()?, "::1/128".parse::<ipnet::IpNet>()?, "fd00::/8".parse::<ipnet::IpNet>()?, "203.0.113.0/24".parse::<ipnet::IpNet>()?]))
        .limits(Limits::default().buffer_requests(65536)))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = route_site_1(app)?;
    let app = route_site_2(app)?;
    // `site shop.example.com, www.shop.example.com`: route its requests to `site_3()?` by host or path.
    // `site shop.example.com, www.shop.example.com`: route its requests to `site_4()?` by host or path.
    // `site shop.example.com, www.shop.example.com`: route its requests to `site_5()?` by host or path.
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod caddy_plain_http_to_443 {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;

/// `site www.example.com`, line 2.
pub(crate) fn site_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("http://d1234567890.cloudfront.net:443")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(site_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod caddy_s3_bucket {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use http::HeaderValue;

/// `site files.example.com`, line 2.
pub(crate) fn site_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://media-example.s3.amazonaws.com")
        .build()?;
    Ok(OriginProxy::new(connector)
        .map_request(|parts| drop(parts.headers.remove("authorization")))
        .map_response(|mut response| { response.headers_mut().remove("x-amz-request-id"); response })
        .map_response(|mut response| { response.headers_mut().insert("strict-transport-security", HeaderValue::from_static("max-age=31536000")); response }))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(site_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod caddy_sni_of_the_client {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;

/// `site *.example.com`, line 2.
pub(crate) fn site_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://shop-example.azurewebsites.net")
        .build()?;
    Ok(OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve()))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(site_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod caddy_three_nodes {
// cargo add cdn-origin axum http tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::CdnOriginConnector;
use cdn_origin::HostRewriteLayer;
use cdn_origin::OriginProxy;
use cdn_origin::group::Balance;
use cdn_origin::group::Ejection;
use cdn_origin::group::Failover;
use cdn_origin::group::HealthCheck;
use cdn_origin::group::Member;
use cdn_origin::group::OriginGroup;
use cdn_origin::pool::PoolSettings;
use http::StatusCode;
use std::error::Error;
use std::time::Duration;

/// `site app.example.com`, line 2.
pub(crate) fn site_1() -> Result<OriginGroup, Box<dyn Error>> {
    let mut members = Vec::new();
    for (name, url, weight) in [
        ("10.0.0.1:8080", "http://10.0.0.1:8080", 3),
        ("10.0.0.2:8080", "http://10.0.0.2:8080", 2),
        ("10.0.0.3:8080", "http://10.0.0.3:8080", 1),
    ] {
        let connector = CdnOriginConnector::builder(url)
            .build()?;
        let proxy = OriginProxy::new(connector)
            .host_rewrite(HostRewriteLayer::preserve())
            .pool(PoolSettings::default().max_connections(80));
        members.push(Member::new(proxy).name(name).weight(weight));
    }
    let group = OriginGroup::builder()
        .tier(members)
        .balance(Balance::round_robin())
        .failover(Failover::default().max_attempts(3).within(Duration::from_secs(5)))
        .ejection(Ejection::default().time(Duration::from_secs(30)).failures(3))
        .health_check(HealthCheck::get("/healthz").interval(Duration::from_secs(10)).timeout(Duration::from_secs(2)).statuses([StatusCode::from_u16(200)?]).rise(2).fall(3))
        .build()?;
    Ok(group)
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(site_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod caddy_timeouts {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::connector::Timeouts;
use cdn_origin::dial::HappyEyeballs;
use cdn_origin::dial::SocketOptions;
use cdn_origin::pool::PoolSettings;
use cdn_origin::proxy::Limits;
use std::error::Error;
use std::time::Duration;

/// `snippet`, line 1.
pub(crate) fn snippet_1() -> Result<OriginProxy, Box<dyn Error>> {
    let connector = CdnOriginConnector::builder("https://origin.example.net")
        .timeouts(Timeouts::default().connect(Duration::from_secs(40)).dial(Duration::from_secs(30)))
        .happy_eyeballs(HappyEyeballs::default().attempt_delay(Duration::from_millis(300)))
        .socket_options(SocketOptions::default().keepalive(Duration::from_secs(30), Duration::from_secs(15), 9).local_address("192.0.2.10".parse::<std::net::IpAddr>()?))
        .build()?;
    Ok(OriginProxy::new(connector)
        .limits(Limits::default().body_idle_timeout(Duration::from_secs(40)).response_timeout(Duration::from_secs(20)))
        .pool(PoolSettings::default().idle_timeout(Duration::from_secs(90)).max_idle(16).max_response_head(262144)))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(snippet_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod caddy_tls_without_a_port {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;

/// `site www.example.com`, line 2.
pub(crate) fn site_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://origin.example.net:80")
        .build()?;
    Ok(OriginProxy::new(connector))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(site_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

pub(super) mod caddy_verification_off {
// cargo add cdn-origin axum tracing-subscriber
// cargo add tokio --features macros,net,rt-multi-thread

use cdn_origin::BuildError;
use cdn_origin::CdnOriginConnector;
use cdn_origin::OriginProxy;
use cdn_origin::tls::danger;

/// `snippet`, line 1.
pub(crate) fn snippet_1() -> Result<OriginProxy, BuildError> {
    let connector = CdnOriginConnector::builder("https://10.0.0.5")
        .sni("origin.example.net")
        .host("10.0.0.5")
        .verify(danger::accept_any_certificate())
        .build()?;
    Ok(OriginProxy::new(connector))
}

/// All sections, as an app of axum.
pub(crate) fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {
    let app = axum::Router::new();
    let app = app.fallback_service(snippet_1()?);
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The reason of each 502 is in the log.
    tracing_subscriber::fmt::init();
    let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app).await?)
}
}

type App = fn() -> Result<axum::Router, Box<dyn std::error::Error>>;

/// The app of each program.
pub(super) const APPS: &[(&str, App)] = &[
    ("nginx_analytics_script", nginx_analytics_script::app),
    ("nginx_azure_app_service", nginx_azure_app_service::app),
    ("nginx_azure_blob_through_upstream", nginx_azure_blob_through_upstream::app),
    ("nginx_behind_a_balancer", nginx_behind_a_balancer::app),
    ("nginx_behind_tls_with_large_heads", nginx_behind_tls_with_large_heads::app),
    ("nginx_bodies_and_errors", nginx_bodies_and_errors::app),
    ("nginx_closed", nginx_closed::app),
    ("nginx_cloud_storage_prefix", nginx_cloud_storage_prefix::app),
    ("nginx_cloudflare_as_origin", nginx_cloudflare_as_origin::app),
    ("nginx_cloudfront_migration", nginx_cloudfront_migration::app),
    ("nginx_cloudfront_old_versions", nginx_cloudfront_old_versions::app),
    ("nginx_cloudfront_without_sni", nginx_cloudfront_without_sni::app),
    ("nginx_docker_registry", nginx_docker_registry::app),
    ("nginx_docs_in_a_folder", nginx_docs_in_a_folder::app),
    ("nginx_inherited_fields", nginx_inherited_fields::app),
    ("nginx_ip_hash", nginx_ip_hash::app),
    ("nginx_lua", nginx_lua::app),
    ("nginx_mutual_tls", nginx_mutual_tls::app),
    ("nginx_node_behind_websocket", nginx_node_behind_websocket::app),
    ("nginx_plain_http_to_443", nginx_plain_http_to_443::app),
    ("nginx_privacy", nginx_privacy::app),
    ("nginx_redirects", nginx_redirects::app),
    ("nginx_rewritten_shop", nginx_rewritten_shop::app),
    ("nginx_s3_bucket_by_variable", nginx_s3_bucket_by_variable::app),
    ("nginx_s3_cached", nginx_s3_cached::app),
    ("nginx_s3_object_by_pattern", nginx_s3_object_by_pattern::app),
    ("nginx_s3_website_endpoint", nginx_s3_website_endpoint::app),
    ("nginx_same_path", nginx_same_path::app),
    ("nginx_sni_of_the_client", nginx_sni_of_the_client::app),
    ("nginx_sticky_nodes", nginx_sticky_nodes::app),
    ("nginx_streaming_api", nginx_streaming_api::app),
    ("nginx_sub_path", nginx_sub_path::app),
    ("nginx_three_nodes", nginx_three_nodes::app),
    ("nginx_tls_upstream_by_label", nginx_tls_upstream_by_label::app),
    ("nginx_tls_upstream_by_name", nginx_tls_upstream_by_name::app),
    ("nginx_unix_socket", nginx_unix_socket::app),
    ("nginx_unix_socket_upstream", nginx_unix_socket_upstream::app),
    ("nginx_verification_off", nginx_verification_off::app),
    ("nginx_verified_by_address", nginx_verified_by_address::app),
    ("nginx_whole_file", nginx_whole_file::app),
    ("haproxy_affinity", haproxy_affinity::app),
    ("haproxy_affinity_by_source", haproxy_affinity_by_source::app),
    ("haproxy_api_without_its_prefix", haproxy_api_without_its_prefix::app),
    ("haproxy_azure_sni_of_client", haproxy_azure_sni_of_client::app),
    ("haproxy_behind_tls_termination", haproxy_behind_tls_termination::app),
    ("haproxy_client_address_from_a_field", haproxy_client_address_from_a_field::app),
    ("haproxy_cloudfront_without_host", haproxy_cloudfront_without_host::app),
    ("haproxy_cloudfront_without_sni", haproxy_cloudfront_without_sni::app),
    ("haproxy_cloudfront_without_tls", haproxy_cloudfront_without_tls::app),
    ("haproxy_cloudfront_working", haproxy_cloudfront_working::app),
    ("haproxy_dynamic_host", haproxy_dynamic_host::app),
    ("haproxy_fields", haproxy_fields::app),
    ("haproxy_forwarded_fields", haproxy_forwarded_fields::app),
    ("haproxy_http2", haproxy_http2::app),
    ("haproxy_mutual_tls", haproxy_mutual_tls::app),
    ("haproxy_object_store_cluster", haproxy_object_store_cluster::app),
    ("haproxy_old_check_with_host", haproxy_old_check_with_host::app),
    ("haproxy_plain_http_to_443", haproxy_plain_http_to_443::app),
    ("haproxy_proxy_protocol", haproxy_proxy_protocol::app),
    ("haproxy_proxy_protocol_v1", haproxy_proxy_protocol_v1::app),
    ("haproxy_responses", haproxy_responses::app),
    ("haproxy_retries", haproxy_retries::app),
    ("haproxy_retries_off", haproxy_retries_off::app),
    ("haproxy_s3_bucket", haproxy_s3_bucket::app),
    ("haproxy_sni_off", haproxy_sni_off::app),
    ("haproxy_static_host", haproxy_static_host::app),
    ("haproxy_template", haproxy_template::app),
    ("haproxy_three_nodes", haproxy_three_nodes::app),
    ("haproxy_unix_socket", haproxy_unix_socket::app),
    ("haproxy_verified_by_address", haproxy_verified_by_address::app),
    ("haproxy_verified_by_name", haproxy_verified_by_name::app),
    ("haproxy_versions", haproxy_versions::app),
    ("haproxy_websocket", haproxy_websocket::app),
    ("haproxy_whole_file", haproxy_whole_file::app),
    ("envoy_accept_untrusted", envoy_accept_untrusted::app),
    ("envoy_affinity", envoy_affinity::app),
    ("envoy_camel_case", envoy_camel_case::app),
    ("envoy_camel_case_nodes", envoy_camel_case_nodes::app),
    ("envoy_cloudfront_bootstrap", envoy_cloudfront_bootstrap::app),
    ("envoy_cloudfront_without_sni", envoy_cloudfront_without_sni::app),
    ("envoy_control_plane_file", envoy_control_plane_file::app),
    ("envoy_dns", envoy_dns::app),
    ("envoy_http2_and_keepalive", envoy_http2_and_keepalive::app),
    ("envoy_ipv6", envoy_ipv6::app),
    ("envoy_mesh", envoy_mesh::app),
    ("envoy_missing_names", envoy_missing_names::app),
    ("envoy_mutual_tls", envoy_mutual_tls::app),
    ("envoy_names_of_the_endpoint", envoy_names_of_the_endpoint::app),
    ("envoy_pinned", envoy_pinned::app),
    ("envoy_plain_http2", envoy_plain_http2::app),
    ("envoy_plain_http_to_443", envoy_plain_http_to_443::app),
    ("envoy_proxy_protocol", envoy_proxy_protocol::app),
    ("envoy_routes", envoy_routes::app),
    ("envoy_sni_and_host_differ", envoy_sni_and_host_differ::app),
    ("envoy_sni_of_the_client", envoy_sni_of_the_client::app),
    ("envoy_sni_of_the_rewritten_host", envoy_sni_of_the_rewritten_host::app),
    ("envoy_three_nodes", envoy_three_nodes::app),
    ("envoy_unix_socket", envoy_unix_socket::app),
    ("caddy_affinity", caddy_affinity::app),
    ("caddy_cloudfront", caddy_cloudfront::app),
    ("caddy_cloudfront_with_the_client_host", caddy_cloudfront_with_the_client_host::app),
    ("caddy_cloudfront_without_host", caddy_cloudfront_without_host::app),
    ("caddy_mutual_tls", caddy_mutual_tls::app),
    ("caddy_one_file_of_roots_too_many", caddy_one_file_of_roots_too_many::app),
    ("caddy_paths", caddy_paths::app),
    ("caddy_plain_http_to_443", caddy_plain_http_to_443::app),
    ("caddy_s3_bucket", caddy_s3_bucket::app),
    ("caddy_sni_of_the_client", caddy_sni_of_the_client::app),
    ("caddy_three_nodes", caddy_three_nodes::app),
    ("caddy_timeouts", caddy_timeouts::app),
    ("caddy_tls_without_a_port", caddy_tls_without_a_port::app),
    ("caddy_verification_off", caddy_verification_off::app),
];
