//! Configurations of other proxies: each directive has a note, and the code compiles.
//!
//! The folders have short forms of setups that people have in front of CDNs, with names
//! and addresses of examples. `BLESS=1 cargo test --all-features --test it import` writes
//! `notes.txt` and `printed.rs` anew.

#[cfg(feature = "axum")]
mod access;
mod caddy_edges;
mod caddy_notes;
#[cfg(feature = "axum")]
mod closed;
mod documented;
mod documented_fields;
#[cfg(feature = "axum")]
mod edges;
#[cfg(feature = "axum")]
mod envoy_edges;
mod envoy_fields_together;
mod envoy_notes;
mod haproxy_notes;
mod haproxy_sections;
mod limits;
mod migrate;
mod nginx_notes;
mod nginx_requests;
mod notes;
#[rustfmt::skip]
mod printed;

use std::{fs, path::Path};

use migrate::report::program;

use cdn_origin::{
    CdnOriginConnector,
    import::{self, ImportError, ImportNote, Imported, NoteKind},
};

type Importer = fn(&str) -> Result<Imported, ImportError>;

/// The name, the text and what became of it.
struct Case {
    name: String,
    text: String,
    imported: Imported,
}

fn notes_of(imported: &Imported, kind: NoteKind) -> impl Iterator<Item = &ImportNote> {
    imported
        .notes()
        .iter()
        .filter(move |note| note.kind == kind)
}

fn cases() -> Vec<Case> {
    let importers: [(&str, Importer); 4] = [
        ("nginx", import::nginx),
        ("haproxy", import::haproxy),
        ("envoy", import::envoy),
        ("caddy", import::caddy),
    ];
    let mut cases = Vec::new();
    for (server, importer) in importers {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/import");
        let files = fs::read_dir(folder.join(server)).unwrap();
        let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            let text = fs::read_to_string(&path).unwrap();
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let imported = importer(&text).unwrap_or_else(|error| panic!("{stem}: {error}"));
            cases.push(Case {
                name: format!("{server}_{stem}"),
                text,
                imported,
            });
        }
    }
    cases
}

/// Compares a committed file with its text, or writes it.
fn compare(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/import")
        .join(file);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    let differing = committed
        .lines()
        .zip(text.lines())
        .find(|(old, new)| old != new);
    assert!(
        committed == text,
        "{file}: BLESS=1 writes it anew: {differing:?}"
    );
}

#[test]
fn the_notes_of_each_setup_are_those_of_the_list() {
    let mut text = String::new();
    for case in cases() {
        text += &format!("{}: {} origins\n", case.name, case.imported.origins().len());
        for note in case.imported.notes() {
            text += &format!("  {note}\n");
        }
    }
    compare("notes.txt", &text);
}

#[test]
fn the_code_of_each_setup_is_that_of_a_file_which_compiles() {
    let mut text = String::from(
        "//! The code that the importers print. `tests/it/import/mod.rs` writes this file.\n\n\
         #![allow(dead_code, unused_qualifications, reason = \"it is code of other programs\")]\n",
    );
    let mut apps = String::new();
    for case in cases() {
        let code = program(case.imported.code());
        let code = code.replace("\npub fn ", "\npub(crate) fn ");
        text += &format!("\npub(super) mod {} {{\n{code}}}\n", case.name);
        if code.contains("fn app()") {
            apps += &format!("    (\"{0}\", {0}::app),\n", case.name);
        }
    }
    text += &format!(
        "\ntype App = fn() -> Result<axum::Router, Box<dyn std::error::Error>>;\n\n\
         /// The app of each program.\n\
         pub(super) const APPS: &[(&str, App)] = &[\n{apps}];\n"
    );
    compare("printed.rs", &text);
}

/// axum refuses routes that overlap with a panic.
#[tokio::test]
async fn the_app_of_each_printed_program_can_be_made() {
    let mut made = 0;
    for (name, app) in printed::APPS {
        match app() {
            Ok(_) => made += 1,
            // Files that the configurations name do not exist here.
            Err(error) => {
                let text = error.to_string();
                assert!(
                    text.contains("file") || text.contains("read"),
                    "{name}: {text}"
                );
            }
        }
    }
    assert!(made > printed::APPS.len() / 2, "{made}");
}

