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

use crate::import::{answer::Answer, directive::Directive, note::Outcome};

use super::{scope::Scope, unused_directives};

/// Of requests that the program cannot tell apart.
const OPEN: &str = "the program sends these requests to the origin of another section, if it has \
                    their path: add a route that answers them before you start it";

/// An answer in place of an origin, or of nothing.
pub(super) struct Answered<'a> {
    /// `None` if no route can have the requests.
    pub(super) answer: Option<Answer>,
    /// About the location.
    pub(super) outcome: Outcome,
    /// The directive that the answer stands for.
    pub(super) cause: Option<&'a Directive>,
}

/// The answer of a block that has an origin; `None` if that gets its requests.
pub(super) fn in_place_of_origin<'a>(scope: &Scope<'a>) -> Option<Answered<'a>> {
    let (code, outcome, cause) = match closed(scope)? {
        Closed::Same(code, cause) => {
            let text = "the program answers its requests, and the origin gets none";
            (code, Outcome::mapped(text), Some(cause))
        }
        Closed::Unless(cause) => (
            "StatusCode::FORBIDDEN".to_owned(),
            Outcome::warning(format!(
                "nothing checks `{}` here: the program answers 403 in place of the origin, until \
                 you add a layer that checks it and call the function of the section",
                cause.name
            )),
            None,
        ),
    };
    let path = match path(scope) {
        Some(path) => Some(path),
        None if scope.section.starts_with("location ~") => None,
        // Such as `@app` or a server, whose requests are all others.
        None => Some(("/", false)),
    };
    let answer = path.and_then(|(path, is_exact)| Answer::new(code, path, is_exact));
    Some(Answered::new(answer, outcome, cause))
}

/// The answer of a `location` without `proxy_pass`, whose requests another section could have.
pub(super) fn without_origin<'a>(
    directive: &'a Directive,
    scope: &Scope<'a>,
) -> Option<Answered<'a>> {
    let is_named = directive.word().starts_with('@');
    let is_proxy = scope.own().iter().any(|line| line.name == "proxy_pass");
    if is_named || is_proxy {
        return None;
    }
    let path = path(scope);
    let (code, outcome, cause) = match closed(scope) {
        Some(Closed::Same(code, cause)) => {
            let text = "the program answers its requests, and no origin gets them";
            (code, Outcome::mapped(text), Some(cause))
        }
        None if unused_directives::has_proxy_pass(directive.lines()) => return None,
        _ if path == Some(("/", false)) => return None,
        _ => {
            let text = "nginx does not proxy its requests: the program answers 501, until you \
                        write a route for them, such as `ServeDir` of tower-http for files";
            let code = "StatusCode::NOT_IMPLEMENTED".to_owned();
            (code, Outcome::by_hand(text), None)
        }
    };
    let answer = path.and_then(|(path, is_exact)| Answer::new(code, path, is_exact));
    Some(Answered::new(answer, outcome, cause))
}

impl<'a> Answered<'a> {
    fn new(answer: Option<Answer>, outcome: Outcome, cause: Option<&'a Directive>) -> Self {
        let is_open = answer.is_none();
        Self {
            answer,
            outcome: if is_open {
                Outcome::warning(OPEN)
            } else {
                outcome
            },
            cause: cause.filter(|_| !is_open),
        }
    }
}

/// The path of the block, and whether it is the only one.
fn path<'a>(scope: &'a Scope<'_>) -> Option<(&'a str, bool)> {
    let prefix = scope.path.as_deref().filter(|path| !path.starts_with('@'));
    let exact = scope.exact_path.as_deref();
    prefix
        .map(|path| (path, false))
        .or_else(|| exact.map(|path| (path, true)))
}

/// How requests of a block are answered.
enum Closed<'a> {
    /// As nginx does, because of this directive.
    Same(String, &'a Directive),
    /// Nginx answers some of them otherwise, because of this directive.
    Unless(&'a Directive),
}

/// `None` if nginx serves the block to all clients.
fn closed<'a>(scope: &Scope<'a>) -> Option<Closed<'a>> {
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
