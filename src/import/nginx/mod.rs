//! The importer of nginx: which directives hold for which `proxy_pass`.
//!
//! It follows the reference of nginx 1.31, <https://nginx.org/en/docs/dirindex.html>. A file is a
//! tree of blocks, and a directive of an outer block holds in the inner ones until one of these has
//! the same directive. So each block with `proxy_pass` is imported on its own:
//!
//! ```text
//! http { proxy_read_timeout 5s;                     inherited
//!   upstream app { server a.example:443; }          found by the name in proxy_pass
//!   server { server_name www.example.com;           for $server_name
//!     location / {                                  section "location /"
//!       proxy_pass https://app; } } }               one origin: https://a.example
//! ```
//!
//! 1. `parse` makes the tree. `collect_upstreams` finds all `upstream` blocks, wherever they are.
//! 2. `walk` visits each block. One that has `proxy_pass` itself becomes a `Location`.
//! 3. The rows of the tables are applied in their order, not in that of the file: those of
//!    `pass_rows` first.
//! 4. `answers` tells which requests nginx refuses or answers itself, and `absent_lines` in what
//!    the defaults differ.
//! 5. `unused_directives` adds a note for each directive that no location has used.

mod absent_lines;
mod answers;
mod connection_rows;
mod location;
mod location_rows;
mod message_rows;
mod parse;
mod pass_rows;
mod redirects;
mod scope;
mod tls_rows;
mod unrelated_directives;
mod unused_directives;
mod upstream_rows;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    answer::Answer,
    directive::Directive,
    draft::Draft,
    error::ImportError,
    group_calls::GroupCalls,
    import_limit::ImportLimit,
    imported::Imported,
    note::{ImportNote, NoteKind, Outcome},
};

use self::{
    location::Location,
    location_rows::location_rows,
    scope::{Scope, is_opaque},
};

/// Imports a file, or a part of one.
///
/// Fails only if the text is not in nginx's grammar.
pub(super) fn import(text: &str) -> Result<Imported, ImportError> {
    let directives = parse::parse(text)?;
    let mut importer = LocationImporter::default();
    collect_upstreams(&directives, &mut importer.upstreams);
    let root = Scope {
        section: "snippet".to_owned(),
        line: 1,
        path: None,
        exact_path: None,
        returned: None,
        is_whole_file: false,
        chain: vec![&directives],
    };
    importer.walk(&root);
    importer.limit.check()?;
    importer.warn_of_paths();
    for (directive, outcome) in unused_directives::outcomes(&directives, &importer.noted) {
        match outcome.kind {
            NoteKind::Warning => importer.warn_once(directive.line, &directive.name, outcome),
            _ => importer.note(directive, outcome),
        }
    }
    Ok(Imported::new(&importer.drafts, importer.notes))
}

/// All tables, for the guide.
#[cfg(test)]
pub(super) fn tables() -> Vec<(&'static str, Vec<super::directive_row::Listed>)> {
    use location::NginxRow;

    let tables: [(_, &[NginxRow]); 6] = [
        ("The request", &pass_rows::ROWS),
        ("TLS to the origin", &tls_rows::ROWS),
        ("Connections and retries", &connection_rows::ROWS),
        ("Responses, caches and errors", &message_rows::ROWS),
        ("An upstream", &upstream_rows::ROWS),
        ("The parameters of its servers", &upstream_rows::PARAMETERS),
    ];
    let listed = |rows: &[NginxRow]| rows.iter().map(NginxRow::listed).collect();
    tables.map(|(title, rows)| (title, listed(rows))).into()
}

/// The last one of a name wins. nginx refuses a second one.
fn collect_upstreams<'a>(
    directives: &'a [Directive],
    upstreams: &mut BTreeMap<&'a str, &'a [Directive]>,
) {
    for directive in directives {
        let Some(block) = &directive.block else {
            continue;
        };
        match directive.name.as_str() {
            "upstream" => drop(upstreams.insert(directive.word(), block)),
            name if is_opaque(name) => {}
            _ => collect_upstreams(block, upstreams),
        }
    }
}

#[derive(Default)]
struct LocationImporter<'a> {
    upstreams: BTreeMap<&'a str, &'a [Directive]>,
    drafts: Vec<Draft>,
    limit: ImportLimit,
    notes: Vec<ImportNote>,
    /// The directives that have a note.
    ///
    /// By address: the same directive may be used by several locations, and is noted for each.
    noted: BTreeSet<*const Directive>,
    /// The warnings that the whole file has once.
    warned: BTreeSet<String>,
}

