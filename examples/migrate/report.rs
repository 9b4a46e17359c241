//! What the example prints.

use std::{
    collections::HashSet,
    io::{self, Write},
};

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

/// The functions of the sections, with a router of all of them and a `main`.
pub(crate) fn program(functions: &str) -> String {
    let sections = sections(functions);
    if sections.is_empty() {
        return functions.to_owned();
    }
    // Sections that cannot be told apart by path: nginx names the one for all other requests.
    let others: Vec<_> = sections.iter().filter(|it| it.path.is_none()).collect();
    let fallback = others.iter().find(|section| section.title == "location /");
    let fallback = match (fallback, &*others) {
        (Some(section), _) => Some(section.name),
        (None, [only]) => Some(only.name),
        (None, _) => None,
    };
    let mut paths = HashSet::new();
    let mut app = String::from("    let app = axum::Router::new();\n");
    for Section { name, path, title } in &sections {
        app += &match path {
            // axum takes no path twice.
            Some(path) if paths.insert(path) => {
                format!("    let app = route_{name}(app)?;\n")
            }
            None if fallback == Some(name) => {
                format!("    let app = app.fallback_service({name}()?);\n")
            }
            _ => format!("    // `{title}`: route its requests to `{name}()?` by host or path.\n"),
        };
    }
    let crates = [("http::", " http"), ("ipnet::", " ipnet")];
    let crates = crates.iter().filter(|(path, _)| functions.contains(path));
    let crates: String = crates.map(|(_, name)| *name).collect();
    format!(
        "// cargo add cdn-origin axum{crates}\n\
         // cargo add tokio --features macros,net,rt-multi-thread\n\n\
         {functions}\n\
         /// All sections, as an app of axum.\n\
         pub fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {{\n\
         {app}    Ok(app)\n}}\n\n\
         #[tokio::main]\n\
         async fn main() -> Result<(), Box<dyn std::error::Error>> {{\n    \
         let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();\n    \
         let listener = tokio::net::TcpListener::bind(\"127.0.0.1:3000\").await?;\n    \
         Ok(axum::serve(listener, app).await?)\n}}\n"
    )
}

/// A function of the code.
struct Section<'a> {
    name: &'a str,
    /// Such as `location /`.
    title: &'a str,
    /// The path that its second function, `route_..`, adds to a router.
    path: Option<&'a str>,
}

fn sections(functions: &str) -> Vec<Section<'_>> {
    let comments = functions.split("\n/// `").skip(1);
    let sections = comments.filter_map(|text| {
        let (title, code) = text.split_once("`, line ")?;
        let (name, _) = code.split_once("pub fn ")?.1.split_once('(')?;
        let route = functions.split_once(&format!("\npub fn route_{name}("));
        let path = route.and_then(|(_, code)| code.split('"').find(|it| it.ends_with("{*rest}")));
        Some(Section { name, title, path })
    });
    sections.collect()
}

/// Whether the text begins as JSON does. A block of options of Caddy begins with a word.
fn is_json(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let inner = text.strip_prefix(['{', '[']).map(str::trim_start);
    inner.is_some_and(|inner| inner.starts_with(['"', '{', '[', '}', ']']))
}

/// Writes the program, and the notes as comments.
pub(crate) fn write(out: &mut impl Write, imported: &Imported, is_all: bool) -> io::Result<()> {
    write!(out, "{}", program(imported.code()))?;
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
