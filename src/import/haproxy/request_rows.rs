//! The actions of `http-request` and `http-response`.
//!
//! From the manual's chapter about actions, `http-request` and `http-response`.
//!
//! ```text
//! http-request set-header Host www.example.com       .host("www.example.com")
//! http-request del-header X-Region                   a field that is removed from requests
//! http-request set-path /app%[path]                  .map_path("/", "/app/")
//! http-response set-header X-Frame-Options DENY      a field that is set in responses
//! http-request deny if { src 192.0.2.0/24 }          refused: access is not checked
//! ```
//!
//! A rule with a condition depends on the request, and is by hand.

use std::collections::HashMap;

use crate::import::{
    draft::HostChoice,
    has_settings::HasSettings,
    message_fields::{self, FieldChange},
    note::{ACCESS, Outcome},
    rewrite_entries::add_name,
    settings::Settings,
    values,
};

use super::{
    backend::{Backend, BackendRow},
    parse::ConfigLine,
};

const HOOK: &str = "`OriginProxy::map_request`";
const RESPONSE: &str = "`OriginProxy::map_response`";
const PATH: &str = "`OriginProxy::map_path` for a prefix, else `OriginProxy::map_request`";
const VARIABLE: &str = "there are no variables: a layer in front of the proxy";

pub(super) const ROWS: [BackendRow; 50] = [
    BackendRow::maps("http-request set-header", set_header, HOOK),
    BackendRow::maps("http-request add-header", set_header, HOOK),
    BackendRow::maps("http-request del-header", del_header, HOOK),
    BackendRow::by_hand("http-request replace-header", HOOK),
    BackendRow::by_hand("http-request replace-value", HOOK),
    BackendRow::by_hand("http-request set-method", HOOK),
    BackendRow::maps("http-request set-path", set_path, PATH),
    BackendRow::by_hand("http-request set-pathq", PATH),
    BackendRow::by_hand("http-request set-query", PATH),
    BackendRow::by_hand("http-request set-uri", PATH),
    BackendRow::maps("http-request replace-path", replace_path, PATH),
    BackendRow::by_hand("http-request replace-pathq", PATH),
    BackendRow::by_hand("http-request replace-uri", PATH),
    BackendRow::by_hand("http-request normalize-uri", PATH),
    BackendRow::no_effect(
        "http-request disable-l7-retry",
        "a POST that the origin may have processed is never repeated",
    ),
    BackendRow::by_hand("http-request set-retries", "`Failover::max_attempts`"),
    BackendRow::by_hand(
        "http-request set-timeout",
        "`Limits::response_timeout` of a proxy of its own",
    ),
    BackendRow::by_hand("http-request set-bc-mark", "`SocketOptions::mark`"),
    BackendRow::by_hand("http-request set-bc-tos", "`SocketOptions::dscp`"),
    BackendRow::refused(
        "http-request set-dst",
        "the address of a connector is fixed",
    ),
    BackendRow::refused(
        "http-request set-dst-port",
        "the address of a connector is fixed",
    ),
    BackendRow::by_hand(
        "http-request set-src",
        "`ClientAddress`, set by a layer in front",
    ),
    BackendRow::by_hand(
        "http-request do-resolve",
        "a name is resolved when it is dialled",
    ),
    BackendRow::no_effect(
        "http-request wait-for-body",
        "bodies are streamed; see `Limits`",
    ),
    BackendRow::no_effect(
        "http-request wait-for-handshake",
        "early data of clients is the server's",
    ),
    BackendRow::refused("http-request allow", ACCESS),
    BackendRow::refused("http-request auth", ACCESS),
    BackendRow::refused("http-request deny", ACCESS),
    BackendRow::refused("http-request reject", ACCESS),
    BackendRow::refused("http-request silent-drop", ACCESS),
    BackendRow::refused("http-request tarpit", ACCESS),
    BackendRow::by_hand("http-request redirect", "a router in front of the proxy"),
    BackendRow::by_hand("http-request return", "a router in front of the proxy"),
    BackendRow::refused(
        "http-request cache-use",
        "there is no cache in this crate: the CDN is one",
    ),
    BackendRow::refused(
        "http-response cache-store",
        "there is no cache in this crate: the CDN is one",
    ),
    BackendRow::by_hand("http-request capture", "`AccessLogLayer`"),
    BackendRow::refused("http-request set-var", VARIABLE),
    BackendRow::refused("http-request set-var-fmt", VARIABLE),
    BackendRow::refused("http-request unset-var", VARIABLE),
    BackendRow::refused(
        "http-request use-service",
        "services are layers in front of the proxy",
    ),
    BackendRow::maps(
        "http-response replace-header",
        replace_response_header,
        "names of the origin are rewritten by default",
    ),
    BackendRow::maps("http-response set-header", set_response_header, RESPONSE),
    BackendRow::by_hand("http-response add-header", RESPONSE),
    BackendRow::maps("http-response del-header", del_response_header, RESPONSE),
    BackendRow::by_hand("http-response replace-value", RESPONSE),
    BackendRow::by_hand("http-response set-status", RESPONSE),
    BackendRow::by_hand("http-response return", RESPONSE),
    BackendRow::by_hand("http-response deny", RESPONSE),
    BackendRow::by_hand("http-after-response", RESPONSE),
    BackendRow::by_hand(
        "option http-restrict-req-hdr-names",
        "such names pass, except those of forwarded fields: `OriginProxy::map_request` with \
         `remove_ambiguous_names`",
    ),
];

