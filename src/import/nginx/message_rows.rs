//! The directives about responses, caches and errors.
//!
//! From the modules ngx_http_proxy_module, ngx_http_headers_module and ngx_http_rewrite_module:
//! what changes in responses, in cookies and in paths.
//!
//! ```text
//! proxy_hide_header X-Powered-By;             a field that is removed from responses
//! add_header X-Frame-Options DENY always;     a field that is set in responses
//! proxy_redirect http://a.example/ /;         .name("a.example") of the ResponseRewriteLayer
//! proxy_cookie_path /app/ /;                  .path("/app/", "/")
//! rewrite ^/v1/(.*)$ /api/$1 break;           .map_path("/v1/", "/api/")
//! ```
//!
//! Regular expressions are not imported, except for the one form of `rewrite` that is a prefix.

use http::HeaderName;

use crate::import::{
    directive::Directive,
    message_fields::{self, FieldChange},
    note::{Finding, NoteKind},
    rewrite_entries::{add_name, add_path, keep_cookies},
    settings::SettingValue,
};

use super::location::{Location, NginxRow};

/// No cache, whatever its settings.
const NO_CACHE: &str = "there is no cache in this crate: the CDN is one";
const NO_STORE: &str = "responses are not stored in files";

pub(super) const ROWS: [NginxRow; 43] = [
    NginxRow::maps(
        "proxy_redirect",
        redirect,
        "names of the origin are rewritten by default",
    ),
    NginxRow::maps(
        "proxy_cookie_path",
        cookie_path,
        "`ResponseRewriteLayer::path`",
    ),
    NginxRow::maps(
        "proxy_cookie_domain",
        cookie_domain,
        "the cookie gets the client's host; `ResponseRewriteLayer::name` for other domains",
    ),
    NginxRow::maps(
        "proxy_cookie_flags",
        cookie_flags,
        "attributes of cookies stay as they are",
    ),
    NginxRow::maps(
        "proxy_pass_header",
        pass_header,
        "fields of responses are passed by default",
    ),
    NginxRow::maps(
        "proxy_hide_header",
        hide_header,
        "`OriginProxy::map_response`",
    ),
    NginxRow::maps("add_header", add_header, "`OriginProxy::map_response`"),
    NginxRow::by_hand("add_trailer", "`OriginProxy::map_response`"),
    NginxRow::by_hand(
        "proxy_intercept_errors",
        "`OriginProxy::map_response` gets the origin's responses too: see `error_page`",
    ),
    NginxRow::by_hand(
        "error_page",
        "`.map_response(move |response| match response.status().as_u16() { 502..=504 => \
         replace_content(response, html.clone(), page.clone()), _ => response })`, with \
         `cdn_origin::proxy::replace_content`; in a file `error_pages`",
    ),
    NginxRow::no_effect(
        "proxy_ignore_headers",
        "X-Accel fields of responses have no effect here",
    ),
    NginxRow::refused("proxy_method", "the method of a request is the client's"),
    NginxRow::refused("proxy_set_body", "the body of a request is the client's"),
    NginxRow::refused(
        "proxy_pass_request_body",
        "the body of a request is the client's",
    ),
    NginxRow::refused(
        "proxy_pass_request_headers",
        "the fields of a request are the client's",
    ),
    NginxRow::no_effect("proxy_pass_trailers", "trailers are passed by default"),
    NginxRow::no_effect("proxy_force_ranges", "the origin decides about ranges"),
    NginxRow::maps("proxy_cache", cache, NO_CACHE),
    NginxRow::refused("proxy_cache_background_update", NO_CACHE),
    NginxRow::refused("proxy_cache_bypass", NO_CACHE),
    NginxRow::refused("proxy_cache_convert_head", NO_CACHE),
    NginxRow::refused("proxy_cache_key", NO_CACHE),
    NginxRow::refused("proxy_cache_lock", NO_CACHE),
    NginxRow::refused("proxy_cache_lock_age", NO_CACHE),
    NginxRow::refused("proxy_cache_lock_timeout", NO_CACHE),
    NginxRow::refused("proxy_cache_max_range_offset", NO_CACHE),
    NginxRow::refused("proxy_cache_methods", NO_CACHE),
    NginxRow::refused("proxy_cache_min_uses", NO_CACHE),
    NginxRow::refused("proxy_cache_path", NO_CACHE),
    NginxRow::refused("proxy_cache_purge", NO_CACHE),
    NginxRow::refused("proxy_cache_revalidate", NO_CACHE),
    NginxRow::refused("proxy_cache_use_stale", NO_CACHE),
    NginxRow::refused("proxy_cache_valid", NO_CACHE),
    NginxRow::refused("proxy_no_cache", NO_CACHE),
    NginxRow::refused("proxy_store", NO_STORE),
    NginxRow::refused("proxy_store_access", NO_STORE),
    NginxRow::maps(
        "rewrite",
        rewrite,
        "`OriginProxy::map_path` for a prefix, else `OriginProxy::map_request`",
    ),
    NginxRow::refused("sub_filter", "bodies are passed as they are"),
    NginxRow::refused("sub_filter_once", "bodies are passed as they are"),
    NginxRow::refused("sub_filter_types", "bodies are passed as they are"),
    NginxRow::maps(
        "underscores_in_headers",
        underscores,
        "such names pass, except those of forwarded fields: `OriginProxy::map_request` with \
         `remove_ambiguous_names`",
    ),
    NginxRow::no_effect(
        "ignore_invalid_headers",
        "a field name that is no token is refused",
    ),
    NginxRow::maps(
        "set",
        set_variable,
        "the value stands where the variable was",
    ),
];

