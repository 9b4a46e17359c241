//! The rows of the tables of directives.
//!
//! Each importer has tables of rows, one row for each directive that its server documents. A table
//! is the single place that decides what becomes of a directive: the importer looks a line up in
//! it, and the guide's page "Every directive" is printed from it.
//!
//! ```text
//! name                   rule                      text
//! "proxy_read_timeout"   Maps(read_timeout)        "`Limits::response_timeout`"
//! "proxy_store"          Refused                   "responses are not stored in files"
//! "proxy_buffering"      NoEffect                  "responses are streamed: not buffered"
//! "unhealthy_status"     ByHand                    "`Failover::statuses`"
//!
//! line in                proxy_read_timeout 5s;
//! comes out              a key of the configuration:  limits.response_timeout = "5s"
//!                        a call in the code:          .response_timeout(Duration::from_secs(5))
//!                        a note:                      Mapped, with the row's text
//! ```
//!
//! Tests compare the names with the lists that each server documents: nginx 1.31, HAProxy 3.5,
//! Envoy 1.37 and Caddy 2.11. A name that neither a row nor a list of unrelated directives has is
//! unmapped, which is a note of its own.

use super::note::Finding;

/// A directive and what becomes of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct DirectiveRow<F> {
    /// As the server spells it. For HAProxy, the first two words where the first is a group, such
    /// as `option httpchk`.
    pub(super) name: &'static str,
    pub(super) rule: RowKind<F>,
    /// The call that replaces it, or the reason why there is none.
    ///
    /// Calls are in backticks, so that notes and the guide can be searched for them.
    pub(super) text: &'static str,
}

/// What a row does. `F` is the function that maps the directive.
#[derive(Clone, Copy, Debug)]
pub(super) enum RowKind<F> {
    /// There is a call for it, but its argument cannot be taken from the text alone: a function, or
    /// a value that only the operator knows.
    ByHand,
    /// The function may still find the value unusable, and return another kind of finding.
    Maps(F),
    /// The crate does so by default, or the directive is about something that it does not have.
    NoEffect,
    /// The crate does not do this. The text says why, or what to do instead.
    Refused,
}

impl<F: Copy> DirectiveRow<F> {
    /// For `ByHand`.
    pub(super) const fn by_hand(name: &'static str, text: &'static str) -> Self {
        Self::new(name, RowKind::ByHand, text)
    }

    /// `map` is called for each line of this name, in the order of the file.
    pub(super) const fn maps(name: &'static str, map: F, text: &'static str) -> Self {
        Self::new(name, RowKind::Maps(map), text)
    }

    pub(super) const fn no_effect(name: &'static str, text: &'static str) -> Self {
        Self::new(name, RowKind::NoEffect, text)
    }

    pub(super) const fn refused(name: &'static str, text: &'static str) -> Self {
        Self::new(name, RowKind::Refused, text)
    }

    const fn new(name: &'static str, rule: RowKind<F>, text: &'static str) -> Self {
        Self { name, rule, text }
    }

    /// Applies the rule. `map` calls the function of a row that maps.
    ///
    /// Values of the line never enter the finding, except by the function of a row that maps.
    pub(super) fn apply(&self, map: impl FnOnce(F) -> Finding) -> Finding {
        match self.rule {
            RowKind::ByHand => Finding::by_hand(self.text),
            RowKind::Maps(function) => map(function),
            RowKind::NoEffect => Finding::no_effect(self.text),
            RowKind::Refused => Finding::refused(self.text),
        }
    }

    /// Name, kind and text, for the guide.
    #[cfg(test)]
    pub(super) fn listed(&self) -> Listed {
        let kind = match self.rule {
            RowKind::ByHand => "by hand",
            RowKind::Maps(_) => "mapped",
            RowKind::NoEffect => "no effect",
            RowKind::Refused => "refused",
        };
        (self.name, kind, self.text)
    }
}

/// A row without its function: name, kind and text.
#[cfg(test)]
pub(super) type Listed = (&'static str, &'static str, &'static str);
