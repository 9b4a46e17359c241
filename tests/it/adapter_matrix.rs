//! Each broken variant of the two setups of the guide, through each adapter: the error names the
//! cause, and the call that fixes it.

use bytes::Bytes;
use cdn_origin::{
    Alpn, CdnOriginConnector, Error, OriginProxy, TlsVersion, adapt,
    connector::CdnOriginBuilder,
    diagnosis::{CauseId, Diagnosis},
    tls::{Roots, VerifyPolicy},
};
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tower::ServiceExt;

use crate::{
    failing::to,
    support::{Authority, Edge, EdgeBuilder, HostMismatch, SniRefusal},
};

/// The likeliest cause and all fixes that an adapter reports; else what happened instead.
type Found = Result<(CauseId, Vec<String>), String>;

fn found(diagnosis: &Diagnosis, text: &str) -> Found {
    let causes = diagnosis.causes();
    let fixes = causes.iter().flat_map(|cause| cause.fixes());
    let likeliest = diagnosis
        .likeliest()
        .ok_or_else(|| format!("no cause: {text}"))?;
    Ok((likeliest.id(), fixes.map(ToString::to_string).collect()))
}

fn of_error(error: &Error) -> Found {
    found(&error.diagnosis(), &error.to_string())
}

async fn by_proxy(connector: &CdnOriginConnector) -> Found {
    let request = Request::get("/page").header("host", "client.test");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = OriginProxy::new(connector.clone()).oneshot(request).await;
    let extensions = response.extensions();
    match (extensions.get::<Error>(), extensions.get::<Diagnosis>()) {
        (Some(error), _) => of_error(error),
        (None, Some(diagnosis)) => found(diagnosis, ""),
        (None, None) => Err(response.status().to_string()),
    }
}

async fn by_hyper_util(connector: &CdnOriginConnector) -> Found {
    let client = Client::builder(TokioExecutor::new()).build(connector.clone());
    let url = format!("http://{}/page", connector.origin().unwrap().host());
    let request = Request::get(url).body(Empty::<Bytes>::new()).unwrap();
    let outcome = match client.request(request).await {
        Ok(response) => {
            let (head, body) = response.into_parts();
            Ok((head, body.collect().await.unwrap().to_bytes()))
        }
        Err(error) => Err(error),
    };
    match adapt::check(connector, outcome) {
        Ok((head, _)) => Err(head.status.to_string()),
        Err(error) => of_error(&error),
    }
}

#[cfg(feature = "reqwest")]
async fn by_reqwest(connector: &CdnOriginConnector) -> Found {
    let client = adapt::reqwest::client_builder(connector).map_err(|it| it.to_string())?;
    let url = adapt::reqwest::base_url(connector).unwrap();
    let sent = client
        .build()
        .unwrap()
        .get(url.join("/page").unwrap())
        .send();
    let outcome = match sent.await {
        Ok(response) => {
            let (head, body) = http::Response::from(response).into_parts();
            Ok((head, body.collect().await.unwrap().to_bytes()))
        }
        Err(error) => Err(error),
    };
    match adapt::check(connector, outcome) {
        Ok((head, _)) => Err(head.status.to_string()),
        Err(error) => of_error(&error),
    }
}

#[cfg(feature = "tonic")]
async fn by_tonic(connector: &CdnOriginConnector) -> Found {
    let channel = adapt::tonic::channel(connector).map_err(|it| it.to_string())?;
    let request = Request::post("/service/Method").header("content-type", "application/grpc");
    let request = request.body(tonic::body::Body::empty()).unwrap();
    match channel.oneshot(request).await {
        Ok(response) => Err(response.status().to_string()),
        Err(error) => {
            let status = tonic::Status::from_error(error);
            let ours = Error::find_in(&status);
            ours.map_or_else(|| Err(format!("{status:?}")), of_error)
        }
    }
}