/// `off` is nginx's default, too. Without the line, there is no note.
fn underscores(_: &mut Location, directive: &Directive, text: &'static str) -> Finding {
    match directive.word() {
        "off" => Finding::by_hand(text),
        _ => Finding::no_effect(text),
    }
}

/// Refused unless the word is `off`.
fn cache(_: &mut Location, directive: &Directive, text: &'static str) -> Finding {
    match directive.word() {
        "off" => Finding::no_effect(text),
        _ => Finding::refused(text),
    }
}

/// The default, which replaces the URL of `proxy_pass`, is what the layer does.
fn redirect(location: &mut Location, directive: &Directive, text: &'static str) -> Finding {
    let words: Vec<_> = directive
        .words
        .iter()
        .map(|word| location.expand(word))
        .collect();
    match words.as_slice() {
        [word] if word == "default" => Finding::mapped(text),
        [word] if word == "off" => location.set(
            "response_rewrite.off",
            SettingValue::Flag,
            "`ResponseRewriteLayer::off`; `ResponseRewriteLayer::cookies_only` beside lines about \
             cookies",
        ),
        [from, _] if from.starts_with('~') => {
            Finding::refused("no regular expressions: `ResponseRewriteLayer::path` maps prefixes")
        }
        [from, to] if from.starts_with('/') && to.starts_with('/') => {
            add_path(&mut location.shared().settings, from, to)
        }
        [from, to] if from.contains("://") => redirect_url(location, from, to, text),
        _ => Finding::refused("the client's host is put in place of the origin's names"),
    }
}

/// The client's host replaces a name of the origin, and possibly a path another.
///
/// By hand if the client's side is another host than its own.
fn redirect_url(location: &mut Location, from: &str, to: &str, text: &'static str) -> Finding {
    if matches!(
        (from, to),
        ("http://", "https://") | ("https://", "http://")
    ) {
        return Finding::by_hand(
            "redirects to the client's own host stay as they are: an origin that reads \
             X-Forwarded-Proto sends the scheme; else `OriginProxy::map_response`",
        );
    }
    let (name, origin_path) = authority_and_path(from);
    let (client, client_path) = authority_and_path(to);
    if !["", "$host", "$http_host", "$host:$server_port"].contains(&client) {
        return Finding::by_hand(
            "redirects get the client's host: `OriginProxy::map_response` for another",
        );
    }
    let finding = match is_origin(location, name) || name.is_empty() {
        true => Finding::mapped(text),
        false => add_name(&mut location.shared().settings, name),
    };
    if finding.kind != NoteKind::Mapped || origin_path == client_path {
        return finding;
    }
    match origin_path.contains('$') || client_path.contains('$') {
        true => Finding::by_hand("the path depends on the request: `OriginProxy::map_response`"),
        false => add_path(&mut location.shared().settings, origin_path, client_path),
    }
}

/// Whether the origin's URL has this name, or a variable stands for it.
///
/// Such names are replaced without a call.
fn is_origin(location: &Location, name: &str) -> bool {
    let pass = location.pass.as_ref();
    name.contains('$') || pass.is_some_and(|pass| pass.target == name)
}

/// The parts of a URL without its scheme. A path alone has no authority.
fn authority_and_path(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    (authority, if path.is_empty() { "/" } else { path })
}

/// The first word is the name.
fn hide_header(location: &mut Location, directive: &Directive, _: &'static str) -> Finding {
    let settings = &mut location.shared().settings;
    message_fields::change(settings, directive.word(), FieldChange::RemoveFromResponses)
}

/// A field with `always`. Without it, the field depends on the status.
///
/// By hand for list fields, and for values with variables.
fn add_header(location: &mut Location, directive: &Directive, text: &'static str) -> Finding {
    /// Fields to which nginx adds another value, which must not replace the origin's.
    const LISTS: [&str; 4] = ["cache-control", "link", "set-cookie", "vary"];
    let [name, value, always @ ..] = directive.words.as_slice() else {
        return Finding::by_hand(text);
    };
    let value = location.expand(value);
    let lower = name.to_ascii_lowercase();
    let is_list = LISTS.contains(&lower.as_str());
    if value.is_empty() || value.contains('$') || is_list {
        return Finding::by_hand(text);
    }
    if always.is_empty() && name.parse::<HeaderName>().is_ok() {
        return by_status(&lower);
    }
    if always != ["always"] {
        return Finding::by_hand(text);
    }
    let change = FieldChange::SetInResponses(&value);
    message_fields::change(&mut location.shared().settings, name, change)
}

