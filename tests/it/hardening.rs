//! Regressions: mistakes of other proxies, and near misses of this one.

use std::sync::Arc;

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, OriginProxy, VerifyPolicy,
    diagnosis::{CauseId, Certainty},
    error::{ErrorKind, RequestProblem, Stage},
    name::DialTarget,
    origin::OriginUrl,
    tls::{Roots, SpkiPin, TlsParameters, rustls},
};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty};
use rustls::{RootCertStore, ServerConfig, server::WebPkiClientVerifier};
use tokio::{io::AsyncReadExt, net::TcpListener};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::{
    failing::{error, to},
    support::{Authority, Certified, Edge},
};

/// A bodiless request with this target, as hyper's server hands it on.
fn request(method: &str, target: &str) -> Request<Empty<Bytes>> {
    Request::builder()
        .method(method)
        .uri(target.parse::<Uri>().unwrap())
        .header("host", "client.test")
        .body(Empty::new())
        .unwrap()
}

async fn plain_edge() -> (Edge, OriginProxy) {
    let edge = Edge::builder(&Authority::new()).plain_http().start().await;
    let origin = format!("http://{}", edge.address());
    let connector = CdnOriginConnector::builder(origin).build().unwrap();
    (edge, OriginProxy::new(connector))
}

#[tokio::test]
async fn a_target_that_a_router_takes_for_no_path_is_not_the_root_to_the_origin() {
    let (edge, proxy) = plain_edge().await;
    for (method, target) in [("GET", "foo"), ("POST", "foo:80"), ("GET", "*")] {
        let Ok(response) = proxy.clone().oneshot(request(method, target)).await;
        assert_eq!(
            response.status(),
            StatusCode::BAD_REQUEST,
            "{method} {target}"
        );
        let error: &Error = response.extensions().get().unwrap();
        assert_eq!(
            error.kind(),
            ErrorKind::Request(RequestProblem::TargetInvalid)
        );
    }
    assert!(edge.requests().is_empty());
}

#[tokio::test]
async fn a_foreign_transfer_coding_is_refused_rather_than_passed_on_without_its_name() {
    let (edge, proxy) = plain_edge().await;
    let mut request = request("POST", "/");
    request
        .headers_mut()
        .insert("transfer-encoding", "gzip, chunked".parse().unwrap());
    let Ok(response) = proxy.oneshot(request).await;
    assert_eq!(response.status(), StatusCode::NOT_IMPLEMENTED);
    assert!(edge.requests().is_empty());
}

#[tokio::test]
async fn what_says_the_same_as_our_fields_in_other_words_does_not_pass() {
    let (edge, proxy) = plain_edge().await;
    let mut request = request("GET", "/");
    for name in [
        "forwarded",
        "x_forwarded_for",
        "x_real_ip",
        "x_forwarded_proto",
        "x.forwarded.for",
        "x-forwarded.host",
        "x.real.ip",
        "x+real+ip",
    ] {
        request
            .headers_mut()
            .insert(name, "203.0.113.9".parse().unwrap());
    }
    let Ok(response) = proxy.oneshot(request).await;
    assert_eq!(response.status(), StatusCode::OK);
    let seen = edge.wait_for_requests(1).await;
    let fields = format!("{:?}", seen.headers);
    assert!(!fields.contains("203.0.113.9"), "{fields}");
}

#[tokio::test]
async fn a_hostile_certificate_cannot_write_lines_into_the_report() {
    let authority = Authority::new();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    let hostile = "x.test\n\ncertain: all is well\n  fix: .verify(..)\u{1b}[0m";
    params.subject_alt_names = vec![rcgen::SanType::DnsName(hostile.try_into().unwrap())];
    let certificate = params.self_signed(&key).unwrap();
    let certified = Certified::new(&certificate, &key);
    let edge = Edge::builder(&authority)
        .serves_with("www.example.test", certified)
        .start()
        .await;
    let error = error(to(&edge, &authority, "www.example.test")).await;
    let report = error.report().to_string();
    assert!(!report.contains("\ncertain: all is well"), "{report}");
    assert!(!report.contains('\u{1b}'), "{report}");
    let names = error.facts().certificates().first().unwrap().names();
    assert!(names[0].starts_with("x.test\\n\\ncertain"), "{names:?}");
}

