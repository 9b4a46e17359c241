//! Requests that get no response, or the wrong one: each is staged on the wire, with its cause, certainty and fix.

use std::{
    convert::Infallible,
    future::pending,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, OriginProxy, VerifyPolicy,
    diagnosis::{CauseId, Certainty, Diagnosis},
    error::ErrorKind,
    pool::PoolSettings,
    proxy::Limits,
    tls::Roots,
};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Channel, Empty, Full};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tower::ServiceExt;

use crate::{
    failing::{RESTORE, check},
    memory::{get, quiet, read_head, send, to, to_connections, write_text},
    origin::{NAME, server_config},
    response_case::ResponseCase,
    support::Authority,
};

const LONG: Duration = Duration::from_secs(30);

/// A TLS origin that treats each connection like this; it ends with the test.
struct Peer {
    authority: Authority,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Peer {
    async fn start<F, A>(protocol: &'static [u8], converse: F) -> Self
    where
        F: Fn(TlsStream<TcpStream>) -> A + Send + 'static,
        A: Future<Output = std::io::Result<()>> + Send + 'static,
    {
        let authority = Authority::new();
        let acceptor = TlsAcceptor::from(server_config(&authority, protocol));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(tls) = acceptor.accept(stream).await {
                    tokio::spawn(converse(tls));
                }
            }
        });
        Self {
            authority,
            address,
            task,
        }
    }

    /// One that closes each connection after the head of a request in plain HTTP.
    async fn closing_plain() -> Self {
        let authority = Authority::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
            }
        });
        Self {
            authority,
            address,
            task,
        }
    }

    fn proxy(&self) -> OriginProxy {
        let connector = CdnOriginConnector::builder(format!("https://{NAME}"))
            .dial(self.address)
            .verify(VerifyPolicy::roots(Roots::pem(self.authority.root_pem())));
        OriginProxy::new(connector.build().unwrap())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn post() -> Request<Full<Bytes>> {
    let request = Request::post("/").header("host", "client.test");
    request.body(Full::from("content")).unwrap()
}

/// What a request that must fail fails with.
async fn failure<B>(proxy: &OriginProxy, request: Request<B>) -> Error
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<tower::BoxError>,
{
    let response = send(proxy, request).await;
    let error: Option<&Error> = response.extensions().get();
    error.expect("the request should have failed").clone()
}

#[tokio::test]
async fn http_1_where_http_2_was_agreed_on_is_likely_an_http_1_peer() {
    let peer = Peer::start(b"h2", |mut tls| async move {
        tls.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
            .await?;
        tls.flush().await?;
        tls.read_to_end(&mut Vec::new()).await.map(drop)
    })
    .await;
    let error = failure(&peer.proxy(), post()).await;
    check(
        &error,
        CauseId::Http1Peer,
        Certainty::Likely,
        ".alpn(Alpn::Http1)",
    );
}

/// Reads frames (RFC 9113 section 4.1) up to the head of a request, and resets its stream with HTTP_1_1_REQUIRED.
async fn wants_http_1(mut tls: TlsStream<TcpStream>) -> std::io::Result<()> {
    const PREFACE: usize = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();
    const HEADERS: u8 = 1;
    const HTTP_1_1_REQUIRED: u8 = 0x0d;
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let acknowledged = [0, 0, 0, 4, 1, 0, 0, 0, 0];
    tls.write_all(&settings).await?;
    tls.write_all(&acknowledged).await?;
    tls.flush().await?;
    tls.read_exact(&mut [0; PREFACE]).await?;
    loop {
        let mut head = [0; 9];
        tls.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        tls.read_exact(&mut vec![0; length as usize]).await?;
        if head[3] == HEADERS {
            let [.., a, b, c, d] = head;
            let reset = [0, 0, 4, 3, 0, a, b, c, d, 0, 0, 0, HTTP_1_1_REQUIRED];
            tls.write_all(&reset).await?;
            tls.flush().await?;
        }
    }
}

#[tokio::test]
async fn a_stream_that_is_reset_with_http_1_1_required_is_certainly_that() {
    let peer = Peer::start(b"h2", wants_http_1).await;
    let error = failure(&peer.proxy(), post()).await;
    check(
        &error,
        CauseId::Http1Required,
        Certainty::Certain,
        ".alpn(Alpn::Http1)",
    );
}

#[tokio::test]
async fn a_reused_connection_that_ends_without_an_answer_was_likely_closed_while_idle() {
    let peer = Peer::start(b"http/1.1", |mut tls| async move {
        for answer in [&b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"[..], b""] {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\ncontent") {
                request.push(tls.read_u8().await?);
            }
            tls.write_all(answer).await?;
            tls.flush().await?;
        }
        tls.shutdown().await
    })
    .await;
    let proxy = peer.proxy();
    assert!(send(&proxy, post()).await.status().is_success());
    let error = failure(&proxy, post()).await;
    assert_eq!(error.kind(), ErrorKind::ConnectionClosed);
    let fix = "set PoolSettings::idle_timeout(..) below the origin's own limit";
    check(&error, CauseId::IdleClosed, Certainty::Likely, fix);
}

