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
    let app = app(&sections);
    let crates = [("http::", " http"), ("ipnet::", " ipnet")];
    let crates = crates.iter().filter(|(path, _)| functions.contains(path));
    let crates: String = crates.map(|(_, name)| *name).collect();
    format!(
        "// cargo add cdn-origin axum{crates} tracing-subscriber\n\
         // cargo add tokio --features macros,net,rt-multi-thread\n\n\
         {functions}\n\
         /// All sections, as an app of axum.\n\
         pub fn app() -> Result<axum::Router, Box<dyn std::error::Error>> {{\n\
         {app}    Ok(app)\n}}\n\n\
         #[tokio::main]\n\
         async fn main() -> Result<(), Box<dyn std::error::Error>> {{\n    \
         // The reason of each 502 is in the log.\n    \
         tracing_subscriber::fmt::init();\n    \
         let app = app()?.into_make_service_with_connect_info::<std::net::SocketAddr>();\n    \
         let listener = tokio::net::TcpListener::bind(\"127.0.0.1:3000\").await?;\n    \
         Ok(axum::serve(listener, app).await?)\n}}\n"
    )
}

/// The lines of `app` that add the sections.
fn app(sections: &[Section<'_>]) -> String {
    let fallback = fallback(sections);
    // axum takes no path twice. A path that one section closes is open in no other.
    let closed = sections.iter().flat_map(|section| section.answer.iter());
    let closed: HashSet<_> = closed.flatten().copied().collect();
    let mut taken: HashSet<&str> = HashSet::new();
    let mut app = String::from("    let app = axum::Router::new();\n");
    for section in sections {
        let Section { name, title, .. } = section;
        let is_fallback = fallback == Some(name);
        let own = section.answer.as_ref().or(section.routes.as_ref());
        let own = own.map(Vec::as_slice).unwrap_or_default();
        let is_answer = section.answer.is_some();
        let is_taken = |path: &&str| taken.contains(path) || !is_answer && closed.contains(path);
        let has_routes = !own.is_empty() && !own.iter().any(is_taken);
        if has_routes {
            taken.extend(own);
        }
        let line = match (is_answer, has_routes || is_fallback) {
            (true, true) if section.is_origin => format!(
                "    // Nothing checks here who may use `{name}`.\n    \
                 let app = answer_{name}(app);\n"
            ),
            (true, true) => format!("    let app = answer_{name}(app);\n"),
            (true, false) => format!("    // `{title}`: not in the app; see `answer_{name}`.\n"),
            (false, true) if is_fallback => {
                format!("    let app = app.fallback_service({name}()?);\n")
            }
            (false, true) => format!("    let app = route_{name}(app)?;\n"),
            (false, false) => {
                format!("    // `{title}`: route its requests to `{name}()?` by host or path.\n")
            }
        };
        app += &line;
    }
    app
}

/// The section that gets the requests which no route has.
///
/// It is that for all paths, or the only one without a path of its own.
fn fallback<'a>(sections: &[Section<'a>]) -> Option<&'a str> {
    let others = sections.iter().filter(|section| section.routes.is_none());
    let (closed, open): (Vec<_>, Vec<_>) = others.partition(|section| section.answer.is_some());
    let for_all = open.iter().find(|section| section.title == "location /");
    let mut closed = closed.iter();
    let answer = closed.find(|section| section.answer.as_ref().is_some_and(Vec::is_empty));
    let only = match &*open {
        // Regular expressions and single paths leave other requests.
        [only] if !only.title.starts_with("location ") || only.title.starts_with("location @") => {
            Some(only)
        }
        _ => None,
    };
    let section = for_all.or(answer).or(only)?;
    Some(section.name)
}

/// A section of the code, with its functions.
struct Section<'a> {
    name: &'a str,
    /// Such as `location /`.
    title: &'a str,
    /// Whether it has an origin.
    is_origin: bool,
    /// The paths that `route_..` adds to a router.
    routes: Option<Vec<&'a str>>,
    /// The paths that `answer_..` adds; none for all others.
    answer: Option<Vec<&'a str>>,
}

fn sections(functions: &str) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    let mut pieces = functions.split("\npub fn ");
    let mut before = pieces.next().unwrap_or_default();
    for piece in pieces {
        let (function, code) = piece.split_once('(').unwrap_or((piece, ""));
        let code = code.split("\n}\n").next().unwrap_or_default();
        let paths = code.split(".route").skip(1);
        let paths = paths.filter_map(|call| call.split('"').nth(1)).collect();
        let comment = before.lines().last().unwrap_or_default();
        let title = comment.split('`').nth(1).unwrap_or_default();
        let (part, name) = match function.split_once('_') {
            Some(("route", name)) if is_last(&sections, name) => ("route", name),
            Some(("answer", name)) => ("answer", name),
            _ => ("", function),
        };
        if !is_last(&sections, name) {
            sections.push(Section {
                name,
                title,
                is_origin: part.is_empty(),
                routes: None,
                answer: None,
            });
        }
        if let Some(section) = sections.last_mut() {
            match part {
                "route" => section.routes = Some(paths),
                "answer" => section.answer = Some(paths),
                _ => {}
            }
        }
        before = piece;
    }
    sections
}

fn is_last(sections: &[Section<'_>], name: &str) -> bool {
    sections.last().is_some_and(|section| section.name == name)
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