/// Every line that is neither blank, a comment nor the end of a block has a note.
#[test]
fn no_line_is_without_a_note_and_none_is_unknown() {
    let structural = [
        "location",
        "server",
        "http",
        "upstream",
        "backend",
        "listen",
        "defaults",
        "frontend",
        "global",
        "resolvers",
        "userlist",
        "servers",
        "handle",
        "handle_path",
        "respond",
        "{",
        "}",
    ];
    for Case {
        name,
        text,
        imported,
    } in cases()
    {
        let unknown: Vec<_> = notes_of(&imported, NoteKind::Unmapped).collect();
        assert!(unknown.is_empty(), "{name}: {unknown:?}");
        let is_json = name.starts_with("envoy_");
        // The lines of sections without servers have one note, and those of a program none.
        let mut in_section = false;
        for (index, line) in text.lines().enumerate() {
            let first = line.split_whitespace().next().unwrap_or("}");
            if structural.contains(&first) {
                in_section = ["global", "resolvers", "userlist"].contains(&first);
            }
            let is_code = ["local", "if"].contains(&first);
            let is_site = name.starts_with("caddy_") && !line.starts_with(' ');
            if is_site || is_json && is_structural_json(line.trim()) {
                continue;
            }
            if in_section || is_code || structural.contains(&first) || line.contains("_by_lua") {
                continue;
            }
            let mut notes = imported.notes().iter();
            assert!(
                notes.any(|note| note.line == index + 1),
                "{name}:{}: {line}",
                index + 1
            );
        }
    }
}

/// Whether a line of JSON has no field of its own, or one that says what a message is.
fn is_structural_json(line: &str) -> bool {
    !line.starts_with('"')
        || line.ends_with(['{', '['])
        || line.starts_with("\"@type\"")
        || line.starts_with("\"name\"")
}

/// Files that the configurations name do not exist here; all else is valid.
#[test]
fn each_origin_is_valid() {
    for case in cases() {
        for origin in case.imported.origins() {
            if let Err(error) = CdnOriginConnector::try_from(&origin.config) {
                let text = error.to_string();
                assert!(
                    text.contains("file") || text.contains("read"),
                    "{}: {text}",
                    case.name
                );
            }
        }
    }
}

#[test]
fn values_of_fields_and_urls_are_in_no_note() {
    let nginx = "location / { proxy_pass http://a.example/?token=hunter2; \
                 proxy_set_header X-Token hunter2; \
                 hunter hunter2; }";
    let haproxy = "backend a\n http-request set-header X-Token hunter2\n option httpchk GET \
                   /?hunter2\n server a a.example:80 weight hunter2 inter hunter2\n";
    let envoy = r#"[{ "match": { "prefix": "/" }, "route": { "cluster": "a", "hunter": "hunter2",
        "timeout": "hunter2", "retry_policy": { "retry_on": "hunter2" } },
        "request_headers_to_add": [{ "header": { "key": "X-Token", "value": "hunter2" } }] },
        { "name": "a", "connect_timeout": "hunter2", "lb_policy": "hunter2", "metadata": "hunter2",
        "load_assignment": { "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": {
        "socket_address": { "address": "a.example", "port_value": "hunter2" } } } }] }] } }]"#;
    let caddy = "hunter.example {\n reverse_proxy localhost:80 {\n header_up X-Token hunter2\n \
                 lb_policy hunter2\n health_uri hunter2\n rewrite /?hunter2\n hunter hunter2\n \
                 transport http {\n dial_timeout hunter2\n }\n }\n}\n";
    let imported = [
        import::caddy(caddy).unwrap(),
        import::nginx(nginx).unwrap(),
        import::haproxy(haproxy).unwrap(),
        import::envoy(envoy).unwrap(),
    ];
    for note in imported.iter().flat_map(Imported::notes) {
        assert!(!note.to_string().contains("hunter2"), "{note}");
    }
}
