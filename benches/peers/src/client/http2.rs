//! HTTP/2: clones share one connection.

use std::net::SocketAddr;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::workload::Workload;

#[derive(Clone)]
pub(crate) struct Client(SendRequest<Full<Bytes>>);

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let stream = TokioIo::new(stream);
        let (sender, connection) = http2::handshake(TokioExecutor::new(), stream)
            .await
            .unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    /// Sends the request of this number, and reads its response.
    pub(crate) async fn exchange(&mut self, workload: &Workload, number: usize) {
        let mut request = Request::get(format!("http://client.test{}", workload.path(number)));
        for (name, value) in workload.fields(number) {
            request = request.header(name, value);
        }
        let request = request.body(Full::default()).unwrap();
        let response = self.0.send_request(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let content = response.into_body().collect().await.unwrap();
        assert_eq!(content.to_bytes().len(), workload.length);
    }
}
