//! reqwest's client for a connector's origin: four names that differ, and our error inside its own.

use cdn_origin::{
    CdnOriginConnector, Error, ErrorKind,
    adapt::{
        self,
        reqwest::{base_url, client_builder},
    },
    connector::CdnOriginBuilder,
    diagnosis::Certainty,
    dial::{ProxyProtocol, SocketOptions},
    error::{BuildProblemKind, RequestProblem},
    tls::{Alpn, SpkiPin, VerifyPolicy},
};
use http::{Response, StatusCode, Version, header::LOCATION};

use crate::{
    failing::to,
    support::{Authority, Edge, refused_address},
};

/// An edge that serves `sni.test` with a certificate for `expected.test`.
async fn edge(authority: &Authority) -> Edge {
    let certified = authority.issue(&["expected.test"]);
    let edge = Edge::builder(authority).serves_with("sni.test", certified);
    edge.knows_hosts(&["host.test", "sni.test"]).start().await
}

/// A builder whose four names all differ.
fn builder(edge: &Edge, authority: &Authority) -> CdnOriginBuilder {
    to(edge, authority, "distribution.test")
        .sni("sni.test")
        .expected_name("expected.test")
        .host("host.test")
}

async fn get(connector: &CdnOriginConnector) -> reqwest::Result<reqwest::Response> {
    let client = client_builder(connector).unwrap().build()?;
    let url = base_url(connector).unwrap().join("/items?page=2").unwrap();
    client.get(url).send().await
}

async fn report(builder: CdnOriginBuilder) -> String {
    let error = get(&builder.build().unwrap()).await.unwrap_err();
    let found = Error::find_in(&error).unwrap_or_else(|| panic!("{error:?}"));
    found.report().to_string()
}

#[tokio::test]
async fn dial_target_sni_expected_name_and_host_may_all_differ() {
    let authority = Authority::new();
    let edge = edge(&authority).await;
    let connector = builder(&edge, &authority).build().unwrap();
    let response = get(&connector).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let seen = edge.wait_for_requests(1).await;
    assert_eq!(seen.sni.as_deref(), Some("sni.test"));
    assert_eq!(seen.host(), Some("host.test"));
    assert_eq!(seen.target, "/items?page=2");
    assert_eq!(seen.version, Version::HTTP_11);
}

#[tokio::test]
async fn http2_is_negotiated_where_the_host_is_the_sni_name() {
    let authority = Authority::new();
    let edge = edge(&authority).await;
    let connector = builder(&edge, &authority).host("sni.test").build().unwrap();
    assert_eq!(get(&connector).await.unwrap().version(), Version::HTTP_2);
    let seen = edge.wait_for_requests(1).await;
    assert_eq!(seen.authority.as_deref(), Some("sni.test"));
}

#[tokio::test]
async fn a_plain_http_origin_gets_its_host_at_another_port() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).plain_http().start().await;
    for host in ["host.test", "host.test:8080", "192.0.2.1"] {
        let connector = CdnOriginConnector::builder("http://origin.test")
            .dial(edge.address().to_string())
            .host(host)
            .build()
            .unwrap();
        assert_eq!(get(&connector).await.unwrap().status(), StatusCode::OK);
        assert_eq!(edge.requests().last().unwrap().host(), Some(host));
    }
}

