//! The importer of HAProxy: sections, their defaults, and the frontends that use them.
//!
//! It follows the configuration manual of HAProxy 3.5, <https://docs.haproxy.org/>. A file is a
//! list of sections. A `backend` gets its lines from four places:
//!
//! ```text
//! global                               what concerns all servers
//!   ssl-server-verify required
//! defaults                             the last ones before the section, or those after `from`
//!   timeout server 5s
//! frontend www                         rules for requests and responses
//!   http-request set-header Host www.example.com
//!   default_backend app
//! backend app                          section "backend app"
//!   server a a.example:443 ssl sni str(www.example.com)      one origin
//! ```
//!
//! 1. `sections` cuts the lines.
//! 2. `draft` collects the lines of a backend and applies the rows of the tables, in the order of
//!    the tables.
//! 3. `server` lines are read last, each on top of what `default-server` has said before.
//! 4. `note_the_rest` adds a note for each line that no backend has used.
//!
//! The rules of a frontend are for its own clients. So a backend has a section of the code for each
//! of its frontends if their rules differ.

mod backend;
mod check_rows;
mod frontend_rules;
mod global_rows;
mod line_order;
mod parse;
mod request_rows;
mod section;
mod section_rows;
mod server_rows;
mod server_socket_rows;
mod server_tls_rows;
mod unrelated_keywords;
mod value;

use std::{collections::BTreeSet, mem};

use super::{
    draft::Draft,
    error::ImportError,
    import_limit::{ImportLimit, line_weight},
    imported::Imported,
    note::{ImportNote, Outcome},
};

use self::{
    backend::{Backend, BackendRow, ServerLine},
    frontend_rules::{Frontend, FrontendRules, frontend_rules, frontends},
    line_order::LineOrder,
    parse::ConfigLine,
    section::{Section, inherited, is_row, is_rule, keyword, reached, sections},
    section_rows::rows,
    server_rows::ServerRow,
};

/// Imports a file, or a part of one.
///
/// Fails only if a quote is not closed.
pub(super) fn import(text: &str) -> Result<Imported, ImportError> {
    let lines = parse::parse(text)?;
    let sections = sections(&lines);
    let mut importer = BackendImporter::default();
    for section in sections.iter().filter(|section| section.kind == "global") {
        importer.global(section);
    }
    let frontends = frontends(&sections);
    for index in 0..sections.len() {
        importer.section(&sections, index, &frontends);
    }
    importer.note_the_rest(&sections);
    importer.limit.check()?;
    Ok(Imported::new(&importer.drafts, importer.notes))
}

/// All tables, for the guide.
#[cfg(test)]
pub(super) fn tables() -> Vec<(&'static str, Vec<super::directive_row::Listed>)> {
    let listed = |rows: &[BackendRow]| rows.iter().map(BackendRow::listed).collect();
    let keywords = [
        &server_tls_rows::FLAGS[..],
        &server_tls_rows::ARGUMENTS,
        &server_rows::FLAGS,
        &server_rows::ARGUMENTS,
        &server_socket_rows::FLAGS,
        &server_socket_rows::ARGUMENTS,
    ];
    let keywords = keywords.into_iter().flatten().map(ServerRow::listed);
    let global = global_rows::ROWS.iter().map(|row| row.listed());
    vec![
        ("The global section", global.collect()),
        ("A backend", listed(&section_rows::ROWS)),
        ("Health checks of a backend", listed(&check_rows::ROWS)),
        (
            "Rules for requests and responses",
            listed(&request_rows::ROWS),
        ),
        ("A server", keywords.collect()),
    ]
}

/// The keywords of a server that have no argument.
fn flags() -> impl Iterator<Item = &'static ServerRow> {
    server_tls_rows::FLAGS
        .iter()
        .chain(&server_rows::FLAGS)
        .chain(&server_socket_rows::FLAGS)
}

/// The keywords of a server that have one argument.
fn arguments() -> impl Iterator<Item = &'static ServerRow> {
    server_tls_rows::ARGUMENTS
        .iter()
        .chain(&server_rows::ARGUMENTS)
        .chain(&server_socket_rows::ARGUMENTS)
}

#[derive(Default)]
struct BackendImporter {
    /// The values of `global` for each server.
    global: ServerLine,
    drafts: Vec<Draft>,
    limit: ImportLimit,
    notes: Vec<ImportNote>,
    /// The numbers of lines that have a note.
    noted: BTreeSet<usize>,
}

impl BackendImporter {
    fn note(&mut self, line: usize, directive: &str, outcome: Outcome) {
        self.noted.insert(line);
        self.notes.push(ImportNote::new(line, directive, outcome));
    }