impl<'a> LocationImporter<'a> {
    /// A block that proxies may contain others that do, such as a nested location or an `if`.
    fn walk(&mut self, scope: &Scope<'a>) {
        if scope
            .own()
            .iter()
            .any(|directive| directive.name == "proxy_pass")
        {
            self.location(scope);
        }
        for directive in scope.own() {
            let Some(block) = &directive.block else {
                continue;
            };
            if directive.name != "upstream" && !is_opaque(&directive.name) {
                let inner = scope.inner(directive, block);
                if directive.name == "location" {
                    self.answered(directive, &inner);
                }
                self.walk(&inner);
            }
        }
    }

    /// A value may be a secret, so names have the second word for those directives only whose
    /// second word is the name of a field or variable.
    fn note(&mut self, directive: &Directive, outcome: Outcome) {
        self.noted.insert(directive);
        // The second word of these names what it is about; other values may be secret.
        let is_about_field = [
            "proxy_set_header",
            "proxy_hide_header",
            "proxy_pass_header",
            "add_header",
            "set",
        ];
        let name = match is_about_field.contains(&directive.name.as_str()) {
            true => format!("{} {}", directive.name, directive.word()),
            false => directive.name.clone(),
        };
        self.notes
            .push(ImportNote::new(directive.line, &name, outcome));
    }

    fn note_location(&mut self, scope: &Scope<'_>, outcome: Outcome) {
        let note = ImportNote::new(scope.line, "location", outcome);
        self.notes.push(note);
    }

    /// Servers of the `upstream` are counted first, as a group has calls that a single origin does
    /// not have.
    fn location(&mut self, scope: &Scope<'a>) {
        if self.limit.is_spent() {
            return;
        }
        let mut location = Location::new(scope);
        let upstream = self.upstream_of(scope, &location);
        let servers = upstream.into_iter().flatten();
        let servers = servers.filter(|it| it.name == "server" && !is_down(it));
        let servers = servers.count();
        let weights = weights_of(scope, upstream);
        if let Some(outcome) = self.limit.take(scope.line, servers, weights) {
            return self.note_location(scope, outcome);
        }
        location.group = GroupCalls::new(servers > 1);
        self.apply_rows(scope, &mut location, upstream);
        let answered = answers::in_place_of_origin(scope);
        if scope.path.is_some() || scope.section.starts_with("location ") {
            self.note_route(scope, &mut location, answered.is_some());
        }
        for (directive, outcome) in absent_lines::set_defaults(scope, &mut location) {
            self.warn_once(scope.line, directive, outcome);
        }
        if let Some(pass) = &location.pass {
            let found = absent_lines::warnings(scope, &location, pass, upstream.is_some());
            let note =
                |(directive, text)| ImportNote::new(pass.line, directive, Outcome::warning(text));
            self.notes.extend(found.into_iter().map(note));
        }
        let mut draft = location.finish();
        if let Some(answered) = answered {
            draft.answer = answered.answer;
            self.note_location(scope, answered.outcome);
            self.note_answer(answered.cause);
        }
        self.drafts.push(draft);
    }

    /// Applies the rows of a location, and then those of its `upstream`.
    fn apply_rows(
        &mut self,
        scope: &Scope<'a>,
        location: &mut Location,
        upstream: Option<&'a [Directive]>,
    ) {
        for row in location_rows() {
            for directive in scope.lookup(row.name) {
                let outcome = row.apply(|map| map(location, directive, row.text));
                self.note(directive, outcome);
            }
        }
        if let Some(block) = upstream {
            if let Some(pass) = &mut location.pass {
                pass.is_upstream = true;
            }
            self.upstream(location, block);
            absent_lines::set_ejection(location);
        }
    }

    /// Notes on how a router takes the path of a location.
    fn note_route(&mut self, scope: &Scope<'_>, location: &mut Location, is_answered: bool) {
        let routes = location.draft.add_route(scope.path.as_deref());
        let prefix = location.draft.route.as_deref();
        let longer = prefix.and_then(absent_lines::longer_names);
        let redirect = location.redirect_of_folder().filter(|_| !is_answered);
        for outcome in [routes, longer, redirect].into_iter().flatten() {
            self.note_location(scope, outcome);
        }
    }

