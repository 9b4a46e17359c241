//! The walk along the `source()` chain of an error, and a printable chain.

use std::{error::Error, fmt, io};

use tower::BoxError;

use super::PeerText;

/// The first `T` in the chain of `error`, itself included.
///
/// The walk looks inside every `io::Error` on its way: `io::Error::source()` skips the error that
/// it wraps, and TLS errors arrive wrapped in one or two of them. It looks inside every
/// [`PeerError`], too.
pub(crate) fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref() {
            return Some(found);
        }
        next = inner(current).or_else(|| current.source());
    }
    None
}

/// The last `T` in the chain of `error`, itself included.
pub(crate) fn find_last<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let first: &T = find(error)?;
    Some(first.source().and_then(find_last).unwrap_or(first))
}

/// The error that this one wraps without giving it as its source.
fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(error) = error.downcast_ref::<PeerError>() {
        return error.original();
    }
    let inner = error.downcast_ref::<io::Error>()?.get_ref()?;
    Some(inner)
}

/// The deepest source of `error`, which is the most specific.
pub(crate) fn root<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let mut deepest = error.source()?;
    while let Some(deeper) = deepest.source() {
        deepest = deeper;
    }
    Some(deepest)
}

/// An error whose text a peer chose in part, such as the names in its certificate.
///
/// It shows the original escaped and capped, level by level.
pub(super) struct PeerError {
    text: PeerText,
    source: Option<Box<Self>>,
    /// The error itself. The levels below the first are within it.
    original: Option<BoxError>,
}

impl PeerError {
    /// The same error if all levels are safe to print, otherwise a `PeerError`.
    pub(super) fn guard(error: BoxError) -> BoxError {
        let shown = Self::of(&*error);
        match shown.is_verbatim() {
            true => error,
            false => Box::new(Self {
                original: Some(error),
                ..shown
            }),
        }
    }

    pub(super) fn original(&self) -> Option<&(dyn Error + 'static)> {
        let original = self.original.as_deref();
        original.map(|error| error as &(dyn Error + 'static))
    }

    fn of(error: &(dyn Error + 'static)) -> Self {
        /// Five lines of a report.
        const LONGEST: usize = 320;
        Self {
            text: PeerText::new(error, LONGEST),
            source: error.source().map(|source| Box::new(Self::of(source))),
            original: None,
        }
    }

    fn is_verbatim(&self) -> bool {
        let source = self.source.as_ref();
        self.text.is_verbatim() && source.is_none_or(|source| source.is_verbatim())
    }
}

impl fmt::Display for PeerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

impl fmt::Debug for PeerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PeerError").field(&self.text).finish()
    }
}

impl Error for PeerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.source.as_deref();
        source.map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("leaf")]
    struct Leaf;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] io::Error);

    #[test]
    fn looks_inside_io_errors_that_wrap_io_errors() {
        let inner = io::Error::new(io::ErrorKind::InvalidData, Leaf);
        let error = Outer(io::Error::other(inner));
        assert!(find::<Leaf>(&error).is_some());
    }

    #[test]
    fn finds_nothing_where_there_is_nothing() {
        assert!(find::<Leaf>(&io::Error::from(io::ErrorKind::NotFound)).is_none());
    }

    #[test]
    fn an_unsafe_error_is_shown_escaped_and_still_found() {
        let unsafe_text = io::Error::other("first\nsecond");
        let guarded = PeerError::guard(io::Error::other(unsafe_text).into());
        assert_eq!(guarded.to_string(), "first\\nsecond");
        assert!(!format!("{guarded:?}").contains('\n'));
        assert!(guarded.downcast_ref::<io::Error>().is_none());
        assert!(find::<io::Error>(&*guarded).is_some());
        let plain = PeerError::guard(io::Error::other("plain").into());
        assert!(plain.is::<io::Error>());
    }
}
