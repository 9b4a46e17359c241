//! The layer: the origin's names, path prefixes and fields to rewrite.
//!
//! `rewrite_fields.rs` applies it to a response.

use std::sync::Arc;

use http::HeaderMap;
use tower_layer::Layer;

use crate::{
    downstream::Downstream,
    name::HostAuthority,
    origin::{Origin, Scheme},
};

use super::{
    PathPrefix,
    path_prefix::PathMap,
    rewrite_context::SentTarget,
    rewrite_fields::rewrite_fields,
    rewrite_rules::{AltSvcHandling, RewriteRules, RewriteScope, SecureCookies},
    service::ResponseRewrite,
};

/// Replaces the origin's names by the client's in redirects and cookies.
///
/// The [module](self::super) describes the rules.
///
/// | call | default |
/// |---|---|
/// | [`origin`](Self::origin), [`name`](Self::name) | none; [`OriginProxy`] adds its origin |
/// | [`map_path`](Self::map_path) | paths stay as they are |
/// | [`keep_alt_svc`](Self::keep_alt_svc) | `Alt-Svc` is removed |
/// | [`dangerously_drop_secure_over_http`][secure] | `Secure` stays |
/// | [`client_scheme`](Self::client_scheme) | `http` |
///
/// ```
/// use cdn_origin::{CdnOriginConnector, ResponseRewriteLayer, origin::Scheme};
///
/// let connector = CdnOriginConnector::builder("http://origin.example:8080").build()?;
/// let origin = connector.origin().expect("the builder was given a URL");
/// let layer = ResponseRewriteLayer::new()
///     .origin(origin)
///     .name("legacy.example".parse()?)
///     .map_path("/".parse()?, "/app/".parse()?)
///     .client_scheme(Scheme::Https);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`OriginProxy`]: crate::OriginProxy
/// [secure]: Self::dangerously_drop_secure_over_http
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct ResponseRewriteLayer {
    rules: Arc<RewriteRules>,
}

impl ResponseRewriteLayer {
    /// Creates a layer without names: it removes `Alt-Svc` and rewrites nothing else.
    pub fn new() -> Self {
        Self::with_scope(RewriteScope::Everything)
    }

    /// Creates a layer that rewrites nothing: responses pass byte for byte, `Alt-Svc` included.
    ///
    /// The other calls have no effect on it. [`OriginProxy`](crate::OriginProxy) takes it to turn
    /// its default rewriting off, which is nginx's `proxy_redirect off`.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, OriginProxy, ResponseRewriteLayer};
    ///
    /// let connector = CdnOriginConnector::builder("https://www.example.com").build()?;
    /// let proxy = OriginProxy::new(connector).response_rewrite(ResponseRewriteLayer::off());
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn off() -> Self {
        Self::with_scope(RewriteScope::Nothing)
    }

