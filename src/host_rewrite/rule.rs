//! The pure rule: which name a request is for, and how another one is written into it.

use http::{
    HeaderMap, Uri, Version,
    header::HOST,
    request::Parts,
    uri::{Authority, Scheme},
};

use crate::{
    error::{Error, ErrorKind, HostProblem},
    name::HostAuthority,
};

use super::HostRewriteLayer;

/// What a request was for, and what it is for now.
pub(crate) struct Rewritten {
    /// Absent in an HTTP/1.0 request that names no host.
    pub(crate) downstream: Option<HostAuthority>,
    pub(crate) name: HostAuthority,
}

impl HostRewriteLayer {
    /// Applies the rule to a request head.
    pub(crate) fn apply(&self, parts: &mut Parts) -> Result<Rewritten, Error> {
        let rewritten = self.names(parts)?;
        write_name(parts, &rewritten.name);
        Ok(rewritten)
    }

    /// What the rule says of a request head, which stays as it is.
    pub(crate) fn names(&self, parts: &Parts) -> Result<Rewritten, Error> {
        let downstream = downstream_authority(parts)?;
        let name = self
            .name_for(parts, downstream.as_ref())
            .ok_or_else(|| Error::refused(ErrorKind::Host(HostProblem::Missing)))?;
        Ok(Rewritten { downstream, name })
    }
}

/// The name that a request is for. `None` only for an HTTP/1.0 request, which need not name one.
fn downstream_authority(parts: &Parts) -> Result<Option<HostAuthority>, Error> {
    let field = host_field(&parts.headers)?;
    let Some(authority) = parts.uri.authority() else {
        return match field {
            Some(field) => Ok(Some(field)),
            None if parts.version == Version::HTTP_10 => Ok(None),
            // RFC 9112 section 3.2: "A server MUST respond with a 400 (Bad Request) status code to
            // any HTTP/1.1 request message that lacks a Host header field".
            None => Err(Error::refused(ErrorKind::Host(HostProblem::Missing))),
        };
    };
    let authority = valid(authority.as_str())?;
    // RFC 9112 section 3.2.2: an absolute-form target wins over Host. RFC 9113 section 8.3.1: a
    // Host that "identifies an entity that differs" makes an HTTP/2 request malformed.
    let http1 = parts.version <= Version::HTTP_11;
    if !http1 && field.is_some_and(|field| !is_same(&field, &authority, parts.uri.scheme())) {
        return Err(Error::refused(ErrorKind::Host(HostProblem::Conflict)));
    }
    Ok(Some(authority))
}

/// Whether both name the same host and port, spelled out or not.
fn is_same(one: &HostAuthority, other: &HostAuthority, scheme: Option<&Scheme>) -> bool {
    let default = match scheme.is_some_and(|scheme| *scheme == Scheme::HTTP) {
        true => 80,
        false => 443,
    };
    one.without_port(default) == other.without_port(default)
}

fn host_field(headers: &HeaderMap) -> Result<Option<HostAuthority>, Error> {
    let mut fields = headers.get_all(HOST).iter();
    let Some(field) = fields.next() else {
        return Ok(None);
    };
    if fields.next().is_some() {
        return Err(Error::refused(ErrorKind::Host(HostProblem::Repeated)));
    }
    let name = HostAuthority::of_field(field);
    let name = name.ok_or_else(|| Error::refused(ErrorKind::Host(HostProblem::Invalid)))?;
    Ok(Some(name))
}

/// Parses without keeping the text: what a client sends has no place in an error.
fn valid(text: &str) -> Result<HostAuthority, Error> {
    text.parse()
        .map_err(|_| Error::refused(ErrorKind::Host(HostProblem::Invalid)))
}

/// Writes the name where a request of this version has it.
pub(crate) fn write_name(parts: &mut Parts, name: &HostAuthority) {
    let in_uri = parts.uri.authority().is_some() || parts.version >= Version::HTTP_2;
    if in_uri && let Some(uri) = with_authority(&parts.uri, name) {
        parts.uri = uri;
        parts.headers.remove(HOST);
    } else {
        parts.headers.insert(HOST, name.to_header_value());
    }
}

/// The URI with another authority; `None` where the result would not be a URI.
fn with_authority(uri: &Uri, name: &HostAuthority) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    let authority_form = parts.scheme.is_none() && parts.path_and_query.is_none();
    parts.authority = Some(match parts.authority {
        Some(old) if authority_form => with_port_of(name, &old),
        _ => name.as_authority().clone(),
    });
    if !authority_form && parts.scheme.is_none() {
        parts.scheme = Some(Scheme::HTTPS);
    }
    Uri::from_parts(parts).ok()
}

/// CONNECT's target needs a port (RFC 9112 section 3.2.3): the old one stays where the new name has
/// none.
fn with_port_of(name: &HostAuthority, old: &Authority) -> Authority {
    let new = name.as_authority();
    match (new.port(), old.port()) {
        (None, Some(port)) => format!("{new}:{port}")
            .parse()
            .unwrap_or_else(|_| new.clone()),
        _ => new.clone(),
    }
}
