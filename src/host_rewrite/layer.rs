//! The layer: which host replaces the client's.

use std::{fmt, sync::Arc};

use http::request::Parts;

use crate::{
    error::{Error, ErrorKind, InvalidValue, RequestProblem},
    name::HostAuthority,
};

use super::rewrite_host::{RewrittenHost, downstream_authority, write_host};

/// A layer that rewrites the Host of requests. See the [module](self::super) for details.
///
/// ```
/// use cdn_origin::HostRewriteLayer;
///
/// let fixed = HostRewriteLayer::to("www.example.com")?;
/// let preserving = HostRewriteLayer::preserve();
/// # drop((fixed, preserving));
/// # Ok::<(), cdn_origin::error::InvalidValue>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct HostRewriteLayer {
    rule: HostRule,
}

type HostFunction = dyn Fn(&Parts, &HostAuthority) -> HostAuthority + Send + Sync;

#[derive(Clone)]
enum HostRule {
    Fixed(HostAuthority),
    Function(Arc<HostFunction>),
    Preserve,
    PreserveName,
}

impl HostRewriteLayer {
    /// Replaces the client's Host with a fixed one, such as the origin's own.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, HostRewriteLayer};
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example:8080").build()?;
    /// let origin = connector.origin().expect("the connector has a fixed origin");
    /// let layer = HostRewriteLayer::to(origin.host())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if `authority` is not a host with an optional port.
    pub fn to<A>(authority: A) -> Result<Self, InvalidValue>
    where
        A: TryInto<HostAuthority>,
        A::Error: Into<InvalidValue>,
    {
        authority
            .try_into()
            .map(Self::to_authority)
            .map_err(Into::into)
    }

    /// Replaces the client's Host by a valid authority.
    pub(crate) fn to_authority(authority: HostAuthority) -> Self {
        Self {
            rule: HostRule::Fixed(authority),
        }
    }

    /// Validates and keeps the client's Host.
    ///
    /// An HTTP/1.0 request may have no Host. The layer refuses such a request.
    /// [`OriginProxy`](crate::OriginProxy) forwards it with the origin's own Host.
    ///
    /// A client can send any valid name: reject unknown names in front of this layer.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, HostRewriteLayer, OriginProxy};
    ///
    /// let connector = CdnOriginConnector::builder("https://origin.example").build()?;
    /// let proxy = OriginProxy::new(connector).host_rewrite(HostRewriteLayer::preserve());
    /// # drop(proxy);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn preserve() -> Self {
        Self {
            rule: HostRule::Preserve,
        }
    }

    /// Keeps the name of the client's Host, in lower case and without port and final dot.
    ///
    /// This is nginx's `$host`; [`preserve`](Self::preserve) is `$http_host`. Otherwise the two
    /// calls do the same.
    ///
    /// ```
    /// use cdn_origin::HostRewriteLayer;
    ///
    /// // `Shop.Example.:8080` becomes `shop.example`.
    /// let layer = HostRewriteLayer::preserve_name();
    /// # drop(layer);
    /// ```
    pub fn preserve_name() -> Self {
        Self {
            rule: HostRule::PreserveName,
        }
    }

    /// Replaces the client's Host with the result of a function.
    ///
    /// The function gets the request's head and the client's Host. A request without a Host is
    /// refused, and the function is not called.
    ///
    /// ```
    /// use cdn_origin::{HostRewriteLayer, name::HostAuthority};
    ///
    /// let fallback: HostAuthority = "www.example.com".parse()?;
    /// let layer = HostRewriteLayer::from_fn(move |_request, host| match host.host() {
    ///     "api.example.com" => host.clone(),
    ///     _ => fallback.clone(),
    /// });
    /// # drop(layer);
    /// # Ok::<(), cdn_origin::error::InvalidValue>(())
    /// ```
    pub fn from_fn<F>(function: F) -> Self
    where
        F: Fn(&Parts, &HostAuthority) -> HostAuthority + Send + Sync + 'static,
    {
        Self {
            rule: HostRule::Function(Arc::new(function)),
        }
    }

    /// Rewrites the host in a request head.
    ///
    /// # Errors
    ///
    /// Fails if the request's host is missing, repeated, invalid or ambiguous.
    pub(crate) fn apply(&self, parts: &mut Parts) -> Result<RewrittenHost, Error> {
        let rewritten = self.hosts(parts, None)?;
        write_host(parts, &rewritten.upstream);
        Ok(rewritten)
    }

    /// Computes the hosts for a request head, without changing it. `own` replaces a Host that is
    /// absent and should be kept.
    pub(crate) fn hosts(
        &self,
        parts: &Parts,
        own: Option<&HostAuthority>,
    ) -> Result<RewrittenHost, Error> {
        let downstream = downstream_authority(parts)?;
        let upstream = self
            .host_for(parts, downstream.as_ref(), own)
            .ok_or_else(|| Error::refused(ErrorKind::Request(RequestProblem::HostMissing)))?;
        Ok(RewrittenHost {
            downstream,
            upstream,
        })
    }

    /// The host for this request. `downstream` is `None` in an HTTP/1.0 request without a host.
    fn host_for(
        &self,
        parts: &Parts,
        downstream: Option<&HostAuthority>,
        own: Option<&HostAuthority>,
    ) -> Option<HostAuthority> {
        match &self.rule {
            HostRule::Function(function) => {
                downstream.map(|downstream| function(parts, downstream))
            }
            HostRule::Preserve => downstream.or(own).cloned(),
            HostRule::PreserveName => downstream
                .map(HostAuthority::to_lower_name)
                .or_else(|| own.cloned()),
            HostRule::Fixed(authority) => Some(authority.clone()),
        }
    }
}

impl fmt::Debug for HostRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(authority) => write!(f, "Fixed({authority})"),
            Self::Function(_) => f.write_str("Function(..)"),
            Self::Preserve => f.write_str("Preserve"),
            Self::PreserveName => f.write_str("PreserveName"),
        }
    }
}
