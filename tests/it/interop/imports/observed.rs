//! The origin, the client, and what both observe of one request.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use tokio::net::{TcpSocket, TcpStream};

use super::rows::{OriginKind, Row};
use crate::support::{Authority, Edge, Requests, SniRefusal};

/// What the origin received and what the client received, by name.
pub(super) type Observed = BTreeMap<String, String>;

/// The names in the origin's certificate. It presents it for any SNI and without one.
const NAMES: [&str; 18] = [
    "127.0.0.1",
    "*.azurewebsites.net",
    "*.blob.core.windows.net",
    "*.cloudfront.net",
    "*.netlify.app",
    "*.origin.example",
    "*.s3.amazonaws.com",
    "*.s3.eu-west-1.amazonaws.com",
    "api.example",
    "bank.example",
    "crm.example",
    "edge.example",
    "grpc.example",
    "media.example",
    "new.example",
    "one.example",
    "storage.googleapis.com",
    "www.example.com",
];

/// Marks the client's request: health checks arrive too.
const MARK: &str = "x-client";

pub(super) struct Origin {
    edge: Edge,
    /// A bound socket that does not listen, in place of the edge.
    dead: Option<TcpSocket>,
}

impl Origin {
    pub(super) async fn start(row: &Row, authority: &Authority) -> Self {
        let (status, fields) = (row.status, row.fields);
        let mut edge = Edge::builder(authority)
            .alpn(&["http/1.1"])
            .default_certificate(authority.issue(&NAMES))
            .without_sni(SniRefusal::DefaultCertificate)
            .unknown_sni(SniRefusal::DefaultCertificate)
            .respond(move |_| {
                let mut response = Response::builder().status(status);
                for (name, value) in fields {
                    response = response.header(*name, *value);
                }
                response
                    .body(Bytes::from_static(b"from the origin"))
                    .unwrap()
            });
        edge = match row.origin {
            OriginKind::PlainHttp | OriginKind::Dead => edge.plain_http(),
            OriginKind::Tls => edge,
            OriginKind::TlsHttp2 => edge.alpn(&["h2", "http/1.1"]),
            OriginKind::MutualTls => edge.requires_clients_of(authority),
        };
        let dead = (row.origin == OriginKind::Dead).then(|| {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
            socket
        });
        Self {
            edge: edge.start().await,
            dead,
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        match &self.dead {
            Some(socket) => socket.local_addr().unwrap(),
            None => self.edge.address(),
        }
    }

    /// Sends the row's request through a proxy. The ports of this test are written as words.
    pub(super) async fn observe(&self, row: &Row, proxy: SocketAddr) -> Observed {
        let before = self.edge.requests().len();
        let stream = TcpStream::connect(proxy).await.unwrap();
        let mut client = Requests::http1(stream).await.unwrap();
        let port = proxy.port().to_string();
        let request = Request::builder()
            .method(row.method)
            .uri(row.target)
            .header("host", row.host.replace("PORT", &port))
            .header("user-agent", "client/1.0")
            .header("accept-encoding", "gzip")
            .header("authorization", "Basic c2VjcmV0")
            .header("cookie", "session=1")
            .header("x-forwarded-for", "203.0.113.7")
            .header("x-forwarded-proto", "ftp")
            .header("x-real-ip", "203.0.113.8")
            .header("x-tenant", "one")
            .header(MARK, "yes");
        let response = client
            .send(request.body(Bytes::from_static(row.content)).unwrap())
            .await
            .unwrap();

        let mut observed = Observed::new();
        let requests = self.edge.requests().split_off(before);
        let received: Vec<_> = requests
            .iter()
            .filter(|request| request.headers.contains_key(MARK))
            .collect();
        observed.insert("requests".to_owned(), received.len().to_string());
        if let Some(request) = received.last() {
            let host = request.host().unwrap_or_default().to_owned();
            let mut fields = request.headers.clone();
            fields.remove("host");
            observed.insert("method".to_owned(), request.method.to_string());
            observed.insert("target".to_owned(), request.target.clone());
            observed.insert("host".to_owned(), host);
            observed.insert("version".to_owned(), format!("{:?}", request.version));
            observed.insert("sni".to_owned(), request.sni.clone().unwrap_or_default());
            add_fields(&mut observed, "request", &fields);
        }
        observed.insert("status".to_owned(), response.status().as_u16().to_string());
        add_fields(&mut observed, "response", response.headers());
        observed.insert("body".to_owned(), response.into_body());
        let origin = self.address().port().to_string();
        for value in observed.values_mut() {
            *value = value.replace(&port, "PORT").replace(&origin, "ORIGIN");
        }
        observed
    }
}

fn add_fields(observed: &mut Observed, message: &str, fields: &HeaderMap) {
    for name in fields.keys() {
        let values = fields.get_all(name).iter();
        let values: Vec<_> = values
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        observed.insert(format!("{message} {name}"), values.join(" | "));
    }
}
