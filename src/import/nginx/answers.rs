//! Requests that nginx answers itself, or serves only to some clients.
//!
//! Another section of the program, such as `location /`, would send them to its origin. So they
//! have an [`Answer`](crate::import::answer::Answer) of their own:
//!
//! | the block | the answer |
//! |---|---|
//! | `return 200 "ok"`, `return 403`, `return 301 https://a.example/` | the same |
//! | `return 444` | 403: the connection stays open |
//! | `deny all` as the first rule | 403 |
//! | `internal` | 404 |
//! | `auth_basic`, `auth_request`, some addresses: nothing checks these here | 403 |
//! | files, FastCGI, variables | 501 |

use crate::import::{
    answer::Answer,
    directive::Directive,
    draft::Draft,
    note::{Finding, ImportNote},
};

use super::{LocationImporter, absent_lines, scope::Scope, unused_directives};

/// Of requests that the program cannot tell apart.
const OPEN: &str = "the program sends these requests to the origin of another section, if it has \
                    their path: add a route that answers them before you start it";

/// How requests of a block are answered.
pub(super) enum Closed<'a> {
    /// As nginx does, because of this directive.
    Same(String, &'a Directive),
    /// Nginx answers some of them otherwise, because of this directive.
    Unless(&'a Directive),
}

impl<'a> LocationImporter<'a> {
    /// Answers the requests of a section that has servers, in place of these.
    pub(super) fn close(&mut self, scope: &Scope<'a>, draft: &mut Draft, closed: Closed<'a>) {
        let (code, finding) = match closed {
            Closed::Same(code, cause) => {
                self.note(cause, Finding::mapped("the program answers so"));
                let text = "the program answers its requests, and the origin gets none";
                (code, Finding::mapped(text))
            }
            Closed::Unless(cause) => (
                "StatusCode::FORBIDDEN".to_owned(),
                Finding::warning(format!(
                    "nothing checks `{}` here: the program answers 403 in place of the origin, \
                     until you add a layer that checks it and call the function of the section",
                    cause.name
                )),
            ),
        };
        let answer = match (scope.path.as_deref(), scope.exact_path.as_deref()) {
            (Some(path), _) if !path.starts_with('@') => Answer::new(code, path, false),
            (None, Some(path)) => Answer::new(code, path, true),
            (None, None) if scope.section.starts_with("location ~") => None,
            // Such as `@app` or a server, whose requests are all others.
            _ => Answer::new(code, "/", false),
        };
        let finding = match answer {
            Some(_) => finding,
            None => Finding::warning(OPEN),
        };
        draft.answer = answer;
        let note = ImportNote::new(scope.line, "location", finding);
        self.notes.push(note);
    }

    /// A location without `proxy_pass`, whose requests another section could have.
    pub(super) fn answered(&mut self, directive: &'a Directive, scope: &Scope<'a>) {
        let has_pass = unused_directives::has_proxy_pass(directive.lines());
        let is_named = directive.word().starts_with('@');
        let is_proxy = scope.own().iter().any(|line| line.name == "proxy_pass");
        let closed = closed(scope);
        if is_proxy || is_named || has_pass && closed.is_none() || self.budget.is_spent() {
            return;
        }
        let path = scope.path.as_deref().map(|path| (path, false));
        let path = path.or(scope.exact_path.as_deref().map(|path| (path, true)));
        let (code, finding, cause) = match closed {
            Some(Closed::Same(code, cause)) => {
                let text = "the program answers its requests, and no origin gets them";
                (code, Finding::mapped(text), Some(cause))
            }
            _ if path == Some(("/", false)) => return,
            _ => {
                let text = "nginx does not proxy its requests: the program answers 501, until you \
                            write a route for them, such as `ServeDir` of tower-http for files";
                (
                    "StatusCode::NOT_IMPLEMENTED".to_owned(),
                    Finding::by_hand(text),
                    None,
                )
            }
        };
        let answer = path.and_then(|(path, is_exact)| Answer::new(code, path, is_exact));
        if answer.is_none() {
            return self.note(directive, Finding::warning(OPEN));
        }
        if let Some(finding) = self.budget.take(scope.line, 1, [0, directive.weight()]) {
            return self.note(directive, finding);
        }
        self.note(directive, finding);
        if let Some(cause) = cause {
            self.note(cause, Finding::mapped("the program answers so"));
        }
        if let Some((path, false)) = path {
            let finding = absent_lines::longer_names(path);
            self.notes
                .extend(finding.map(|it| ImportNote::new(scope.line, "location", it)));
        }
        self.drafts.push(Draft {
            section: scope.section.clone(),
            line: scope.line,
            answer,
            ..Draft::default()
        });
    }
}

/// `None` if nginx serves the block to all clients.
pub(super) fn closed<'a>(scope: &Scope<'a>) -> Option<Closed<'a>> {
    let returned = scope.returned.or_else(|| own(scope, "return"));
    if let Some(line) = returned {
        return Some(match constant(scope, line) {
            Some(code) => Closed::Same(code, line),
            None => Closed::Unless(line),
        });
    }
    let is_named = scope.section.starts_with("location @");
    if let Some(line) = own(scope, "internal").filter(|_| !is_named) {
        return Some(Closed::Same("StatusCode::NOT_FOUND".to_owned(), line));
    }
    let is_any = last(scope, "satisfy").is_some_and(|line| line.word() == "any");
    // A block with a rule of either name inherits neither.
    let rules = scope.chain.iter().rev().find_map(|block| {
        let mut rules = block.iter();
        rules.find(|line| ["allow", "deny"].contains(&line.name.as_str()))
    });
    if let Some(rule) = rules.filter(|rule| rule.name == "deny" || rule.word() != "all") {
        return Some(
            match rule.name == "deny" && rule.word() == "all" && !is_any {
                true => Closed::Same("StatusCode::FORBIDDEN".to_owned(), rule),
                false => Closed::Unless(rule),
            },
        );
    }
    let names = [
        "access_by_lua",
        "access_by_lua_block",
        "access_by_lua_file",
        "auth_basic",
        "auth_jwt",
        "auth_request",
        "js_access",
        "ssl_verify_client",
    ];
    let checks = names.iter().filter_map(|name| last(scope, name));
    let mut checks = checks.filter(|line| !["off", "optional"].contains(&line.word()));
    let check = checks.next().or_else(|| own(scope, "limit_except"));
    check.map(Closed::Unless)
}

