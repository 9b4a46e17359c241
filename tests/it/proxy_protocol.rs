//! The PROXY protocol: origins that are told who the client is, and connections that serve nobody else.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, OriginProxy, VerifyPolicy,
    connector::Timeouts,
    dial::ProxyProtocol,
    downstream::ClientAddress,
    error::{ErrorKind, Fault, Stage},
    group::OriginGroup,
    pool::PoolSettings,
    tls::Roots,
};
use futures_util::future::join_all;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Empty, Full};
use hyper::{body::Incoming, server::conn, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::{
    origin::{NAME, server_config},
    support::Authority,
};

/// A TLS origin that reads a header before the handshake. Its answers are the number of the connection, and what the header says.
struct Listening {
    authority: Authority,
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Listening {
    async fn start(protocol: &'static str) -> Self {
        let authority = Authority::new();
        let acceptor = TlsAcceptor::from(server_config(&authority, protocol.as_bytes()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let number = count.fetch_add(1, SeqCst);
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let header = read_header(&mut stream).await.unwrap();
                    let answer = Bytes::from(format!("{number} {header}"));
                    let service = service_fn(move |_: Request<Incoming>| {
                        let body = Full::new(answer.clone());
                        async { Ok::<_, Infallible>(Response::new(body)) }
                    });
                    let Ok(tls) = acceptor.accept(stream).await else {
                        return;
                    };
                    let io = TokioIo::new(tls);
                    let _ = match protocol {
                        "h2" => {
                            conn::http2::Builder::new(TokioExecutor::new())
                                .serve_connection(io, service)
                                .await
                        }
                        _ => {
                            conn::http1::Builder::new()
                                .serve_connection(io, service)
                                .await
                        }
                    };
                });
            }
        });
        Self {
            authority,
            address,
            connections,
            task,
        }
    }

    fn connector(&self, protocol: ProxyProtocol) -> CdnOriginConnector {
        CdnOriginConnector::builder(format!("https://{NAME}"))
            .dial(self.address)
            .verify(VerifyPolicy::roots(Roots::pem(self.authority.root_pem())))
            .proxy_protocol(protocol)
            .build()
            .unwrap()
    }

    fn proxy(&self) -> OriginProxy {
        OriginProxy::new(self.connector(ProxyProtocol::V2))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What a header of either version says, read byte by byte as the specification has it.
async fn read_header(stream: &mut TcpStream) -> io::Result<String> {
    let mut start = [0; 12];
    stream.read_exact(&mut start).await?;
    if start != *b"\r\n\r\n\0\r\nQUIT\n" {
        let mut line = start.to_vec();
        while !line.ends_with(b"\r\n") {
            line.push(stream.read_u8().await?);
        }
        return Ok(String::from_utf8(line).unwrap().trim_end().to_owned());
    }
    let (command, family) = (stream.read_u8().await?, stream.read_u8().await?);
    let mut rest = vec![0; stream.read_u16().await?.into()];
    stream.read_exact(&mut rest).await?;
    Ok(match (command, family) {
        (0x20, 0x00) => String::from("local"),
        (0x21, 0x11) => {
            let ip: [u8; 4] = rest[..4].try_into().unwrap();
            let port = u16::from_be_bytes([rest[8], rest[9]]);
            SocketAddr::from((ip, port)).to_string()
        }
        (0x21, 0x21) => {
            let ip: [u8; 16] = rest[..16].try_into().unwrap();
            let port = u16::from_be_bytes([rest[32], rest[33]]);
            SocketAddr::from((ip, port)).to_string()
        }
        other => format!("{other:?}"),
    })
}

fn client(address: &str) -> ClientAddress {
    let address: SocketAddr = address.parse().unwrap();
    ClientAddress::new(address)
}

/// The answer to a request of this client's.
async fn ask(proxy: &OriginProxy, client: Option<&ClientAddress>) -> String {
    let mut request = Request::get("/").header("host", "client.test");
    if let Some(client) = client {
        request = request.extension(client.clone());
    }
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = proxy.clone().oneshot(request).await;
    if let Some(error) = response.extensions().get::<cdn_origin::Error>() {
        panic!("{error}");
    }
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test]
async fn a_connection_that_was_opened_for_one_client_is_never_used_for_another() {
    for protocol in ["http/1.1", "h2"] {
        let origin = Listening::start(protocol).await;
        let proxy = origin.proxy();
        let one = client("203.0.113.7:40001");
        let two = client("[2001:db8::7]:40001");

        let answers = [
            ask(&proxy, Some(&one)).await,
            ask(&proxy, Some(&two)).await,
            ask(&proxy, Some(&one)).await,
            ask(&proxy, Some(&two)).await,
        ];

        let expected = [
            "0 203.0.113.7:40001",
            "1 [2001:db8::7]:40001",
            "0 203.0.113.7:40001",
            "1 [2001:db8::7]:40001",
        ];
        assert_eq!(answers, expected, "{protocol}");
        assert_eq!(origin.connections.load(SeqCst), 2);
    }
}

#[tokio::test]
async fn another_port_or_another_value_is_another_client() {
    let origin = Listening::start("http/1.1").await;
    let proxy = origin.proxy();
    let one = client("203.0.113.7:40001");
    let with_id = |id: &str| one.clone().unique_id(id).unwrap();
    let listener: SocketAddr = "198.51.100.1:443".parse().unwrap();
    let others = [
        client("203.0.113.7:40002"),
        with_id("a"),
        with_id("b"),
        one.clone().destination(listener),
        one.clone(),
    ];

    for (number, other) in others.iter().enumerate() {
        let answer = ask(&proxy, Some(other)).await;
        assert!(answer.starts_with(&format!("{number} ")), "{answer}");
    }
}

#[tokio::test]
async fn in_a_full_pool_idle_connections_of_other_clients_make_room_and_no_client_is_mistaken() {
    for protocol in ["http/1.1", "h2"] {
        let origin = Listening::start(protocol).await;
        let proxy = origin
            .proxy()
            .pool(PoolSettings::default().max_connections(3));
        let visits = (0..8).map(|number| {
            let proxy = &proxy;
            async move {
                let name = format!("203.0.113.{number}:4000{number}");
                let client = client(&name);
                for _ in 0..20 {
                    let answer = ask(proxy, Some(&client)).await;
                    assert_eq!(answer.split_once(' ').unwrap().1, name, "{protocol}");
                }
            }
        });
        join_all(visits).await;
        assert!(proxy.snapshot().pool.open <= 3);
    }
}

#[tokio::test]
async fn many_requests_of_one_client_share_an_http2_connection_from_the_start() {
    let origin = Listening::start("h2").await;
    let proxy = origin.proxy();
    let one = client("203.0.113.7:40001");

    let answers = join_all((0..20).map(|_| ask(&proxy, Some(&one)))).await;

    assert!(answers.iter().all(|it| it == "0 203.0.113.7:40001"));
}

#[tokio::test]
async fn an_origin_is_told_of_nobody_where_no_client_is_known() {
    let origin = Listening::start("http/1.1").await;
    assert_eq!(ask(&origin.proxy(), None).await, "0 local");
    let first_version = OriginProxy::new(origin.connector(ProxyProtocol::V1));
    assert_eq!(ask(&first_version, None).await, "1 PROXY UNKNOWN");
    let one = client("203.0.113.7:40001");
    assert_eq!(
        ask(&first_version, Some(&one)).await,
        "2 PROXY TCP4 203.0.113.7 0.0.0.0 40001 0"
    );
}

#[tokio::test]
async fn no_connection_is_opened_in_advance_where_each_belongs_to_one_client() {
    for (protocol, version) in [
        ("http/1.1", ProxyProtocol::V1),
        ("http/1.1", ProxyProtocol::V2),
        ("h2", ProxyProtocol::V2),
    ] {
        let origin = Listening::start(protocol).await;
        let settings = PoolSettings::default().min_idle(2);
        let proxy = OriginProxy::new(origin.connector(version)).pool(settings);
        let group = OriginGroup::builder()
            .tier([proxy.clone()])
            .build()
            .unwrap();
        for error in [proxy.prewarm().await, group.prewarm().await] {
            let error = error.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PrewarmUnsupported);
            assert_eq!(error.fault(), Fault::Config);
            let text = error.to_string();
            assert!(
                text.contains("PROXY protocol ties each to one client"),
                "{text}"
            );
        }
        let one = client("203.0.113.7:40001");
        assert!(ask(&proxy, Some(&one)).await.starts_with("0 "));
        assert_eq!(origin.connections.load(SeqCst), 1);
        assert_eq!(proxy.snapshot().pool.opened, 1);
    }
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn the_client_is_also_known_by_connect_info_and_by_a_client_connection() {
    use axum::extract::ConnectInfo;
    use cdn_origin::{downstream::ClientConnection, origin::Scheme};
    use std::net::Ipv4Addr;

    let origin = Listening::start("http/1.1").await;
    let proxy = origin.proxy();
    let peer: SocketAddr = "203.0.113.7:40001".parse().unwrap();
    let client = ClientConnection::new(Ipv4Addr::new(203, 0, 113, 9), Scheme::Https);
    let by_info = Request::get("/").extension(ConnectInfo(peer));
    let by_client = Request::get("/")
        .extension(ConnectInfo(peer))
        .extension(client);

    for (request, expected) in [
        (by_info, "0 203.0.113.7:40001"),
        (by_client, "1 203.0.113.9:0"),
    ] {
        let request = request.header("host", "client.test");
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let Ok(response) = proxy.clone().oneshot(request).await;
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, expected);
    }
}

