//! A diagnosis: causes in order of likelihood.

use std::fmt;

use super::{CauseId, Clue, Fix, Proof};

/// What may have caused a failure, the likeliest first. Empty where nothing is known.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Diagnosis {
    causes: Vec<Cause>,
}

impl Diagnosis {
    /// Ranks the causes. What is certain leaves no room for alternatives.
    pub(crate) fn ranked(mut causes: Vec<Cause>) -> Self {
        // Stable: causes of equal certainty stay in the order of their rules.
        causes.sort_by_key(|cause| std::cmp::Reverse(cause.certainty));
        let is_certain = |cause: &Cause| cause.certainty == Certainty::Certain;
        if causes.first().is_some_and(is_certain) {
            causes.retain(is_certain);
        }
        Self { causes }
    }

    /// The same causes without the fixes that have been tried in vain.
    pub(crate) fn without(&self, is_vain: impl Fn(&Fix) -> bool) -> Self {
        let mut causes = self.causes.clone();
        for cause in &mut causes {
            cause.fixes.retain(|fix| !is_vain(fix));
        }
        Self { causes }
    }

    /// The causes, the likeliest first.
    #[must_use]
    pub fn causes(&self) -> &[Cause] {
        &self.causes
    }

    /// The likeliest cause.
    #[must_use]
    pub fn likeliest(&self) -> Option<&Cause> {
        self.causes.first()
    }
}

/// One line: the likeliest cause and its fix.
impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.likeliest() {
            Some(cause) => cause.fmt(f),
            None => f.write_str("no cause is known"),
        }
    }
}

/// One possible cause.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cause {
    id: CauseId,
    certainty: Certainty,
    why: String,
    clues: &'static [Clue],
    proof: Option<Proof>,
    fixes: Vec<Fix>,
    known_from: Option<&'static str>,
}

impl Cause {
    pub(crate) fn new(id: CauseId, certainty: Certainty, why: impl Into<String>) -> Self {
        Self {
            id,
            certainty,
            why: why.into(),
            clues: &[],
            proof: None,
            fixes: Vec::new(),
            known_from: None,
        }
    }

    pub(crate) fn shown_by(mut self, clues: &'static [Clue]) -> Self {
        self.clues = clues;
        self
    }

    /// What would settle it, where it is not settled yet.
    pub(crate) fn settled_by(mut self, proof: Proof) -> Self {
        self.proof = (self.certainty < Certainty::Certain).then_some(proof);
        self
    }

    pub(crate) fn mended_by(mut self, fixes: impl IntoIterator<Item = Fix>) -> Self {
        self.fixes = fixes.into_iter().collect();
        self
    }

    pub(crate) fn read_in(mut self, place: &'static str) -> Self {
        self.known_from = Some(place);
        self
    }

    /// Which cause it is.
    #[must_use]
    pub fn id(&self) -> CauseId {
        self.id
    }

    /// How sure it is.
    #[must_use]
    pub fn certainty(&self) -> Certainty {
        self.certainty
    }

    /// The cause in a sentence.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }

    /// What speaks for it.
    #[must_use]
    pub fn clues(&self) -> &'static [Clue] {
        self.clues
    }

    /// What would settle it. Nothing is left to settle where it is certain.
    #[must_use]
    pub fn proof(&self) -> Option<Proof> {
        self.proof
    }

    /// What fixes it first of all, if something can.
    #[must_use]
    pub fn fix(&self) -> Option<&Fix> {
        self.fixes.first()
    }

    /// Everything that may fix it, the best first.
    #[must_use]
    pub fn fixes(&self) -> &[Fix] {
        &self.fixes
    }

    /// Where the mark was read by which an edge's own response was recognised, and when.
    #[must_use]
    pub fn known_from(&self) -> Option<&'static str> {
        self.known_from
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.certainty, self.why)?;
        match self.fix() {
            Some(fix) => write!(f, "; fix: {fix}"),
            None => Ok(()),
        }
    }
}

/// How sure a cause is. Surer compares greater.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(
    clippy::exhaustive_enums,
    reason = "there is nothing between, before or after these"
)]
pub enum Certainty {
    /// One of several causes.
    Possible,
    /// The usual cause of what was seen.
    Likely,
    /// What was seen has no other cause.
    Certain,
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        })
    }
}
