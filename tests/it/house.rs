//! The house stays as drawn: which room may know which, and what is said in one room only.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// What each room may import, and with it the floors: nobody imports upwards.
const MAY_IMPORT: [(&str, &[&str]); 20] = [
    ("guide", &[]),
    ("name", &[]),
    ("edge", &["name"]),
    ("origin", &["name"]),
    ("error", &["name", "origin"]),
    ("downstream", &["name", "origin"]),
    ("tls", &["error", "name"]),
    ("dial", &["error", "name", "downstream"]),
    (
        "connector",
        &[
            "name",
            "edge",
            "origin",
            "error",
            "downstream",
            "tls",
            "dial",
        ],
    ),
    ("upload", &["error"]),
    ("http1", &["error", "upload"]),
    ("host_rewrite", &["error", "name"]),
    ("forwarded", &["name", "origin", "downstream"]),
    ("response_rewrite", &["name", "origin", "downstream"]),
    ("diagnosis", &["edge", "error", "name", "origin"]),
    ("response_diagnosis", &["diagnosis", "name", "origin"]),
    (
        "pool",
        &[
            "name",
            "error",
            "origin",
            "downstream",
            "connector",
            "upload",
            "http1",
        ],
    ),
    (
        "probe",
        &[
            "name",
            "origin",
            "error",
            "tls",
            "connector",
            "diagnosis",
            "response_diagnosis",
            "upload",
            "pool",
        ],
    ),
    (
        "proxy",
        &[
            "name",
            "origin",
            "error",
            "downstream",
            "connector",
            "host_rewrite",
            "forwarded",
            "response_diagnosis",
            "response_rewrite",
            "diagnosis",
            "upload",
            "http1",
            "pool",
        ],
    ),
    ("group", &["error", "pool", "proxy"]),
];

/// What the roof re-exports, and the room it comes from.
const RE_EXPORTS: [(&str, &str); 10] = [
    ("BuildError", "error"),
    ("CdnOriginConnector", "connector"),
    ("Error", "error"),
    ("ForwardedLayer", "forwarded"),
    ("HostRewriteLayer", "host_rewrite"),
    ("OriginProxy", "proxy"),
    ("ResponseRewriteLayer", "response_rewrite"),
    ("probe", "probe"),
    ("TlsVersion", "error"),
    ("VerifyPolicy", "tls"),
];

/// A file of the crate without its comments and the insides of its strings.
struct Source {
    /// Relative to `src`.
    file: String,
    text: String,
    tokens: Vec<Token>,
    paths: Vec<Place>,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Word(String),
    /// `::`
    Separator,
    Sign(char),
}

#[derive(Clone, Debug)]
struct Token {
    kind: Kind,
    line: usize,
}

/// `a::b::c`, written out where a `use` groups several.
#[derive(Debug)]
struct Place {
    line: usize,
    path: Vec<String>,
}

impl Place {
    fn starts_with(&self, start: &[&str]) -> bool {
        self.path.len() >= start.len() && start.iter().zip(&self.path).all(|(a, b)| a == b)
    }

    /// The room of the crate that it leads to, or the item of the roof.
    fn room(&self) -> Option<&str> {
        let (start, room) = (self.path.first()?, self.path.get(1)?);
        (start == "crate").then_some(room)
    }
}

impl Source {
    fn new(file: String, text: String) -> Self {
        let tokens = tokens(&without_comments_and_strings(&text));
        let paths = paths(&tokens);
        Self {
            file,
            text,
            tokens,
            paths,
        }
    }

    /// The room it stands in; none for the roof.
    fn room(&self) -> Option<&str> {
        let room = self.file.split('/').next().unwrap_or_default();
        let room = room.strip_suffix(".rs").unwrap_or(room);
        (room != "lib").then_some(room)
    }

    /// Lines in which these kinds follow one another.
    fn lines_with<'a>(&'a self, kinds: &'a [Kind]) -> impl Iterator<Item = usize> + 'a {
        self.tokens
            .windows(kinds.len())
            .filter(move |window| window.iter().map(|token| &token.kind).eq(kinds))
            .map(|window| window[0].line)
    }

