//! Any fields of any peer: the origin is told of the peer that connected, and of nobody else unless
//! that peer is trusted.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use cdn_origin::{
    downstream::ClientConnection,
    forwarded::{ForwardedField, ForwardedLayer, IpNet},
    origin::Scheme,
};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use tower::{Layer, ServiceExt, service_fn};

use super::{
    in_memory,
    input::{Input, choose},
};

const ALL: [ForwardedField; 6] = [
    ForwardedField::Forwarded,
    ForwardedField::XForwardedFor,
    ForwardedField::XForwardedHost,
    ForwardedField::XForwardedPort,
    ForwardedField::XForwardedProto,
    ForwardedField::XRealIp,
];

/// The names of the sections that follow the Host, by their first byte.
const NAMES: [&str; 8] = [
    "x-forwarded-for",
    "forwarded",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-real-ip",
    "x_forwarded_for",
    "host",
];

const MAX_CHAIN: usize = 200;

/// The input is two bytes of settings, and sections: the Host, and fields.
///
/// Returns `Some` if the origin receives an entry that is not the peer's.
pub fn run(bytes: &[u8]) -> Option<()> {
    let mut input = Input(bytes);
    let (settings, peer) = (input.byte(), input.byte());
    let is_trusted = settings & 1 != 0;
    let peer = match peer & 1 {
        0 => IpAddr::V4(Ipv4Addr::new(10, 0, 0, peer)),
        _ => IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, peer.into())),
    };
    let request = request(&mut input, peer);
    let headers = in_memory::run(behind(layer(settings), request));
    let line = |name: &str| headers.get(name).map(HeaderValue::to_str);
    let line = |name: &str| line(name).map(|line| line.expect("visible ASCII"));
    if settings & 2 != 0 && is_trusted {
        // The claims of a trusted peer pass.
        return None;
    }
    check_forwarded(line("forwarded").expect("a field that is written"));
    assert!(headers.keys().all(|name| !name.as_str().contains("x_")));
    let chain = line("x-forwarded-for").expect("the peer is known");
    let entries: Vec<_> = chain.split(", ").collect();
    let (last, earlier) = entries.split_last().expect("an entry");
    assert_eq!(*last, peer.to_string());
    assert!(chain.len() <= MAX_CHAIN.max(last.len()), "{chain}");
    let may_be_long = is_trusted || settings & 4 != 0;
    assert!(may_be_long || earlier.is_empty(), "{chain}");
    if !is_trusted {
        assert_eq!(line("x-real-ip"), Some(&*peer.to_string()));
        assert_eq!(line("x-forwarded-proto"), Some("https"));
    }
    (!earlier.is_empty()).then_some(())
}

fn layer(settings: u8) -> ForwardedLayer {
    let mut layer = ForwardedLayer::new().fields(ALL).max_chain(MAX_CHAIN);
    if settings & 1 != 0 {
        let trusted = ["10.0.0.0/8", "2001:db8::/32"];
        let trusted = trusted.map(|text| text.parse::<IpNet>().expect("a network"));
        layer = layer.trust(trusted);
    }
    if settings & 2 != 0 {
        layer = layer.pass_trusted();
    }
    if settings & 4 != 0 {
        layer = layer.append_unverified();
    }
    if settings & 8 != 0 {
        layer = layer.trust_host().trust_port();
    }
    layer
}

fn request(input: &mut Input<'_>, peer: IpAddr) -> Request<()> {
    let mut request = Request::new(());
    let headers = request.headers_mut();
    if let Ok(host) = HeaderValue::from_bytes(input.section()) {
        headers.insert("host", host);
    }
    while !input.is_empty() {
        let name = HeaderName::from_static(choose(input.byte(), &NAMES));
        if let Ok(value) = HeaderValue::from_bytes(input.section()) {
            headers.append(name, value);
        }
    }
    let client = ClientConnection::new(peer, Scheme::Https);
    request.extensions_mut().insert(client);
    request
}

async fn behind(layer: ForwardedLayer, request: Request<()>) -> HeaderMap {
    let inner = service_fn(|request: Request<()>| async move {
        Ok::<_, Infallible>(request.into_parts().0.headers)
    });
    let Ok(headers) = layer.layer(inner).oneshot(request).await;
    headers
}

/// Fails unless the value has the grammar of RFC 7239 section 4.
fn check_forwarded(line: &str) {
    for pair in line.split([',', ';']).map(str::trim) {
        let (name, value) = pair.split_once('=').expect("a pair");
        assert!(["for", "host", "proto"].contains(&name), "{line}");
        let quoted = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'));
        match quoted {
            Some(text) => assert!(!text.contains(['"', '\\']), "{line}"),
            None => assert!(!value.is_empty() && value.bytes().all(is_token), "{line}"),
        }
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
