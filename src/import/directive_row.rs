//! The rows of the tables of directives.

use super::note::Finding;

/// A directive and what becomes of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct DirectiveRow<F> {
    pub(super) name: &'static str,
    pub(super) rule: RowKind<F>,
    /// The call that replaces it, or the reason why there is none.
    pub(super) text: &'static str,
}

/// What a row does. `F` is the function that maps the directive.
#[derive(Clone, Copy, Debug)]
pub(super) enum RowKind<F> {
    ByHand,
    Maps(F),
    NoEffect,
    Refused,
}

impl<F: Copy> DirectiveRow<F> {
    pub(super) const fn by_hand(name: &'static str, text: &'static str) -> Self {
        Self::new(name, RowKind::ByHand, text)
    }

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
