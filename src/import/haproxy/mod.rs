//! The importer of HAProxy: sections, their defaults, and the frontends that use them.
//!
//! It follows the configuration manual of HAProxy 3.5, <https://docs.haproxy.org/>. A file is a
//! list of sections. A `backend` gets its lines from three places, in this order, and later ones
//! win:
//!
//! ```text
//! defaults                             the last one before the section, or the one after `from`
//!   timeout server 5s
//! frontend www                         all frontends that name the backend
//!   http-request set-header Host www.example.com
//!   default_backend app
//! backend app                          section "backend app"
//!   server a a.example:443 ssl sni str(www.example.com)      one origin
//! ```
//!
//! 1. `sections` cuts the lines.
//! 2. `backend` collects its lines and applies the rows of the tables, in the order of the tables.
//! 3. `server` lines are read last, each on top of what `default-server` has said before.
//! 4. `note_the_rest` adds a note for each line that no backend has used.

mod backend;
mod parse;
mod request_rows;
mod section_rows;
mod server_rows;
mod server_socket_rows;
mod server_tls_rows;
mod unrelated_keywords;
mod value;

use std::collections::BTreeSet;

use super::{
    budget::{Budget, line_weight},
    draft::Draft,
    error::ImportError,
    imported::Imported,
    note::{Finding, ImportNote},
};

use self::{
    backend::{Backend, BackendRow, ServerDraft},
    parse::ConfigLine,
    server_rows::Keyword,
};

/// Imports a file, or a part of one.
///
/// Fails only if a quote is not closed.
pub(super) fn import(text: &str) -> Result<Imported, ImportError> {
    let lines = parse::parse(text)?;
    let sections = sections(&lines);
    let mut importer = BackendImporter::default();
    for (index, section) in sections.iter().enumerate() {
        if section.kind == "backend" || section.kind == "listen" || section.kind.is_empty() {
            importer.backend(section, &sections[..index], &sections);
        }
    }
    importer.note_the_rest(&sections);
    importer.budget.check()?;
    Ok(Imported::new(&importer.drafts, importer.notes))
}

/// All tables, for the guide.
#[cfg(test)]
pub(super) fn tables() -> Vec<(&'static str, Vec<super::directive_row::Listed>)> {
    let listed = |rows: &[BackendRow]| rows.iter().map(BackendRow::listed).collect();
    let keywords = keywords().map(|keyword| keyword.row.listed());
    vec![
        ("A backend", listed(&section_rows::ROWS)),
        (
            "Rules for requests and responses",
            listed(&request_rows::ROWS),
        ),
        ("A server", keywords.collect()),
    ]
}

/// The tables in which a line of a section is looked up, in their order.
///
/// A line may have several rows only if one is its group, such as `stats`.
fn rows() -> impl Iterator<Item = &'static BackendRow> {
    section_rows::ROWS.iter().chain(&request_rows::ROWS)
}

/// The keywords of a server.
///
/// They may stand in any order on a line.
fn keywords() -> impl Iterator<Item = &'static Keyword> {
    server_tls_rows::KEYWORDS
        .iter()
        .chain(&server_rows::KEYWORDS)
        .chain(&server_socket_rows::KEYWORDS)
}

/// A section: its first line, and those after it.
///
/// The lines are those up to the next section, its own first line left out.
#[derive(Debug)]
struct Section<'a> {
    /// Such as `backend`. Empty for lines before the first section.
    kind: &'a str,
    name: &'a str,
    /// The `defaults` that it names.
    from: Option<&'a str>,
    line: usize,
    lines: &'a [ConfigLine],
}

/// A word of this list at the start of a line begins a section, wherever it is indented.
const SECTIONS: [&str; 22] = [
    "acme",
    "backend",
    "cache",
    "crt-store",
    "defaults",
    "fcgi-app",
    "frontend",
    "global",
    "http-errors",
    "listen",
    "log-forward",
    "log-profile",
    "mailers",
    "peers",
    "program",
    "resolvers",
    "ring",
    "traces",
    "userlist",
    // Older names.
    "ruleset",
    "spoe-agent",
    "spoe-message",
];

