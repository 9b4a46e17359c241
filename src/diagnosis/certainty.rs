//! How certain a cause is.

use std::fmt;

/// How certain a cause is. A more certain one compares greater.
///
/// ```
/// use cdn_origin::diagnosis::Certainty;
///
/// assert!(Certainty::Certain > Certainty::Likely);
/// assert_eq!(Certainty::Likely.as_str(), "likely");
/// ```
///
/// A report has certain causes, or else the likely ones before those that are possible.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Certainty {
    /// One of several causes of the evidence.
    Possible,
    /// The usual cause of the evidence.
    Likely,
    /// The only cause of the evidence.
    Certain,
}

impl Certainty {
    /// Returns the stable label for metrics.
    ///
    /// ```
    /// use cdn_origin::diagnosis::Certainty;
    ///
    /// # fn count(cause: &cdn_origin::diagnosis::Cause) {
    /// // A metric with three values.
    /// let label: &str = cause.certainty().as_str();
    /// # let _ = label;
    /// # }
    /// assert_eq!(Certainty::Certain.to_string(), "certain");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

impl fmt::Display for Certainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
