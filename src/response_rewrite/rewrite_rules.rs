//! The configured rules of a layer.

use crate::{name::HostAuthority, origin::Scheme};

use super::path_prefix::PathMap;

/// Everything that the calls of a layer set.
#[derive(Clone, Debug)]
pub(super) struct RewriteRules {
    pub(super) scope: RewriteScope,
    /// The names of the origin.
    pub(super) names: Vec<HostAuthority>,
    /// The scheme of the origin; `None` if only names were configured.
    pub(super) origin_scheme: Option<Scheme>,
    /// Path prefixes to replace; the first that matches applies.
    pub(super) paths: Vec<PathMap>,
    pub(super) alt_svc: AltSvcHandling,
    pub(super) secure_cookies: SecureCookies,
    /// The scheme of clients whose requests do not carry one.
    pub(super) client_scheme: Scheme,
}

/// Which fields the layer rewrites.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum RewriteScope {
    Cookies,
    Everything,
    Nothing,
}

/// What to do with `Alt-Svc`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum AltSvcHandling {
    Keep,
    Remove,
}

/// What to do with the attribute `Secure` for clients that speak plain http.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum SecureCookies {
    DropOverHttp,
    Keep,
}

impl RewriteRules {
    /// Rules without names or paths.
    pub(super) fn new(scope: RewriteScope) -> Self {
        Self {
            scope,
            names: Vec::new(),
            origin_scheme: None,
            paths: Vec::new(),
            alt_svc: AltSvcHandling::Remove,
            secure_cookies: SecureCookies::Keep,
            client_scheme: Scheme::Http,
        }
    }
}