    /// Lines with a path of this kind.
    fn paths_that<'a>(
        &'a self,
        offends: impl Fn(&Place) -> bool + 'a,
    ) -> impl Iterator<Item = &'a Place> + 'a {
        self.paths.iter().filter(move |place| offends(place))
    }
}

fn word(text: &str) -> Kind {
    Kind::Word(text.to_owned())
}

/// The text with everything blank that is no code; lines stay where they are.
fn without_comments_and_strings(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = end_of_blank(&chars, at);
        if end == at {
            code.push(chars[at]);
            at += 1;
            continue;
        }
        let lines = chars[at..end].iter().filter(|found| **found == '\n');
        code.extend(lines);
        code.push(' ');
        at = end;
    }
    code
}

/// Where the comment, string or character that starts here ends; `at` itself if none does.
fn end_of_blank(chars: &[char], at: usize) -> usize {
    let starts = |text: &str| {
        text.chars()
            .eq(chars[at..].iter().copied().take(text.len()))
    };
    if starts("//") {
        return position(chars, at, |rest| rest[0] == '\n');
    }
    if starts("/*") {
        return position(chars, at, |rest| rest.starts_with(&['*', '/'])) + 2;
    }
    let in_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    if chars[at] == 'r' && !in_word {
        let hashes = chars[at + 1..]
            .iter()
            .take_while(|sign| **sign == '#')
            .count();
        if chars.get(at + 1 + hashes) == Some(&'"') {
            let end: Vec<char> = format!("\"{}", "#".repeat(hashes)).chars().collect();
            return position(chars, at + 2 + hashes, |rest| rest.starts_with(&end)) + end.len();
        }
    }
    match chars[at] {
        '"' => end_of_quoted(chars, at, '"'),
        // A lifetime has no second quote where a character has one.
        '\'' if chars.get(at + 1) == Some(&'\\') || chars.get(at + 2) == Some(&'\'') => {
            end_of_quoted(chars, at, '\'')
        }
        _ => at,
    }
}

fn position(chars: &[char], from: usize, found: impl Fn(&[char]) -> bool) -> usize {
    (from..chars.len())
        .find(|at| found(&chars[*at..]))
        .unwrap_or(chars.len())
}

fn end_of_quoted(chars: &[char], at: usize, quote: char) -> usize {
    let mut next = at + 1;
    while next < chars.len() && chars[next] != quote {
        next += if chars[next] == '\\' { 2 } else { 1 };
    }
    next + 1
}

fn tokens(code: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (index, text) in code.lines().enumerate() {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let is_word = |found: char| found.is_alphanumeric() || found == '_';
            let (kind, length) = if is_word(first) {
                let end = rest.find(|found| !is_word(found)).unwrap_or(rest.len());
                (Some(word(&rest[..end])), end)
            } else if rest.starts_with("::") {
                (Some(Kind::Separator), 2)
            } else {
                let sign = (!first.is_whitespace()).then_some(Kind::Sign(first));
                (sign, first.len_utf8())
            };
            let line = index + 1;
            tokens.extend(kind.map(|kind| Token { kind, line }));
            rest = &rest[length..];
        }
    }
    tokens
}

/// All paths, those of `use` groups written out. A word by itself is a path of one.
fn paths(tokens: &[Token]) -> Vec<Place> {
    let mut places = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        at = match tokens[at].kind {
            Kind::Word(_) => read_path(tokens, at, &[], &mut places),
            _ => at + 1,
        };
    }
    places
}

/// Reads a path with its groups and returns where it ends.
fn read_path(tokens: &[Token], start: usize, prefix: &[String], places: &mut Vec<Place>) -> usize {
    let mut path = prefix.to_vec();
    let mut at = start;
    let kind = |at: usize| tokens.get(at).map(|token| &token.kind);
    while let Some(Kind::Word(segment)) = kind(at) {
        path.push(segment.clone());
        at += 1;
        if kind(at) != Some(&Kind::Separator) {
            break;
        }
        at += 1;
    }
    // `a::b::{..}` is a group, `a::b {..}` is not.
    let group = at > 0 && kind(at - 1) == Some(&Kind::Separator);
    if !group || kind(at) != Some(&Kind::Sign('{')) {
        let line = tokens[start].line;
        places.push(Place { line, path });
        return at;
    }
    at += 1;
    while !matches!(kind(at), None | Some(Kind::Sign('}'))) {
        at = match kind(at) {
            Some(Kind::Word(_)) => read_path(tokens, at, &path, places),
            _ => at + 1,
        };
    }
    at + 1
}

