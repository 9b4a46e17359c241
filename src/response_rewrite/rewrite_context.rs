//! The origin's and the client's side of one exchange.

use crate::{downstream::Downstream, name::HostAuthority, origin::Scheme};

use super::{
    path_prefix::PathMap,
    rewrite_rules::{RewriteRules, SecureCookies},
};

/// What was sent to the origin, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SentTarget<'a> {
    pub(crate) host: Option<&'a HostAuthority>,
    /// The map by which the path of the request was replaced.
    pub(crate) path_map: Option<&'a PathMap>,
}

/// What one response is rewritten by: the names of the origin, the client, and the rules.
pub(super) struct RewriteContext<'a> {
    pub(super) downstream: &'a Downstream,
    names: &'a [HostAuthority],
    /// The Host that was sent with this request, if it is known.
    sent_host: Option<&'a HostAuthority>,
    /// `None` if only names were configured.
    pub(super) origin_scheme: Option<Scheme>,
    /// The map of the request's own path, which takes precedence.
    path_map: Option<&'a PathMap>,
    paths: &'a [PathMap],
    pub(super) secure_cookies: SecureCookies,
}

impl<'a> RewriteContext<'a> {
    pub(super) fn new(
        rules: &'a RewriteRules,
        downstream: &'a Downstream,
        sent: SentTarget<'a>,
    ) -> Self {
        Self {
            downstream,
            names: &rules.names,
            sent_host: sent.host,
            origin_scheme: rules.origin_scheme,
            path_map: sent.path_map,
            paths: &rules.paths,
            secure_cookies: rules.secure_cookies,
        }
    }

    /// The names that belong to the origin.
    pub(super) fn origin_names(&self) -> impl Iterator<Item = &HostAuthority> {
        self.names.iter().chain(self.sent_host)
    }

    /// A path of the origin by the first map that matches; `None` if none does.
    pub(super) fn mapped_path(&self, path: &str) -> Option<String> {
        let maps = self.path_map.into_iter().chain(self.paths);
        maps.filter_map(|map| map.to_client(path)).next()
    }
}
