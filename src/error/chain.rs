//! The walk along the `source()` chain of an error.

use std::{error::Error, io};

/// The first `T` in the chain of `error`, itself included.
///
/// The walk looks inside every `io::Error` on its way: `io::Error::source()` skips the error that
/// it wraps, and TLS errors arrive wrapped in one or two of them.
pub(crate) fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref() {
            return Some(found);
        }
        next = match current
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner),
            None => current.source(),
        };
    }
    None
}

/// The deepest source of `error`, which is the most specific.
pub(crate) fn root<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let mut deepest = error.source()?;
    while let Some(deeper) = deepest.source() {
        deepest = deeper;
    }
    Some(deepest)
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
}
