//! Escapes what a client chose, in a combined or JSON line.
//!
//! A client chooses path, Host, Referer and User-Agent. Without escapes it could write lines of its
//! own into the log, or sequences that a terminal executes. So no byte below 0x20 is ever written,
//! and a value cannot end its quotes.
//!
//! ```text
//! value        combined        JSON
//! a"b          "a\x22b"        "a\"b"
//! a<LF>b       "a\x0Ab"        "a\u000ab"
//! a<0xff>b     "a\xFFb"        "a" U+FFFD "b"
//! ```

use std::fmt::Write;

/// The maximum length of a value in a line, before it is escaped.
///
/// 512 bytes can become 2 KiB of escapes.
const LONGEST: usize = 512;

/// The start of a value, at most 512 bytes.
///
/// May cut a character of UTF-8 in two; its first half is then escaped or replaced.
fn shortened(value: &[u8]) -> &[u8] {
    &value[..value.len().min(LONGEST)]
}

/// Appends a value as nginx does: quotes, backslashes and all but printable ASCII as `\xHH`.
///
/// The line must end the value with the second quote, even if the value is empty.
pub(super) fn push_quoted(line: &mut String, value: &[u8]) {
    line.push('"');
    push_escaped(line, value);
    line.push('"');
}

/// Appends a value that is within quotes.
///
/// Does not write the quotes.
pub(super) fn push_escaped(line: &mut String, value: &[u8]) {
    for byte in shortened(value) {
        match byte {
            b'"' | b'\\' | 0..=0x1f | 0x7f..=0xff => {
                let _ = write!(line, "\\x{byte:02X}");
            }
            byte => line.push(char::from(*byte)),
        }
    }
}

/// Appends a JSON string. Bytes that are not UTF-8 are replaced.
///
/// Slashes are not escaped: RFC 8259 does not require it.
pub(super) fn push_json(line: &mut String, value: &[u8]) {
    line.push('"');
    for char in String::from_utf8_lossy(shortened(value)).chars() {
        match char {
            '"' | '\\' => {
                line.push('\\');
                line.push(char);
            }
            // Controls, and the ends of lines of JavaScript.
            char if char.is_control() || matches!(char, '\u{2028}' | '\u{2029}') => {
                let _ = write!(line, "\\u{:04x}", u32::from(char));
            }
            char => line.push(char),
        }
    }
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_controls_and_foreign_bytes_are_escaped() {
        let value = "a\"b\\c\r\nd\u{e9}".as_bytes();
        let mut line = String::new();
        push_quoted(&mut line, value);
        assert_eq!(line, r#""a\x22b\x5Cc\x0D\x0Ad\xC3\xA9""#);
        let mut line = String::new();
        push_json(&mut line, value);
        assert_eq!(line, "\"a\\\"b\\\\c\\u000d\\u000ad\u{e9}\"");
    }

    #[test]
    fn long_values_are_shortened() {
        let mut line = String::new();
        push_quoted(&mut line, &[b'a'; 10_000]);
        assert_eq!(line.len(), LONGEST + 2);
        // Cut within a character.
        let mut line = String::new();
        push_json(&mut line, "\u{e9}".repeat(300).as_bytes());
        assert!(line.len() < LONGEST + 10);
    }
}
