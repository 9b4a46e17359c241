//! The rows of the tables of directives.

use super::note::Finding;

/// A directive and what becomes of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<F> {
    pub(super) name: &'static str,
    pub(super) rule: Rule<F>,
    /// The call that replaces it, or the reason why there is none.
    pub(super) text: &'static str,
}

/// What a row does. `F` is the function that maps the directive.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule<F> {
    ByHand,
    Maps(F),
    NoEffect,
    Refused,
}

impl<F: Copy> Row<F> {
    pub(super) const fn by_hand(name: &'static str, text: &'static str) -> Self {
        Self::new(name, Rule::ByHand, text)
    }

    pub(super) const fn maps(name: &'static str, map: F, text: &'static str) -> Self {
        Self::new(name, Rule::Maps(map), text)
    }

    pub(super) const fn no_effect(name: &'static str, text: &'static str) -> Self {
        Self::new(name, Rule::NoEffect, text)
    }

    pub(super) const fn refused(name: &'static str, text: &'static str) -> Self {
        Self::new(name, Rule::Refused, text)
    }

    const fn new(name: &'static str, rule: Rule<F>, text: &'static str) -> Self {
        Self { name, rule, text }
    }

    /// Applies the rule. `map` calls the function of a row that maps.
    pub(super) fn apply(&self, map: impl FnOnce(F) -> Finding) -> Finding {
        match self.rule {
            Rule::ByHand => Finding::by_hand(self.text),
            Rule::Maps(function) => map(function),
            Rule::NoEffect => Finding::no_effect(self.text),
            Rule::Refused => Finding::refused(self.text),
        }
    }

    /// Name, kind and text, for the guide.
    #[cfg(test)]
    pub(super) fn listed(&self) -> Listed {
        let kind = match self.rule {
            Rule::ByHand => "by hand",
            Rule::Maps(_) => "mapped",
            Rule::NoEffect => "no effect",
            Rule::Refused => "refused",
        };
        (self.name, kind, self.text)
    }
}

/// A row without its function: name, kind and text.
#[cfg(test)]
pub(super) type Listed = (&'static str, &'static str, &'static str);
