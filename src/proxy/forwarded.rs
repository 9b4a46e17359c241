//! What the origin is told about the visitor.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, header::FORWARDED};

use crate::{name::HostAuthority, origin::Scheme};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// What is known about the visitor.
pub(super) struct Visitor {
    pub(super) address: Option<IpAddr>,
    pub(super) scheme: Scheme,
    pub(super) host: Option<HostAuthority>,
}

/// Writes the fields that the nginx account writes, and `X-Forwarded-Host`. A field whose value is not known is removed, and so is
/// what says the same in other words, so that no visitor can speak in our name.
pub(super) fn write(headers: &mut HeaderMap, visitor: &Visitor) {
    let address = visitor
        .address
        .and_then(|ip| HeaderValue::try_from(ip.to_string()).ok());
    let chain = address
        .as_ref()
        .and_then(|address| append(headers, address));
    let host = visitor.host.as_ref().map(HostAuthority::to_header_value);
    let proto = HeaderValue::from_static(visitor.scheme.as_str());
    remove_claims(headers);
    set(headers, X_FORWARDED_FOR, chain);
    set(headers, X_FORWARDED_HOST, host);
    set(headers, X_FORWARDED_PROTO, Some(proto));
    set(headers, X_REAL_IP, address);
}

/// All earlier `X-Forwarded-For` lines and the address, in one line.
fn append(headers: &HeaderMap, address: &HeaderValue) -> Option<HeaderValue> {
    let earlier = headers.get_all(X_FORWARDED_FOR);
    let mut line = Vec::new();
    for value in earlier.iter().filter(|value| !value.is_empty()) {
        line.extend_from_slice(value.as_bytes());
        line.extend_from_slice(b", ");
    }
    line.extend_from_slice(address.as_bytes());
    HeaderValue::from_maybe_shared(bytes::Bytes::from(line)).ok()
}

/// Removes what says the same in other words: RFC 7239's field, and the names that CGI and its kin fold into ours by taking `_` for `-`
/// (RFC 3875 section 4.1.18).
fn remove_claims(headers: &mut HeaderMap) {
    const CLAIMS: [HeaderName; 5] = [
        FORWARDED,
        HeaderName::from_static("x_forwarded_for"),
        HeaderName::from_static("x_forwarded_host"),
        HeaderName::from_static("x_forwarded_proto"),
        HeaderName::from_static("x_real_ip"),
    ];
    let is_claim = |name: &&HeaderName| CLAIMS.contains(name);
    let present: Vec<HeaderName> = headers.keys().filter(is_claim).cloned().collect();
    for name in present {
        headers.remove(name);
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: Option<HeaderValue>) {
    match value {
        Some(value) => headers.insert(name, value),
        None => headers.remove(name),
    };
}
