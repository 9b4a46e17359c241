//! The layer: which name replaces the client's.

use std::{fmt, sync::Arc};

use http::request::Parts;
use tower_layer::Layer;

use crate::name::{HostAuthority, NameError};

use super::HostRewrite;

/// Rewrites the name that a request is for. See the [module](self::super) for an example.
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct HostRewriteLayer {
    rule: Rule,
}

type Naming = dyn Fn(&Parts, &HostAuthority) -> HostAuthority + Send + Sync;

#[derive(Clone)]
enum Rule {
    By(Arc<Naming>),
    Preserve,
    To(HostAuthority),
}

impl HostRewriteLayer {
    /// Always this name: a fixed one, or an origin's own.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, HostRewriteLayer};
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example:8080").build()?;
    /// let origin = connector.origin().expect("it was built with one");
    /// let layer = HostRewriteLayer::to(origin.host())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If it is not a host and optional port.
    pub fn to<A>(authority: A) -> Result<Self, NameError>
    where
        A: TryInto<HostAuthority>,
        A::Error: Into<NameError>,
    {
        authority
            .try_into()
            .map(Self::to_parsed)
            .map_err(Into::into)
    }

    /// Always this name, which is known to be one.
    pub(crate) fn to_parsed(authority: HostAuthority) -> Self {
        Self {
            rule: Rule::To(authority),
        }
    }

    /// Keeps the client's Host after validating it. It can be any name: reject unknown ones in
    /// front of this layer.
    pub fn preserve() -> Self {
        Self {
            rule: Rule::Preserve,
        }
    }

    /// Whatever this function makes of the request and the client's name.
    pub fn by<F>(function: F) -> Self
    where
        F: Fn(&Parts, &HostAuthority) -> HostAuthority + Send + Sync + 'static,
    {
        Self {
            rule: Rule::By(Arc::new(function)),
        }
    }

    /// The name for this request. `downstream` is absent in an HTTP/1.0 request that names no host.
    pub(super) fn name_for(
        &self,
        parts: &Parts,
        downstream: Option<&HostAuthority>,
    ) -> Option<HostAuthority> {
        match &self.rule {
            Rule::By(function) => downstream.map(|downstream| function(parts, downstream)),
            Rule::Preserve => downstream.cloned(),
            Rule::To(authority) => Some(authority.clone()),
        }
    }
}

impl<S> Layer<S> for HostRewriteLayer {
    type Service = HostRewrite<S>;

    fn layer(&self, inner: S) -> Self::Service {
        HostRewrite::new(inner, self.clone())
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::By(_) => f.write_str("By(..)"),
            Self::Preserve => f.write_str("Preserve"),
            Self::To(authority) => write!(f, "To({authority})"),
        }
    }
}