#[tokio::test]
async fn what_is_no_http_is_likely_another_service() {
    let peer = Peer::start(b"http/1.1", |mut tls| async move {
        tls.read_u8().await?;
        tls.write_all(b"+OK ready\r\n\r\n").await?;
        tls.shutdown().await
    })
    .await;
    let error = failure(&peer.proxy(), post()).await;
    assert_eq!(error.kind(), ErrorKind::HttpProtocol);
    let fix = "dial the port at which the origin serves HTTP/1.1";
    check(&error, CauseId::OtherService, Certainty::Certain, fix);
    let diagnosis = error.diagnosis();
    assert!(diagnosis.causes()[0].text().contains("a POP3 server"));
}

/// The content is read as the response to the next request.
#[tokio::test]
async fn content_after_a_response_without_content_is_likely_a_fault_of_the_origin() {
    let proxy = to_connections(|mut stream| async move {
        read_head(&mut stream).await;
        write_text(&mut stream, "HTTP/1.1 204 No Content\r\n\r\n").await;
        read_head(&mut stream).await;
        write_text(&mut stream, "no such page\nHTTP/1.1 200 OK\r\n\r\n").await;
    });
    let answer = proxy.clone().oneshot(get(&[])).await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    let error = failure(&proxy, get(&[])).await;
    assert_eq!(error.kind(), ErrorKind::HttpProtocol);
    let fix = "correct the origin's responses";
    check(&error, CauseId::BrokenHttp, Certainty::Likely, fix);
}

/// What a service sends before it is asked, and what it is.
const GREETINGS: &[(&[u8], &str)] = &[
    (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "an SSH server"),
    (b"220 mail.example.test ESMTP Postfix\r\n", "an SMTP server"),
    (b"220-FTP server ready\r\n", "an FTP server"),
    (b"220 ready\r\n", "an SMTP or FTP server"),
    (b"+OK Dovecot ready.\r\n", "a POP3 server"),
    (b"* OK [CAPABILITY IMAP4rev1] ready\r\n", "an IMAP server"),
    (b"RFB 003.008\n", "a VNC server"),
    (
        b"J\0\0\0\x0a8.0.36\0\x08\0\0\0abcdefgh\0",
        "a MySQL or MariaDB server",
    ),
    (
        b"\x17\0\0\0\xff\x10\x04Too many connections",
        "a MySQL or MariaDB server",
    ),
    (
        b"E\0\0\0\xff\x6a\x04Host '192.0.2.1' is not allowed to connect",
        "a MySQL or MariaDB server",
    ),
];

