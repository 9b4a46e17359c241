//! Any text as a configuration of each proxy: notes are safe to show, and code can be parsed.

use cdn_origin::import::{self, ImportError, Imported};

use super::text::assert_line;

/// The input is a text, for all importers.
///
/// Returns `Some` if one of them makes an origin of it.
pub fn run(bytes: &[u8]) -> Option<()> {
    let text = String::from_utf8_lossy(bytes);
    let made = [
        import::nginx(&text),
        import::haproxy(&text),
        import::envoy(&text),
        import::caddy(&text),
    ];
    let lines = text.lines().count() + 1;
    let origins = made.iter().map(|made| check(made, lines)).sum::<usize>();
    (origins > 0).then_some(())
}

/// Checks what can be shown, and returns the number of origins.
fn check(made: &Result<Imported, ImportError>, lines: usize) -> usize {
    let imported = match made {
        Ok(imported) => imported,
        Err(error) => {
            assert_line(&error.to_string());
            assert!((1..=lines).contains(&error.line), "{error}");
            return 0;
        }
    };
    for note in imported.notes() {
        assert_line(&note.to_string());
        assert!((1..=lines).contains(&note.line), "{note}");
    }
    // Strings and comments cannot end early: only then do braces match outside of them.
    let code = imported.code();
    let functions = code.matches("\npub fn ").count();
    assert_eq!(
        code.lines().filter(|line| *line == "}").count(),
        functions,
        "{code}"
    );
    for origin in imported.origins() {
        let json = format!("{:?}", origin.config);
        assert!(!json.is_empty());
    }
    imported.origins().len()
}
