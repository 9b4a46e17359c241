//! The directives about redirects and cookies of the origin.
//!
//! ```text
//! proxy_redirect http://old.example/b/ /a/;    .name("old.example").map_path("/a", "/b")
//! proxy_redirect http:// $scheme://;           by hand: the client's own host keeps its scheme
//! proxy_cookie_path /b/ /a/;                   .map_path("/a", "/b")
//! ```

use crate::import::{
    directive::Directive,
    has_settings::HasSettings,
    note::{NoteKind, Outcome},
    rewrite_entries::{add_name, add_path, keep_cookies},
    settings::SettingValue,
};

use super::location::Location;

/// The default, which replaces the URL of `proxy_pass`, is what the layer does.
pub(super) fn redirect(
    location: &mut Location,
    directive: &Directive,
    text: &'static str,
) -> Outcome {
    let words = location.expanded(directive);
    match words.as_slice() {
        [word] if word == "default" => Outcome::mapped(text),
        [word] if word == "off" => location.set(
            "response_rewrite.off",
            SettingValue::Flag,
            "`ResponseRewriteLayer::off`; `ResponseRewriteLayer::cookies_only` beside lines about \
             cookies",
        ),
        [from, _] if from.starts_with('~') => Outcome::refused(
            "no regular expressions: `ResponseRewriteLayer::map_path` maps prefixes",
        ),
        [from, to] if from.starts_with('/') && to.starts_with('/') => {
            add_path(&mut location.shared().settings, from, to)
        }
        [from, to] if from.contains("://") => redirect_url(location, from, to, text),
        _ => Outcome::refused("the client's host is put in place of the origin's names"),
    }
}

/// The client's host replaces a name of the origin, and possibly a path another.
///
/// By hand if the client's side is another host than its own.
fn redirect_url(location: &mut Location, from: &str, to: &str, text: &'static str) -> Outcome {
    let (name, origin_path) = authority_and_path(from);
    let (client, client_path) = authority_and_path(to);
    let hosts = ["", "$host", "$http_host", "$host:$server_port"];
    if !hosts.contains(&client) {
        return Outcome::by_hand(
            "redirects get the client's host: `OriginProxy::map_response` for another",
        );
    }
    let server_name = location.server_name.as_deref();
    let is_client = hosts.contains(&name) || name == "$server_name" || server_name == Some(name);
    if is_client && scheme(from) != scheme(to) {
        return Outcome::by_hand(
            "redirects to the client's own host stay as they are: an origin that reads \
             X-Forwarded-Proto sends the scheme; else `OriginProxy::map_response`",
        );
    }
    let outcome = match is_client || is_origin(location, name) {
        true => Outcome::mapped(text),
        false if name.contains('$') => return name_of_request(),
        false => add_name(&mut location.shared().settings, name),
    };
    if outcome.kind != NoteKind::Mapped || origin_path == client_path {
        return outcome;
    }
    match origin_path.contains('$') || client_path.contains('$') {
        true => Outcome::by_hand("the path depends on the request: `OriginProxy::map_response`"),
        false => add_path(&mut location.shared().settings, origin_path, client_path),
    }
}

fn name_of_request() -> Outcome {
    Outcome::by_hand("the name depends on the request: `OriginProxy::map_response`")
}

/// Whether the origin's URL has this name, or a variable stands for it.
///
/// Such names are replaced without a call.
fn is_origin(location: &Location, name: &str) -> bool {
    let pass = location.pass.as_ref();
    ["$proxy_host", "$proxy_host:$proxy_port"].contains(&name)
        || pass.is_some_and(|pass| pass.target == name)
}

/// The scheme of a URL; an empty text for a path.
fn scheme(url: &str) -> &str {
    url.split_once("://").map_or("", |(scheme, _)| scheme)
}

/// The parts of a URL without its scheme. A path alone has no authority.
fn authority_and_path(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    (authority, if path.is_empty() { "/" } else { path })
}

/// A path that adds attributes, such as `/; Secure`, is refused.
pub(super) fn cookie_path(
    location: &mut Location,
    directive: &Directive,
    _: &'static str,
) -> Outcome {
    if directive.word() != "off" {
        keep_cookies(&mut location.shared().settings);
    }
    let words = location.expanded(directive);
    match words.as_slice() {
        [word] if word == "off" => Outcome::mapped("paths are unchanged by default"),
        [from, to] if from == to => Outcome::no_effect("both paths are the same"),
        [from, to] if from.starts_with('/') && to.starts_with('/') => match to.contains(';') {
            true => Outcome::refused("a path cannot add attributes to a cookie"),
            false => add_path(&mut location.shared().settings, from, to),
        },
        _ => Outcome::refused(
            "no regular expressions: `ResponseRewriteLayer::map_path` maps prefixes",
        ),
    }
}

/// A cookie for a whole domain becomes one for the client's host alone, with a warning.
pub(super) fn cookie_domain(
    location: &mut Location,
    directive: &Directive,
    text: &'static str,
) -> Outcome {
    let words = location.expanded(directive);
    let [from, to] = words.as_slice() else {
        return Outcome::no_effect("a cookie of the origin's own name gets the client's host");
    };
    if from.starts_with('~') {
        return Outcome::refused("no regular expressions: `ResponseRewriteLayer::name`");
    }
    keep_cookies(&mut location.shared().settings);
    let name = from.strip_prefix('.').unwrap_or(from);
    if !is_origin(location, name) {
        if name.contains('$') {
            return name_of_request();
        }
        let outcome = add_name(&mut location.shared().settings, name);
        if outcome.kind != NoteKind::Mapped {
            return outcome;
        }
    }
    let server_name = location.server_name.as_deref().unwrap_or_default();
    let is_parent = server_name.strip_suffix(to.as_str());
    match to.starts_with('.') || is_parent.is_some_and(|start| start.ends_with('.')) {
        true => Outcome::warning(
            "the cookie gets the client's host alone: other hosts below the domain do not get it",
        ),
        false => Outcome::mapped(text),
    }
}

pub(super) fn cookie_flags(
    location: &mut Location,
    directive: &Directive,
    text: &'static str,
) -> Outcome {
    match directive.words.iter().any(|word| word == "nosecure") {
        true => {
            let key = "response_rewrite.dangerously_drop_secure_over_http";
            keep_cookies(&mut location.shared().settings);
            location.set(key, SettingValue::Flag, text);
            Outcome::warning(
                "cookies without Secure pass in the clear; imported as \
                 `ResponseRewriteLayer::dangerously_drop_secure_over_http`",
            )
        }
        false => Outcome::by_hand("`OriginProxy::map_response`"),
    }
}