/// A service that speaks first is named, whether http or https was configured, and before or after
/// the request is written.
#[tokio::test]
async fn a_service_that_speaks_first_is_named() {
    for (greeting, service) in GREETINGS {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let peer = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                stream.write_all(greeting).await.unwrap();
                tokio::spawn(async move { stream.read_to_end(&mut Vec::new()).await });
            }
        });
        for url in ["http://app.example", "https://app.example"] {
            let connector = CdnOriginConnector::builder(url).dial(address.to_string());
            let error = failure(&OriginProxy::new(connector.build().unwrap()), get(&[])).await;
            let diagnosis = error.diagnosis();
            let [cause] = diagnosis.causes() else {
                panic!("{service} to {url}\n{}", error.report());
            };
            let found = (cause.id(), cause.certainty());
            assert_eq!(
                found,
                (CauseId::OtherService, Certainty::Certain),
                "{service}"
            );
            assert!(cause.text().contains(service), "{}", error.report());
            assert!(
                error.report().to_string().contains("  received"),
                "{}",
                error.report()
            );
        }
        peer.abort();
    }
}

/// A greeting that is not known still speaks before it is asked. HTTP does not.
#[tokio::test]
async fn what_comes_before_the_request_is_another_service_unless_it_is_http() {
    for (greeting, id, shown) in [
        ("hello\r\n", CauseId::OtherService, "hello"),
        (
            "HTTP/1.0 408 Request Time-out\r\nset-cookie: secret\r\n\r\n",
            CauseId::OriginDown,
            "HTTP/1.0 408 Request Time-out",
        ),
    ] {
        let proxy = to_connections(move |mut stream| async move {
            write_text(&mut stream, greeting).await;
            stream.read_to_end(&mut Vec::new()).await.unwrap();
        });
        let error = failure(&proxy, get(&[])).await;
        let report = error.report().to_string();
        if error.kind() == ErrorKind::HttpProtocol {
            check(
                &error,
                id,
                Certainty::Likely,
                match id {
                    CauseId::OtherService => "dial the port at which the origin serves HTTP/1.1",
                    _ => RESTORE,
                },
            );
            assert!(report.contains(shown), "{report}");
        }
        assert!(!report.contains("secret"), "{report}");
    }
}

const OVER_TLS: &str = "CdnOriginConnector::builder(\"https://origin.example\")";

#[tokio::test]
async fn an_alert_in_answer_to_plain_http_is_likely_a_tls_port() {
    let proxy = to_connections(|mut stream| async move {
        read_head(&mut stream).await;
        write_text(&mut stream, "\x15\x03\x01\0\x02\x02\x46").await;
    });
    let error = failure(&proxy, get(&[])).await;
    assert_eq!(error.kind(), ErrorKind::HttpProtocol);
    check(&error, CauseId::HttpToTlsPort, Certainty::Likely, OVER_TLS);
}

#[tokio::test]
async fn an_answer_that_is_neither_tls_nor_sound_http_does_not_ask_for_tls() {
    for (answer, id) in [
        ("SSH-2.0-server\r\n", CauseId::OtherService),
        ("<html></html>\r\n\r\n", CauseId::OtherService),
        ("HTTP/1.1 200 OK\r\nx(a): 1\r\n\r\n", CauseId::BrokenHttp),
    ] {
        let proxy = to_connections(move |mut stream| async move {
            read_head(&mut stream).await;
            write_text(&mut stream, answer).await;
        });
        let error = failure(&proxy, get(&[])).await;
        assert_eq!(error.kind(), ErrorKind::HttpProtocol);
        let diagnosis = error.diagnosis();
        assert_eq!(diagnosis.likeliest().unwrap().id(), id, "{diagnosis}");
    }
}

