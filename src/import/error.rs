//! Why a text cannot be imported at all.

use thiserror::Error;

/// A text that is not a configuration: a quote or block is not closed, or it is too large.
///
/// A line that is understood and cannot be imported is no error, but an
/// [`ImportNote`](super::ImportNote).
///
/// ```
/// let error = cdn_origin::import::nginx("location / {\n  proxy_pass 'http://a.example;\n}")
///     .expect_err("the quote is not closed");
/// assert_eq!(error.to_string(), "line 2, column 14: a quote is not closed");
/// assert_eq!((error.line, error.column), (2, 14));
/// ```
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("line {line}, column {column}: {problem}")]
#[non_exhaustive]
pub struct ImportError {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    problem: &'static str,
}

impl ImportError {
    pub(super) fn new(at: Position, problem: &'static str) -> Self {
        Self {
            line: at.line,
            column: at.column,
            problem,
        }
    }
}

/// A place in the text, counted from 1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Position {
    /// The first character of a text.
    pub(super) const START: Self = Self { line: 1, column: 1 };

    /// Moves behind this character.
    pub(super) fn advance(&mut self, char: char) {
        match char {
            '\n' => {
                self.line += 1;
                self.column = 1;
            }
            _ => self.column += 1,
        }
    }
}
