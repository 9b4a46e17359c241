//! Any evidence: causes that are safe to show, with fixes where they are certain, always the same.

use std::{convert::Infallible, future::ready, net::Ipv4Addr};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, OriginProxy, ResponseRewriteLayer, SpkiPin, VerifyPolicy,
    diagnosis::Diagnosis, downstream::ClientConnection, error::Error, name::HostAuthority,
    origin::Scheme, response_diagnosis::ResponseDiagnosisLayer,
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri,
    header::{HOST, ORIGIN},
    uri::PathAndQuery,
};
use http_body_util::Full;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{Layer, ServiceExt, service_fn};

use super::{
    in_memory,
    input::{Input, choose},
    response,
    text::{assert_error, assert_line, assert_lines},
};

const URLS: [&str; 8] = [
    "https://d1234567890.cloudfront.net",
    "http://d1234567890.cloudfront.net:443",
    "https://bucket.s3.amazonaws.com",
    "https://www.example.test",
    "http://www.example.test:8443",
    "https://192.0.2.1",
    "https://site.azurefd.net",
    "https://example.fastly.net",
];

const METHODS: [Method; 4] = [Method::GET, Method::POST, Method::HEAD, Method::TRACE];

/// The input is a selector. If it is even, a response follows; otherwise what a peer sends in place
/// of a TLS handshake.
///
/// Returns `Some` if there is a cause.
pub fn run(bytes: &[u8]) -> Option<()> {
    let mut input = Input(bytes);
    let diagnosis = match choose(input.byte(), &[true, false]) {
        true => of_response(&mut input)?,
        false => of_handshake(&mut input),
    };
    assert_lines(&diagnosis.to_string());
    for cause in diagnosis.causes() {
        assert!(
            !cause.text().is_empty() && cause.evidence().next().is_some(),
            "{cause:?}"
        );
    }
    diagnosis.likeliest().map(|_| ())
}

/// What a client asks for and what the origin responds.
struct Exchange {
    url: &'static str,
    flags: u8,
    status: StatusCode,
    method: Method,
    target: PathAndQuery,
    host: HostAuthority,
    /// The `Origin` field, or the client's Host before the proxy.
    other: String,
    headers: HeaderMap,
    body: Bytes,
}

/// A URL, flags, a status code, a method, and sections: target, Host, `Origin` or the client's
/// Host, field lines, and the body.
fn of_response(input: &mut Input<'_>) -> Option<Diagnosis> {
    let exchange = Exchange::read(input)?;
    let diagnosis = || match exchange.flags & 2 {
        0 => exchange.behind_the_layer(),
        _ => exchange.behind_the_proxy(),
    };
    let found = diagnosis();
    assert_eq!(found, diagnosis());
    found
}

