//! What counts as an answer to an upgrade.

use std::sync::{Arc, Mutex};

use cdn_origin::{
    CdnOriginConnector, Error, ErrorKind, OriginProxy, VerifyPolicy,
    diagnosis::{CauseId, Certainty},
    error::Stage,
    proxy::{Limits, ProxyBody, Upgrades},
    tls::Alpn,
};
use http::Response;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;

use crate::{
    support::{Authority, Edge, Site},
    transports::to,
};

use super::{ASK, SWITCH, Scene, bytes, fields, head, rest};

#[tokio::test]
async fn the_client_receives_the_agreed_protocol() {
    let scene = Scene::new().await;
    let mut client = scene.client(ASK).await;
    let (mut origin, _) = scene.accept_request().await;
    let switch = SWITCH.replace(
        "Connection: Upgrade",
        "Connection: Upgrade, X-Named\r\nX-Named: 1\r\nX-Kept: 2\r\nContent-Length: 0\r\nKeep-Alive: timeout=5",
    );
    // The first words of the new protocol come along with the answer.
    origin
        .write_all(format!("{switch}first").as_bytes())
        .await
        .unwrap();
    let response_head = head(&mut client).await;
    assert!(
        response_head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"),
        "{response_head}"
    );
    let response_head: Vec<_> = fields(&response_head)
        .into_iter()
        .filter(|line| !line.starts_with("date"))
        .collect();
    assert_eq!(
        response_head,
        [
            "connection: upgrade",
            "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=",
            "sec-websocket-protocol: superchat",
            "upgrade: websocket",
            "x-kept: 2",
        ]
    );
    assert_eq!(&bytes(&mut client).await, b"first");
}

#[tokio::test]
async fn an_origin_that_has_answered_plain_http_is_no_tls_port_when_it_cuts_an_upgrade_off() {
    // At a port that usually expects TLS, a close is likely about TLS until something was answered.
    let at_tls_port =
        |address| CdnOriginConnector::builder("http://origin.test:443").transport(to(address));
    let scene = Scene::to(at_tls_port, OriginProxy::disclose_diagnosis).await;
    for (answered, cause) in [
        (false, "http_to_tls_port, likely"),
        (true, "down, possible"),
    ] {
        if answered {
            let mut client = scene
                .client("GET / HTTP/1.1\r\nhost: client.test\r\n\r\n")
                .await;
            let (mut origin, _) = scene.accept_request().await;
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            origin.write_all(answer).await.unwrap();
            head(&mut client).await;
        }
        let mut client = scene.client(ASK).await;
        drop(scene.accept_request().await);
        let response_head = head(&mut client).await;
        assert!(response_head.contains(cause), "{response_head}");
    }
}

#[tokio::test]
async fn a_switch_to_something_else_than_was_asked_is_502() {
    let wrong = [
        SWITCH.replace("s3pP", "S3pP"),
        SWITCH.replace("Sec-WebSocket-Accept", "X-Accept"),
        SWITCH.replace("Upgrade: websocket", "Upgrade: h2c"),
        SWITCH.replace("Upgrade: websocket", "Upgrade: websocket, h2c"),
        SWITCH.replace("Upgrade: websocket\r\n", ""),
        SWITCH.replace("Connection: Upgrade\r\n", ""),
        SWITCH.replace("Connection: Upgrade\r\n", "Connection: close\r\n"),
        SWITCH.replace("superchat", "other"),
        SWITCH.replace(
            "Connection",
            "Sec-WebSocket-Extensions: permessage-deflate\r\nConnection",
        ),
        SWITCH.replace(
            "Connection",
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nConnection",
        ),
    ];
    let scene = Scene::with(OriginProxy::disclose_diagnosis).await;
    for switch in wrong {
        let mut client = scene.client(ASK).await;
        let (mut origin, _) = scene.accept_request().await;
        origin.write_all(switch.as_bytes()).await.unwrap();
        let answer = head(&mut client).await;
        assert!(
            answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n"),
            "{switch}{answer}"
        );
        assert!(
            answer.contains("error=http_upgrade_failed"),
            "{switch}{answer}"
        );
        let cause = format!("{}, likely", CauseId::UpgradeNotServed);
        assert!(answer.contains(&cause), "{switch}{answer}");
        assert_eq!(rest(&mut origin).await, "", "{switch}");
    }
    scene.until(|pool| pool.open == 0).await;
}

