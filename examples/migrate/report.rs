//! What the example prints.

use std::io::{self, Write};

use cdn_origin::import::{self, ImportError, Imported, NoteKind};

/// Imports a text, of the server whose form it has.
pub(crate) fn import(text: &str) -> Result<Imported, ImportError> {
    if is_json(text) {
        return import::envoy(text);
    }
    let is_caddy = |line: &str| {
        let first = line.split_whitespace().next();
        first == Some("reverse_proxy") && !line.trim_end().ends_with(';')
    };
    if text.lines().any(is_caddy) {
        return import::caddy(text);
    }
    let sections = ["backend", "defaults", "frontend", "global", "listen"];
    let is_haproxy = text.lines().any(|line| {
        let first = line.split_whitespace().next().unwrap_or_default();
        sections.contains(&first) && !line.trim_end().ends_with([';', '{'])
    });
    match is_haproxy {
        true => import::haproxy(text),
        false => import::nginx(text),
    }
}

/// Whether the text begins as JSON does. A block of options of Caddy begins with a word.
fn is_json(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let inner = text.strip_prefix(['{', '[']).map(str::trim_start);
    inner.is_some_and(|inner| inner.starts_with(['"', '{', '[', '}', ']']))
}

/// Writes the code, and the notes as comments.
pub(crate) fn write(out: &mut impl Write, imported: &Imported, is_all: bool) -> io::Result<()> {
    write!(out, "{}", imported.code())?;
    let kinds = [
        NoteKind::Warning,
        NoteKind::Refused,
        NoteKind::Unmapped,
        NoteKind::ByHand,
        NoteKind::Mapped,
        NoteKind::NoEffect,
    ];
    let shown = if is_all { 6 } else { 4 };
    for kind in &kinds[..shown] {
        let notes = imported.notes().iter();
        let mut notes = notes.filter(|note| note.kind == *kind).peekable();
        if notes.peek().is_some() {
            writeln!(out, "\n// {kind}:")?;
        }
        for note in notes {
            writeln!(
                out,
                "// line {}: {}: {}",
                note.line, note.directive, note.text
            )?;
        }
    }
    Ok(())
}