/// Lines before the first section are one without a name, so that a part of a file can be imported.
fn sections(lines: &[ConfigLine]) -> Vec<Section<'_>> {
    let mut starts: Vec<usize> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| SECTIONS.contains(&line.word(0)))
        .map(|(index, _)| index)
        .collect();
    let mut sections = Vec::new();
    let first = starts.first().copied().unwrap_or(lines.len());
    if first > 0 {
        sections.push(Section {
            kind: "",
            name: "",
            from: None,
            line: lines[0].number,
            lines: &lines[..first],
        });
    }
    starts.push(lines.len());
    for window in starts.windows(2) {
        let line = &lines[window[0]];
        let from = line.words.iter().position(|word| word == "from");
        sections.push(Section {
            kind: line.word(0),
            name: line.word(1),
            from: from.map(|at| line.word(at + 1)),
            line: line.number,
            lines: &lines[window[0] + 1..window[1]],
        });
    }
    sections
}

impl<'a> Section<'a> {
    /// Disabled ones are among them.
    fn servers(&self) -> impl Iterator<Item = &'a ConfigLine> + use<'a> {
        self.lines.iter().filter(|line| line.word(0) == "server")
    }

    /// Whether this frontend sends requests to a backend.
    ///
    /// A name that is computed from the request names no backend that is known here.
    fn uses(&self, backend: &str) -> bool {
        let names = ["default_backend", "use_backend"];
        let mut lines = self
            .lines
            .iter()
            .filter(|line| names.contains(&line.word(0)));
        self.kind == "frontend" && lines.any(|line| line.word(1) == backend)
    }
}

/// The keyword of a line, such as `option httpchk`. A `no` before it is left out.
///
/// `no option httpclose` is `option httpclose`, and `http-request set-header` has two words.
fn keyword(line: &ConfigLine) -> String {
    const GROUPS: [&str; 10] = [
        "external-check",
        "http-check",
        "http-request",
        "http-response",
        "option",
        "stats",
        "stick",
        "tcp-check",
        "tcp-request",
        "timeout",
    ];
    let start = usize::from(line.word(0) == "no");
    let (first, second) = (line.word(start), line.word(start + 1));
    let second = second.split('(').next().unwrap_or_default();
    match GROUPS.contains(&first) {
        true => format!("{first} {second}"),
        false => first.to_owned(),
    }
}

/// Whether a row is about this keyword. A row with one word covers all forms of it.
///
/// `stats` is a row for `stats uri`, `stats auth` and the like.
fn is_row(row: &str, keyword: &str) -> bool {
    row == keyword
        || keyword
            .split_once(' ')
            .is_some_and(|(first, _)| row == first)
}

#[derive(Default)]
struct BackendImporter {
    drafts: Vec<Draft>,
    budget: Budget,
    notes: Vec<ImportNote>,
    /// The numbers of lines that have a note.
    noted: BTreeSet<usize>,
}

impl BackendImporter {
    fn note(&mut self, line: usize, directive: &str, finding: Finding) {
        self.noted.insert(line);
        self.notes.push(ImportNote::new(line, directive, finding));
    }

    /// Nothing is imported from a section without servers, or in TCP mode.
    fn backend(&mut self, section: &Section<'_>, before: &[Section<'_>], all: &[Section<'_>]) {
        let serves = |line: &&ConfigLine| !line.words.iter().any(|word| word == "disabled");
        let count = section.servers().filter(serves).count();
        let is_tcp = |line: &&ConfigLine| line.word(0) == "mode" && line.word(1) == "tcp";
        if section.lines.iter().any(|line| is_tcp(&line)) {
            let text = "connections without HTTP: `CdnOriginConnector` alone";
            for line in section.lines {
                self.note(line.number, &keyword(line), Finding::refused(text));
            }
            return;
        }
        if count == 0 || self.budget.is_spent() {
            return;
        }
        let mut defaults = before.iter().rev().filter(|other| other.kind == "defaults");
        let defaults = match section.from {
            Some(name) => defaults.find(|other| other.name == name),
            None => defaults.next(),
        };
        let frontends = all.iter().filter(|other| other.uses(section.name));
        let lines: Vec<&ConfigLine> = defaults
            .into_iter()
            .chain(frontends)
            .chain([section])
            .flat_map(|section| section.lines)
            .collect();
        let weigh = |line: &&ConfigLine| line_weight(&line.words);
        let own = section.servers().map(|line| weigh(&line)).sum();
        let all: usize = lines.iter().map(weigh).sum();
        let weights = [all.saturating_sub(own), own];
        if let Some(finding) = self.budget.take(section.line, count, weights) {
            return self.note(section.line, section.kind, finding);
        }
        let kind = if section.kind.is_empty() {
            "snippet"
        } else {
            section.kind
        };
        let title = format!("{kind} {}", section.name);
        let mut backend = Backend::new(title.trim_end().to_owned(), section.line, count);
        backend.replaces_forwarded_for = lines.iter().any(|line| {
            let actions = ["del-header", "set-header"];
            let field = line.word(2);
            actions.contains(&line.word(1)) && field.eq_ignore_ascii_case("x-forwarded-for")
        });
        for row in rows() {
            for line in &lines {
                if is_row(row.name, &keyword(line)) {
                    self.line(&mut backend, line, row);
                }
            }
        }
        for line in lines {
            match line.word(0) {
                "default-server" => {
                    let base = backend.default_server.clone();
                    let own = self.parameters(&mut backend, line, 1, base);
                    backend.default_server = own;
                    self.noted.insert(line.number);
                }
                "server" => self.server(&mut backend, line),
                _ => {}
            }
        }
        self.drafts.push(backend.finish());
    }