#[tokio::test]
async fn each_wrong_name_gives_our_report() {
    let authority = Authority::new();
    let edge = edge(&authority).await;
    let builder = || builder(&edge, &authority);

    let wrong_sni = report(builder().sni("wrong.test")).await;
    assert!(wrong_sni.contains("SNI        wrong.test"), "{wrong_sni}");

    let wrong_name = report(builder().expected_name("wrong.test")).await;
    assert!(
        wrong_name.contains(".expected_name(\"expected.test\")"),
        "{wrong_name}"
    );

    let refused = refused_address();
    let wrong_dial = report(builder().dial(refused.address().to_string())).await;
    assert!(wrong_dial.contains("refused"), "{wrong_dial}");

    let wrong_pin = VerifyPolicy::pinned(SpkiPin::sha256([0; 32]));
    let wrong_key = report(builder().verify(wrong_pin)).await;
    assert!(wrong_key.contains("pin"), "{wrong_key}");

    // A wrong Host is no failure of the connection: the edge's response says so.
    let connector = builder().host("wrong.test").build().unwrap();
    assert_eq!(
        get(&connector).await.unwrap().status(),
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn an_origin_without_http_1_is_explained_by_what_reqwest_offered() {
    let authority = Authority::new();
    let certified = authority.issue(&["expected.test"]);
    let edge = Edge::builder(&authority).serves_with("sni.test", certified);
    let edge = edge.alpn(&["h2"]).start().await;
    let report = report(builder(&edge, &authority)).await;
    assert!(report.contains("ALPN http/1.1\n"), "{report}");
}

#[tokio::test]
async fn redirects_stay_within_the_origin() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("sni.test")
        .respond(|request| {
            let to = match request.uri().path() {
                "/within" => "/away",
                "/away" => "https://elsewhere.test/",
                _ => return Response::new(bytes::Bytes::new()),
            };
            let response = Response::builder().status(302).header(LOCATION, to);
            response.body(bytes::Bytes::new()).unwrap()
        })
        .start()
        .await;
    let connector = to(&edge, &authority, "sni.test").build().unwrap();
    let client = client_builder(&connector).unwrap().build().unwrap();
    let url = base_url(&connector).unwrap().join("/within").unwrap();
    let response = client.get(url).send().await.unwrap();
    assert_eq!(response.headers()[LOCATION], "https://elsewhere.test/");
    let targets: Vec<_> = edge
        .requests()
        .iter()
        .map(|seen| seen.target.clone())
        .collect();
    assert_eq!(targets, ["/within", "/away"]);
}

#[tokio::test]
async fn a_url_of_another_host_is_not_dialled() {
    let authority = Authority::new();
    let edge = edge(&authority).await;
    let connector = builder(&edge, &authority).build().unwrap();
    let client = client_builder(&connector).unwrap().build().unwrap();
    for url in [
        "https://host.test/path?secret",
        "http://sni.test/path?secret",
        "/path?secret",
    ] {
        let outcome = client.get(url).send().await;
        let error = adapt::check(&connector, outcome).unwrap_err();
        let problem = RequestProblem::UrlForeign;
        assert_eq!(error.kind(), ErrorKind::Request(problem), "{url}");
        let report = error.report().to_string();
        let text = report.split_whitespace().collect::<Vec<_>>().join(" ");
        let headline = "URL has another scheme, host or port than the client's base URL";
        assert!(text.contains(headline), "{report}");
        assert!(
            text.contains("fix: join the path to adapt::reqwest::base_url"),
            "{report}"
        );
        assert!(!text.contains("dialled"), "{report}");
        assert!(!text.contains("I/O failed"), "{report}");
        assert!(!text.contains("secret"), "{report}");
        assert_eq!(
            error.diagnosis().causes()[0].certainty(),
            Certainty::Certain
        );
    }
    assert!(edge.requests().is_empty());
    assert!(edge.hellos().is_empty());
}

#[tokio::test]
async fn a_failed_connect_to_another_address_is_not_explained_by_the_origin() {
    let authority = Authority::new();
    let edge = edge(&authority).await;
    let refused = refused_address();
    let dialled = refused.address();
    let connector = builder(&edge, &authority).build().unwrap();
    let client = client_builder(&connector).unwrap().build().unwrap();

    let problem = RequestProblem::UrlForeign;
    for address in [dialled, edge.address()] {
        let outcome = client.get(format!("https://{address}/")).send().await;
        let error = outcome.unwrap_err();
        let found = Error::find_in(&error).unwrap();
        assert_eq!(found.kind(), ErrorKind::Request(problem));
    }
    assert!(edge.requests().is_empty());

    let port = format!("https://sni.test:{}/", dialled.port());
    let other = CdnOriginConnector::builder(format!("http://{dialled}"));
    let of_another_client = get(&other.build().unwrap()).await;
    for outcome in [client.get(port).send().await, of_another_client] {
        let error = adapt::check(&connector, outcome).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request(problem));
        assert!(error.facts().origin().is_none());
    }
}

