//! How dialled sockets are set up, and sockets that are files.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex},
    time::Duration,
};

use cdn_origin::{
    CdnOriginConnector, ErrorKind,
    dial::{EgressGuard, HappyEyeballs, IpFamilies, SocketOptions},
    error::{BuildProblemKind, Stage},
};
use http::Uri;
use tower::ServiceExt;

use crate::resolve::listener;

/// What the options of a dialled socket are, asked of the socket itself.
async fn dialled<T: Send + 'static>(
    options: SocketOptions,
    ask: impl Fn(socket2::SockRef<'_>) -> io::Result<T> + Send + Sync + 'static,
) -> T {
    let (_listener, address) = listener().await;
    let seen = Arc::new(Mutex::new(None));
    let kept = seen.clone();
    let options = options.each(move |socket| {
        *kept.lock().unwrap() = Some(ask(socket2::SockRef::from(&socket))?);
        Ok(())
    });
    let connector = CdnOriginConnector::builder(format!("http://{address}"))
        .socket_options(options)
        .build()
        .unwrap();
    connector.oneshot(Uri::default()).await.unwrap();
    let seen = seen.lock().unwrap().take();
    seen.expect("the socket was shown")
}

#[tokio::test]
async fn nothing_is_delayed_unless_nagle_is_asked_for() {
    let ask = |socket: socket2::SockRef<'_>| socket.tcp_nodelay();
    assert!(dialled(SocketOptions::default(), ask).await);
    assert!(!dialled(SocketOptions::default().nagle(), ask).await);
}

