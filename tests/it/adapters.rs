//! The connector inside other people's clients, unchanged, and our error inside theirs.

use std::error::Error as StdError;

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, HostRewriteLayer,
    connector::ConnectionInfo,
    error::{ErrorKind, TlsVersion},
    tls::{Alpn, rustls},
};
use http::{Request, Uri, Version};
use http_body_util::{BodyExt, Empty};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioIo},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{ServiceBuilder, ServiceExt};

use crate::{
    failing::{serving, to},
    support::{Authority, Edge},
};

fn client(connector: CdnOriginConnector) -> Client<CdnOriginConnector, Empty<Bytes>> {
    Client::builder(TokioExecutor::new()).build(connector)
}

#[tokio::test]
async fn hyper_utils_client_speaks_what_alpn_chose_and_carries_the_facts() {
    let authority = Authority::new();
    for (protocol, version) in [("h2", Version::HTTP_2), ("http/1.1", Version::HTTP_11)] {
        let edge = Edge::builder(&authority)
            .serves("www.example.test")
            .alpn(&[protocol])
            .start()
            .await;
        let connector = to(&edge, &authority, "www.example.test").build().unwrap();
        let uri = Uri::from_static("http://whatever.test/page");
        let response = client(connector).get(uri).await.unwrap();
        assert_eq!(response.version(), version);
        let info: &ConnectionInfo = response.extensions().get().unwrap();
        let session = info.facts().tls_session().unwrap();
        assert_eq!(session.version, TlsVersion::V1_3);
        assert_eq!(session.protocol.as_deref(), Some(protocol));
        assert_eq!(info.facts().peer(), Some(edge.address()));
        let names = info.facts().certificates().first().unwrap().names();
        assert_eq!(names, ["www.example.test"]);
        assert!(info.facts().elapsed().handshake.is_some());
    }
}

#[tokio::test]
async fn hyper_utils_client_reaches_a_plain_http_origin() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).plain_http().start().await;
    let origin = format!("http://{}", edge.address());
    let connector = CdnOriginConnector::builder(origin).build().unwrap();
    let response = client(connector)
        .get(Uri::from_static("https://whatever.test/"))
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let info: &ConnectionInfo = response.extensions().get().unwrap();
    assert!(info.facts().tls_session().is_none());
}

#[tokio::test]
async fn the_host_layer_in_front_of_hyper_utils_client_says_the_name_once() {
    let authority = Authority::new();
    for protocol in ["h2", "http/1.1"] {
        let edge = Edge::builder(&authority)
            .serves("www.example.test")
            .alpn(&[protocol])
            .start()
            .await;
        let connector = to(&edge, &authority, "www.example.test").build().unwrap();
        let service = ServiceBuilder::new()
            .layer(HostRewriteLayer::to("www.example.test").unwrap())
            .service(client(connector));
        let request = Request::get("https://client.test/page")
            .header("host", "client.test")
            .body(Empty::new())
            .unwrap();
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let seen = edge.wait_for_requests(1).await;
        assert_eq!(seen.host(), Some("www.example.test"), "{protocol}");
        let fields = seen.headers.get_all("host").iter().count();
        assert_eq!(fields, usize::from(protocol == "http/1.1"));
    }
}

#[tokio::test]
async fn a_bare_oneshot_yields_a_stream_for_tokio_and_for_hyper() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let connector = to(&edge, &authority, "www.example.test")
        .alpn(Alpn::Http1)
        .build()
        .unwrap();

    let mut stream = connector.clone().oneshot(Uri::default()).await.unwrap();
    assert!(tokio::io::AsyncWrite::is_write_vectored(&stream));
    stream
        .write_all(b"GET /tokio HTTP/1.1\r\nhost: www.example.test\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");

    let stream = connector.oneshot(Uri::default()).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("/hyper")
        .header("host", "www.example.test")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn a_stream_can_be_split_and_wrapped_again() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let connector = to(&edge, &authority, "www.example.test")
        .alpn(Alpn::Http1)
        .build()
        .unwrap();
    let stream = connector.oneshot(Uri::default()).await.unwrap();
    let (mut reading, mut writing) = tokio::io::split(stream);
    writing
        .write_all(b"GET / HTTP/1.0\r\nhost: www.example.test\r\n\r\n")
        .await
        .unwrap();
    writing.flush().await.unwrap();
    let mut response = Vec::new();
    reading.read_to_end(&mut response).await.unwrap();
    assert!(response.starts_with(b"HTTP/1.0 200 OK"));
}