fn sources() -> Vec<Source> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&src, &mut files);
    files.sort();
    assert!(files.len() > 40, "the house has rooms: {files:?}");
    let read = |file: PathBuf| {
        let name = file.strip_prefix(&src).expect("a file of ours");
        let name = name.to_str().expect("a name of ours").replace('\\', "/");
        Source::new(name, fs::read_to_string(&file).expect("a file of text"))
    };
    files.into_iter().map(read).collect()
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("a directory of ours") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
}

/// Fails with one line for each offence, and the rule.
#[track_caller]
fn nothing_in(offences: &[String], rule: &str) {
    let mut list = String::new();
    for offence in offences {
        writeln!(list, "  {offence}").expect("writing to a String");
    }
    assert!(offences.is_empty(), "{rule}, but:\n{list}");
}

/// `src/file:line: text`, which terminals make a link of.
fn at(source: &Source, line: usize, text: &str) -> String {
    format!("src/{}:{line}: {text}", source.file)
}

/// Every place in a room that offends.
fn offences(allowed_in: impl Fn(&Source) -> bool, offends: impl Fn(&Place) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| !allowed_in(source)) {
        let places = source.paths_that(&offends);
        found.extend(places.map(|place| at(source, place.line, &place.path.join("::"))));
    }
    found
}

fn in_room(source: &Source, room: &str) -> bool {
    source.room() == Some(room)
}

/// The rooms of this import that the room does not know; an item of the roof counts as its room.
fn forbidden<'a>(source: &Source, place: &'a Place) -> Option<&'a str> {
    let (of, to) = (source.room()?, place.room()?);
    let re_export = RE_EXPORTS.iter().find(|(item, _)| *item == to);
    let to = re_export.map_or(to, |(_, room)| room);
    let table: BTreeMap<_, _> = MAY_IMPORT.into_iter().collect();
    let known = to == of || table.get(of).is_some_and(|rooms| rooms.contains(&to));
    (!known).then_some(to)
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let mut found = Vec::new();
    for source in &sources() {
        for place in &source.paths {
            let Some(room) = forbidden(source, place) else {
                continue;
            };
            let of = source.room().unwrap_or_default();
            let may = MAY_IMPORT.iter().find(|(room, _)| *room == of);
            let may = may.map_or(&[][..], |(_, rooms)| rooms);
            let what = format!(
                "`{}` is of {room}, and {of} may import {may:?}",
                place.path.join("::")
            );
            found.push(at(source, place.line, &what));
        }
    }
    nothing_in(&found, "floors import downward only");
}

#[test]
fn nobody_leaves_a_room_through_super() {
    let found = offences(|_| false, |place| place.starts_with(&["super", "super"]));
    nothing_in(&found, "across rooms it is `crate::room::Item`");
}

#[test]
fn the_table_knows_every_room() {
    let mut rooms: Vec<String> = sources()
        .iter()
        .filter_map(Source::room)
        .map(str::to_owned)
        .collect();
    rooms.dedup();
    let mut table: Vec<_> = MAY_IMPORT.iter().map(|(room, _)| *room).collect();
    table.sort_unstable();
    assert_eq!(rooms, table);
}

#[test]
fn the_table_leads_downward_only() {
    for (floor, (room, may)) in MAY_IMPORT.iter().enumerate() {
        for other in *may {
            let below = MAY_IMPORT[..floor].iter().any(|(room, _)| room == other);
            assert!(below, "{room} stands on {other}, which is not below it");
        }
    }
}

#[test]
fn the_roof_re_exports_what_the_table_says() {
    let sources = sources();
    let roof = sources.iter().find(|source| source.room().is_none());
    let roof = roof.expect("lib.rs");
    for (item, room) in RE_EXPORTS {
        let found = roof.paths.iter().any(|place| {
            // `pub use connector::CdnOriginConnector`, with or without a group.
            place.starts_with(&[room]) && place.path.last().is_some_and(|last| last == item)
        });
        assert!(found, "lib.rs re-exports {item} of {room}");
    }
}