#[tokio::test]
async fn buffers_and_code_point_reach_the_socket() {
    let options = SocketOptions::default()
        .send_buffer(32 * 1024)
        .receive_buffer(64 * 1024)
        .dscp(46);
    let ask = |socket: socket2::SockRef<'_>| {
        let sizes = (socket.send_buffer_size()?, socket.recv_buffer_size()?);
        Ok((sizes, socket.tos_v4()?))
    };
    let ((send, receive), octet) = dialled(options, ask).await;
    assert!(send >= 32 * 1024 && receive >= 64 * 1024);
    assert_eq!(octet, 46 << 2);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_user_timeout_reaches_the_socket() {
    let time = Duration::from_secs(7);
    let options = SocketOptions::default().user_timeout(time);
    let seen = dialled(options, |socket| socket.tcp_user_timeout()).await;
    assert_eq!(seen, Some(time));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_interface_reaches_the_socket_and_one_that_is_missing_fails_the_attempt() {
    let options = SocketOptions::default().interface("lo");
    let device = dialled(options, |socket| socket.device()).await;
    assert_eq!(device.as_deref(), Some(&b"lo"[..]));

    let (_listener, address) = listener().await;
    let connector = CdnOriginConnector::builder(format!("http://{address}"))
        .socket_options(SocketOptions::default().interface("no-such-if"))
        .build()
        .unwrap();
    let error = connector.oneshot(Uri::default()).await.unwrap_err();
    assert_eq!(error.stage(), Stage::Dial);
    assert_eq!(error.facts().attempts().len(), 1);
}

#[tokio::test]
async fn a_local_address_is_what_the_origin_sees() {
    let (listener, address) = listener().await;
    let local = Ipv4Addr::new(127, 0, 0, 42);
    let connector = CdnOriginConnector::builder(format!("http://{address}"))
        .socket_options(SocketOptions::default().local_address(local))
        .build()
        .unwrap();
    let _stream = connector.oneshot(Uri::default()).await.unwrap();
    let (_, seen) = listener.accept().await.unwrap();
    assert_eq!(seen.ip(), IpAddr::V4(local));
}

#[tokio::test]
async fn only_families_with_a_local_address_are_dialled() {
    let (_listener, address) = listener().await;
    let connector = CdnOriginConnector::builder(format!("http://{address}"))
        .socket_options(SocketOptions::default().local_address(Ipv6Addr::LOCALHOST))
        .build()
        .unwrap();
    let error = connector.oneshot(Uri::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResolveFailed);
    assert!(error.facts().attempts().is_empty());
}

#[tokio::test]
async fn a_failing_hook_fails_the_attempt_with_its_words() {
    let (_listener, address) = listener().await;
    let options = SocketOptions::default().each(|_| Err(io::Error::other("not with me")));
    let connector = CdnOriginConnector::builder(format!("http://{address}"))
        .socket_options(options)
        .build()
        .unwrap();
    let error = connector.oneshot(Uri::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.report().to_string().contains("not with me"));
}

#[test]
fn options_that_no_socket_takes_are_refused() {
    let none = SocketOptions::default;
    let table = [
        ("SocketOptions::dscp", none().dscp(64)),
        ("SocketOptions::send_buffer", none().send_buffer(0)),
        ("SocketOptions::receive_buffer", none().receive_buffer(0)),
        ("SocketOptions::interface", none().interface("")),
        (
            "SocketOptions::interface",
            none().interface("sixteen-bytes-xx"),
        ),
        ("SocketOptions::interface", none().interface("a/b")),
        ("SocketOptions::interface", none().interface("a\0b")),
        ("SocketOptions::interface", none().interface("a b")),
        (
            "SocketOptions::user_timeout",
            none().user_timeout(Duration::ZERO),
        ),
    ];
    for (setter, options) in table {
        let shown = format!("{options:?}");
        let error = CdnOriginConnector::builder("http://origin.example")
            .socket_options(options)
            .build()
            .unwrap_err();
        let [problem] = error.problems() else {
            panic!("{shown}: {error}");
        };
        assert_eq!(problem.setter(), setter, "{shown}");
        assert_eq!(problem.kind(), BuildProblemKind::Unsupported);
    }
}

#[test]
fn a_local_address_of_a_family_that_is_not_dialled_is_refused() {
    let error = CdnOriginConnector::builder("http://origin.example")
        .happy_eyeballs(HappyEyeballs::default().families(IpFamilies::OnlyV4))
        .socket_options(SocketOptions::default().local_address(Ipv6Addr::LOCALHOST))
        .build()
        .unwrap_err();
    assert_eq!(error.problems()[0].kind(), BuildProblemKind::Contradiction);
}

#[cfg(unix)]
mod unix {
    use cdn_origin::{OriginProxy, VerifyPolicy, tls::Roots};
    use http::{Request, StatusCode};
    use http_body_util::Empty;
    use tokio::net::{TcpStream, UnixListener};

    use super::*;
    use crate::support::{Authority, Edge};

    #[tokio::test]
    async fn a_unix_socket_is_dialled_and_the_names_come_from_the_url() {
        let authority = Authority::new();
        let edge = Edge::builder(&authority)
            .serves("www.example.test")
            .start()
            .await;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("edge.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let address = edge.address();
        let relay = tokio::spawn(async move {
            let (mut near, _) = listener.accept().await.unwrap();
            let mut far = TcpStream::connect(address).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        });
        let connector = CdnOriginConnector::builder("https://www.example.test")
            .dial(format!("unix:{}", path.display()))
            .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
            .build()
            .unwrap();
        let proxy = OriginProxy::new(connector);
        let request = Request::get("/").header("host", "www.example.test");
        let request = request.body(Empty::<bytes::Bytes>::new()).unwrap();
        let response = proxy.oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(edge.hellos()[0].sni.as_deref(), Some("www.example.test"));
        relay.abort();
    }

    #[tokio::test]
    async fn a_missing_unix_socket_is_a_failure_to_dial() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("nobody.sock");
        let connector = CdnOriginConnector::builder("http://origin.example")
            .dial(format!("unix:{}", path.display()))
            .build()
            .unwrap();
        let error = connector.oneshot(Uri::default()).await.unwrap_err();
        assert_eq!(error.stage(), Stage::Dial);
        assert!(error.to_string().contains("unix:/"), "{error}");
    }

    #[test]
    fn a_unix_socket_stands_beside_neither_guard_nor_transport() {
        let unix = CdnOriginConnector::builder("http://origin.example").dial("unix:/run/a.sock");
        let guarded = unix.clone().egress_guard(EgressGuard::deny_private());
        let error = guarded.build().unwrap_err();
        assert_eq!(error.problems()[0].setter(), "egress_guard");
        let address = "127.0.0.1:1".parse().unwrap();
        let given = unix.transport(crate::transports::to(address));
        let error = given.build().unwrap_err();
        assert_eq!(error.problems()[0].setter(), "transport");
    }
}
