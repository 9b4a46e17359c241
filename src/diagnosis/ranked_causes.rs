//! A diagnosis: the causes of a failure, ranked.
//!
//! ```text
//! causes of the rules that match, in the order of their tables
//!         │  sorted by certainty; the sort is stable
//!         v
//! certain, certain                  the others are dropped: they are excluded
//! or
//! likely, possible, possible        all are kept
//! ```

use std::{cmp::Reverse, fmt};

use crate::origin::WrittenIn;

use super::{Cause, Certainty, FixKind};

/// The possible causes of a failure, the likeliest first. Empty if no rule matches.
///
/// Among equally certain causes, the more frequent comes first. Reports, logs and metrics have the
/// same order. `Display` writes one line for logs: the likeliest cause and its first fix.
///
/// ```
/// use cdn_origin::diagnosis::{CauseId, Certainty};
///
/// # fn check(error: cdn_origin::Error) {
/// let diagnosis = error.diagnosis();
/// if let Some(cause) = diagnosis.likeliest() {
///     if cause.id() == CauseId::SniNotServed && cause.certainty() == Certainty::Certain {
///         println!("check the SNI: {cause}");
///     }
/// }
/// # }
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Diagnosis {
    causes: Vec<Cause>,
}

impl Diagnosis {
    /// Ranks the causes by certainty. If some are certain, the others are dropped.
    pub(crate) fn ranked(causes: Vec<Cause>) -> Self {
        let mut ranked = Self::sorted(causes);
        let is_certain = |cause: &Cause| cause.certainty() == Certainty::Certain;
        if ranked.likeliest().is_some_and(is_certain) {
            ranked.causes.retain(is_certain);
        }
        ranked
    }

    /// The one place that decides the order.
    ///
    /// Tables list their rules by frequency, and the sort is stable. So among equals, the more
    /// frequent cause comes first.
    fn sorted(mut causes: Vec<Cause>) -> Self {
        causes.sort_by_key(|cause| Reverse(cause.certainty()));
        Self { causes }
    }

    /// Adds what is known of another attempt. It is no alternative to these causes, so that none is
    /// dropped.
    pub(crate) fn and(mut self, cause: Cause) -> Self {
        self.causes.push(cause);
        Self::sorted(self.causes)
    }

    /// Adds the causes of another attempt, unless these have one of the same kind.
    pub(crate) fn and_of(self, other: Self) -> Self {
        let mut causes = self.causes;
        for cause in other.causes {
            if causes.iter().all(|found| found.id() != cause.id()) {
                causes.push(cause);
            }
        }
        Self::sorted(causes)
    }

    /// Names keys in place of calls, if the origin's settings are written in a file.
    pub(crate) fn written_in(self, written_in: WrittenIn) -> Self {
        let causes = self.causes.into_iter();
        let causes = causes.map(|cause| cause.written_in(written_in));
        Self {
            causes: causes.collect(),
        }
    }

    /// The same causes without the fixes that `is_refuted` matches.
    ///
    /// For the probe, which has tried some fixes.
    pub(crate) fn without(&self, is_refuted: impl Fn(&FixKind) -> bool) -> Self {
        let causes = self.causes.iter().cloned();
        let causes = causes.map(|cause| cause.without_fixes(&is_refuted));
        Self::sorted(causes.collect())
    }

    /// Returns the causes, the likeliest first.
    ///
    /// ```
    /// # fn log(error: &cdn_origin::Error) {
    /// for cause in error.diagnosis().causes() {
    ///     println!("{}: {}", cause.certainty(), cause.text());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn causes(&self) -> &[Cause] {
        &self.causes
    }

    /// Returns the likeliest cause.
    ///
    /// `None` if no rule matches the error.
    ///
    /// ```
    /// # fn count(error: &cdn_origin::Error) {
    /// let diagnosis = error.diagnosis();
    /// let label = diagnosis.likeliest().map_or("unknown", |cause| cause.id().as_str());
    /// // A counter of failures by cause.
    /// println!("origin_failures{{cause=\"{label}\"}}");
    /// # }
    /// ```
    #[must_use]
    pub fn likeliest(&self) -> Option<&Cause> {
        self.causes.first()
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.likeliest() {
            Some(likeliest) => likeliest.fmt(f),
            None => f.write_str("no cause is known"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::CauseId;

    /// Ids as arbitrary labels.
    fn cause(id: CauseId, certainty: Certainty, fix: &'static [&'static str]) -> Cause {
        let fixes = fix.iter().copied().map(FixKind::Advice);
        Cause::new(id, certainty, id.as_str()).fixed_by(fixes)
    }

    fn ids(diagnosis: &Diagnosis) -> Vec<CauseId> {
        diagnosis.causes().iter().map(Cause::id).collect()
    }

    #[test]
    fn the_log_line_names_the_first_cause_of_the_report() {
        use Certainty::{Certain, Likely, Possible};
        for certainty in [Possible, Likely, Certain] {
            let diagnosis = Diagnosis::ranked(vec![
                cause(CauseId::BrokenTls, certainty, &[]),
                cause(CauseId::SniMissing, certainty, &["fix"]),
            ]);
            assert_eq!(ids(&diagnosis), [CauseId::BrokenTls, CauseId::SniMissing]);
            let first = diagnosis.likeliest().unwrap();
            assert_eq!(diagnosis.to_string(), first.to_string());
        }
    }

    #[test]
    fn a_more_certain_cause_comes_first_even_without_a_fix() {
        let likely = cause(CauseId::TooSlow, Certainty::Likely, &[]);
        let possible = cause(CauseId::SniMissing, Certainty::Possible, &["fix"]);
        let diagnosis = Diagnosis::ranked(vec![possible.clone(), likely.clone()]);
        assert_eq!(ids(&diagnosis), [CauseId::TooSlow, CauseId::SniMissing]);
        let certain = cause(CauseId::BrokenTls, Certainty::Certain, &[]);
        let added = Diagnosis::ranked(vec![certain.clone()]).and(possible.clone());
        assert_eq!(ids(&added), [CauseId::BrokenTls, CauseId::SniMissing]);
        let ranked = Diagnosis::ranked(vec![possible, certain, likely]);
        assert_eq!(ids(&ranked), [CauseId::BrokenTls]);
    }
}
