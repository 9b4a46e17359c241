//! Text that a peer chose, made safe to print.

use std::fmt::{self, Write};

/// Text that a peer chose: escaped and capped, for reports and logs.
///
/// Control and format characters, line separators and combining marks become `\u{..}`. Quotes and
/// backslashes stay as they are: they are common in distinguished names.
#[derive(Clone, Default)]
pub(crate) struct PeerText {
    text: String,
    is_verbatim: bool,
}

impl PeerText {
    /// The first `longest` characters of the text, with dots in place of the rest.
    pub(crate) fn new(text: impl fmt::Display, longest: usize) -> Self {
        let mut writer = EscapingWriter {
            text: String::new(),
            left: longest,
            is_verbatim: true,
        };
        // The writer fails once it is full, so a long text is not formatted to its end.
        if write!(writer, "{text}").is_err() {
            writer.is_verbatim = false;
            writer.text.push_str("...");
        }
        Self {
            text: writer.text,
            is_verbatim: writer.is_verbatim,
        }
    }

    /// Whether nothing was escaped or left out.
    pub(super) fn is_verbatim(&self) -> bool {
        self.is_verbatim
    }
}

impl From<PeerText> for String {
    fn from(text: PeerText) -> Self {
        text.text
    }
}

impl fmt::Display for PeerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for PeerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

struct EscapingWriter {
    text: String,
    left: usize,
    is_verbatim: bool,
}

impl Write for EscapingWriter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|char| self.write_char(char))
    }

    fn write_char(&mut self, char: char) -> fmt::Result {
        let escaped = char.escape_debug();
        let is_plain = matches!(char, '\'' | '"' | '\\') || escaped.len() == 1;
        let length = if is_plain { 1 } else { escaped.len() };
        self.left = self.left.checked_sub(length).ok_or(fmt::Error)?;
        match is_plain {
            true => self.text.push(char),
            false => self.text.extend(escaped),
        }
        self.is_verbatim &= is_plain;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        PeerText::new(text, 60).into()
    }

    #[test]
    fn what_terminals_and_logs_interpret_is_escaped() {
        assert_eq!(shown("a\nb\r\t\0\u{1b}[2J"), "a\\nb\\r\\t\\0\\u{1b}[2J");
        // Bidirectional override and isolate, zero-width space, soft hyphen, byte order mark.
        let format = "\u{202e}\u{2066}\u{200b}\u{ad}\u{feff}";
        assert_eq!(shown(format), "\\u{202e}\\u{2066}\\u{200b}\\u{ad}\\u{feff}");
        // Line and paragraph separator, next line, a combining mark, a private character.
        let lines = "\u{2028}\u{2029}\u{85}\u{301}\u{e000}";
        assert_eq!(shown(lines), "\\u{2028}\\u{2029}\\u{85}\\u{301}\\u{e000}");
    }

    #[test]
    fn letters_quotes_and_backslashes_stay() {
        let name = "O=Let's \"Encrypt\"\\, Zürich 株式会社";
        assert_eq!(shown(name), name);
        assert!(PeerText::new(name, 60).is_verbatim());
    }

    #[test]
    fn a_long_text_is_cut_and_never_within_an_escape() {
        let text = PeerText::new("x".repeat(1_000_000), 4);
        assert_eq!(text.to_string(), "xxxx...");
        assert_eq!(PeerText::new("ab\u{202e}", 5).to_string(), "ab...");
        assert_eq!(PeerText::new("abcd", 4).to_string(), "abcd");
    }
}