fn own<'a>(scope: &Scope<'a>, name: &str) -> Option<&'a Directive> {
    scope.own().iter().find(|line| line.name == name)
}

fn last<'a>(scope: &Scope<'a>, name: &str) -> Option<&'a Directive> {
    scope.lookup(name).last().copied()
}

/// The response of a `return` without variables.
fn constant(scope: &Scope<'_>, line: &Directive) -> Option<String> {
    let words: Vec<_> = line.words.iter().map(String::as_str).collect();
    let (status, text) = match words.as_slice() {
        [url] if url.contains("://") => ("302", Some(*url)),
        [status] => (*status, None),
        [status, text] => (*status, Some(*text)),
        _ => return None,
    };
    let name = STATUSES.iter().find(|(number, _)| *number == status)?.1;
    let status_code = format!("StatusCode::{name}");
    let Some(text) = text else {
        return Some(status_code);
    };
    let kind = last(scope, "default_type").map(Directive::word);
    let is_text = |text: &str| !text.contains('$') && text.bytes().all(|it| matches!(it, 32..127));
    if !is_text(text) || !kind.is_none_or(is_text) {
        return None;
    }
    Some(match (status.starts_with("30"), kind) {
        (true, _) => format!("({status_code}, [(\"location\", {text:?})])"),
        (false, Some(kind)) => {
            format!("({status_code}, [(\"content-type\", {kind:?})], {text:?})")
        }
        (false, None) => format!("({status_code}, {text:?})"),
    })
}

/// nginx closes the connection for 444.
const STATUSES: [(&str, &str); 23] = [
    ("200", "OK"),
    ("204", "NO_CONTENT"),
    ("301", "MOVED_PERMANENTLY"),
    ("302", "FOUND"),
    ("303", "SEE_OTHER"),
    ("307", "TEMPORARY_REDIRECT"),
    ("308", "PERMANENT_REDIRECT"),
    ("400", "BAD_REQUEST"),
    ("401", "UNAUTHORIZED"),
    ("402", "PAYMENT_REQUIRED"),
    ("403", "FORBIDDEN"),
    ("404", "NOT_FOUND"),
    ("405", "METHOD_NOT_ALLOWED"),
    ("406", "NOT_ACCEPTABLE"),
    ("410", "GONE"),
    ("418", "IM_A_TEAPOT"),
    ("429", "TOO_MANY_REQUESTS"),
    ("444", "FORBIDDEN"),
    ("451", "UNAVAILABLE_FOR_LEGAL_REASONS"),
    ("500", "INTERNAL_SERVER_ERROR"),
    ("502", "BAD_GATEWAY"),
    ("503", "SERVICE_UNAVAILABLE"),
    ("504", "GATEWAY_TIMEOUT"),
];