#[tokio::test]
async fn a_connector_by_itself_speaks_for_the_client_that_it_was_made_for() {
    let origin = Listening::start("http/1.1").await;
    let connector = origin.connector(ProxyProtocol::V1);
    let one = connector.with_client(client("203.0.113.7:40001"));

    for (connector, expected) in [
        (one, "0 PROXY TCP4 203.0.113.7 0.0.0.0 40001 0"),
        (connector, "1 PROXY UNKNOWN"),
    ] {
        let stream = connector.oneshot(Uri::default()).await.unwrap();
        let handshake = hyper::client::conn::http1::handshake(stream).await;
        let (mut sender, connection) = handshake.unwrap();
        tokio::spawn(connection);
        let request = Request::get("/").header("host", NAME);
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let response = sender.send_request(request).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_header_that_nobody_takes_is_bounded_by_the_deadline_of_the_dial() {
    let connector = CdnOriginConnector::builder("http://origin.example")
        .proxy_protocol(ProxyProtocol::V2)
        .timeouts(Timeouts::default().dial(Duration::from_secs(3)))
        .transport(tower::service_fn(|_: Uri| async {
            let (near, far) = tokio::io::duplex(4);
            tokio::spawn(async move {
                std::future::pending::<()>().await;
                drop(far);
            });
            Ok::<_, io::Error>(TokioIo::new(near))
        }))
        .build()
        .unwrap();

    let error = connector.oneshot(Uri::default()).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(error.stage(), Stage::Dial);
    assert_eq!(error.facts().deadline(), Some(Duration::from_secs(3)));
}

#[test]
fn values_that_cannot_be_told_are_refused_when_they_are_made() {
    let empty = client("203.0.113.7:40001").alpn("");
    assert_eq!(
        empty.unwrap_err().to_string(),
        "the value of the TLV is empty"
    );
    let long = client("203.0.113.7:40001").unique_id([0; 129]);
    assert_eq!(
        long.unwrap_err().to_string(),
        "the value of the TLV is longer than 128 bytes"
    );
    let foreign = client("203.0.113.7:40001").custom(0x01, [0]);
    assert_eq!(
        foreign.unwrap_err().to_string(),
        "the type 0x01 of the TLV is not between 0xe0 and 0xf7"
    );
}
