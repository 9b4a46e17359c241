//! The grammar of HAProxy: one directive a line, with quotes and escapes.
//!
//! ```text
//! line   = word*                one directive a line; there are no blocks
//! word   = characters up to a space or `#`, with parts in quotes
//! '..'   = as it is
//! ".."   = with `\` escapes; `$` of the environment stays as it is
//! \c     = the character c
//! #      = a comment up to the end of the line
//! ```

use std::{iter::Peekable, str::Chars};

use crate::import::error::{ImportError, Position};

/// A line that has words.
///
/// A line has at least one word.
#[derive(Debug)]
pub(super) struct ConfigLine {
    /// From 1.
    pub(super) number: usize,
    pub(super) words: Vec<String>,
}

impl ConfigLine {
    /// The word at this index, or an empty text.
    pub(super) fn word(&self, index: usize) -> &str {
        self.words.get(index).map_or("", String::as_str)
    }
}

/// Splits a text into lines of words. Lines without words are left out.
///
/// Errors are about quotes alone.
pub(super) fn parse(text: &str) -> Result<Vec<ConfigLine>, ImportError> {
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let line = line.strip_prefix('\u{feff}').unwrap_or(line);
        let words = WordReader::new(number, line).words()?;
        if !words.is_empty() {
            lines.push(ConfigLine { number, words });
        }
    }
    Ok(lines)
}

struct WordReader<'a> {
    chars: Peekable<Chars<'a>>,
    at: Position,
}

impl<'a> WordReader<'a> {
    fn new(line: usize, text: &'a str) -> Self {
        Self {
            chars: text.chars().peekable(),
            at: Position { line, column: 1 },
        }
    }

    fn next(&mut self) -> Option<char> {
        self.at.column += 1;
        self.chars.next()
    }

    fn words(&mut self) -> Result<Vec<String>, ImportError> {
        let mut words = Vec::new();
        while let Some(&char) = self.chars.peek() {
            if char == '#' {
                break;
            }
            if char.is_whitespace() {
                self.next();
            } else {
                words.push(self.word()?);
            }
        }
        Ok(words)
    }

    fn word(&mut self) -> Result<String, ImportError> {
        let mut word = String::new();
        while let Some(&char) = self.chars.peek() {
            if char.is_whitespace() || char == '#' {
                break;
            }
            let at = self.at;
            self.next();
            match char {
                '\\' => self.escaped(&mut word),
                '\'' => self.quoted(at, '\'', &mut word)?,
                '"' => self.quoted(at, '"', &mut word)?,
                char => word.push(char),
            }
        }
        Ok(word)
    }

    fn quoted(&mut self, at: Position, quote: char, word: &mut String) -> Result<(), ImportError> {
        while let Some(char) = self.next() {
            match char {
                '\\' if quote == '"' => self.escaped(word),
                char if char == quote => return Ok(()),
                char => word.push(char),
            }
        }
        Err(ImportError::new(at, "a quote is not closed"))
    }

    fn escaped(&mut self, word: &mut String) {
        match self.next() {
            Some('n') => word.push('\n'),
            Some('r') => word.push('\r'),
            Some('t') => word.push('\t'),
            Some(char @ (' ' | '\t' | '#' | '\\' | '\'' | '"' | '$')) => word.push(char),
            Some(char) => word.extend(['\\', char]),
            None => word.push('\\'),
        }
    }
}
