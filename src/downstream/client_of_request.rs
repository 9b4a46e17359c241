//! `Downstream`: the client of a request, by the extensions that the server set: its address and
//! scheme, and the host that it requested.

use std::net::IpAddr;

use http::{Extensions, HeaderMap, header::HOST, request::Parts, uri::PathAndQuery};

use crate::{name::HostAuthority, origin::Scheme};

use super::client_connection::{ClientConnection, connect_info};

/// What is known about the client of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Downstream {
    /// `None` if the server supplied none.
    pub(crate) address: Option<IpAddr>,
    pub(crate) scheme: Scheme,
    /// Whether the server or a trusted peer supplied the scheme. Otherwise it is a default.
    pub(crate) is_scheme_known: bool,
    /// `None` in an HTTP/1.0 request without a host.
    pub(crate) host: Option<HostAuthority>,
    /// Path and query of the request.
    pub(crate) target: Option<PathAndQuery>,
}

impl Downstream {
    /// Reads the request's extensions. `scheme` is the default if they hold none.
    pub(crate) fn new(parts: &Parts, scheme: Scheme, host: Option<HostAuthority>) -> Self {
        let client = parts.extensions.get::<ClientConnection>();
        let connect_info = || connect_info(&parts.extensions).map(|peer| peer.ip().to_canonical());
        Self {
            address: client.map(|client| client.address()).or_else(connect_info),
            scheme: client.map_or(scheme, |client| client.scheme()),
            is_scheme_known: client.is_some(),
            host,
            target: parts.uri.path_and_query().cloned(),
        }
    }

    /// The client's address in a request's extensions.
    pub(crate) fn address_of(extensions: &Extensions) -> Option<IpAddr> {
        let client = extensions.get::<ClientConnection>();
        let connect_info = || connect_info(extensions).map(|peer| peer.ip().to_canonical());
        client.map(|client| client.address()).or_else(connect_info)
    }

    /// Reads the request's extensions and its host. An invalid or repeated host is `None`.
    pub(crate) fn of(parts: &Parts, scheme: Scheme) -> Self {
        let host = match parts.uri.authority() {
            Some(authority) => authority.as_str().parse().ok(),
            None => host_field(&parts.headers),
        };
        Self::new(parts, scheme, host)
    }
}

fn host_field(headers: &HeaderMap) -> Option<HostAuthority> {
    let mut fields = headers.get_all(HOST).iter();
    match (fields.next(), fields.next()) {
        (Some(field), None) => field.to_str().ok()?.parse().ok(),
        _ => None,
    }
}
