//! The origin's and the client's side of one exchange.

use crate::{downstream::Downstream, name::HostAuthority, origin::Scheme};

use super::{
    path::PathMap,
    settings::{RewriteRules, SecureCookies},
};

/// What one response is rewritten by: the names of the origin, the client, and the rules.
pub(super) struct Sides<'a> {
    pub(super) downstream: &'a Downstream,
    names: &'a [HostAuthority],
    /// The Host that was sent with this request, if it is known.
    sent_host: Option<&'a HostAuthority>,
    /// `None` if only names were configured.
    pub(super) origin_scheme: Option<Scheme>,
    pub(super) paths: &'a [PathMap],
    pub(super) secure_cookies: SecureCookies,
}

impl<'a> Sides<'a> {
    pub(super) fn new(
        rules: &'a RewriteRules,
        downstream: &'a Downstream,
        sent_host: Option<&'a HostAuthority>,
    ) -> Self {
        Self {
            downstream,
            names: &rules.names,
            sent_host,
            origin_scheme: rules.origin_scheme,
            paths: &rules.paths,
            secure_cookies: rules.secure_cookies,
        }
    }

    /// The names that belong to the origin.
    pub(super) fn origin_names(&self) -> impl Iterator<Item = &HostAuthority> {
        self.names.iter().chain(self.sent_host)
    }
}
