//! The diagnosis of a response: applies every group of rules.

use crate::{
    diagnosis::{Cause, Diagnosis},
    edge::{ErrorPage, known_error_pages},
};

use super::{
    ResponseEvidence, cross_origin, edge_pages, forbidden, grpc, redirects, statuses, upgrades,
};

impl ResponseEvidence<'_> {
    /// Returns whether the start of the body can change the diagnosis.
    ///
    /// This is true if a known error page with this head is recognised by its text, or if the text
    /// of a redirect shows who has sent it, and the body is neither compressed nor binary.
    #[must_use]
    pub(crate) fn wants_body(&self) -> bool {
        let needs_body = |page: &ErrorPage| page.needs_body() && self.fits_head(page);
        let is_wanted = || {
            redirects::wants_body(self)
                || cross_origin::wants_body(self)
                || known_error_pages().any(needs_body)
        };
        !self.is_success() && self.is_text() && is_wanted()
    }

    /// Returns the diagnosis of the response; `None` if no rule matches.
    ///
    /// Rules match where the response points at a mistake in the four names or in the scheme, or
    /// is a refusal of the edge itself.
    #[must_use]
    pub(crate) fn diagnosis(&self) -> Option<Diagnosis> {
        if self.is_success() {
            let cause = grpc::causes(self).or_else(|| upgrades::causes(self))?;
            return Some(self.ranked(vec![cause]));
        }
        let mut causes = redirects::causes(self);
        causes.extend(cross_origin::causes(self));
        causes.extend(edge_pages::causes(self));
        causes.extend(statuses::causes(self));
        causes.extend(forbidden::disagreeing_names(self));
        causes.extend(grpc::causes(self));
        let is_unexplained = causes.is_empty();
        causes.extend(upgrades::causes(self));
        if is_unexplained {
            causes.extend(forbidden::refused_host(self));
        }
        (!causes.is_empty()).then(|| self.ranked(causes))
    }

    /// The causes by their certainty, which is limited if the Host is not the one seen sent.
    ///
    /// An unknown request is no evidence.
    fn ranked(&self, mut causes: Vec<Cause>) -> Diagnosis {
        if self.is_host_supposed() {
            causes = causes.into_iter().map(Cause::of_supposed_host).collect();
        }
        if self.is_request_unseen() {
            causes = causes.into_iter().map(Cause::of_unseen_request).collect();
        }
        Diagnosis::ranked(causes).written_in(self.origin.written_in())
    }
}
