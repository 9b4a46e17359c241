//! The rows of the tables of directives.
//!
//! Each importer has tables of rows, one row for each directive that its server documents. A table
//! is the single place that decides what becomes of a directive: the importer looks a line up in
//! it, and the guide's page "Every directive" is printed from it.
//!
//! ```text
//! row         name                   function        text
//! maps        "proxy_read_timeout"   read_timeout    "`Limits::response_timeout`"
//! refused     "proxy_store"                          "responses are not stored in files"
//! no_effect   "proxy_buffering"                      "responses are streamed: not buffered"
//! by_hand     "unhealthy_status"                     "`Failover::statuses`"
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

use super::note::{NoteKind, Outcome};

/// A directive and what becomes of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct DirectiveRow<F> {
    /// As the server spells it. For HAProxy, the first two words where the first is a group, such
    /// as `option httpchk`.
    pub(super) name: &'static str,
    /// `Mapped` for a row with a function.
    kind: NoteKind,
    /// Maps the directive. It may find the value unusable, and return another kind of outcome.
    pub(super) map: Option<F>,
    /// The call that replaces it, or the reason why there is none.
    ///
    /// Calls are in backticks, so that notes and the guide can be searched for them.
    pub(super) text: &'static str,
}

impl<F: Copy> DirectiveRow<F> {
    /// There is a call for it, but its argument cannot be taken from the text alone: a function, or
    /// a value that only the operator knows.
    pub(super) const fn by_hand(name: &'static str, text: &'static str) -> Self {
        Self::new(name, NoteKind::ByHand, None, text)
    }

    /// `map` is called for each line of this name, in the order of the file.
    pub(super) const fn maps(name: &'static str, map: F, text: &'static str) -> Self {
        Self::new(name, NoteKind::Mapped, Some(map), text)
    }

    /// The crate does so by default, or the directive is about something that it does not have.
    pub(super) const fn no_effect(name: &'static str, text: &'static str) -> Self {
        Self::new(name, NoteKind::NoEffect, None, text)
    }

    /// The crate does not do this. The text says why, or what to do instead.
    pub(super) const fn refused(name: &'static str, text: &'static str) -> Self {
        Self::new(name, NoteKind::Refused, None, text)
    }

    const fn new(name: &'static str, kind: NoteKind, map: Option<F>, text: &'static str) -> Self {
        Self {
            name,
            kind,
            map,
            text,
        }
    }

    /// What becomes of the directive. `map` calls the function of a row that maps.
    ///
    /// Values of the line never enter the outcome, except by that function.
    pub(super) fn apply(&self, map: impl FnOnce(F) -> Outcome) -> Outcome {
        match self.map {
            Some(function) => map(function),
            None => Outcome::of(self.kind, self.text),
        }
    }

    /// Name, kind and text, for the guide.
    #[cfg(test)]
    pub(super) fn listed(&self) -> Listed {
        (self.name, self.kind.as_str(), self.text)
    }
}

/// A row without its function: name, kind and text.
#[cfg(test)]
pub(super) type Listed = (&'static str, &'static str, &'static str);