    /// Lines that concern the process alone are left to the note on the section.
    fn global(&mut self, section: &Section<'_>) {
        for line in section.lines {
            let mut rows = global_rows::ROWS.iter();
            if line.word(0) == "ssl-default-server-options" {
                let base = mem::take(&mut self.global);
                self.global = self.parameters(&mut Backend::default(), line, 1, base);
            } else if let Some(row) = rows.find(|row| row.name == line.word(0)) {
                let outcome = row.apply(|map| map(&mut self.global, line, row.text));
                self.note(line.number, row.name, outcome);
            }
        }
    }

    /// Nothing is imported from a section that is disabled, that is not in HTTP mode, or that has
    /// no servers.
    fn section(&mut self, sections: &[Section<'_>], index: usize, frontends: &[Frontend<'_>]) {
        let section = &sections[index];
        let is_backend = ["", "backend", "listen"].contains(&section.kind);
        if section.is_disabled && (is_backend || section.kind == "frontend") {
            let outcome = Outcome::no_effect("the section is disabled");
            return self.note_all(section, &outcome);
        }
        if !is_backend {
            return;
        }
        if section.mode.is_some_and(|mode| mode != "http") {
            return self.note_all(section, &section_rows::without_http());
        }
        let serves = |line: &&ConfigLine| !line.words.iter().any(|word| word == "disabled");
        let count = section.servers().filter(serves).count();
        if count == 0 || self.limit.is_spent() {
            return;
        }
        // A part of a file may leave the mode out, but what has defaults is more than a part.
        if section.mode.is_none() && section.parent.is_some() {
            let text =
                "no `mode`: HAProxy passes connections on and reads no HTTP; imported as HTTP";
            self.note(section.line, section.kind, Outcome::warning(text));
        }
        let chain = inherited(sections, index);
        let mut drafts: Vec<(Draft, Vec<&str>)> = Vec::new();
        for FrontendRules { frontends, rules } in frontend_rules(frontends, section) {
            let Some(draft) = self.draft(&chain, &rules, count) else {
                break;
            };
            let mut others = drafts.iter_mut();
            match others.find(|(other, _)| other.has_settings_of(&draft)) {
                Some((_, names)) => names.extend(frontends),
                None => drafts.push((draft, frontends)),
            }
        }
        if drafts.len() > 1 {
            let text = "a section of the code for each frontend, because their rules differ: route \
                        the requests of each to its own";
            self.note(section.line, section.kind, Outcome::by_hand(text));
            for (draft, frontends) in &mut drafts {
                draft.section += " from ";
                draft.section += frontends.first().copied().unwrap_or_default();
                if frontends.len() > 1 {
                    draft.section += " and others";
                }
            }
        }
        self.drafts
            .extend(drafts.into_iter().map(|(draft, _)| draft));
    }

    fn note_all(&mut self, section: &Section<'_>, outcome: &Outcome) {
        for line in section.lines {
            self.note(line.number, &keyword(line), outcome.clone());
        }
    }