    /// A location without `proxy_pass`, whose requests another section could have.
    fn answered(&mut self, directive: &'a Directive, scope: &Scope<'a>) {
        if self.limit.is_spent() {
            return;
        }
        let Some(answered) = answers::without_origin(directive, scope) else {
            return;
        };
        if let Some(outcome) = self.limit.take(scope.line, 1, [0, directive.weight()]) {
            return self.note(directive, outcome);
        }
        self.note(directive, answered.outcome);
        self.note_answer(answered.cause);
        if answered.answer.is_none() {
            return;
        }
        if let Some(outcome) = scope.path.as_deref().and_then(absent_lines::longer_names) {
            self.note(directive, outcome);
        }
        self.drafts.push(Draft {
            section: scope.section.clone(),
            line: scope.line,
            answer: answered.answer,
            ..Draft::default()
        });
    }

    fn note_answer(&mut self, cause: Option<&Directive>) {
        if let Some(cause) = cause {
            self.note(cause, Outcome::mapped("the program answers so"));
        }
    }

    /// A router does not read paths as nginx does.
    fn warn_of_paths(&mut self) {
        let is_closed = |draft: &Draft| draft.answer.as_ref().is_some_and(Answer::has_paths);
        if self.drafts.len() < 2 && !self.drafts.iter().any(is_closed) {
            return;
        }
        let mut sections = self.drafts.iter();
        let first = sections.find(|draft| draft.route.is_some() || is_closed(draft));
        if let Some(line) = first.map(|draft| draft.line) {
            self.notes.push(ImportNote::new(
                line,
                "location",
                Outcome::warning(absent_lines::PATHS),
            ));
        }
    }

    /// A warning for the whole file.
    fn warn_once(&mut self, line: usize, directive: &str, outcome: Outcome) {
        if self.warned.insert(outcome.text.to_string()) {
            self.notes.push(ImportNote::new(line, directive, outcome));
        }
    }

    /// `None` if `proxy_pass` names a host that is no `upstream`, or its URL has variables that are
    /// unknown.
    fn upstream_of(&self, scope: &Scope<'a>, location: &Location) -> Option<&'a [Directive]> {
        let pass = scope.lookup("proxy_pass");
        let url = location.expand(pass.first()?.word());
        let (_, rest) = url.split_once("://")?;
        let name = rest.split(['/', '?', '$']).next()?;
        self.upstreams.get(name).copied()
    }

    /// The servers come after the other directives of the block, whose order nginx does not care
    /// about either.
    fn upstream(&mut self, location: &mut Location, block: &'a [Directive]) {
        for row in &upstream_rows::ROWS {
            for directive in block
                .iter()
                .filter(|it| it.name == row.name && it.name != "server")
            {
                let outcome = row.apply(|map| map(location, directive, row.text));
                self.note(directive, outcome);
            }
        }
        for directive in block.iter().filter(|it| it.name == "server") {
            self.member(location, directive);
        }
    }

    /// `server a.example:443 weight=3 backup` is three notes: one for the address, and one for each
    /// parameter.
    fn member(&mut self, location: &mut Location, directive: &Directive) {
        if is_down(directive) {
            return self.note(
                directive,
                Outcome::no_effect("`down`: the server is left out"),
            );
        }
        let outcome = upstream_rows::server(location, directive);
        self.note(directive, outcome);
        for word in directive.words.iter().skip(1) {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            let row = upstream_rows::PARAMETERS
                .iter()
                .find(|row| row.name == name);
            let parameter = Directive {
                line: directive.line,
                name: format!("server .. {name}"),
                words: vec![value.to_owned()],
                block: None,
            };
            let outcome = match row {
                Some(row) => row.apply(|map| map(location, &parameter, row.text)),
                None => Outcome::unmapped(),
            };
            let note = ImportNote::new(directive.line, &parameter.name, outcome);
            self.notes.push(note);
        }
    }
}

/// What a location weighs for the limit: the lines that it shares with its servers, and these.
fn weights_of(scope: &Scope<'_>, upstream: Option<&[Directive]>) -> [usize; 2] {
    let blocks = scope.chain.iter().copied().chain(upstream);
    // Only lines are inherited.
    let lines = blocks.flatten().filter(|it| it.block.is_none());
    let (own, shared): (Vec<_>, Vec<_>) = lines.partition(|it| it.name == "server");
    [shared, own].map(|lines| lines.into_iter().map(Directive::weight).sum())
}

/// `down` takes a server out permanently.
fn is_down(server: &Directive) -> bool {
    server.words.iter().any(|word| word == "down")
}
