//! Makes of the client's request the one that goes to the origin: everything that needs no waiting.

use std::sync::Arc;

use http::{Request, Uri, Version, request::Parts, uri::PathAndQuery};
use http_body::Body;

use crate::{
    downstream::{ClientConnection, Downstream},
    error::{Error, ErrorKind},
    host_rewrite::{RewrittenHost, write_host},
    name::HostAuthority,
    origin::{Origin, Scheme},
    pool::Target,
    upload::RequestBody,
};

use super::{
    deadline::Deadline, edge_limits::Content, header_flags::HeaderFlags, hop_by_hop, message,
    settings::ProxySettings, upgrade::UpgradeRequest,
};

/// So many fields are usually added to a request: four that say who the client is, `Via`, and one
/// to spare.
const USUALLY_ADDED: usize = 6;

/// A request that is ready to be sent, and what is kept of it for its response. It stays in one
/// place, because futures are moved about with all that they hold.
pub(super) struct Ready {
    pub(super) request: Request<RequestBody>,
    pub(super) target: Target,
    pub(super) asked: Option<Box<UpgradeRequest>>,
    pub(super) origin: Arc<Origin>,
    pub(super) downstream: Downstream,
    /// Whether the client is told trailers.
    pub(super) trailers: bool,
    /// Whether the client speaks HTTP/2 or later.
    pub(super) has_streams: bool,
    /// When all has to be over.
    pub(super) end: Option<Deadline>,
}

/// What is known of a head that was rewritten.
struct Rewrite {
    host: HostAuthority,
    downstream: Downstream,
    /// Whether the client says `TE: trailers`.
    te_trailers: bool,
    present: HeaderFlags,
}

impl ProxySettings {
    /// Prepares a request. Nothing, if it is to go no further.
    pub(super) fn prepare(
        &self,
        request: Request<RequestBody>,
    ) -> Result<Option<Box<Ready>>, Error> {
        let Some(origin) = &self.origin else {
            return Err(Error::refused(ErrorKind::UnsupportedUri));
        };
        let (mut parts, body) = request.into_parts();
        self.limits
            .check(&parts.headers, body.size_hint().lower())?;
        let present = HeaderFlags::of(&parts.headers);
        let asked = UpgradeRequest::of(&mut parts, present, &body, &self.upgrades)?;
        let has_streams = parts.version > Version::HTTP_11;
        let Some(rewrite) = self.rewrite(&mut parts, present)? else {
            return Ok(None);
        };
        message::settle_expectation(&mut parts, rewrite.present, &body);
        message::frame(&mut parts, rewrite.present, &body);
        if let Some(limits) = &self.edge_limits {
            let content = match body.size_hint().exact() {
                Some(0) => Content::Absent,
                _ => Content::Present,
            };
            limits.apply(&mut parts, &rewrite.host, content)?;
        }
        Ok(Some(Box::new(Ready {
            target: Target::of(origin, rewrite.host, path_and_query(&parts.uri)),
            request: Request::from_parts(parts, body),
            asked: asked.map(Box::new),
            origin: origin.clone(),
            downstream: rewrite.downstream,
            // A client of HTTP/1 that has not said so does not know what to do with them.
            trailers: rewrite.te_trailers || has_streams,
            has_streams,
            end: self.limits.request_deadline(),
        })))
    }

    /// Makes of the client's head the one that goes to the origin. Nothing, if the request is to go
    /// no further.
    fn rewrite(
        &self,
        parts: &mut Parts,
        mut present: HeaderFlags,
    ) -> Result<Option<Rewrite>, Error> {
        message::check(parts, present)?;
        if present.has(HeaderFlags::HOPS) && self.via.detects_loop(&parts.headers) {
            return Err(Error::refused(ErrorKind::LoopDetected));
        }
        let RewrittenHost {
            downstream,
            upstream: name,
        } = self.host_rewrite.hosts(parts)?;
        self.miss_scheme(parts);
        let scheme = self.client_scheme.unwrap_or(Scheme::Http);
        let downstream = Downstream::new(parts, scheme, downstream);
        if downstream.address.is_none() {
            self.no_address.call_once(|| {
                tracing::warn!(
                    "downstreams' addresses are not known, so X-Forwarded-For and X-Real-IP are not sent: serve the router by \
                     `into_make_service_with_connect_info::<SocketAddr>()`, or put a `ClientConnection` into the extensions"
                );
            });
        }
        if message::is_last_forward(parts) {
            return Ok(None);
        }
        let te_trailers = present.has(HeaderFlags::HOP_BY_HOP)
            && hop_by_hop::remove_from_request(&mut parts.headers);
        // One growth for all. A map that cannot grow so far may still have the room that is needed.
        let _ = parts.headers.try_reserve(USUALLY_ADDED);
        let downstream = self.forwarded.apply(&mut parts.headers, downstream);
        if present.has(HeaderFlags::COOKIE) {
            message::join_cookies(&mut parts.headers);
        }
        if present.has(HeaderFlags::EARLY_DATA) {
            message::settle_early_data(&mut parts.headers);
        }
        self.via.sign(&mut parts.headers, parts.version);
        if !self.request_hooks.is_empty() {
            // Otherwise nobody would see it: the pool spells the name as each connection wants it.
            write_host(parts, &name);
            self.request_hooks.apply(parts);
            present = HeaderFlags::of(&parts.headers);
            message::check(parts, present)?;
        }
        Ok(Some(Rewrite {
            host: name,
            downstream,
            te_trailers,
            present,
        }))
    }

    /// Says so, once, where a client says `https` and nobody whom this proxy could believe does:
    /// the origin is told `http`, and may redirect to where the client is already.
    fn miss_scheme(&self, parts: &Parts) {
        if self.client_scheme.is_none()
            && parts.uri.scheme() == Some(&http::uri::Scheme::HTTPS)
            && parts.extensions.get::<ClientConnection>().is_none()
        {
            self.no_scheme.call_once(|| {
                tracing::warn!(
                    "a downstream says that it came by https, but the origin is told http: call `client_scheme(Scheme::Https)` on the proxy, or put \
                     a `ClientConnection` into the extensions"
                );
            });
        }
    }
}

/// What the client asks for. `http://host?query` has a query alone, and RFC 9112 section 3.2.1 and
/// RFC 9113 section 8.3.1 want a path.
fn path_and_query(uri: &Uri) -> PathAndQuery {
    let given = uri.path_and_query().cloned();
    let given = given.unwrap_or_else(|| PathAndQuery::from_static("/"));
    match given.as_str().starts_with('?') {
        true => format!("/{}", given.as_str()).parse().unwrap_or(given),
        false => given,
    }
}
