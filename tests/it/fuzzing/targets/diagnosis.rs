//! Any evidence: causes that are safe to show, with fixes where they are certain, always the same.

use std::{convert::Infallible, future::ready};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, SpkiPin, VerifyPolicy, diagnosis::Diagnosis, error::Error,
    name::HostAuthority, response_diagnosis::ResponseDiagnosisLayer,
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
    text::{assert_error, assert_lines},
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

/// A URL, flags, a status code, a method, and sections: target, Host, `Origin`, field lines, and
/// the body.
fn of_response(input: &mut Input<'_>) -> Option<Diagnosis> {
    let url = choose(input.byte(), &URLS);
    let flags = input.byte();
    let status = StatusCode::from_u16(100 + input.number() % 500).ok()?;
    let method = &METHODS[usize::from(input.byte()) % METHODS.len()];
    let target: PathAndQuery = input.text().parse().ok()?;
    let host: HostAuthority = input.text().parse().ok()?;
    let origin_field = HeaderValue::from_str(&input.text()).ok();
    let mut headers = HeaderMap::new();
    for line in input.section().split(|byte| *byte == b'\n') {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = HeaderName::from_bytes(parts.next().unwrap_or_default());
        let value = HeaderValue::from_bytes(parts.next().unwrap_or_default().trim_ascii_start());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    let pinned = VerifyPolicy::pinned(SpkiPin::sha256([0; 32]));
    let builder = CdnOriginConnector::builder(url);
    let builder = match url.starts_with("https") {
        true => builder.verify(pinned),
        false => builder,
    };
    let connector = builder.build().expect("a connector");
    let origin = connector.origin().expect("an origin");
    let content = Bytes::from_static(if flags & 1 == 0 { b"" } else { b"content" });
    let mut request = Request::new(Full::new(content));
    *request.method_mut() = method.clone();
    *request.uri_mut() = target.into();
    request
        .headers_mut()
        .insert(HOST, host.as_str().parse().ok()?);
    if let Some(field) = origin_field {
        request.headers_mut().insert(ORIGIN, field);
    }
    let mut response = Response::new(Full::new(Bytes::copy_from_slice(input.0)));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    let diagnosis = || {
        let (request, response) = (request.clone(), response.clone());
        let client = service_fn(move |_| ready(Ok::<_, Infallible>(response.clone())));
        let service = ResponseDiagnosisLayer::of(origin).layer(client);
        let diagnosed = in_memory::run(service.oneshot(request)).expect("a response");
        diagnosed.extensions().get::<Diagnosis>().cloned()
    };
    let found = diagnosis();
    assert_eq!(found, diagnosis());
    found
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