/// Some servers read chunked content as the next request.
#[tokio::test]
async fn a_chunked_upload_that_is_cut_off_may_need_a_length() {
    let cut = to_connections(|mut stream| async move {
        read_head(&mut stream).await;
    });
    let (mut sender, body) = Channel::<Bytes>::new(4);
    sender
        .try_send(http_body::Frame::data(Bytes::from(vec![b'x'; 20_000])))
        .unwrap();
    let request = Request::post("/").header("host", "client.test").body(body);
    let error = failure(&cut, request.unwrap()).await;
    drop(sender);
    let fix = "give the upload a Content-Length with Limits::buffer_requests(..), if the origin \
               reads no chunked content";
    check(&error, CauseId::OriginDown, Certainty::Possible, fix);
    let error = failure(&cut, post()).await;
    check(&error, CauseId::OriginDown, Certainty::Possible, RESTORE);
}

/// A close alone does not tell a TLS port from an origin that fails. The port may.
#[tokio::test]
async fn a_connection_that_is_cut_in_answer_to_plain_http_is_likely_a_tls_port_by_its_number_alone()
{
    let cut = to_connections(|mut stream| async move {
        read_head(&mut stream).await;
    });
    let error = failure(&cut, get(&[])).await;
    assert_eq!(error.kind(), ErrorKind::ConnectionClosed);
    check(&error, CauseId::OriginDown, Certainty::Possible, RESTORE);
    let causes = error.diagnosis();
    let tls = &causes.causes()[1];
    let found = (tls.id(), tls.certainty());
    assert_eq!(found, (CauseId::HttpToTlsPort, Certainty::Possible));
    assert_eq!(tls.fixes()[0].to_string(), OVER_TLS);

    for (url, fix) in [
        ("http://origin.example:443", "https://origin.example"),
        ("http://origin.example:8443", "https://origin.example:8443"),
        ("http://d1.cloudfront.net:443", "https://d1.cloudfront.net"),
    ] {
        let closing = Peer::closing_plain().await;
        let connector =
            CdnOriginConnector::builder(url).transport(crate::transports::to(closing.address));
        let error = failure(&OriginProxy::new(connector.build().unwrap()), get(&[])).await;
        let fix = format!("CdnOriginConnector::builder(\"{fix}\")");
        check(&error, CauseId::HttpToTlsPort, Certainty::Likely, &fix);
    }
}

/// The first byte of a response in plain HTTP refutes TLS.
#[tokio::test]
async fn a_response_in_plain_http_that_is_cut_off_is_no_tls_port() {
    for part in ["H", "HTTP/1.1 200 OK\r\nserver: nginx\r\n"] {
        let proxy = to_connections(move |mut stream| async move {
            read_head(&mut stream).await;
            write_text(&mut stream, part).await;
        });
        let error = failure(&proxy, get(&[])).await;
        assert_eq!(error.kind(), ErrorKind::ConnectionClosed);
        let ids: Vec<_> = error
            .diagnosis()
            .causes()
            .iter()
            .map(|it| it.id())
            .collect();
        assert_eq!(ids, [CauseId::OriginDown], "{part}");
    }
}

/// RFC 9113 section 7: each code of GOAWAY has one explanation, and no general one beside it.
#[tokio::test]
async fn a_goaway_has_one_cause_whatever_its_code() {
    for code in [0, 1, 2, 3, 7, 8, 11, 12, 13, 200] {
        let peer = Peer::start(b"h2", move |mut tls| async move {
            let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
            tls.write_all(&settings).await?;
            tls.read_exact(&mut [0; 24 + 9]).await?;
            let goaway = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, code];
            tls.write_all(&goaway).await?;
            tls.flush().await?;
            tls.shutdown().await?;
            tls.read_to_end(&mut Vec::new()).await.map(drop)
        })
        .await;
        let error = failure(&peer.proxy(), post()).await;
        let diagnosis = error.diagnosis();
        assert_eq!(diagnosis.causes().len(), 1, "{code}\n{}", error.report());
    }
}