    /// Creates a layer that rewrites cookies alone: redirects and `Alt-Svc` pass as they are.
    ///
    /// This is nginx's `proxy_redirect off` with `proxy_cookie_domain` or `proxy_cookie_path`.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, OriginProxy, ResponseRewriteLayer};
    ///
    /// let layer = ResponseRewriteLayer::cookies_only().name("legacy.example".parse()?);
    /// let connector = CdnOriginConnector::builder("https://www.example.com").build()?;
    /// let proxy = OriginProxy::new(connector).response_rewrite(layer);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cookies_only() -> Self {
        Self::with_scope(RewriteScope::Cookies)
    }

    fn with_scope(scope: RewriteScope) -> Self {
        Self {
            rules: Arc::new(RewriteRules::new(scope)),
        }
    }

    /// Rewrites the names of this origin: its Host, the host of its URL, and the dialled host if it
    /// is a DNS name.
    ///
    /// A Host without a port is also rewritten at the dialled port: servers such as nginx redirect
    /// to the port that they listen on.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, ResponseRewriteLayer};
    ///
    /// let connector = CdnOriginConnector::builder("https://origin.example").build()?;
    /// let layer = match connector.origin() {
    ///     Some(origin) => ResponseRewriteLayer::new().origin(origin),
    ///     None => ResponseRewriteLayer::new(),
    /// };
    /// # drop(layer);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn origin(mut self, origin: &Origin) -> Self {
        let dialled = origin
            .dial()
            .tcp()
            .filter(|target| target.host().dns().is_some());
        let dialled = dialled.map(Into::into);
        let host = origin.host();
        let listening = origin.dial().port().filter(|_| host.port().is_none());
        let listening = listening.and_then(|port| format!("{}:{port}", host.host()).parse().ok());
        let rules = Arc::make_mut(&mut self.rules);
        rules.origin_scheme = Some(origin.scheme());
        rules.names.push(host.clone());
        rules.names.push(origin.url().target().into());
        rules.names.extend(dialled);
        rules.names.extend(listening);
        self
    }

    /// Rewrites one more name of the origin.
    ///
    /// A name without a port covers ports 80 and 443.
    ///
    /// ```
    /// use cdn_origin::ResponseRewriteLayer;
    ///
    /// // The application redirects to a name of its own.
    /// let layer = ResponseRewriteLayer::new().name("app.internal.example".parse()?);
    /// # drop(layer);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn name(mut self, name: HostAuthority) -> Self {
        Arc::make_mut(&mut self.rules).names.push(name);
        self
    }

    /// Rewrites the fields of a response for this client.
    pub(crate) fn apply(
        &self,
        headers: &mut HeaderMap,
        downstream: &Downstream,
        sent: SentTarget<'_>,
    ) {
        rewrite_fields(&self.rules, headers, downstream, sent);
    }

    /// Whether this layer was created by [`off`](Self::off).
    pub(crate) fn is_off(&self) -> bool {
        self.rules.scope == RewriteScope::Nothing
    }

    /// Replaces a prefix of the origin's paths by one of the client's.
    ///
    /// This is nginx's `proxy_redirect /app/ /` and `proxy_cookie_path /app/ /`. Of several calls,
    /// the first that matches applies. The paths of requests stay:
    /// [`OriginProxy::map_path`](crate::OriginProxy::map_path) maps both ways.
    ///
    /// ```
    /// use cdn_origin::response_rewrite::ResponseRewriteLayer;
    ///
    /// let layer = ResponseRewriteLayer::new().map_path("/".parse()?, "/app/".parse()?);
    /// # Ok::<(), cdn_origin::error::InvalidValue>(())
    /// ```
    pub fn map_path(mut self, client: PathPrefix, origin: PathPrefix) -> Self {
        let map = PathMap { client, origin };
        Arc::make_mut(&mut self.rules).paths.push(map);
        self
    }

    /// Passes `Alt-Svc` on: clients may then connect to the origin and bypass the proxy.
    ///
    /// By default, the field is removed (RFC 7838 section 3).
    ///
    /// ```
    /// use cdn_origin::ResponseRewriteLayer;
    ///
    /// // Clients may use HTTP/3 of the origin, and bypass the proxy then.
    /// let layer = ResponseRewriteLayer::new().keep_alt_svc();
    /// # drop(layer);
    /// ```
    pub fn keep_alt_svc(mut self) -> Self {
        Arc::make_mut(&mut self.rules).alt_svc = AltSvcHandling::Keep;
        self
    }

    /// Drops the attribute `Secure` from cookies for clients that speak plain `http`.
    ///
    /// A cookie whose name starts with `__Secure-` or `__Host-` keeps it. The cookie crosses the
    /// network in clear text, where an on-path attacker can read and replace it. Use this for
    /// development only; elsewhere, let clients speak TLS.
    pub fn dangerously_drop_secure_over_http(mut self) -> Self {
        Arc::make_mut(&mut self.rules).secure_cookies = SecureCookies::DropOverHttp;
        self
    }

    /// Sets the scheme that clients use, for requests without a [`ClientConnection`]. The default
    /// is `http`.
    ///
    /// In an [`OriginProxy`](crate::OriginProxy), that of its [`ForwardedLayer`] applies instead.
    ///
    /// [`ClientConnection`]: crate::downstream::ClientConnection
    /// [`ForwardedLayer`]: crate::ForwardedLayer::client_scheme
    ///
    /// ```
    /// use cdn_origin::{ResponseRewriteLayer, origin::Scheme};
    ///
    /// // TLS ends in front of this proxy.
    /// let layer = ResponseRewriteLayer::new().client_scheme(Scheme::Https);
    /// # drop(layer);
    /// ```
    pub fn client_scheme(mut self, scheme: Scheme) -> Self {
        Arc::make_mut(&mut self.rules).client_scheme = scheme;
        self
    }
}

impl Default for ResponseRewriteLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for ResponseRewriteLayer {
    type Service = ResponseRewrite<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ResponseRewrite::new(inner, Arc::clone(&self.rules))
    }
}