impl Exchange {
    fn read(input: &mut Input<'_>) -> Option<Self> {
        let url = choose(input.byte(), &URLS);
        let flags = input.byte();
        let status = StatusCode::from_u16(100 + input.number() % 500).ok()?;
        let method = METHODS[usize::from(input.byte()) % METHODS.len()].clone();
        let target = input.text().parse().ok()?;
        let host = input.text().parse().ok()?;
        let other = input.text().into_owned();
        let mut headers = HeaderMap::new();
        for line in input.section().split(|byte| *byte == b'\n') {
            let mut parts = line.splitn(2, |byte| *byte == b':');
            let name = HeaderName::from_bytes(parts.next().unwrap_or_default());
            let value = parts.next().unwrap_or_default().trim_ascii_start();
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
                headers.append(name, value);
            }
        }
        Some(Self {
            url,
            flags,
            status,
            method,
            target,
            host,
            other,
            headers,
            body: Bytes::copy_from_slice(input.0),
        })
    }

    fn request(&self, host: HeaderValue) -> Request<Full<Bytes>> {
        let content: &[u8] = if self.flags & 1 == 0 { b"" } else { b"content" };
        let mut request = Request::new(Full::new(Bytes::from_static(content)));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.target.clone().into();
        request.headers_mut().insert(HOST, host);
        request
    }

    fn host_field(&self) -> HeaderValue {
        self.host.as_str().parse().expect("a host is a field value")
    }

    /// The diagnosis of a client with a layer.
    fn behind_the_layer(&self) -> Option<Diagnosis> {
        let builder = CdnOriginConnector::builder(self.url);
        let builder = match self.url.starts_with("https") {
            true => builder.verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32]))),
            false => builder,
        };
        let connector = builder.build().expect("a connector");
        let mut request = self.request(self.host_field());
        if let Ok(field) = HeaderValue::from_str(&self.other) {
            request.headers_mut().insert(ORIGIN, field);
        }
        let mut response = Response::new(Full::new(self.body.clone()));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        let client = service_fn(move |_| ready(Ok::<_, Infallible>(response.clone())));
        let origin = connector.origin().expect("an origin");
        let service = ResponseDiagnosisLayer::of(origin).layer(client);
        let diagnosed = in_memory::run(service.oneshot(request)).expect("a response");
        diagnosed.extensions().get().cloned()
    }

    /// The diagnosis of a proxy, which knows the client's Host and scheme.
    ///
    /// The origin has no TLS.
    fn behind_the_proxy(&self) -> Option<Diagnosis> {
        let answer = self.answer();
        let transport = in_memory::transport(move |_, stream| {
            response::serve(stream, answer.clone(), usize::MAX)
        });
        let connector = CdnOriginConnector::builder(self.url.replace("https://", "http://"))
            .host(self.host.as_str())
            .transport(transport)
            .build()
            // A client may send labels that the DNS cannot hold; the builder refuses them.
            .ok()?;
        let mut proxy = OriginProxy::new(connector);
        if self.flags & 4 != 0 {
            proxy = proxy.response_rewrite(ResponseRewriteLayer::off());
        }
        if self.flags & 16 != 0 {
            proxy = proxy.disclose_diagnosis();
        }
        let host = HeaderValue::from_str(&self.other).unwrap_or_else(|_| self.host_field());
        let mut request = self.request(host);
        let scheme = choose(self.flags >> 3, &[Scheme::Http, Scheme::Https]);
        let client = ClientConnection::new(Ipv4Addr::LOCALHOST, scheme);
        request.extensions_mut().insert(client);
        in_memory::run(async move {
            let Ok(response) = proxy.oneshot(request).await;
            for field in response.headers().get_all("proxy-status") {
                assert_line(field.to_str().expect("visible ASCII"));
            }
            response.extensions().get().cloned()
        })
    }

    /// The response as HTTP/1.1, until the connection closes.
    fn answer(&self) -> Bytes {
        let mut answer = format!("HTTP/1.1 {} \r\n", self.status.as_u16()).into_bytes();
        for (name, value) in &self.headers {
            answer.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        answer.extend(b"\r\n");
        answer.extend(&self.body);
        answer.into()
    }
}

/// An URL, how the stream ends, and its bytes.
fn of_handshake(input: &mut Input<'_>) -> Diagnosis {
    let url = choose(input.byte(), &URLS).replace("http://", "https://");
    let end = input.byte();
    let bytes = input.0.to_vec();
    let error: Error = in_memory::run(async move {
        let transport = in_memory::transport(move |_, mut stream| {
            let bytes = bytes.clone();
            async move {
                in_memory::write(&mut stream, &bytes, usize::MAX).await;
                if end & 1 == 0 {
                    let _ = stream.shutdown().await;
                }
                let _ = stream.read_to_end(&mut Vec::new()).await;
            }
        });
        let connector = CdnOriginConnector::builder(url)
            .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
            .transport(transport)
            .build()
            .expect("a connector");
        let outcome = connector.oneshot(Uri::default()).await;
        outcome.expect_err("no input completes a handshake")
    });
    assert_error(&error);
    error.diagnosis()
}