    /// Values may be secret, so only the name of a field is in the note.
    fn line(&mut self, backend: &mut Backend, line: &ConfigLine, row: &BackendRow) {
        let is_off = line.word(0) == "no" && row.name != "option redispatch";
        let finding = match is_off {
            true => Finding::no_effect("the option is off"),
            false => row.apply(|map| map(backend, line, row.text)),
        };
        // The third word of these names the field; other values may be secret.
        let name = match row.name.ends_with("-header") {
            true => format!("{} {}", row.name, line.word(2)),
            false => keyword(line),
        };
        self.note(line.number, &name, finding);
    }

    fn server(&mut self, backend: &mut Backend, line: &ConfigLine) {
        let base = backend.default_server.clone();
        let own = self.parameters(backend, line, 3, base);
        self.noted.insert(line.number);
        if own.is_disabled {
            return;
        }
        let (finding, warnings) = backend.add(line, own);
        for finding in [finding].into_iter().chain(warnings) {
            self.note(line.number, "server", finding);
        }
    }

    /// Reads the keywords of a line from this word on.
    ///
    /// A keyword takes as many words as its row says; one that no row has takes none, so the words
    /// after it may be unmapped as well.
    fn parameters(
        &mut self,
        backend: &mut Backend,
        line: &ConfigLine,
        from: usize,
        mut own: ServerDraft,
    ) -> ServerDraft {
        let mut words = line.words.iter().skip(from);
        while let Some(word) = words.next() {
            let name = word.split('(').next().unwrap_or_default();
            let Some(Keyword { row, arguments }) = keywords().find(|it| it.row.name == name) else {
                let subject = format!("{} {word}", line.word(0));
                self.note(line.number, &subject, Finding::unmapped());
                continue;
            };
            let argument = match arguments {
                0 => "",
                _ => words.next().map_or("", String::as_str),
            };
            let finding = row.apply(|map| map(&mut own, backend, argument, row.text));
            let subject = format!("{} {name}", line.word(0));
            self.note(line.number, &subject, finding);
        }
        own
    }

    /// Notes on all lines that have none.
    ///
    /// A section that does not concern origins has one note for all its lines.
    fn note_the_rest(&mut self, sections: &[Section<'_>]) {
        for section in sections {
            let whole = match section.kind {
                "frontend" => None,
                kind => unrelated_keywords::section(kind),
            };
            if let Some(finding) = &whole {
                self.note(section.line, section.kind, finding.clone());
                continue;
            }
            for line in section.lines {
                if self.noted.contains(&line.number) {
                    continue;
                }
                let name = keyword(line);
                let is_known = rows().any(|row| is_row(row.name, &name));
                let finding = match (is_known, line.word(0)) {
                    (true, _) | (_, "default-server" | "server") => {
                        Finding::no_effect("no server is imported with it")
                    }
                    (false, _) => unrelated_keywords::finding(line, &name),
                };
                self.note(line.number, &name, finding);
            }
        }
    }
}
