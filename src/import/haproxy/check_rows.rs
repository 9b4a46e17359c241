//! The keywords of a section that concern health checks.
//!
//! From the manual's chapter about proxies: `option httpchk` and `http-check`. A group has one
//! check, so that of several requests or expectations the first counts.
//!
//! ```text
//! option httpchk GET /healthz               .health_check(HealthCheck::get("/healthz"))
//! http-check send meth HEAD uri /healthz    .method(Method::HEAD)
//! http-check expect status 200              .statuses([StatusCode::from_u16(200)?])
//! ```

use crate::import::note::{NoteKind, Outcome};

use super::{
    backend::{Backend, BackendRow},
    parse::ConfigLine,
    section::{Section, keyword},
};

const NO_CHECK: &str = "health checks are requests: `HealthCheck::get`";
const CHECK_FIELDS: &str =
    "a check has no other field than Host, and no content: the origin may refuse it";

pub(super) const ROWS: [BackendRow; 14] = [
    BackendRow::maps("option httpchk", httpchk, "`HealthCheck::get`"),
    BackendRow::maps(
        "http-check send",
        check_send,
        "`HealthCheck::get`, `HealthCheck::method`, `HealthCheck::host`",
    ),
    BackendRow::maps("http-check expect", check_expect, "`HealthCheck::statuses`"),
    BackendRow::no_effect("http-check connect", "a check connects as requests do"),
    BackendRow::no_effect("http-check comment", "a comment"),
    BackendRow::by_hand("http-check disable-on-404", "`HealthCheck::statuses`"),
    BackendRow::refused(
        "http-check send-state",
        "checks have no state of the proxy in them",
    ),
    BackendRow::refused("http-check set-var", "there are no variables"),
    BackendRow::refused("http-check unset-var", "there are no variables"),
    BackendRow::by_hand("option tcp-check", NO_CHECK),
    BackendRow::by_hand("option ssl-hello-chk", NO_CHECK),
    BackendRow::by_hand("option external-check", NO_CHECK),
    BackendRow::by_hand("external-check", NO_CHECK),
    BackendRow::by_hand("tcp-check", NO_CHECK),
];

/// The lines of a chain of sections, without the rules of checks that an inner section replaces.
///
/// The rules of a section are one set: `http-check` lines of its defaults are not added to its own.
pub(super) fn without_replaced<'a>(chain: &[&Section<'a>]) -> Vec<&'a ConfigLine> {
    let is_rule = |line: &ConfigLine| line.word(0) == "http-check";
    let is_check = |line: &ConfigLine| is_rule(line) || keyword(line) == "option httpchk";
    let innermost = chain.iter().rposition(|it| it.lines.iter().any(is_check));
    let mut lines = Vec::new();
    for (index, section) in chain.iter().enumerate() {
        let is_replaced = innermost.is_some_and(|innermost| index < innermost);
        let kept = section.lines.iter();
        lines.extend(kept.filter(|line| !(is_replaced && is_rule(line))));
    }
    lines
}

/// A Host may follow the version: as a word, or in the old form as the start of a head.
fn httpchk(backend: &mut Backend, line: &ConfigLine, text: &'static str) -> Outcome {
    let (method, path, rest) = match &line.words[line.words.len().min(2)..] {
        [] => ("OPTIONS", "/", &[][..]),
        [path] => ("OPTIONS", path.as_str(), &[][..]),
        [method, path, rest @ ..] => (method.as_str(), path.as_str(), rest),
    };
    backend.group.check.path = Some(path.to_owned());
    let outcome = check_method(backend, method, text);
    let (version, host) = match rest {
        [] => return outcome,
        [version, rest @ ..] => (version, rest.first()),
    };
    if let Some(host) = host {
        return check_host(backend, host, outcome);
    }
    let mut head = version
        .split("\r\n")
        .skip(1)
        .filter(|line| !line.is_empty());
    let Some((name, host)) = head.next().and_then(|line| line.split_once(':')) else {
        return outcome;
    };
    match name.eq_ignore_ascii_case("host") && head.next().is_none() {
        true => check_host(backend, host.trim(), outcome),
        false => Outcome::by_hand(CHECK_FIELDS),
    }
}

fn check_method(backend: &mut Backend, method: &str, text: &'static str) -> Outcome {
    let code = match method {
        "GET" => None,
        "HEAD" | "OPTIONS" => Some(format!("Method::{method}")),
        _ => return Outcome::refused("checks change nothing: GET, HEAD or OPTIONS"),
    };
    backend.group.set_check("method", code);
    backend.group.checked(text)
}

/// Sets the Host of checks, if it is a fixed one.
fn check_host(backend: &mut Backend, host: &str, outcome: Outcome) -> Outcome {
    if host.contains('%') {
        return Outcome::by_hand("`HealthCheck::host` takes a fixed name");
    }
    backend.group.set_check("host", Some(format!("{host:?}")));
    outcome
}

/// Method, path and Host are taken over, other fields and bodies are not.
fn check_send(backend: &mut Backend, line: &ConfigLine, text: &'static str) -> Outcome {
    let mut outcome = backend.group.checked(text);
    let mut words = line.words.iter().skip(2).map(String::as_str);
    while let Some(word) = words.next() {
        let value = words.next().unwrap_or_default();
        let next = match word {
            "uri" => {
                backend.group.check.path = Some(value.to_owned());
                continue;
            }
            "meth" => check_method(backend, value, text),
            "hdr" if value.eq_ignore_ascii_case("host") => {
                let host = words.next().unwrap_or_default();
                check_host(backend, host, backend.group.checked(text))
            }
            "hdr" => {
                words.next();
                Outcome::by_hand(CHECK_FIELDS)
            }
            "body" | "body-lf" => Outcome::by_hand(CHECK_FIELDS),
            "uri-lf" => Outcome::by_hand("`HealthCheck::get` takes a fixed path"),
            _ => continue,
        };
        // What is left to do counts, whatever comes after it.
        if outcome.kind == NoteKind::Mapped {
            outcome = next;
        }
    }
    outcome
}

/// Only lists of statuses; patterns are by hand.
fn check_expect(backend: &mut Backend, line: &ConfigLine, text: &'static str) -> Outcome {
    let words: Vec<_> = line.words.iter().skip(2).map(String::as_str).collect();
    let ["status", statuses] = words.as_slice() else {
        return Outcome::by_hand("`HealthCheck::statuses`; bodies are not compared");
    };
    let statuses: Option<Vec<_>> = statuses
        .split(',')
        .map(|status| {
            let status: u16 = status.parse().ok()?;
            http::StatusCode::from_u16(status).ok()?;
            Some(format!("StatusCode::from_u16({status})?"))
        })
        .collect();
    match statuses {
        Some(list) => backend
            .group
            .check(format!(".statuses([{}])", list.join(", ")), text),
        None => Outcome::by_hand("`HealthCheck::statuses` takes a list of statuses"),
    }
}