/// A reload of nginx, or its limit of requests for one connection, and a POST that came too late.
#[tokio::test]
async fn a_goaway_without_an_error_on_an_idle_connection_is_the_end_of_its_idle_time() {
    for (code, cause) in [(0, CauseId::IdleClosed), (2, CauseId::OriginDown)] {
        let peer = Peer::start(b"h2", move |mut tls| async move {
            tls.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await?;
            tls.read_exact(&mut [0; 24]).await?;
            next_request(&mut tls).await?;
            // HEADERS with `:status: 200`, and the end of the stream.
            tls.write_all(&[0, 0, 1, 1, 5, 0, 0, 0, 1, 0x88]).await?;
            next_request(&mut tls).await?;
            // The second request, stream 3, may have been processed.
            let goaway = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, code];
            tls.write_all(&goaway).await?;
            tls.flush().await?;
            tls.shutdown().await?;
            tls.read_to_end(&mut Vec::new()).await.map(drop)
        })
        .await;
        let proxy = peer.proxy();
        let answer = proxy.clone().oneshot(post()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.into_body().collect().await.unwrap();
        let error = failure(&proxy, post()).await;
        let causes: Vec<_> = error
            .diagnosis()
            .causes()
            .iter()
            .map(|it| it.id())
            .collect();
        assert_eq!(causes, [cause], "{}", error.report());
    }
}

/// Reads frames up to the next HEADERS (RFC 9113 section 4.1).
async fn next_request(stream: &mut (impl AsyncReadExt + Unpin)) -> std::io::Result<()> {
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        stream.read_exact(&mut payload).await?;
        if head[3] == 1 {
            return Ok(());
        }
    }
}