#[tokio::test]
async fn a_switch_to_something_else_than_was_asked_has_a_cause_that_names_it() {
    let texts = Arc::new(Mutex::new(Vec::new()));
    let note = {
        let texts = texts.clone();
        move |response: Response<ProxyBody>| {
            let error = response.extensions().get::<Error>().unwrap();
            let diagnosis = error.diagnosis();
            let cause = diagnosis.causes()[0].to_string();
            texts.lock().unwrap().push(cause);
            response
        }
    };
    let scene = Scene::with(|proxy| proxy.map_response(note)).await;
    for (switch, text) in [
        (
            SWITCH.replace("Upgrade: websocket", "Upgrade: h2c"),
            "switches to h2c, and websocket was requested",
        ),
        (
            SWITCH.replace("Upgrade: websocket\r\n", ""),
            "does not name websocket in Upgrade",
        ),
        (
            SWITCH.replace("s3pP", "S3pP"),
            "switches to websocket, and a field of its handshake is missing or wrong",
        ),
    ] {
        let mut client = scene.client(ASK).await;
        let (mut origin, _) = scene.accept_request().await;
        origin.write_all(switch.as_bytes()).await.unwrap();
        head(&mut client).await;
        let cause = texts.lock().unwrap().pop().unwrap();
        assert!(cause.contains(text), "{cause}");
    }
}

#[tokio::test]
async fn another_protocol_than_websocket_needs_no_key() {
    let upgrades = Upgrades::none().and("x-echo/1").unwrap();
    let scene = Scene::with(|proxy| proxy.upgrades(upgrades)).await;
    let ask = "POST / HTTP/1.1\r\nHost: client.test\r\nConnection: upgrade\r\nUpgrade: x-echo/1\r\nContent-Length: 0\r\n\r\n";
    let mut client = scene.client(ask).await;
    let (mut origin, received) = scene.accept_request().await;
    assert!(received.starts_with("POST / HTTP/1.1\r\n"), "{received}");
    let switch =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: X-Echo/1\r\n\r\n";
    origin.write_all(switch.as_bytes()).await.unwrap();
    assert!(head(&mut client).await.starts_with("HTTP/1.1 101 "));
    client.write_all(b"ping").await.unwrap();
    assert_eq!(&bytes(&mut origin).await, b"ping");
}

#[tokio::test]
async fn a_200_that_echoes_the_upgrade_is_an_ordinary_response_and_its_connection_is_closed() {
    let scene = Scene::new().await;
    let mut client = scene.client(ASK).await;
    let (mut origin, _) = scene.accept_request().await;
    let echo = SWITCH.replace("101 Switching Protocols", "200 OK\r\nContent-Length: 2");
    origin
        .write_all(format!("{echo}ok").as_bytes())
        .await
        .unwrap();
    let answer = head(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(!answer.to_ascii_lowercase().contains("upgrade"), "{answer}");
    assert_eq!(&bytes(&mut client).await, b"ok");
    // What the client says now is the next request, and it goes elsewhere.
    assert_eq!(rest(&mut origin).await, "");
    client
        .write_all(b"GET /next HTTP/1.1\r\nHost: client.test\r\n\r\n")
        .await
        .unwrap();
    let (_other, received) = scene.accept_request().await;
    assert!(received.starts_with("GET /next HTTP/1.1\r\n"), "{received}");
}

#[tokio::test]
async fn a_refused_upgrade_passes_with_its_content() {
    let scene = Scene::new().await;
    for refusal in [
        "401 Unauthorized",
        "426 Upgrade Required",
        "503 Service Unavailable",
    ] {
        let mut client = scene.client(ASK).await;
        let (mut origin, _) = scene.accept_request().await;
        let answer = format!(
            "HTTP/1.1 {refusal}\r\nSec-WebSocket-Version: 13\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n"
        );
        origin.write_all(answer.as_bytes()).await.unwrap();
        let response_head = head(&mut client).await;
        assert!(
            response_head.starts_with(&format!("HTTP/1.1 {refusal}\r\n")),
            "{response_head}"
        );
        assert!(
            fields(&response_head).contains(&"sec-websocket-version: 13".to_owned()),
            "{response_head}"
        );
        assert_eq!(&bytes(&mut client).await, b"2\r\nno\r\n0\r\n\r\n");
        assert_eq!(rest(&mut origin).await, "");
    }
    scene.until(|pool| pool.open == 0).await;
}

#[tokio::test]
async fn an_origin_that_breaks_off_or_speaks_no_http_is_502() {
    for answer in ["", "SSH-2.0-OpenSSH_9.6\r\n", "HTTP/1.1 101 Switch"] {
        let scene = Scene::new().await;
        let mut client = scene.client(ASK).await;
        let (mut origin, _) = scene.accept_request().await;
        origin.write_all(answer.as_bytes()).await.unwrap();
        origin.shutdown().await.unwrap();
        let response_head = head(&mut client).await;
        assert!(
            response_head.starts_with("HTTP/1.1 502 Bad Gateway\r\n"),
            "{answer:?} {response_head}"
        );
        drop(origin);
        scene.until(|pool| pool.open == 0).await;
    }
}

#[tokio::test]
async fn a_silent_origin_is_504_and_its_connection_is_closed() {
    let scene = Scene::with(|proxy| {
        proxy.limits(Limits::default().response_timeout(std::time::Duration::from_millis(20)))
    })
    .await;
    let mut client = scene.client(ASK).await;
    let (mut origin, _) = scene.accept_request().await;
    let response_head = head(&mut client).await;
    assert!(
        response_head.starts_with("HTTP/1.1 504 Gateway Timeout\r\n"),
        "{response_head}"
    );
    assert_eq!(rest(&mut origin).await, "");
    scene.until(|pool| pool.open == 0).await;
}

#[tokio::test]
async fn where_http_2_is_required_of_the_origin_an_upgrade_is_502_and_says_what_mends_it() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.example.test")
        .start()
        .await;
    let connector = CdnOriginConnector::builder("https://www.example.test")
        .dial(edge.address())
        .verify(VerifyPolicy::roots(cdn_origin::Roots::pem(
            authority.root_pem(),
        )))
        .alpn(Alpn::Http2)
        .build()
        .unwrap();
    let proxy = OriginProxy::new(connector);
    let site = Site::serve(axum::Router::new().fallback_service(proxy.clone())).await;
    let mut client = tokio::net::TcpStream::connect(site.address())
        .await
        .unwrap();
    client.write_all(ASK.as_bytes()).await.unwrap();
    let response_head = head(&mut client).await;
    assert!(
        response_head.starts_with("HTTP/1.1 502 Bad Gateway\r\n"),
        "{response_head}"
    );
    assert!(
        response_head.contains("error=tls_protocol_error"),
        "{response_head}"
    );
    assert_eq!(edge.connections(), 0);
    assert_eq!(proxy.snapshot().pool.open, 0);
}

