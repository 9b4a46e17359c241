//! Prepares the request to the origin from the client's, without waiting.
//!
//! It calls the files that refuse a request, and those that remove, add or rewrite fields:
//!
//! | fields | file |
//! |---|---|
//! | `Host`, `:authority` | `host_rewrite/rewrite_host.rs`, `pool/send/encode_target.rs` |
//! | `X-Forwarded-For` and similar, `Forwarded` | `forwarded/replace_fields.rs` |
//! | `Via`, `CDN-Loop` | `via.rs` |
//! | `Connection`, `TE` and what they list | `hop_by_hop.rs` |
//! | `Cookie`, `Content-Length`, `Expect`, `Early-Data`, `Max-Forwards` | `adjust_fields.rs` |
//! | names with `_` | `ambiguous_names.rs` |
//! | fields that the edge writes | `edge_limits.rs` |
//! | `Upgrade` | `upgrade/upgrade_request.rs` |

use std::{mem, sync::Arc};

use http::{Request, Uri, Version, request::Parts, uri::PathAndQuery};
use http_body::Body;

use crate::{
    downstream::{ClientConnection, Downstream},
    error::{Deadline, Error, ErrorKind},
    field_lines::FieldLines,
    forwarded::ForwardedFields,
    host_rewrite::{RewrittenHost, write_host},
    name::HostAuthority,
    origin::Origin,
    pool::{InFlight, Target},
    response_rewrite::PathMap,
    upload::RequestBody,
};

use super::{
    adjust_fields,
    arrival::exchange_end,
    check_head,
    edge_limits::{Content, request_line_size},
    error_response::GrpcCall,
    hop_by_hop,
    present_fields::PresentFields,
    proxy_settings::ProxySettings,
    refuse_too_large::{refuse_too_large, size},
    upgrade::UpgradeRequest,
};

/// A request that is ready to be sent, and what its response needs.
///
/// It is boxed, because futures are moved with everything that they hold.
pub(super) struct Ready {
    pub(super) request: Request<RequestBody>,
    pub(super) target: Target,
    pub(super) upgrade: Option<Box<UpgradeRequest>>,
    pub(super) origin: Arc<Origin>,
    pub(super) downstream: Downstream,
    /// The map by which the path was replaced.
    pub(super) path_map: Option<Arc<PathMap>>,
    /// Whether the client gets trailers.
    pub(super) trailers: bool,
    /// Whether the client speaks HTTP/2 or later.
    pub(super) has_streams: bool,
    /// Whether it is a gRPC call.
    pub(super) is_grpc: bool,
    /// The deadline of the whole exchange.
    pub(super) end: Option<Deadline>,
    /// Absent if the request has not begun yet, because the proxy was draining when it arrived.
    pub(super) in_flight: Option<InFlight>,
}

impl Ready {
    /// The size of the head in HTTP/1.1, without the fields that the proxy adds.
    pub(super) fn head_size(&self) -> usize {
        let target = self.target.path_and_query.as_str().len();
        let line = request_line_size(self.request.method(), target);
        line + size(self.request.headers())
    }
}

/// The result of rewriting a head.
struct Rewrite {
    host: HostAuthority,
    downstream: Downstream,
    path_map: Option<Arc<PathMap>>,
    /// The forwarded fields and the proxy's signature.
    added: FieldLines,
    /// Whether the client sent `TE: trailers`.
    te_trailers: bool,
    present: PresentFields,
}

impl ProxySettings {
    /// Prepares a request. Returns `None` if the proxy responds itself.
    pub(super) fn prepare(
        &self,
        request: Request<RequestBody>,
    ) -> Result<Option<Box<Ready>>, Error> {
        let Some(origin) = &self.origin else {
            return Err(Error::refused(ErrorKind::UnsupportedUri));
        };
        let (mut parts, body) = request.into_parts();
        let end = exchange_end(self.limits.request_timeout, &parts.extensions);
        let is_grpc = GrpcCall::is_in(&parts.method, &parts.headers);
        let body_size = body.size_hint().lower();
        refuse_too_large(&self.limits, &parts.headers, body_size)?;
        let present = PresentFields::of(&parts.headers);
        let upgrade = UpgradeRequest::of(&mut parts, present, &body, &self.upgrades)?;
        let has_streams = parts.version > Version::HTTP_11;
        let Some(mut rewrite) = self.rewrite(&mut parts, present)? else {
            return Ok(None);
        };
        adjust_fields::settle_expectation(&mut parts, rewrite.present, &body);
        adjust_fields::frame(&mut parts, rewrite.present, &body);
        if let Some(limits) = &self.edge_limits {
            let content = match body.size_hint().exact() {
                Some(0) => Content::Absent,
                _ => Content::Present,
            };
            limits.apply(&mut parts, &rewrite.host, &mut rewrite.added, content)?;
        }
        Ok(Some(Box::new(Ready {
            target: Target::of(origin, rewrite.host, path_and_query(&parts.uri))
                .with_fields(rewrite.added),
            request: Request::from_parts(parts, body),
            upgrade: upgrade.map(Box::new),
            origin: origin.clone(),
            downstream: rewrite.downstream,
            path_map: rewrite.path_map,
            // An HTTP/1 client without `TE: trailers` may not support them.
            trailers: rewrite.te_trailers || has_streams,
            has_streams,
            is_grpc,
            end,
            in_flight: None,
        })))
    }