#[tokio::test]
async fn an_origin_that_has_answered_plain_http_is_no_tls_port_when_it_cuts_a_fresh_connection() {
    let connections = Arc::new(AtomicUsize::new(0));
    let proxy = to_connections(move |mut stream| {
        let is_first = connections.fetch_add(1, Ordering::Relaxed) == 0;
        async move {
            read_head(&mut stream).await;
            if is_first {
                let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
                write_text(&mut stream, answer).await;
            }
        }
    });
    let answer = proxy.clone().oneshot(get(&[])).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.into_body().collect().await.unwrap();
    let error = failure(&proxy, get(&[])).await;
    assert_eq!(error.kind(), ErrorKind::ConnectionClosed);
    check(&error, CauseId::OriginDown, Certainty::Possible, RESTORE);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stalls_is_certainly_at_fault_itself() {
    let proxy = to(|_| async { pending::<Response<Empty<Bytes>>>().await });
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
    sender.send_data(Bytes::from_static(b"part")).await.unwrap();
    let request = Request::post("/").header("host", "client.test").body(body);
    let proxy = proxy.limits(
        Limits::default()
            .body_idle_timeout(LONG)
            .response_timeout(LONG * 2),
    );
    let error = failure(&proxy, request.unwrap()).await;
    let text = error.to_string();
    assert!(text.ends_with("client sent nothing for 30s"), "{text}");
    check(&error, CauseId::RequestIncomplete, Certainty::Certain, "");
}

#[tokio::test(start_paused = true)]
async fn a_pool_whose_connections_are_all_in_use_is_certainly_too_small() {
    let proxy = to(|_| async { pending::<Response<Empty<Bytes>>>().await });
    let settings = PoolSettings::default()
        .max_connections(1)
        .queue_timeout(Duration::from_secs(1));
    let proxy = proxy.pool(settings);
    let first = tokio::spawn({
        let proxy = proxy.clone();
        async move { send(&proxy, get(&[])).await }
    });
    quiet().await;
    let error = failure(&proxy, get(&[])).await;
    first.abort();
    assert_eq!(error.kind(), ErrorKind::PoolExhausted);
    let fix = "check the origin, or allow more with PoolSettings::max_connections(..); for WebSockets, with max_tunnels(..)";
    check(&error, CauseId::PoolTooSmall, Certainty::Certain, fix);
    let text = "all connections that the request may use, of 1 in the pool, were in use for 1s";
    assert_eq!(error.diagnosis().likeliest().unwrap().text(), text);
}

#[tokio::test(start_paused = true)]
async fn requests_beyond_max_concurrency_are_certainly_refused_by_that_limit() {
    let proxy = to(|_| async { pending::<Response<Empty<Bytes>>>().await });
    let proxy = proxy.limits(Limits::default().max_concurrency(1).max_queued(0));
    let first = tokio::spawn({
        let proxy = proxy.clone();
        async move { send(&proxy, get(&[])).await }
    });
    quiet().await;
    let error = failure(&proxy, get(&[])).await;
    first.abort();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    let fix = "check the origin, or allow more with Limits::max_concurrency(..)";
    check(&error, CauseId::ConcurrencyLimit, Certainty::Certain, fix);
}

#[tokio::test(start_paused = true)]
async fn requests_beyond_the_adaptive_limit_show_an_origin_that_is_likely_overloaded() {
    // About 300 requests a second.
    let workers = Arc::new(Semaphore::new(8));
    let proxy = to(move |_| {
        let workers = workers.clone();
        async move {
            let _worker = workers.acquire_owned().await.unwrap();
            tokio::time::sleep(Duration::from_millis(26)).await;
            Response::new(Empty::<Bytes>::new())
        }
    });
    let mut requests = JoinSet::new();
    let mut refused = None;
    for (rate, count) in [(150, 750), (600, 6000)] {
        let mut pace = tokio::time::interval(Duration::from_secs(1) / rate);
        for _ in 0..count {
            pace.tick().await;
            let proxy = proxy.clone();
            requests.spawn(async move { send(&proxy, get(&[])).await });
            while let Some(response) = requests.try_join_next() {
                let error = response.unwrap().extensions().get::<Error>().cloned();
                refused = refused.or(error);
            }
            if refused.is_some() {
                break;
            }
        }
    }
    let error = refused.expect("twice the capacity is too much");
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    let fix = "check the origin; if its latency often rises for all requests at once, use \
               Limits::adaptive_concurrency(AdaptiveConcurrency::off())";
    check(&error, CauseId::OriginOverloaded, Certainty::Likely, fix);
}

#[tokio::test]
async fn every_servers_own_words_for_plain_http_on_its_tls_port_are_certain_at_port_443() {
    for body in [
        "<center>The plain HTTP request was sent to HTTPS port</center>",
        "Reason: You're speaking plain HTTP to an SSL-enabled server port.",
        "Client sent an HTTP request to an HTTPS server.\n",
        "Bad Request\r\nThis combination of host and port requires TLS.\r\n",
    ] {
        let scene = ResponseCase {
            url: "http://www.example.test:443",
            host: "www.example.test",
            status: 400,
            fields: &[],
            body,
        };
        let cause = scene.assert_cause(CauseId::HttpToTlsPort, Certainty::Certain);
        let fix = "CdnOriginConnector::builder(\"https://www.example.test\")";
        assert_eq!(cause.await.fixes().first().unwrap().to_string(), fix);
    }
}

#[tokio::test]
async fn a_421_without_sni_requires_the_name_in_host_as_sni() {
    let authority = Authority::new();
    let edge = crate::support::Edge::builder(&authority)
        .default_certificate(authority.issue(&["www.example.test"]))
        .without_sni(crate::support::SniRefusal::DefaultCertificate)
        .respond(|_| Response::builder().status(421).body(Bytes::new()).unwrap())
        .start()
        .await;
    let connector = crate::failing::to(&edge, &authority, "www.example.test").omit_sni();
    let proxy = OriginProxy::new(connector.build().unwrap());
    let response = send(&proxy, get(&[])).await;
    let diagnosis: &Diagnosis = response.extensions().get().unwrap();
    let cause = diagnosis.likeliest().unwrap();
    assert_eq!(
        (cause.id(), cause.certainty()),
        (CauseId::SniMissing, Certainty::Likely)
    );
    assert_eq!(
        cause.fixes().first().unwrap().to_string(),
        ".sni(\"www.example.test\"), or another name that the edge serves"
    );
}
