//! Reads the host of a request, and writes another one into it. Pure.

use http::{
    HeaderMap, Uri, Version,
    header::HOST,
    request::Parts,
    uri::{Authority, Scheme},
};

use crate::{
    error::{Error, ErrorKind, RequestProblem},
    name::HostAuthority,
};

/// The host of a request before and after the rewrite.
pub(crate) struct RewrittenHost {
    /// The client's. `None` in an HTTP/1.0 request without a host.
    pub(crate) downstream: Option<HostAuthority>,
    /// The one for the origin.
    pub(crate) upstream: HostAuthority,
}

/// The host of the client's request. `None` only in HTTP/1.0, which does not require one.
pub(super) fn downstream_authority(parts: &Parts) -> Result<Option<HostAuthority>, Error> {
    let field = host_field(&parts.headers)?;
    let Some(authority) = parts.uri.authority() else {
        return match field {
            Some(field) => Ok(Some(field)),
            None if parts.version == Version::HTTP_10 => Ok(None),
            // RFC 9112 section 3.2: "A server MUST respond with a 400 (Bad Request) status code to
            // any HTTP/1.1 request message that lacks a Host header field".
            None => Err(Error::refused(ErrorKind::Request(
                RequestProblem::HostMissing,
            ))),
        };
    };
    let authority = parse_authority(authority.as_str())?;
    // RFC 9112 section 3.2.2: an absolute-form target takes precedence over Host. RFC 9113 section
    // 8.3.1: a Host that "identifies an entity that differs" makes an HTTP/2 request malformed.
    let is_http1 = parts.version <= Version::HTTP_11;
    if !is_http1 && field.is_some_and(|field| !is_same(&field, &authority, parts.uri.scheme())) {
        return Err(Error::refused(ErrorKind::Request(
            RequestProblem::HostConflict,
        )));
    }
    Ok(Some(authority))
}

/// Whether both have the same host and port. A default port may be omitted.
fn is_same(one: &HostAuthority, other: &HostAuthority, scheme: Option<&Scheme>) -> bool {
    let default = match scheme.is_some_and(|scheme| *scheme == Scheme::HTTP) {
        true => 80,
        false => 443,
    };
    one.without_default_port(default) == other.without_default_port(default)
}

fn host_field(headers: &HeaderMap) -> Result<Option<HostAuthority>, Error> {
    let mut fields = headers.get_all(HOST).iter();
    let Some(field) = fields.next() else {
        return Ok(None);
    };
    if fields.next().is_some() {
        return Err(Error::refused(ErrorKind::Request(
            RequestProblem::HostRepeated,
        )));
    }
    let name = HostAuthority::from_field(field);
    let name =
        name.ok_or_else(|| Error::refused(ErrorKind::Request(RequestProblem::HostInvalid)))?;
    Ok(Some(name))
}

/// Parses without keeping the text: an error must not repeat what a client sent.
fn parse_authority(text: &str) -> Result<HostAuthority, Error> {
    text.parse()
        .map_err(|_| Error::refused(ErrorKind::Request(RequestProblem::HostInvalid)))
}

/// Writes the host into the URI or into `Host`, depending on the request's form.
pub(crate) fn write_host(parts: &mut Parts, host: &HostAuthority) {
    let in_uri = parts.uri.authority().is_some() || parts.version >= Version::HTTP_2;
    if in_uri && let Some(uri) = with_authority(&parts.uri, host) {
        parts.uri = uri;
        parts.headers.remove(HOST);
    } else {
        parts.headers.insert(HOST, host.into());
    }
}

/// The URI with another authority. `None` if the result is not a valid URI.
fn with_authority(uri: &Uri, host: &HostAuthority) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    let is_authority_form = parts.scheme.is_none() && parts.path_and_query.is_none();
    parts.authority = Some(match parts.authority {
        Some(old) if is_authority_form => with_port_of(host, &old),
        _ => host.as_authority().clone(),
    });
    if !is_authority_form && parts.scheme.is_none() {
        parts.scheme = Some(Scheme::HTTPS);
    }
    Uri::from_parts(parts).ok()
}

/// The authority of a CONNECT request, which needs a port (RFC 9112 section 3.2.3). Keeps the old
/// port if the new host has none.
fn with_port_of(host: &HostAuthority, old: &Authority) -> Authority {
    let new = host.as_authority();
    match (new.port(), old.port()) {
        (None, Some(port)) => format!("{new}:{port}")
            .parse()
            .unwrap_or_else(|_| new.clone()),
        _ => new.clone(),
    }
}
