//! `InvalidValue`: the one error of texts and values that cannot be used.

use std::{convert::Infallible, fmt};

use thiserror::Error;

/// A text or value that is not valid, such as a name that cannot be parsed.
///
/// `Display` shows what was expected and what is wrong. For a name, it also shows at which byte. It
/// leaves out a text that could contain a password or a token.
///
/// A builder's setters accept texts directly. [`BuildError`](crate::BuildError) then reports the
/// problem, with the setter's name.
///
/// ```
/// use cdn_origin::{SpkiPin, name::DnsName};
///
/// let error = "exam ple.com".parse::<DnsName>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "DNS name \"exam ple.com\": the character ' ' at byte 4 is not allowed"
/// );
/// let error = "YLh1dUR9y6Kja30RrAn7".parse::<SpkiPin>().unwrap_err();
/// assert_eq!(error.to_string(), "a pin starts with \"sha256/\"");
/// ```
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{text}")]
pub struct InvalidValue {
    text: Box<str>,
}

impl InvalidValue {
    pub(crate) fn new(problem: impl fmt::Display) -> Self {
        Self {
            text: problem.to_string().into(),
        }
    }
}

impl From<Infallible> for InvalidValue {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