/// The condition after the last argument of an action.
///
/// From `if` or `unless` to the end of the line.
fn condition(line: &ConfigLine) -> Option<String> {
    let at = line
        .words
        .iter()
        .position(|word| word == "if" || word == "unless")?;
    Some(line.words[at..].join(" "))
}

/// The fields that a later line removes in any case: the group of the rule and the name, with the
/// last such line.
///
/// The configuration removes fields before it sets others, so a line that sets one of these before
/// is left out.
pub(super) fn removals(lines: &[&ConfigLine]) -> HashMap<(String, String), usize> {
    let lines = lines.iter().enumerate();
    let lines = lines.filter(|(_, line)| line.word(1) == "del-header" && line.words.len() == 3);
    lines.map(|(index, line)| (field(line), index)).collect()
}

/// Whether the line sets a field, and one after it removes that field.
pub(super) fn is_removed(
    removals: &HashMap<(String, String), usize>,
    line: &ConfigLine,
    index: usize,
) -> bool {
    (line.word(1) == "set-header" || line.word(1) == "add-header")
        && !line.word(2).eq_ignore_ascii_case("host")
        && removals.get(&field(line)).is_some_and(|last| *last > index)
}

fn field(line: &ConfigLine) -> (String, String) {
    (line.word(0).to_owned(), line.word(2).to_ascii_lowercase())
}

/// `add-header` of a fixed value is by hand: it would keep a client's own value.
fn set_header(backend: &mut Backend, line: &ConfigLine, text: &'static str) -> Outcome {
    let value = line.word(3);
    let condition = condition(line);
    match line.word(2).to_ascii_lowercase().as_str() {
        "host" => host(backend, value, condition.is_some()),
        "x-forwarded-proto" => match (value, condition) {
            ("http" | "https", None) => {
                let value = values::client_scheme(value == "https");
                let text = "`ForwardedLayer::client_scheme`";
                backend.set("forwarded.client_scheme", value, text)
            }
            _ if line.words.iter().any(|word| has_client_field(word)) => own(line, &[]),
            _ => Outcome::mapped("`ForwardedLayer` writes it"),
        },
        "x-forwarded-host" => own(line, &["%[req.hdr(host)]", "%[hdr(host)]"]),
        "x-forwarded-for" | "x-real-ip" => own(line, &["%[src]"]),
        "x-forwarded-port" => {
            backend.shared().forward("X-Forwarded-Port", true);
            own(line, &["%[dst_port]"])
        }
        name => {
            if let Some(outcome) = message_fields::own_field(name) {
                return outcome;
            }
            if condition.is_some() || value.contains('%') || line.word(1) == "add-header" {
                return Outcome::by_hand(text);
            }
            let change = FieldChange::SetInRequests(value.to_owned());
            message_fields::change(&mut backend.shared().settings, name, &change)
        }
    }
}

/// A field that the forwarded layer writes: its value is the layer's.
///
/// Whatever the sample, the layer writes what the connection shows.
fn own(line: &ConfigLine, values: &[&str]) -> Outcome {
    let value = line.word(3).to_ascii_lowercase();
    if values.contains(&value.as_str()) {
        return Outcome::mapped("`ForwardedLayer` writes it");
    }
    values::forwarded_otherwise(line.words.iter().any(|word| has_client_field(word)))
}

/// Whether a sample reads a field that is not of HTTP itself, such as `req.hdr(X-Forwarded-For)`.
fn has_client_field(word: &str) -> bool {
    word.to_ascii_lowercase().contains("hdr(x-")
}

/// A Host from the client's own is the default here.
fn host(backend: &mut Backend, value: &str, is_conditional: bool) -> Outcome {
    if is_conditional {
        return Outcome::by_hand("`HostRewriteLayer::from_fn`: the Host depends on the request");
    }
    match value.to_ascii_lowercase().as_str() {
        "%[req.hdr(host)]" | "%[hdr(host)]" => Outcome::mapped("`HostRewriteLayer::preserve`"),
        _ if value.contains("%[") || value.contains('$') => {
            Outcome::by_hand("`HostRewriteLayer::from_fn`, with the Host computed from the request")
        }
        _ => {
            if let Err(outcome) = Settings::check("host", value) {
                return outcome;
            }
            backend.shared().host = HostChoice::Fixed(value.to_owned());
            Outcome::mapped("`CdnOriginBuilder::host`")
        }
    }
}