/// Responses that do not switch, and the cause that the proxy and the client of a WebSocket name.
const NOT_SWITCHED: [(&str, Certainty, &str); 7] = [
    ("200 OK", Certainty::Likely, "was served as an ordinary one"),
    (
        "400 Bad Request",
        Certainty::Possible,
        "refuses the handshake",
    ),
    (
        "403 Forbidden",
        Certainty::Possible,
        "does not allow websocket",
    ),
    (
        "404 Not Found",
        Certainty::Possible,
        "no websocket at this path",
    ),
    (
        "426 Upgrade Required\r\nUpgrade: WebSocket",
        Certainty::Likely,
        "expects another version, or a proxy before it drops Upgrade",
    ),
    (
        "426 Upgrade Required\r\nUpgrade: h2c\u{202e}/1, xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\
         xxxxxxxxxxxxxxxxxxxxxx",
        Certainty::Likely,
        "requires h2c\\u{202e}/1, xxxxxxxxxx",
    ),
    (
        "426 Upgrade Required",
        Certainty::Likely,
        "does not name it in Upgrade",
    ),
];

#[tokio::test]
async fn an_upgrade_that_is_not_switched_has_a_cause_in_the_record() {
    let scene = Scene::with(OriginProxy::disclose_diagnosis).await;
    for (answer, certainty, _) in NOT_SWITCHED {
        let mut client = scene.client(ASK).await;
        let (mut origin, _) = scene.accept_request().await;
        let response = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n");
        origin.write_all(response.as_bytes()).await.unwrap();
        let head = head(&mut client).await;
        let cause = format!("upgrade_not_served, {certainty}");
        assert!(head.contains(&cause), "{head}");
    }
}