#[tokio::test]
async fn the_handed_out_tls_config_does_the_same_handshake() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves_with(
            "www.example.test",
            authority.issue(&["origin.example.test"]),
        )
        .start()
        .await;
    let connector = to(&edge, &authority, "www.example.test")
        .expected_name("origin.example.test")
        .build()
        .unwrap();
    let config = connector.tls_config().unwrap();
    let stream = tokio::net::TcpStream::connect(edge.address())
        .await
        .unwrap();
    tokio_rustls::TlsConnector::from(config)
        .connect("www.example.test".try_into().unwrap(), stream)
        .await
        .unwrap();
}

/// A tonic channel whose endpoint says `http`, because tonic does no TLS here: the connector does.
async fn call_by_tonic(
    connector: CdnOriginConnector,
) -> Result<http::Response<tonic::body::Body>, Box<dyn StdError + Send + Sync>> {
    let channel = tonic::transport::Endpoint::from_static("http://grpc.example.test")
        .connect_with_connector(connector)
        .await?;
    let request = Request::post("https://grpc.example.test/service/Method")
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(tonic::body::Body::empty())?;
    Ok(channel.oneshot(request).await?)
}

#[tokio::test]
async fn a_tonic_channel_with_its_tls_feature_on_takes_the_connector() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("grpc.example.test")
        .start()
        .await;
    let connector = to(&edge, &authority, "grpc.example.test")
        .alpn(Alpn::Http2)
        .build()
        .unwrap();
    let response = call_by_tonic(connector).await.unwrap();
    assert_eq!(response.status(), 200);
    let seen = edge.wait_for_requests(1).await;
    assert_eq!(seen.version, Version::HTTP_2);
    assert_eq!(seen.authority.as_deref(), Some("grpc.example.test"));
    assert_eq!(seen.header("te"), Some("trailers"));
}

#[tokio::test]
async fn our_error_is_found_in_hyper_utils_by_downcast_along_source() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let connector = to(&edge, &authority, "other.example.test").build().unwrap();
    let outcome = client(connector)
        .get(Uri::from_static("http://a.test/"))
        .await;
    let error = outcome.unwrap_err();

    let mut next: Option<&(dyn StdError + 'static)> = Some(&error);
    let mut found = None;
    while let Some(current) = next {
        found = found.or_else(|| current.downcast_ref::<Error>());
        next = current.source();
    }
    assert_eq!(found.unwrap().kind(), ErrorKind::AlertReceived);
    assert_eq!(
        Error::find_in(&error).unwrap().kind(),
        ErrorKind::AlertReceived
    );
}

#[tokio::test]
async fn our_error_is_found_in_the_source_of_a_tonic_error() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let connector = to(&edge, &authority, "other.example.test")
        .alpn(Alpn::Http2)
        .build()
        .unwrap();

    let error = call_by_tonic(connector.clone()).await.unwrap_err();
    assert_eq!(
        Error::find_in(&*error).unwrap().kind(),
        ErrorKind::AlertReceived
    );

    // A lazy channel fails in the call: there it becomes a status.
    let channel = tonic::transport::Endpoint::from_static("http://grpc.example.test")
        .connect_with_connector_lazy(connector);
    let request = Request::post("https://grpc.example.test/service/Method")
        .body(tonic::body::Body::empty())
        .unwrap();
    let error = channel.oneshot(request).await.unwrap_err();
    let status = tonic::Status::from_error(error.into());
    let found = Error::find_in(&status).unwrap();
    assert_eq!(found.kind(), ErrorKind::AlertReceived);
}

#[tokio::test]
async fn our_tls_error_has_rustls_error_as_its_source() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let connector = to(&edge, &authority, "other.example.test").build().unwrap();
    let error = connector.oneshot(Uri::default()).await.unwrap_err();
    let source = error.source().unwrap();
    assert!(source.is::<rustls::Error>(), "{source}");
}

#[tokio::test]
async fn the_body_of_a_hyper_response_arrives_whole() {
    let authority = Authority::new();
    let body = Bytes::from(vec![b'x'; 1 << 20]);
    let served = body.clone();
    let edge = Edge::builder(&authority)
        .serves("www.example.test")
        .respond(move |_| http::Response::new(served.clone()))
        .start()
        .await;
    let connector = to(&edge, &authority, "www.example.test").build().unwrap();
    let response = client(connector)
        .get(Uri::from_static("http://a.test/"))
        .await
        .unwrap();
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        body
    );
}

#[tokio::test]
async fn a_stream_wraps_into_tokio_io_of_hyper_util_both_ways() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let connector = to(&edge, &authority, "www.example.test")
        .alpn(Alpn::Http1)
        .build()
        .unwrap();
    let stream = connector.oneshot(Uri::default()).await.unwrap();
    let io = TokioIo::new(TokioIo::new(stream));
    let (_, connection) = hyper::client::conn::http1::handshake::<_, Empty<Bytes>>(io)
        .await
        .unwrap();
    drop(connection);
}