#[test]
fn rustls_is_said_in_the_room_of_tls_only() {
    let found = offences(
        |source| in_room(source, "tls"),
        |place| {
            let by_way_of_tls = place.starts_with(&["crate", "tls", "rustls"]);
            place.path.iter().any(|segment| segment == "rustls") && !by_way_of_tls
        },
    );
    nothing_in(
        &found,
        "`rustls` is said in tls/, elsewhere as crate::tls::rustls",
    );
    let found = offences(
        |source| in_room(source, "tls") || in_room(source, "connector"),
        |place| {
            let rustls = ["rustls", "rustls_pki_types", "tokio_rustls"];
            place
                .path
                .iter()
                .any(|segment| rustls.contains(&segment.as_str()))
        },
    );
    nothing_in(&found, "only tls/ and connector/ know what rustls is");
}

#[test]
fn sockets_are_opened_in_the_room_of_dial_only() {
    let found = offences(
        |source| in_room(source, "dial"),
        |place| {
            let nets: [&[&str]; 3] = [
                &["tokio", "net"],
                &["std", "net", "TcpStream"],
                &["socket2"],
            ];
            nets.iter().any(|net| place.starts_with(net))
        },
    );
    nothing_in(&found, "`tokio::net` is said in dial/");
}

#[test]
fn the_http_client_is_used_in_the_room_of_the_pool_only() {
    const TRAITS: [&str; 2] = ["Connected", "Connection"];
    let found = offences(
        |source| in_room(source, "pool") || source.file.starts_with("http1/tests/"),
        |place| {
            let client = place.starts_with(&["hyper", "client"])
                || place.starts_with(&["hyper_util", "client"]);
            let by_traits = place.starts_with(&["hyper_util", "client", "legacy", "connect"])
                && place
                    .path
                    .get(4)
                    .is_some_and(|item| TRAITS.contains(&item.as_str()));
            client && !by_traits
        },
    );
    nothing_in(&found, "`hyper::client` is said in pool/");
    let found = offences(
        |source| source.file.starts_with("http1/"),
        |place| place.starts_with(&["httparse"]),
    );
    nothing_in(&found, "HTTP/1 is read in http1/");
    let found = offences(
        |source| in_room(source, "pool") || source.file == "connector/stream.rs",
        |place| place.starts_with(&["hyper_util", "client"]),
    );
    nothing_in(
        &found,
        "only the connector's stream implements `Connection`",
    );
}

#[test]
fn sources_of_errors_are_walked_in_one_file_only() {
    let call = [Kind::Sign('.'), word("source"), Kind::Sign('(')];
    let mut found = Vec::new();
    for source in &sources() {
        if source.file == "error/chain.rs" {
            continue;
        }
        found.extend(
            source
                .lines_with(&call)
                .map(|line| at(source, line, ".source()")),
        );
        // A report prints one level and does not walk.
        if source.file == "diagnosis/report.rs" {
            continue;
        }
        let by_path = source.paths_that(|place| {
            place.path.len() > 1 && place.path.last().is_some_and(|last| last == "source")
        });
        found.extend(by_path.map(|place| at(source, place.line, &place.path.join("::"))));
    }
    nothing_in(&found, "only error/chain.rs walks along `source()`");
}