#[tokio::test]
async fn a_request_that_reqwest_cannot_build_has_no_cause_in_its_url() {
    let authority = Authority::new();
    let edge = edge(&authority).await;
    let connector = builder(&edge, &authority).build().unwrap();
    let client = client_builder(&connector).unwrap().build().unwrap();
    let request = client.get(base_url(&connector).unwrap());
    let outcome = request.header("name", "line\nline").send().await;
    let error = adapt::check(&connector, outcome).unwrap_err();
    let problem = RequestProblem::BuildFailed;
    assert_eq!(error.kind(), ErrorKind::Request(problem));
}

#[tokio::test]
async fn a_host_that_the_request_overrides_is_named_as_such() {
    let authority = Authority::new();
    let edge = edge(&authority).await;
    let connector = builder(&edge, &authority).build().unwrap();
    let client = client_builder(&connector).unwrap().build().unwrap();
    let request = client.get(base_url(&connector).unwrap());
    let outcome = request.header("host", "wrong.test").send().await;
    let report = adapt::check(&connector, outcome)
        .unwrap_err()
        .report()
        .to_string();
    assert!(
        report.contains("if the request has a Host field of its own: correct that one"),
        "{report}"
    );
}

#[test]
fn what_reqwest_cannot_do_is_refused_by_the_name_of_its_call() {
    let builder = || {
        CdnOriginConnector::builder("https://origin.example.test")
            .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
    };
    let options = SocketOptions::default().dscp(10);
    for (refused, builder) in [
        (
            "proxy_protocol",
            builder().proxy_protocol(ProxyProtocol::V2),
        ),
        ("socket_options", builder().socket_options(options)),
        ("dial", builder().dial("unix:/run/origin.sock")),
        ("host", builder().alpn(Alpn::Http2).host("other.test")),
        (
            "expected_name",
            builder()
                .dial("192.0.2.1")
                .omit_sni()
                .expected_name("192.0.2.2"),
        ),
    ] {
        let connector = builder.build().unwrap();
        let error = client_builder(&connector).unwrap_err();
        assert_eq!(error.problems()[0].setter(), refused);
        assert_eq!(error.problems()[0].kind(), BuildProblemKind::Contradiction);
    }
}

#[test]
fn a_connector_without_an_origin_is_refused() {
    let connector = CdnOriginConnector::any_origin().build().unwrap();
    let error = client_builder(&connector).unwrap_err();
    assert_eq!(error.problems()[0].setter(), "origin");
}

/// reqwest dials the port of a URL, and tells this crate only afterwards.
#[tokio::test]
async fn a_success_from_another_port_is_no_response_of_the_origin() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).plain_http().start().await;
    let other = Edge::builder(&authority).plain_http().start().await;
    let connector = CdnOriginConnector::builder("http://origin.test").dial(edge.address());
    let connector = connector.build().unwrap();
    let client = client_builder(&connector).unwrap().build().unwrap();
    let send = |port: u16| {
        client
            .get(format!("http://origin.test:{port}/path?secret"))
            .send()
    };

    let response = send(other.address().port()).await;
    assert_eq!(response.as_ref().unwrap().status(), StatusCode::OK);
    let error = adapt::check(&connector, response).unwrap_err();
    let foreign = ErrorKind::Request(RequestProblem::UrlForeign);
    assert_eq!(error.kind(), foreign);
    let diagnosis = error.diagnosis();
    let fix = diagnosis.causes()[0].fixes()[0].to_string();
    assert!(fix.contains("add no port"), "{fix}");
    assert!(!error.report().to_string().contains("secret"));

    let response = send(edge.address().port()).await;
    let response = adapt::check(&connector, response).unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}