    /// Whether a request will be refused whatever its body: there is no reason to wait for that.
    pub(super) fn refuses_by_head<B: Body>(&self, request: &Request<B>) -> bool {
        let (headers, body) = (request.headers(), request.body().size_hint().lower());
        let present = PresentFields::of(headers);
        let (method, uri) = (request.method(), request.uri());
        let (version, extensions) = (request.version(), request.extensions());
        refuse_too_large(&self.limits, headers, body).is_err()
            || check_head::check(method, uri, headers, present).is_err()
            || (present.has(PresentFields::HOPS) && self.via.detects_loop(headers))
            || check_head::check_host(version, uri, headers, extensions).is_err()
    }

    /// Rewrites the client's head for the origin. Returns `None` if the proxy responds itself.
    fn rewrite(
        &self,
        parts: &mut Parts,
        mut present: PresentFields,
    ) -> Result<Option<Rewrite>, Error> {
        check_head::check(&parts.method, &parts.uri, &parts.headers, present)?;
        if present.has(PresentFields::HOPS) && self.via.detects_loop(&parts.headers) {
            return Err(Error::refused(ErrorKind::LoopDetected));
        }
        check_head::check_host(parts.version, &parts.uri, &parts.headers, &parts.extensions)?;
        let RewrittenHost {
            downstream,
            upstream: name,
        } = self
            .host_rewrite
            .hosts(parts, self.origin.as_deref().map(Origin::host))?;
        self.warn_of_unconfirmed_scheme(parts);
        let downstream = Downstream::new(parts, self.forwarded.scheme(), downstream);
        if downstream.address.is_none() {
            self.no_address.call_once(|| {
                tracing::warn!(
                    "the addresses of clients are not known, so X-Forwarded-For and X-Real-IP are \
                     not sent: serve the router by \
                     `into_make_service_with_connect_info::<SocketAddr>()`, or put a \
                     `ClientConnection` into the extensions"
                );
            });
        }
        if adjust_fields::is_last_forward(parts) {
            return Ok(None);
        }
        let path_map = self.path_maps.apply(&mut parts.uri)?;
        let te_trailers = present.has(PresentFields::HOP_BY_HOP)
            && hop_by_hop::remove_from_request(&mut parts.headers, parts.version);
        let forwarded = match present.has(PresentFields::FORWARDED) {
            true => ForwardedFields::of(&parts.headers),
            false => ForwardedFields::default(),
        };
        let replaced = self
            .forwarded
            .replace(&mut parts.headers, forwarded, downstream);
        let mut added = replaced.lines;
        self.via.sign(&mut added, parts.version);
        let has_repeated_names = parts.headers.len() > parts.headers.keys_len();
        if present.has(PresentFields::COOKIE) && has_repeated_names {
            adjust_fields::join_cookies(&mut parts.headers);
        }
        if present.has(PresentFields::EARLY_DATA) {
            adjust_fields::settle_early_data(&mut parts.headers);
        }
        if !self.request_hooks.is_empty() {
            // Only for the hooks: the pool writes the name as each connection requires it.
            write_host(parts, &name);
            for (name, value) in mem::take(&mut added).fields() {
                parts.headers.append(name, value);
            }
            self.request_hooks.apply(parts);
            present = PresentFields::of(&parts.headers);
            check_head::check(&parts.method, &parts.uri, &parts.headers, present)?;
        }
        Ok(Some(Rewrite {
            host: name,
            downstream: replaced.downstream,
            path_map,
            added,
            te_trailers,
            present,
        }))
    }

    /// Warns once if a client claims `https` and no configured source confirms it.
    ///
    /// The origin gets `http` then, and may redirect the client to the URI that it is at already.
    fn warn_of_unconfirmed_scheme(&self, parts: &Parts) {
        if self.forwarded.configured_scheme().is_none()
            && parts.uri.scheme() == Some(&http::uri::Scheme::HTTPS)
            && parts.extensions.get::<ClientConnection>().is_none()
        {
            self.no_scheme.call_once(|| {
                tracing::warn!(
                    "a client reports that it came by https, but the origin receives http: call \
                     `client_scheme(Scheme::Https)` on the `ForwardedLayer`, or put a \
                     `ClientConnection` into the extensions"
                );
            });
        }
    }
}

/// The target for the origin, with `/` in place of an absent path.
///
/// `http://host?query` has no path, but RFC 9112 section 3.2.1 and RFC 9113 section 8.3.1 require
/// one.
fn path_and_query(uri: &Uri) -> PathAndQuery {
    let given = uri.path_and_query().cloned();
    let given = given.unwrap_or_else(|| PathAndQuery::from_static("/"));
    match given.as_str().starts_with('?') {
        true => format!("/{}", given.as_str()).parse().unwrap_or(given),
        false => given,
    }
}
