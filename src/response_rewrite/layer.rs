//! The layer: the origin's names, and what is rewritten beside them.

use std::sync::Arc;

use tower_layer::Layer;

use crate::{
    name::HostAuthority,
    origin::{Origin, Scheme},
};

use super::{PathPrefix, ResponseRewrite, path::PathMap, rule::Secure};

/// Puts the client's name where a response says the origin's. See the [module](self::super) for an
/// example and for the rules.
///
/// | call | default |
/// |---|---|
/// | [`origin`](Self::origin), [`name`](Self::name) | no names, except in [`OriginProxy`](crate::OriginProxy), which adds those of its origin |
/// | [`path`](Self::path) | paths stay as they are |
/// | [`keep_alt_svc`](Self::keep_alt_svc) | `Alt-Svc` is removed |
/// | [`dangerously_drop_secure_over_http`](Self::dangerously_drop_secure_over_http) | `Secure` stays |
/// | [`client_scheme`](Self::client_scheme) | `http` |
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct ResponseRewriteLayer {
    pub(super) rules: Arc<Rules>,
}

#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) scope: Scope,
    pub(super) names: Vec<HostAuthority>,
    pub(super) origin_scheme: Option<Scheme>,
    pub(super) paths: Vec<PathMap>,
    pub(super) alt_svc: AltSvc,
    pub(super) secure: Secure,
    pub(super) client_scheme: Scheme,
}

/// Whether the layer rewrites at all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Scope {
    Everything,
    Nothing,
}

/// What becomes of `Alt-Svc`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum AltSvc {
    Kept,
    Removed,
}

impl ResponseRewriteLayer {
    /// Creates a layer that knows no name yet.
    pub fn new() -> Self {
        Self::with_scope(Scope::Everything)
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
        Self::with_scope(Scope::Nothing)
    }

    fn with_scope(scope: Scope) -> Self {
        Self {
            rules: Arc::new(Rules {
                scope,
                names: Vec::new(),
                origin_scheme: None,
                paths: Vec::new(),
                alt_svc: AltSvc::Removed,
                secure: Secure::Kept,
                client_scheme: Scheme::Http,
            }),
        }
    }

    /// Rewrites the names of this origin: its Host, the host of its URL, and the dialled host where
    /// that is a DNS name. A Host without a port is rewritten at the dialled port too: servers like
    /// nginx redirect to the port that they listen at.
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

    /// Rewrites one more name of the origin's.
    pub fn name(mut self, name: HostAuthority) -> Self {
        Arc::make_mut(&mut self.rules).names.push(name);
        self
    }

    /// Whether this layer was created by [`off`](Self::off).
    pub(crate) fn is_off(&self) -> bool {
        self.rules.scope == Scope::Nothing
    }

    /// Turns paths of the origin that start with one prefix into paths of clients that start with
    /// another: nginx's `proxy_redirect /app/ /` and `proxy_cookie_path /app/ /`. Of several, the
    /// first that fits counts.
    ///
    /// ```
    /// use cdn_origin::response_rewrite::ResponseRewriteLayer;
    ///
    /// let layer = ResponseRewriteLayer::new().path("/app/".parse()?, "/".parse()?);
    /// # Ok::<(), cdn_origin::response_rewrite::PathPrefixError>(())
    /// ```
    pub fn path(mut self, origin: PathPrefix, client: PathPrefix) -> Self {
        let map = PathMap { origin, client };
        Arc::make_mut(&mut self.rules).paths.push(map);
        self
    }

    /// Lets `Alt-Svc` pass, and with it clients to wherever it leads.
    pub fn keep_alt_svc(mut self) -> Self {
        Arc::make_mut(&mut self.rules).alt_svc = AltSvc::Kept;
        self
    }

    /// Takes the attribute `Secure` out of cookies for clients that speak plain `http`, except
    /// where the cookie's name starts with `__Secure-` or `__Host-`.
    ///
    /// Such a cookie crosses the network in clear text, where everybody on the way can read and
    /// replace it. This is for development; otherwise let clients speak TLS.
    pub fn dangerously_drop_secure_over_http(mut self) -> Self {
        Arc::make_mut(&mut self.rules).secure = Secure::DroppedOverHttp;
        self
    }

    /// What clients speak, where no [`ClientConnection`](crate::downstream::ClientConnection) says
    /// so. [`OriginProxy`](crate::OriginProxy) has a setting of its own, which counts there.
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
        ResponseRewrite::new(inner, self.clone())
    }
}
