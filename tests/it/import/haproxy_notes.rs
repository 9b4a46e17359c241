//! Single lines of HAProxy: what their notes say.

use cdn_origin::import::{self, NoteKind};

/// The kinds of notes about `source`, in the section or on the line of its server.
fn kinds(section: &str, server: &str) -> Vec<NoteKind> {
    let text = format!("backend a\n {section}\n server s origin.example:80 {server}\n");
    let imported = import::haproxy(&text).unwrap();
    assert_eq!(imported.origins().len(), 1, "{text}");
    let notes = imported.notes().iter();
    let notes = notes.filter(|note| note.directive.ends_with("source"));
    notes.map(|note| note.kind).collect()
}

#[test]
fn a_source_is_an_address_of_either_family_with_or_without_a_port() {
    let rows = [
        ("192.0.2.9", NoteKind::Mapped),
        ("192.0.2.9:0", NoteKind::Mapped),
        ("192.0.2.9:1024", NoteKind::Warning),
        ("192.0.2.9:1024-65535", NoteKind::Warning),
        ("[2001:db8::9]", NoteKind::Mapped),
        ("[2001:db8::9]:1024", NoteKind::Warning),
        ("2001:db8::9:0", NoteKind::Mapped),
        ("0.0.0.0", NoteKind::Mapped),
        ("0.0.0.0:1024", NoteKind::Warning),
        ("*", NoteKind::Mapped),
        ("*:0", NoteKind::Mapped),
        ("*:1024-65535", NoteKind::Warning),
        (":::1024", NoteKind::Warning),
        ("localhost", NoteKind::Refused),
        ("localhost:1024", NoteKind::Refused),
    ];
    for (address, expected) in rows {
        let line = format!("source {address}");
        assert_eq!(kinds(&line, ""), [expected], "{line}");
        assert_eq!(kinds("", &line), [expected], "server .. {line}");
    }
    assert_eq!(
        kinds("source 0.0.0.0 usesrc clientip", ""),
        [NoteKind::Refused]
    );
}

#[test]
fn the_interface_after_a_source_is_set() {
    let line = "source 192.0.2.9 interface eth1";
    for (section, server) in [(line, ""), ("", line)] {
        let text = format!("backend a\n {section}\n server s origin.example:80 {server}\n");
        let imported = import::haproxy(&text).unwrap();
        let code = imported.code();
        let calls = [".interface(\"eth1\")", ".local_address(\"192.0.2.9\""];
        assert!(calls.iter().all(|call| code.contains(call)), "{code}");
    }
}
