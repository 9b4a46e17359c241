//! Trailers of origins that send them only if the request accepts them, as axum and hyper do.

use std::{convert::Infallible, net::SocketAddr};

use axum::Router;
use bytes::Bytes;
use cdn_origin::{CdnOriginConnector, OriginProxy, Roots, VerifyPolicy};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::AbortHandle,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    origin::{NAME, server_config},
    rfc::{
        Protocol::{Http1, Http2},
        client::{Ask, Client},
    },
    support::{Authority, Site},
};

/// A hyper server that announces a trailer and sends two. Stopped on drop.
struct Origin {
    proxy: OriginProxy,
    task: AbortHandle,
}

impl Origin {
    /// Over plain TCP, or over TLS with this protocol.
    async fn of(alpn: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let authority = Authority::new();
        let connector = match alpn {
            None => CdnOriginConnector::builder(format!("http://{NAME}")),
            Some(_) => CdnOriginConnector::builder(format!("https://{NAME}"))
                .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem()))),
        };
        let connector = connector.dial(address);
        let alpn = alpn.map(|alpn| alpn.as_bytes().to_vec());
        let acceptor =
            alpn.map(|alpn| TlsAcceptor::from(server_config(&authority, alpn.as_slice())));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                match acceptor.clone() {
                    None => drop(tokio::spawn(serve(stream))),
                    Some(acceptor) => drop(tokio::spawn(async move {
                        serve(acceptor.accept(stream).await.unwrap()).await;
                    })),
                }
            }
        });
        Self {
            proxy: OriginProxy::new(connector.build().unwrap()),
            task: task.abort_handle(),
        }
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
    let service = service_fn(|_: Request<Incoming>| async {
        let field = |name: &str, value| (name.parse().unwrap(), HeaderValue::from_static(value));
        let trailers = HeaderMap::from_iter([field("x-sum", "7"), field("set-cookie", "a=1")]);
        let frames = [
            Frame::data(Bytes::from_static(b"content")),
            Frame::trailers(trailers),
        ];
        // Of unknown length: trailers need chunks in HTTP/1.1.
        let frames = frames.map(Ok::<_, Infallible>);
        let body = StreamBody::new(futures_util::stream::iter(frames));
        let response = Response::builder().header("trailer", "x-sum, set-cookie");
        Ok::<_, Infallible>(response.body(body).unwrap())
    });
    let server = auto::Builder::new(TokioExecutor::new());
    let _ = server.serve_connection(TokioIo::new(io), service).await;
}

#[tokio::test]
async fn a_client_that_accepts_trailers_gets_those_of_an_origin_that_sends_them_on_request() {
    for alpn in [None, Some("http/1.1"), Some("h2")] {
        let origin = Origin::of(alpn).await;
        let router = Router::new().fallback_service(origin.proxy.clone());
        let site = Site::serve(router).await;
        for client in [Http1, Http2] {
            for (fields, trailers) in [
                (&["te: trailers"][..], &[("x-sum", "7")][..]),
                (&["te: gzip;q=0.5, trailers"], &[("x-sum", "7")]),
                (&["te: trailers;q=0"], &[]),
                (&[], &[]),
            ] {
                // HTTP/2 has no other TE (RFC 9113 section 8.2.2).
                if client == Http2 && fields != ["te: trailers"] {
                    continue;
                }
                let ask = Ask::Message {
                    start: "GET /",
                    fields,
                    body: None,
                    trailers: &[],
                };
                let mut client = Client::of(client, site.address()).await;
                let seen = client.ask(ask).await.unwrap();
                assert_eq!(seen.body, "content");
                let got = seen
                    .trailers
                    .iter()
                    .map(|(name, value)| (&name[..], &value[..]));
                assert_eq!(got.collect::<Vec<_>>(), trailers, "{alpn:?} {fields:?}");
            }
        }
    }
}
