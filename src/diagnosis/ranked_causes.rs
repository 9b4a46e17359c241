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

use std::fmt;

use super::{Cause, Certainty, FixKind};

/// The possible causes of a failure, the likeliest first. Empty if no rule matches.
///
/// `Display` writes one line for logs: the likeliest cause and its first fix. Among equally likely
/// causes, it selects the first that has a fix.
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
    ///
    /// Tables list their rules by frequency, so that among equals the more frequent cause comes
    /// first.
    pub(crate) fn ranked(mut causes: Vec<Cause>) -> Self {
        // The sort is stable: causes of equal certainty keep the order of their rules.
        causes.sort_by_key(|cause| std::cmp::Reverse(cause.certainty()));
        let is_certain = |cause: &Cause| cause.certainty() == Certainty::Certain;
        if causes.first().is_some_and(is_certain) {
            causes.retain(is_certain);
        }
        Self { causes }
    }

    /// Adds what is known of another attempt. It is no alternative to these causes, so that none is
    /// dropped.
    pub(crate) fn and(mut self, cause: Cause) -> Self {
        let before = self.causes.iter();
        let before = before.take_while(|known| known.certainty() >= cause.certainty());
        self.causes.insert(before.count(), cause);
        self
    }

    /// The same causes without the fixes that `is_refuted` matches.
    ///
    /// For the probe, which has tried some fixes.
    pub(crate) fn without(&self, is_refuted: impl Fn(&FixKind) -> bool) -> Self {
        let causes = self.causes.iter().cloned();
        let causes = causes.map(|cause| cause.without_fixes(&is_refuted));
        Self {
            causes: causes.collect(),
        }
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
        let Some(likeliest) = self.likeliest() else {
            return f.write_str("no cause is known");
        };
        let certainty = likeliest.certainty();
        let mut equal = self
            .causes
            .iter()
            .take_while(|it| it.certainty() == certainty);
        let with_fix = equal.find(|cause| !cause.fix_kinds().is_empty());
        with_fix.unwrap_or(likeliest).fmt(f)
    }
}