#[test]
fn statuses_are_chosen_in_one_file_only() {
    let reads = |source: &Source| source.file == "proxy/status.rs" || in_room(source, "diagnosis");
    let found = offences(reads, |place| {
        let mut segments = place
            .path
            .iter()
            .skip_while(|segment| *segment != "StatusCode");
        let constant = segments.nth(1);
        constant.is_some_and(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
    });
    let compared = "src/proxy/forward.rs";
    let chosen = |line: &String| {
        !(line.starts_with(compared) && line.ends_with("StatusCode::SWITCHING_PROTOCOLS"))
    };
    let found: Vec<_> = found.into_iter().filter(chosen).collect();
    nothing_in(&found, "only proxy/status.rs chooses a status");
}

#[test]
fn no_room_below_the_connector_spawns_a_task() {
    let below = ["name", "origin", "error", "tls", "dial"];
    let call = [Kind::Sign('.'), word("spawn"), Kind::Sign('(')];
    let mut found = Vec::new();
    for source in &sources() {
        if !below.iter().any(|room| in_room(source, room)) {
            continue;
        }
        found.extend(
            source
                .lines_with(&call)
                .map(|line| at(source, line, ".spawn(..)")),
        );
        let spawns = |place: &Place| {
            let last = place.path.last().map(String::as_str);
            matches!(
                last,
                Some("spawn" | "spawn_blocking" | "spawn_local" | "JoinSet")
            )
        };
        let by_path = source.paths_that(spawns);
        found.extend(by_path.map(|place| at(source, place.line, &place.path.join("::"))));
    }
    nothing_in(&found, "no room below connector/ spawns a task");
}

#[test]
fn only_the_fence_lets_a_certificate_pass_unseen() {
    let made = [word("Unverified"), Kind::Sign('(')];
    let mut found = Vec::new();
    for source in &sources() {
        if source.file == "tls/verify/danger/unverified.rs" {
            assert!(
                source.lines_with(&made).count() > 0,
                "unverified.rs makes the proof"
            );
            continue;
        }
        found.extend(
            source
                .lines_with(&made)
                .map(|line| at(source, line, "Unverified(..)")),
        );
    }
    nothing_in(&found, "only tls/verify/danger/ makes an `Unverified`");
}

#[test]
fn there_is_no_unsafe_code() {
    let found = offences(
        |_| false,
        |place| place.path.iter().any(|it| it == "unsafe"),
    );
    nothing_in(&found, "nothing here is unsafe");
}

#[test]
fn every_file_says_first_what_it_is_and_ends_within_400_lines() {
    let mut found = Vec::new();
    for source in &sources() {
        if !source.text.starts_with("//! ") {
            found.push(at(source, 1, "does not start with `//! `"));
        }
        let lines = source.text.lines().count();
        if lines > 400 {
            found.push(at(source, lines, "is longer than 400 lines"));
        }
    }
    nothing_in(
        &found,
        "a file says what it is and is at most 400 lines long",
    );
}

fn paths_of(text: &str) -> Vec<String> {
    let source = Source::new(String::from("test.rs"), text.to_owned());
    let joined = |place: &Place| format!("{} {}", place.line, place.path.join("::"));
    let long = source.paths.iter().filter(|place| place.path.len() > 1);
    long.map(joined).collect()
}

#[test]
fn the_inspector_reads_paths_and_groups() {
    let text = "use crate::{\n    error::{Error as Other, self},\n    name::*,\n    tls::{Alpn, rustls::crypto::CryptoProvider},\n};\nfn f() -> a::B<c::D> { if x { e::f() } }\n";
    assert_eq!(
        paths_of(text),
        [
            "2 crate::error::Error",
            "2 crate::error::as",
            "2 crate::error::Other",
            "2 crate::error::self",
            "3 crate::name",
            "4 crate::tls::Alpn",
            "4 crate::tls::rustls::crypto::CryptoProvider",
            "6 a::B",
            "6 c::D",
            "6 e::f",
        ]
    );
}

#[test]
fn the_inspector_does_not_read_comments_and_strings() {
    let text = r##"
//! [`a`](crate::a)
/* crate::b
   crate::c */ x::y
let s = "crate::d \" crate::e"; let t = r#"crate::f " crate::g"#;
let (a, b): (&'static str, char) = ("", '"'); z::z; // crate::h
let c = '\''; w::w; let l: Other<'a, 'b> = '\u{1f}'; v::v;
"##;
    assert_eq!(paths_of(text), ["4 x::y", "6 z::z", "7 w::w", "7 v::v"]);
}

#[test]
fn the_inspector_finds_an_import_that_is_forbidden() {
    let text =
        "use super::x;\nuse crate::{dial::DialFailure, error::Error};\nuse crate::OriginProxy;\n";
    let source = Source::new(String::from("tls/handshake.rs"), text.to_owned());
    let found: Vec<_> = source
        .paths
        .iter()
        .filter_map(|place| forbidden(&source, place))
        .collect();
    assert_eq!(found, ["dial", "proxy"]);
}