    /// A section, the last of the chain, with what it inherits and the rules of a frontend.
    ///
    /// `None` if the text becomes too much. `count` is the number of servers.
    fn draft(
        &mut self,
        chain: &[&Section<'_>],
        rules: &[&ConfigLine],
        count: usize,
    ) -> Option<Draft> {
        let section = chain.last()?;
        let own = check_rows::without_replaced(chain);
        let weigh = |line: &&ConfigLine| line_weight(&line.words);
        let servers = section.servers().map(|line| weigh(&line)).sum();
        let all: usize = own.iter().chain(rules).map(weigh).sum();
        let weights = [all.saturating_sub(servers), servers];
        if let Some(outcome) = self.limit.take(section.line, count, weights) {
            self.note(section.line, section.kind, outcome);
            return None;
        }
        let kind = match section.kind {
            "" => "snippet",
            kind => kind,
        };
        let title = format!("{kind} {}", section.name);
        let mut backend = Backend::new(title.trim_end().to_owned(), section.line, count);
        backend.default_server = self.global.clone();
        backend.replaces_forwarded_for = own.iter().chain(rules).any(|line| {
            let actions = ["del-header", "set-header"];
            let field = line.word(2);
            actions.contains(&line.word(1)) && field.eq_ignore_ascii_case("x-forwarded-for")
        });
        // A request passes the rules of the frontend first, and a response those of the backend.
        let requests = LineOrder::new([rules, &own].concat());
        let responses = LineOrder::new([&own, rules].concat());
        for row in rows() {
            let order = match row.name.starts_with("http-response") {
                true => &responses,
                false => &requests,
            };
            for (line, unused) in order.lines_of(row) {
                self.line(&mut backend, line, row, unused);
            }
        }
        self.servers(&mut backend, &own);
        Some(backend.finish())
    }

    /// Reads the servers of a section, each on top of the `default-server` lines before it.
    fn servers(&mut self, backend: &mut Backend, lines: &[&ConfigLine]) {
        for line in lines {
            match line.word(0) {
                "default-server" => {
                    let base = backend.default_server.clone();
                    let own = self.parameters(backend, line, 1, base);
                    backend.default_server = own;
                    self.noted.insert(line.number);
                }
                "server" => self.server(backend, line),
                _ => {}
            }
        }
        for line in backend.unchecked() {
            let text = "no `check`: the check of a group is for all its members";
            self.note(*line, "server", Outcome::warning(text));
        }
    }

    /// Applies a row to a line, unless there is a reason to leave it out.
    ///
    /// Values may be secret, so only the name of a field is in the note.
    fn line(
        &mut self,
        backend: &mut Backend,
        line: &ConfigLine,
        row: &BackendRow,
        unused: Option<&'static str>,
    ) {
        let is_off = line.word(0) == "no" && row.name != "option redispatch";
        let outcome = match unused {
            Some(reason) => Outcome::no_effect(reason),
            None if is_off => Outcome::no_effect("the option is off"),
            None => row.apply(|map| map(backend, line, row.text)),
        };
        // The third word of these names the field; other values may be secret.
        let name = match row.name.ends_with("-header") {
            true => format!("{} {}", row.name, line.word(2)),
            false => keyword(line),
        };
        self.note(line.number, &name, outcome);
    }

    fn server(&mut self, backend: &mut Backend, line: &ConfigLine) {
        let base = backend.default_server.clone();
        let own = self.parameters(backend, line, 3, base);
        self.noted.insert(line.number);
        if own.is_disabled {
            return;
        }
        let (outcome, warnings) = backend.add(line, own);
        for outcome in [outcome].into_iter().chain(warnings) {
            self.note(line.number, "server", outcome);
        }
    }

    /// Reads the keywords of a line from this word on.
    ///
    /// A keyword that no row has takes no argument, so the words after it may be unmapped as well.
    fn parameters(
        &mut self,
        backend: &mut Backend,
        line: &ConfigLine,
        from: usize,
        mut own: ServerLine,
    ) -> ServerLine {
        let mut words = line.words.iter().skip(from);
        while let Some(word) = words.next() {
            let name = word.split('(').next().unwrap_or_default();
            let is_row = |row: &&ServerRow| row.name == name;
            let (row, argument) = if let Some(row) = flags().find(is_row) {
                (row, "")
            } else if let Some(row) = arguments().find(is_row) {
                (row, words.next().map_or("", String::as_str))
            } else {
                let subject = format!("{} {word}", line.word(0));
                self.note(line.number, &subject, Outcome::unmapped());
                continue;
            };
            let outcome = row.apply(|map| map(&mut own, backend, argument, row.text));
            let subject = format!("{} {name}", line.word(0));
            self.note(line.number, &subject, outcome);
        }
        own
    }

    /// Notes on all lines that have none.
    ///
    /// A section that does not concern origins has one note for all its lines.
    fn note_the_rest(&mut self, sections: &[Section<'_>]) {
        let of_servers = reached(sections, |it| it.kind.is_empty() || it.has_template());
        let of_frontends = reached(sections, |it| it.is_frontend());
        for (index, section) in sections.iter().enumerate() {
            if let Some(outcome) = unrelated_keywords::section(section.kind) {
                self.note(section.line, section.kind, outcome);
                continue;
            }
            for line in section.lines {
                if !self.noted.contains(&line.number) {
                    let is_open = of_servers[index] || of_frontends[index] && is_rule(line);
                    let name = keyword(line);
                    self.note(line.number, &name, outcome_of_unused(line, &name, is_open));
                }
            }
        }
    }
}

/// What becomes of a line that no backend has used.
///
/// A line that could be imported is by hand if it `is_open`: requests of servers that are not
/// imported have it, those of templates and of other files.
fn outcome_of_unused(line: &ConfigLine, name: &str, is_open: bool) -> Outcome {
    const UNUSED: &str = "no server is imported with it";
    let Some(row) = rows().find(|row| is_row(row.name, name)) else {
        return match line.word(0) {
            "default-server" | "server" => Outcome::no_effect(UNUSED),
            _ => unrelated_keywords::outcome(line, name),
        };
    };
    if line.word(0) == "no" {
        return Outcome::no_effect("the option is off");
    }
    if row.name == "mode" {
        return section_rows::mode_of(line);
    }
    row.apply(|_| match is_open {
        true => Outcome::by_hand(format!("{UNUSED}: {}", row.text)),
        false => Outcome::no_effect(UNUSED),
    })
}
