//! A connection behind a socket: what each side does shows at the other.

use std::{io, sync::Arc, time::Duration};

use cdn_origin::{
    Alpn, CdnOriginConnector, ErrorKind, VerifyPolicy, adapt::socket::connect, tls::Roots,
};
use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Handle,
    task::yield_now,
    time::{Instant, advance, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    origin::{NAME, server_config},
    support::Authority,
};

/// A socket, and the origin's end of its connection.
async fn plain() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let connector = CdnOriginConnector::builder(url).build().unwrap();
    let (socket, origin) = tokio::join!(connect(&connector), listener.accept());
    (socket.unwrap(), origin.unwrap().0)
}

/// The same over TLS.
async fn over_tls() -> (TcpStream, TlsStream<TcpStream>) {
    let authority = Authority::new();
    let acceptor = TlsAcceptor::from(server_config(&authority, b"http/1.1"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connector = CdnOriginConnector::builder(format!("https://{NAME}"))
        .dial(listener.local_addr().unwrap())
        .alpn(Alpn::Http1)
        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
        .build()
        .unwrap();
    let accepting = async { acceptor.accept(listener.accept().await.unwrap().0).await };
    let (socket, origin) = tokio::join!(connect(&connector), accepting);
    (socket.unwrap(), origin.unwrap())
}

async fn received(side: &mut (impl AsyncReadExt + Unpin)) -> io::Result<String> {
    let mut text = String::new();
    side.read_to_string(&mut text).await.map(|_| text)
}

fn reset(socket: TcpStream) {
    SockRef::from(&socket)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(socket);
}

async fn no_task_is_left() {
    while Handle::current().metrics().num_alive_tasks() > 0 {
        yield_now().await;
    }
}

#[tokio::test]
async fn a_client_that_has_sent_all_still_receives() {
    let (mut socket, mut origin) = over_tls().await;
    socket.write_all(b"request").await.unwrap();
    socket.shutdown().await.unwrap();
    assert_eq!(received(&mut origin).await.unwrap(), "request");
    origin.write_all(b"response").await.unwrap();
    origin.shutdown().await.unwrap();
    assert_eq!(received(&mut socket).await.unwrap(), "response");
    no_task_is_left().await;
}

#[tokio::test]
async fn an_origin_that_has_sent_all_still_receives() {
    let (mut socket, mut origin) = over_tls().await;
    origin.write_all(b"response").await.unwrap();
    origin.shutdown().await.unwrap();
    assert_eq!(received(&mut socket).await.unwrap(), "response");
    socket.write_all(b"request").await.unwrap();
    socket.shutdown().await.unwrap();
    assert_eq!(received(&mut origin).await.unwrap(), "request");
    no_task_is_left().await;
}

#[tokio::test]
async fn an_end_without_close_notify_is_a_reset() {
    let (mut socket, mut origin) = over_tls().await;
    origin.write_all(b"the start of a respon").await.unwrap();
    origin.flush().await.unwrap();
    drop(origin.into_inner());
    let error = received(&mut socket).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    no_task_is_left().await;
}

#[tokio::test]
async fn a_reset_by_the_origin_is_a_reset() {
    let (mut socket, origin) = plain().await;
    reset(origin);
    let error = received(&mut socket).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    no_task_is_left().await;
}

#[tokio::test]
async fn a_reset_by_the_client_ends_the_connection_without_close_notify() {
    let (socket, mut origin) = over_tls().await;
    reset(socket);
    // A reset, if the origin's session tickets were not read.
    let error = received(&mut origin).await.unwrap_err();
    let is_unclean = [io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset];
    assert!(is_unclean.contains(&error.kind()), "{error}");
    no_task_is_left().await;
}

#[tokio::test]
async fn a_closed_socket_closes_the_connection() {
    let (socket, mut origin) = over_tls().await;
    drop(socket);
    assert_eq!(received(&mut origin).await.unwrap(), "");
    drop(origin);
    no_task_is_left().await;
}

#[tokio::test(start_paused = true)]
async fn an_origin_that_stays_open_has_a_minute_after_the_socket_was_closed() {
    let (socket, mut origin) = plain().await;
    drop(socket);
    assert_eq!(received(&mut origin).await.unwrap(), "");
    let closed = Instant::now();
    while Handle::current().metrics().num_alive_tasks() > 0 {
        advance(Duration::from_secs(1)).await;
    }
    let waited = closed.elapsed();
    assert!(
        waited >= Duration::from_secs(60) && waited < Duration::from_secs(70),
        "{waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_origin_that_reads_nothing_holds_no_task_forever() {
    let (mut socket, _origin) = plain().await;
    // Until nothing more is read from the socket.
    while timeout(Duration::from_secs(1), socket.write(&[0; 65_536]))
        .await
        .is_ok()
    {}
    drop(socket);
    let closed = Instant::now();
    while Handle::current().metrics().num_alive_tasks() > 0 {
        advance(Duration::from_secs(1)).await;
        assert!(closed.elapsed() < Duration::from_secs(600));
    }
}

#[tokio::test]
async fn a_response_arrives_although_the_origin_reads_no_more() {
    for _ in 0..100 {
        let (socket, mut origin) = plain().await;
        let (mut from_socket, mut to_socket) = socket.into_split();
        let sending = async { to_socket.write_all(&[0; 1 << 20]).await };
        let responding = async {
            // What was not read makes the close a reset.
            origin.readable().await.unwrap();
            origin.write_all(&[b'a'; 10_000]).await.unwrap();
            drop(origin);
        };
        let receiving = async {
            let mut response = Vec::new();
            let end = from_socket.read_to_end(&mut response).await;
            (response.len(), end.is_err())
        };
        let (_, (), received) = tokio::join!(sending, responding, receiving);
        assert_eq!(received, (10_000, true));
    }
    no_task_is_left().await;
}

#[tokio::test]
async fn large_contents_pass_in_both_directions_at_a_time() {
    let (socket, origin) = over_tls().await;
    let content = |seed: u8| -> Arc<[u8]> {
        let bytes = (0..5_000_000_u32).map(|index| (index >> 8) as u8 ^ index as u8 ^ seed);
        bytes.collect()
    };
    let (request, response) = (content(0), content(7));
    let (mut from_socket, mut to_socket) = socket.into_split();
    let (mut from_origin, mut to_origin) = tokio::io::split(origin);
    let (mut at_socket, mut at_origin) = (Vec::new(), Vec::new());
    let up = async {
        to_socket
            .write_all(&request)
            .await
            .map(|()| drop(to_socket))
    };
    let down = async {
        to_origin.write_all(&response).await?;
        to_origin.shutdown().await
    };
    let (up, down, socket_read, origin_read) = tokio::join!(
        up,
        down,
        from_socket.read_to_end(&mut at_socket),
        from_origin.read_to_end(&mut at_origin)
    );
    up.and(down).and(socket_read).and(origin_read).unwrap();
    assert!(*at_origin == *request, "the request is changed");
    assert!(*at_socket == *response, "the response is changed");
}

#[tokio::test]
async fn a_failure_to_connect_is_the_connectors() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let connector = CdnOriginConnector::builder(url).build().unwrap();
    let error = connect(&connector).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}
