//! Real servers that receive the client's address in a PROXY protocol header.

use std::net::SocketAddr;

use axum::body::Body;
use cdn_origin::{
    OriginProxy,
    diagnosis::CauseId,
    dial::ProxyProtocol,
    downstream::{ClientAddress, ClientTls},
    error::InvalidValue,
};
use http::Request;

use crate::{
    interop::{
        client::{NAME, assert_fixed_by, connector, refusal, send},
        server::{Folder, Server},
    },
    support::Authority,
};

const CLIENTS: [(&str, &str); 3] = [
    ("203.0.113.7:40001", "203.0.113.7 40001"),
    ("[2001:db8::7]:40002", "2001:db8::7 40002"),
    // Neither server shows an unknown port.
    ("203.0.113.8:0", "203.0.113.8 "),
];

/// Both versions, each client twice: the second request reuses the connection.
async fn assert_each_client_is_known(
    server: &Server,
    authority: &Authority,
    with_tlvs: impl Fn(ClientAddress) -> Result<ClientAddress, InvalidValue>,
) {
    for protocol in [ProxyProtocol::V1, ProxyProtocol::V2] {
        let connector = connector(server, authority).proxy_protocol(protocol);
        let proxy = OriginProxy::new(connector.build().unwrap());
        for _ in 0..2 {
            for (client, expected) in CLIENTS {
                let client: SocketAddr = client.parse().unwrap();
                let client = with_tlvs(ClientAddress::new(client)).unwrap();
                let request = Request::get("/").header("host", "client.test");
                let request = request.extension(client).body(Body::empty()).unwrap();
                assert_eq!(send(&proxy, request).await.body(), expected, "{protocol:?}");
            }
        }
        assert_eq!(proxy.snapshot().pool.opened, 3);
    }
}

/// A header that only one side expects is diagnosed.
async fn assert_mismatch_is_diagnosed(server: &Server, authority: &Authority, expects: bool) {
    if expects {
        let error = refusal(connector(server, authority)).await;
        let fix = ".proxy_protocol(ProxyProtocol::V2)";
        assert_fixed_by(&error.diagnosis(), CauseId::ProxyHeaderExpected, fix);
        return;
    }
    for protocol in [ProxyProtocol::V1, ProxyProtocol::V2] {
        let error = refusal(connector(server, authority).proxy_protocol(protocol)).await;
        let diagnosis = error.diagnosis();
        let cause = diagnosis.likeliest().unwrap();
        assert_eq!(cause.id(), CauseId::ProxyHeaderNotExpected, "{diagnosis:?}");
        let fix = cause.fixes().first().unwrap().to_string();
        assert!(fix.starts_with("leave out .proxy_protocol(..)"), "{fix}");
    }
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_proxy_header_mismatch_with_nginx_is_diagnosed() {
    for (expects, listen) in [(true, "ssl proxy_protocol"), (false, "ssl")] {
        let authority = Authority::new();
        let folder = Folder::new().certified("site", &authority.issue(&[NAME]));
        let servers = "server {
            listen LISTEN HOW;
            ssl_certificate site.pem;
            ssl_certificate_key site.pem;
        }";
        let nginx = Server::nginx(folder, &servers.replace("HOW", listen));
        assert_mismatch_is_diagnosed(&nginx, &authority, expects).await;
    }
}

#[tokio::test]
#[ignore = "needs haproxy"]
async fn a_proxy_header_mismatch_with_haproxy_is_diagnosed() {
    for (expects, accepts) in [(true, "accept-proxy"), (false, "")] {
        let authority = Authority::new();
        let folder = Folder::new().certified("site", &authority.issue(&[NAME]));
        let sections = "frontend edge
            bind fd@0 HOW ssl crt site.pem
            http-request return status 200";
        let haproxy = Server::haproxy(folder, &sections.replace("HOW", accepts));
        assert_mismatch_is_diagnosed(&haproxy, &authority, expects).await;
    }
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_receives_the_client_address_before_tls() {
    let authority = Authority::new();
    let folder = Folder::new().certified("site", &authority.issue(&[NAME]));
    let nginx = Server::nginx(
        folder,
        "server {
            listen LISTEN ssl proxy_protocol;
            ssl_certificate site.pem;
            ssl_certificate_key site.pem;
            location / { return 200 '$proxy_protocol_addr $proxy_protocol_port'; }
        }",
    );
    // nginx 1.22 accepts headers of up to 107 bytes.
    let with_tlvs = |client: ClientAddress| client.authority("client.test")?.unique_id("7");
    assert_each_client_is_known(&nginx, &authority, with_tlvs).await;
}

#[tokio::test]
#[ignore = "needs haproxy"]
async fn haproxy_receives_the_client_address_before_tls() {
    let authority = Authority::new();
    let folder = Folder::new().certified("site", &authority.issue(&[NAME]));
    let haproxy = Server::haproxy(
        folder,
        "frontend edge
            bind fd@0 accept-proxy ssl crt site.pem alpn h2,http/1.1
            http-request return status 200 content-type text/plain lf-string \"%[src] %[src_port]\"",
    );
    let tls = ClientTls::new("TLSv1.3").cipher("TLS_AES_128_GCM_SHA256");
    let with_tlvs = |client: ClientAddress| {
        let client = client.authority("client.test")?.alpn("h2")?;
        client.tls(tls.clone())?.unique_id("7")?.custom(0xEA, "own")
    };
    assert_each_client_is_known(&haproxy, &authority, with_tlvs).await;
}