#[cfg(feature = "tungstenite")]
#[tokio::test]
async fn a_websocket_that_is_not_opened_has_a_cause_and_a_clear_headline() {
    for (answer, certainty, text) in NOT_SWITCHED {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connector = CdnOriginConnector::builder(url).build().unwrap();
        let origin = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            head(&mut stream).await;
            let response = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(response.as_bytes()).await.unwrap();
            stream
        };
        let request = http::Request::get("/live?secret").body(()).unwrap();
        let connecting = cdn_origin::adapt::tungstenite::connect(&connector, request);
        let (opened, _stream) = tokio::join!(connecting, origin);
        let error = opened.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UpgradeRefused, "{answer}");
        let diagnosis = error.diagnosis();
        let cause = &diagnosis.causes()[0];
        assert_eq!(cause.id(), CauseId::UpgradeNotServed, "{cause}");
        assert_eq!(cause.certainty(), certainty, "{cause}");
        assert!(cause.text().contains(text), "{cause}");
        assert!(cause.text().len() < 200, "{cause}");
        let headline = error.to_string();
        assert!(
            headline.ends_with(&format!(
                "origin did not switch to the requested protocol ({})",
                &answer[..3]
            )),
            "{headline}"
        );
        let report = error.report().to_string();
        assert!(!report.contains("secret"), "{report}");
        // The request has no Origin that could be refused.
        assert!(!report.contains("Origin "), "{report}");
    }
}

#[cfg(feature = "tungstenite")]
#[tokio::test]
async fn a_switch_that_tungstenite_refuses_has_a_cause_and_its_reason() {
    let switch = |upgrade: &str, accept: &str| {
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n{upgrade}\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        )
    };
    let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    for (switch, text, reason) in [
        (
            switch("Upgrade: websocket\r\n", accept),
            "a field of its handshake is missing or wrong",
            "caused by  Key mismatch in \"Sec-WebSocket-Accept\" header",
        ),
        (
            switch("", accept),
            "does not name websocket in Upgrade",
            "caused by  No \"Upgrade: websocket\" header",
        ),
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connector = CdnOriginConnector::builder(url).build().unwrap();
        let origin = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            head(&mut stream).await;
            stream.write_all(switch.as_bytes()).await.unwrap();
            stream
        };
        let request = http::Request::get("/live").body(()).unwrap();
        let connecting = cdn_origin::adapt::tungstenite::connect(&connector, request);
        let (opened, _stream) = tokio::join!(connecting, origin);
        let error = opened.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UpgradeRefused, "{switch}");
        let diagnosis = error.diagnosis();
        let cause = diagnosis.likeliest().unwrap();
        assert_eq!(cause.id(), CauseId::UpgradeNotServed, "{cause}");
        assert_eq!(cause.certainty(), Certainty::Likely, "{cause}");
        assert!(cause.text().contains(text), "{cause}");
        assert!(!cause.fixes().is_empty(), "{cause}");
        let report = error.report().to_string();
        assert!(report.contains(reason), "{report}");
    }
}

#[cfg(feature = "tungstenite")]
#[tokio::test(start_paused = true)]
async fn an_origin_that_does_not_answer_a_websocket_ends_in_a_timeout() {
    let (near, _far) = tokio::io::duplex(1024);
    let near = Arc::new(Mutex::new(Some(near)));
    let transport = tower::service_fn(move |_: http::Uri| {
        let near = near.lock().unwrap().take();
        async { near.map(TokioIo::new).ok_or("one connection") }
    });
    let connector = CdnOriginConnector::builder("http://origin.example")
        .transport(transport)
        .build()
        .unwrap();
    let request = http::Request::get("/live").body(()).unwrap();
    let opened = cdn_origin::adapt::tungstenite::connect(&connector, request).await;
    let error = opened.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(error.stage(), Stage::Receive);
    assert_eq!(error.diagnosis().causes()[0].id(), CauseId::TooSlow);
}

/// The parser of other responses accepts all of these.
#[tokio::test]
async fn heads_that_pass_without_an_upgrade_pass_with_one() {
    let many = "x-a: b\r\n".repeat(500);
    let heads = ["X-Space : 1\r\n", "X-Folded: 1\r\n\t2\r\n", many.as_str()];
    for fields in heads {
        let scene = Scene::new().await;
        let mut client = scene.client(ASK).await;
        let (mut origin, _) = scene.accept_request().await;
        let switch = SWITCH.replacen("\r\n", &format!("\r\n{fields}"), 1);
        origin.write_all(switch.as_bytes()).await.unwrap();
        let response_head = head(&mut client).await;
        assert!(
            response_head.starts_with("HTTP/1.1 101 "),
            "{fields}: {response_head}"
        );

        let mut client = scene.client(ASK).await;
        let (mut origin, _) = scene.accept_request().await;
        let refusal = format!("HTTP/1.1 403 Forbidden\r\n{fields}Content-Length: 2\r\n\r\nno");
        origin.write_all(refusal.as_bytes()).await.unwrap();
        let response_head = head(&mut client).await;
        assert!(
            response_head.starts_with("HTTP/1.1 403 "),
            "{fields}: {response_head}"
        );
    }
}