/// Fields that the proxy writes are replaced anyway.
fn del_header(backend: &mut Backend, line: &ConfigLine, text: &'static str) -> Outcome {
    match line.word(2).to_ascii_lowercase().as_str() {
        "x-forwarded-for" | "x-forwarded-host" | "x-forwarded-proto" | "x-real-ip"
        | "forwarded" => Outcome::mapped("a client's own value is replaced by default"),
        "host" => Outcome::refused("a request needs a Host (RFC 9110 section 7.2)"),
        _ if line.words.len() > 3 => Outcome::by_hand(text),
        name => {
            let settings = &mut backend.shared().settings;
            message_fields::change(settings, name, &FieldChange::RemoveFromRequests)
        }
    }
}

/// `/prefix%[path]`: each path gets a prefix.
fn set_path(backend: &mut Backend, line: &ConfigLine, text: &'static str) -> Outcome {
    let prefix = line.word(2).strip_suffix("%[path]").unwrap_or_default();
    let origin = format!("{prefix}/");
    match line.words.len() == 3 && !prefix.is_empty() && message_fields::is_plain_prefix(&origin) {
        true => map_path(backend, "/", &origin, text),
        false => Outcome::by_hand(text),
    }
}

/// `/client/(.*) /origin/\1`: a prefix becomes another. `/client(/)?(.*) /\2` removes one.
fn replace_path(backend: &mut Backend, line: &ConfigLine, text: &'static str) -> Outcome {
    let pattern = line.word(2);
    let pattern = pattern.strip_prefix('^').unwrap_or(pattern);
    let pattern = pattern.strip_suffix('$').unwrap_or(pattern);
    let prefixes = match (pattern.strip_suffix("(/)?(.*)"), line.word(3)) {
        (Some(client), r"/\2") => Some((format!("{client}/"), "/")),
        _ => pattern
            .strip_suffix("(.*)")
            .map(str::to_owned)
            .zip(line.word(3).strip_suffix(r"\1")),
    };
    match prefixes {
        Some((client, origin))
            if line.words.len() == 4
                && message_fields::is_plain_prefix(&client)
                && message_fields::is_plain_prefix(origin) =>
        {
            map_path(backend, &client, origin, text)
        }
        _ => Outcome::by_hand(text),
    }
}

/// Maps a prefix, unless another line does.
fn map_path(backend: &mut Backend, client: &str, origin: &str, text: &'static str) -> Outcome {
    let settings = &mut backend.shared().settings;
    match settings.has("map_path") {
        true => Outcome::by_hand(text),
        false => message_fields::map_path(settings, client, origin),
    }
}

fn replace_response_header(
    backend: &mut Backend,
    line: &ConfigLine,
    text: &'static str,
) -> Outcome {
    let pattern = line.word(3).to_ascii_lowercase();
    match line.word(2).to_ascii_lowercase().as_str() {
        "location" if line.word(4).starts_with(r"https://\1") => {
            Outcome::by_hand("`ForwardedLayer::client_scheme`, if TLS ends in front of the proxy")
        }
        "location" => rewritten_name(backend, &pattern, "://", text),
        "set-cookie" if pattern.contains("domain") => {
            rewritten_name(backend, &pattern, "domain=", text)
        }
        _ => Outcome::by_hand(RESPONSE),
    }
}

/// Adds the name that follows these characters in a regular expression, if it is a fixed one.
///
/// From `^(https?)://a\.example(.*)` the name `a.example`. Without a fixed name there is nothing to
/// add: the origin's own names are rewritten by default.
fn rewritten_name(
    backend: &mut Backend,
    pattern: &str,
    before: &str,
    text: &'static str,
) -> Outcome {
    let pattern = pattern.replace(r"\.?", "").replace(r"\.", ".");
    let Some((_, rest)) = pattern.split_once(before) else {
        return Outcome::mapped(text);
    };
    let is_in_name = |char: char| char.is_ascii_alphanumeric() || ".-".contains(char);
    let end = rest.find(|char| !is_in_name(char)).unwrap_or(rest.len());
    match rest[..end].trim_start_matches('.') {
        "" => Outcome::mapped(text),
        name => add_name(&mut backend.shared().settings, name),
    }
}

fn set_response_header(backend: &mut Backend, line: &ConfigLine, text: &'static str) -> Outcome {
    let value = line.word(3);
    if condition(line).is_some() || value.contains('%') {
        return Outcome::by_hand(text);
    }
    let settings = &mut backend.shared().settings;
    let change = FieldChange::SetInResponses(value.to_owned());
    message_fields::change(settings, line.word(2), &change)
}

fn del_response_header(backend: &mut Backend, line: &ConfigLine, text: &'static str) -> Outcome {
    if line.words.len() > 3 {
        return Outcome::by_hand(text);
    }
    let settings = &mut backend.shared().settings;
    message_fields::change(settings, line.word(2), &FieldChange::RemoveFromResponses)
}