/// A field without `always`: nginx adds it to responses of these statuses.
///
/// The finding has the code to write, with the statuses that nginx documents.
fn by_status(name: &str) -> Finding {
    Finding::by_hand(format!(
        "`.map_response(|mut response| {{ if matches!(response.status().as_u16(), 200 | 201 | 204 \
         | 206 | 301..=304 | 307 | 308) {{ response.headers_mut().append({name:?}, \
         HeaderValue::from_static(\"..\")); }} response }})`; with `always`, the line is mapped"
    ))
}

fn rewrite(location: &mut Location, directive: &Directive, text: &'static str) -> Finding {
    let settings = &mut location.draft.shared.settings;
    match prefix_rewrite(&directive.words) {
        Some((client, origin)) if !settings.has("map_path") => {
            message_fields::map_path(settings, client, origin)
        }
        _ => Finding::by_hand(text),
    }
}

/// The prefixes in `^/client/(.*)$ /origin/$1 break`.
///
/// With another flag, nginx searches the locations anew, or redirects.
fn prefix_rewrite(words: &[String]) -> Option<(&str, &str)> {
    let [pattern, replacement, flag] = words else {
        return None;
    };
    let pattern = pattern.strip_suffix('$').unwrap_or(pattern);
    let client = pattern.strip_prefix('^')?.strip_suffix("(.*)")?;
    let origin = replacement.strip_suffix("$1")?;
    let is_map = message_fields::is_plain_prefix(client) && message_fields::is_plain_prefix(origin);
    (is_map && flag == "break").then_some((client, origin))
}

/// A path that adds attributes, such as `/; Secure`, is refused.
fn cookie_path(location: &mut Location, directive: &Directive, _: &'static str) -> Finding {
    if directive.word() != "off" {
        keep_cookies(&mut location.shared().settings);
    }
    let words: Vec<_> = directive
        .words
        .iter()
        .map(|word| location.expand(word))
        .collect();
    match words.as_slice() {
        [word] if word == "off" => Finding::mapped("paths are unchanged by default"),
        [from, to] if from == to => Finding::no_effect("both paths are the same"),
        [from, to] if from.starts_with('/') && to.starts_with('/') => match to.contains(';') {
            true => Finding::refused("a path cannot add attributes to a cookie"),
            false => add_path(&mut location.shared().settings, from, to),
        },
        _ => Finding::refused("no regular expressions: `ResponseRewriteLayer::path` maps prefixes"),
    }
}

/// A cookie for a whole domain becomes one for the client's host alone, with a warning.
fn cookie_domain(location: &mut Location, directive: &Directive, text: &'static str) -> Finding {
    let words: Vec<_> = directive
        .words
        .iter()
        .map(|word| location.expand(word))
        .collect();
    let [from, to] = words.as_slice() else {
        return Finding::no_effect("a cookie of the origin's own name gets the client's host");
    };
    if from.starts_with('~') {
        return Finding::refused("no regular expressions: `ResponseRewriteLayer::name`");
    }
    keep_cookies(&mut location.shared().settings);
    let name = from.strip_prefix('.').unwrap_or(from);
    if !is_origin(location, name) {
        let finding = add_name(&mut location.shared().settings, name);
        if finding.kind != NoteKind::Mapped {
            return finding;
        }
    }
    let server_name = location.server_name.as_deref().unwrap_or_default();
    let is_parent = server_name.strip_suffix(to.as_str());
    match to.starts_with('.') || is_parent.is_some_and(|start| start.ends_with('.')) {
        true => Finding::warning(
            "the cookie gets the client's host alone: other hosts below the domain do not get it",
        ),
        false => Finding::mapped(text),
    }
}

fn cookie_flags(location: &mut Location, directive: &Directive, text: &'static str) -> Finding {
    match directive.words.iter().any(|word| word == "nosecure") {
        true => {
            let key = "response_rewrite.dangerously_drop_secure_over_http";
            keep_cookies(&mut location.shared().settings);
            location.set(key, SettingValue::Flag, text);
            Finding::warning(
                "cookies without Secure pass in the clear; imported as \
                 `ResponseRewriteLayer::dangerously_drop_secure_over_http`",
            )
        }
        false => Finding::by_hand("`OriginProxy::map_response`"),
    }
}

fn pass_header(_: &mut Location, directive: &Directive, text: &'static str) -> Finding {
    match directive.word().to_ascii_lowercase().as_str() {
        "authorization" => Finding::no_effect(
            "the directive acts on responses; the client's Authorization is passed by default, in \
             nginx too",
        ),
        _ => Finding::mapped(text),
    }
}

fn set_variable(location: &mut Location, directive: &Directive, text: &'static str) -> Finding {
    let name = directive.word().trim_start_matches('$');
    match location.variables.contains_key(name) {
        true => Finding::mapped(text),
        false => Finding::refused("the value depends on the request"),
    }
}