#[cfg(feature = "tungstenite")]
async fn by_tungstenite(connector: &CdnOriginConnector) -> Found {
    let request = Request::get("/page").body(()).unwrap();
    match adapt::tungstenite::connect(connector, request).await {
        Ok((_, response)) => Err(response.status().to_string()),
        Err(error) => of_error(&error),
    }
}

async fn by_socket(connector: &CdnOriginConnector) -> Found {
    match adapt::socket::connect(connector).await {
        Ok(_) => Err("connected".into()),
        Err(error) => of_error(&error),
    }
}

/// What all adapters report. A socket carries no request.
async fn all(builder: &CdnOriginBuilder, fails: Fails) -> Vec<(&'static str, Found)> {
    let connector = &builder.clone().build().unwrap();
    let mut all = vec![
        ("proxy", by_proxy(connector).await),
        ("hyper-util", by_hyper_util(connector).await),
        #[cfg(feature = "reqwest")]
        ("reqwest", by_reqwest(connector).await),
        #[cfg(feature = "tonic")]
        ("tonic", by_tonic(connector).await),
        #[cfg(feature = "tungstenite")]
        ("tungstenite", by_tungstenite(connector).await),
    ];
    if fails == Fails::InConnect {
        all.push(("socket", by_socket(connector).await));
    }
    all
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fails {
    InConnect,
    InResponse,
}

/// Asserts one of these causes and this fix through all adapters.
async fn check(
    variant: &str,
    fails: Fails,
    builder: CdnOriginBuilder,
    causes: &[CauseId],
    fix: &str,
) {
    for (adapter, found) in all(&builder, fails).await {
        let (cause, fixes) = found.unwrap_or_else(|it| panic!("{variant}, {adapter}: {it}"));
        assert!(causes.contains(&cause), "{variant}, {adapter}: {cause:?}");
        let has_fix = fixes.iter().any(|it| it.starts_with(fix));
        assert!(has_fix, "{variant}, {adapter}: {fixes:?}");
    }
}

fn edge(authority: &Authority) -> EdgeBuilder {
    Edge::builder(authority).serves("shop.test")
}

fn plain(edge: &Edge) -> CdnOriginBuilder {
    CdnOriginConnector::builder("http://shop.test").dial(edge.address().to_string())
}

#[tokio::test]
async fn a_wrong_sni_and_none_are_named_through_each_adapter() {
    let authority = &Authority::new();
    for refusal in [
        SniRefusal::Alert(40),
        SniRefusal::Alert(112),
        SniRefusal::Close,
        SniRefusal::Reset,
        SniRefusal::DefaultCertificate,
    ] {
        let edge = edge(authority).unknown_sni(refusal).without_sni(refusal);
        let edge = edge.start().await;
        let shop = || to(&edge, authority, "shop.test").host("shop.test");
        let causes = [CauseId::SniNotServed, CauseId::CertificateForAnotherName];
        let variant = format!("wrong SNI, {refusal:?}");
        let builder = shop().sni("wrong.test");
        check(
            &variant,
            Fails::InConnect,
            builder,
            &causes,
            ".sni(\"shop.test\")",
        )
        .await;
        let causes = [CauseId::SniMissing];
        let variant = format!("no SNI, {refusal:?}");
        let builder = shop().omit_sni();
        check(
            &variant,
            Fails::InConnect,
            builder,
            &causes,
            ".sni(\"shop.test\")",
        )
        .await;
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_accepted_is_named_through_each_adapter() {
    let authority = &Authority::new();
    let edge = edge(authority).start().await;
    let shop = || to(&edge, authority, "shop.test");
    let builder = shop().expected_name("wrong.test");
    let causes = [CauseId::CertificateForAnotherName];
    let fix = ".expected_name(\"shop.test\")";
    check("expected name", Fails::InConnect, builder, &causes, fix).await;
    let roots = Roots::pem(Authority::new().root_pem());
    let builder = shop().verify(VerifyPolicy::roots(roots));
    let causes = [CauseId::UntrustedAuthority];
    check("roots", Fails::InConnect, builder, &causes, ".verify(").await;
}

#[tokio::test]
async fn plain_http_and_tls_at_the_wrong_port_are_named_through_each_adapter() {
    let authority = &Authority::new();
    let fix = "CdnOriginConnector::builder(\"https://shop.test\")";
    let tls = edge(authority).start().await;
    let causes = [CauseId::HttpToTlsPort];
    check("plain HTTP", Fails::InResponse, plain(&tls), &causes, fix).await;
    let redirecting = edge(authority).redirects_to_https().start().await;
    let causes = [CauseId::HttpsRequired];
    check(
        "redirect",
        Fails::InResponse,
        plain(&redirecting),
        &causes,
        fix,
    )
    .await;
    let http = edge(authority).plain_http().start().await;
    let builder = to(&http, authority, "shop.test");
    let causes = [CauseId::PlainHttpPeer];
    check("TLS", Fails::InConnect, builder, &causes, "dial the port").await;
}

#[tokio::test]
async fn a_wrong_host_is_named_through_each_adapter() {
    let authority = &Authority::new();
    let edges = [
        edge(authority).host_mismatch(HostMismatch::Misdirected421),
        edge(authority).host_mismatch(HostMismatch::Forbidden403),
        edge(authority).knows_hosts(&["shop.test"]),
    ];
    for (index, edge) in edges.into_iter().enumerate() {
        let edge = edge.start().await;
        let builder = to(&edge, authority, "shop.test").host("wrong.test");
        let causes = [CauseId::SniAndHostDisagree, CauseId::HostNotServed];
        let fix = ".host(\"shop.test\")";
        check(
            &format!("Host {index}"),
            Fails::InResponse,
            builder,
            &causes,
            fix,
        )
        .await;
    }
}

#[tokio::test]
async fn bounds_of_tls_versions_are_named_through_each_adapter() {
    let authority = &Authority::new();
    let new = edge(authority)
        .tls_versions(&[&rustls::version::TLS13])
        .start()
        .await;
    let old = edge(authority)
        .tls_versions(&[&rustls::version::TLS12])
        .start()
        .await;
    for (edge, version) in [(new, TlsVersion::V1_2), (old, TlsVersion::V1_3)] {
        let builder = to(&edge, authority, "shop.test").tls_versions(version..=version);
        let causes = [CauseId::NoCommonTlsVersion];
        let fix = ".tls_versions(TlsVersion::V1_2..)";
        check("version", Fails::InConnect, builder, &causes, fix).await;
    }
}

#[tokio::test]
async fn a_protocol_that_is_not_accepted_in_alpn_is_named_through_each_adapter() {
    let authority = &Authority::new();
    let only_h2 = edge(authority).alpn(&["h2"]).start().await;
    let builder = to(&only_h2, authority, "shop.test").alpn(Alpn::Http1);
    for (adapter, found) in all(&builder, Fails::InConnect).await {
        match found {
            // It speaks only HTTP/2.
            Err(error) => assert!(
                adapter == "tonic" && error.contains("Alpn::Http2"),
                "{error}"
            ),
            Ok((cause, fixes)) => {
                assert_eq!(cause, CauseId::AlpnNotAccepted, "{adapter}");
                assert_eq!(fixes, [".alpn(Alpn::Http2OrHttp1)"], "{adapter}");
            }
        }
    }
    let only_h1 = edge(authority).alpn(&["http/1.1"]).start().await;
    let builder = to(&only_h1, authority, "shop.test").alpn(Alpn::Http2);
    let causes = [CauseId::AlpnNotAccepted];
    let fix = ".alpn(Alpn::Http2OrHttp1)";
    check("ALPN", Fails::InConnect, builder, &causes, fix).await;
}
