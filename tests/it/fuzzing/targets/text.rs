//! What may stand in reports, logs and error texts.

use std::error::Error as _;

use cdn_origin::Error;

/// Whether a terminal, a log viewer or an editor would act on the character.
pub fn is_dangerous(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{ad}'
                | '\u{600}'..='\u{605}'
                | '\u{61c}'
                | '\u{6dd}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0001}'..='\u{e007f}'
        )
}

/// Fails unless the text is one line of a bounded length without control characters.
pub(super) fn assert_line(text: &str) {
    assert!(!text.contains(is_dangerous), "{text:?}");
    assert!(text.len() < 4_000, "{} bytes: {text}", text.len());
}

/// Fails unless all lines are safe and there are few of them.
pub(super) fn assert_lines(text: &str) {
    assert!(text.lines().count() <= 80, "{text}");
    text.split('\n').for_each(assert_line);
}

/// Fails unless all that an error shows is safe.
pub(super) fn assert_error(error: &Error) {
    assert_line(&error.to_string());
    assert_lines(&error.report().to_string());
    assert_lines(&error.diagnosis().to_string());
    let mut level = error.source();
    while let Some(source) = level {
        assert_line(&source.to_string());
        level = source.source();
    }
    for certificate in error.facts().certificates() {
        assert_line(&format!("{certificate:?}"));
        assert_line(certificate.subject());
        assert_line(certificate.issuer());
        certificate
            .names()
            .iter()
            .for_each(|name| assert_line(name));
    }
}