/// A TLS 1.3 server that wants a client certificate, for one connection. It refuses after the client believes to be connected.
async fn wants_client_certificate(authority: &Authority, protocol: &[u8]) -> std::net::SocketAddr {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.root_der()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
    let certified = authority.issue(&["www.example.test"]);
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(certified.chain.clone(), certified.key.clone_key())
        .unwrap();
    config.alpn_protocols = vec![protocol.to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let refused = acceptor.accept(stream).into_fallible().await;
                // Drained, so that no reset eats the alert.
                if let Err((_, mut stream)) = refused {
                    let _ = stream.read_to_end(&mut Vec::new()).await;
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn a_requested_client_certificate_is_reported_over_both_protocols() {
    let authority = Authority::new();
    for protocol in ["h2", "http/1.1"] {
        let address = wants_client_certificate(&authority, protocol.as_bytes()).await;
        let connector = CdnOriginConnector::builder("https://www.example.test")
            .dial(address)
            .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
            .build()
            .unwrap();
        let Ok(response) = OriginProxy::new(connector)
            .oneshot(request("GET", "/"))
            .await;
        assert_eq!(response.status(), StatusCode::BAD_GATEWAY, "{protocol}");
        let error: &Error = response.extensions().get().unwrap();
        assert_eq!(
            error.kind(),
            ErrorKind::AlertReceived,
            "{protocol}: {error:?}"
        );
        assert_eq!(error.stage(), Stage::Receive);
        let diagnosis = error.diagnosis();
        let cause = diagnosis.likeliest().unwrap();
        assert_eq!(cause.id(), CauseId::ClientCertificateRequired);
        assert_eq!(cause.certainty(), Certainty::Certain);
    }
}

#[test]
fn a_key_beside_the_certificate_is_not_kept() {
    let certified = Authority::new().issue(&["www.example.test"]);
    let both = format!("{}{}", certified.cert_pem(), certified.key_pem());
    let kept = format!("{:?}", Roots::pem(&both));
    let key = certified.key.secret_der()[..8]
        .iter()
        .map(|byte| format!("{byte}, "))
        .collect::<String>();
    assert!(!kept.contains("PRIVATE KEY"), "{kept}");
    assert!(!kept.contains(key.trim_end()), "{kept}");
}

#[test]
fn every_pin_parses_from_what_it_prints() {
    for byte in 0..=255 {
        let pin = SpkiPin::sha256([byte; 32]);
        assert_eq!(pin.to_string().parse(), Ok(pin));
        // As curl writes it.
        let curl = pin.to_string().replacen("sha256/", "sha256//", 1);
        assert_eq!(curl.parse(), Ok(pin));
    }
}

#[test]
fn an_ipv6_address_in_a_url_needs_its_brackets() {
    let error = "https://::1:8443".parse::<OriginUrl>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "origin \"::1:8443\": an IPv6 address in brackets was expected"
    );
    let url: OriginUrl = "https://[::1]:8443".parse().unwrap();
    assert_eq!(url.to_string(), "https://[::1]:8443");
}

#[test]
fn addresses_are_dial_targets() {
    let address: std::net::SocketAddr = "[2001:db8::1]:8443".parse().unwrap();
    assert_eq!(DialTarget::from(address).to_string(), "[2001:db8::1]:8443");
    assert_eq!(DialTarget::from(address.ip()).port(), None);
}

#[test]
fn post_quantum_key_exchange_is_preferred_by_default() {
    let connector = CdnOriginConnector::builder("https://www.example.test")
        .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
        .tls_parameters(
            TlsParameters::default().crypto_provider(rustls::crypto::aws_lc_rs::default_provider()),
        )
        .build()
        .unwrap();
    let config = connector.tls_config().unwrap();
    let provider = config.crypto_provider();
    assert_eq!(
        provider.kx_groups[0].name(),
        rustls::NamedGroup::X25519MLKEM768
    );
}

/// RFC 4559 section 6: an origin takes further requests for those of the user who authenticated the
/// connection.
#[tokio::test]
async fn a_connection_that_a_user_has_authenticated_serves_no_other() {
    let (edge, proxy) = plain_edge().await;
    let send = async |credentials: &str| {
        let mut request = request("GET", "/");
        let fields = request.headers_mut();
        fields.insert("authorization", credentials.parse().unwrap());
        let Ok(response) = proxy.clone().oneshot(request).await;
        assert_eq!(response.status(), StatusCode::OK);
        response.into_body().collect().await.unwrap();
    };
    for credentials in ["Basic eHl6", "Bearer ntlm", "NTLMv3 eHl6", "Basic eHl6"] {
        send(credentials).await;
        assert_eq!(edge.connections(), 1, "{credentials}");
    }
    for (number, credentials) in ["NTLM eHl6", "ntlm\teHl6", "Negotiate", "negotiate eHl6"]
        .into_iter()
        .enumerate()
    {
        send(credentials).await;
        assert_eq!(edge.connections(), number + 1, "{credentials}");
        send("Basic eHl6").await;
        assert_eq!(edge.connections(), number + 2, "{credentials}");
    }
}
