//! The directives about responses, caches and errors.
//!
//! From the modules ngx_http_proxy_module, ngx_http_headers_module and ngx_http_rewrite_module:
//! what changes in responses and in paths. The functions about redirects and cookies are in
//! `redirects`.
//!
//! ```text
//! proxy_hide_header X-Powered-By;             a field that is removed from responses
//! add_header X-Frame-Options DENY always;     a field that is added to responses
//! proxy_redirect http://a.example/ /;         .name("a.example") of the ResponseRewriteLayer
//! proxy_cookie_path /app/ /;                  .map_path("/", "/app/")
//! rewrite ^/v1/(.*)$ /api/$1 break;           .map_path("/v1/", "/api/")
//! ```
//!
//! Regular expressions are not imported, except for the one form of `rewrite` that is a prefix.

use http::HeaderName;

use crate::import::{
    directive::Directive,
    message_fields::{self, FieldChange},
    note::{NoteKind, Outcome},
    settings::SettingValue,
};

use super::{
    location::{Location, NginxRow, refused_unless_off},
    redirects::{cookie_domain, cookie_flags, cookie_path, redirect},
};

/// No cache, whatever its settings.
const NO_CACHE: &str = "there is no cache in this crate: the CDN is one";
const NO_STORE: &str = "responses are not stored in files";

pub(super) const ROWS: [NginxRow; 45] = [
    NginxRow::maps(
        "proxy_redirect",
        redirect,
        "names of the origin are rewritten by default",
    ),
    NginxRow::maps(
        "proxy_cookie_path",
        cookie_path,
        "`ResponseRewriteLayer::map_path`",
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
    NginxRow::maps(
        "add_header_inherit",
        inherit,
        "it decides which lines of `add_header` hold",
    ),
    NginxRow::by_hand("add_trailer", "`OriginProxy::map_response`"),
    NginxRow::maps(
        "add_trailer_inherit",
        inherit,
        "it decides which lines of `add_trailer` hold",
    ),
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
    NginxRow::maps("proxy_cache", refused_unless_off, NO_CACHE),
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
fn underscores(_: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    match directive.word() {
        "off" => Outcome::by_hand(text),
        _ => Outcome::no_effect(text),
    }
}

/// The first word is the name.
fn hide_header(location: &mut Location, directive: &Directive, _: &'static str) -> Outcome {
    let settings = &mut location.shared().settings;
    message_fields::change(
        settings,
        directive.word(),
        &FieldChange::RemoveFromResponses,
    )
}

/// A field with `always`. Without it, the field depends on the status.
///
/// nginx adds a line to those of the origin, but for two fields that have one value. By hand for
/// values with variables.
fn add_header(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    let [name, value, always @ ..] = directive.words.as_slice() else {
        return Outcome::by_hand(text);
    };
    let value = location.expand(value);
    let lower = name.to_ascii_lowercase();
    if value.is_empty() || value.contains('$') {
        return Outcome::by_hand(text);
    }
    if always.is_empty() && name.parse::<HeaderName>().is_ok() {
        return by_status(&lower);
    }
    if always != ["always"] {
        return Outcome::by_hand(text);
    }
    let change = match lower.as_str() {
        "etag" | "last-modified" => FieldChange::SetInResponses(value),
        _ => FieldChange::AddToResponses(value),
    };
    message_fields::change(&mut location.shared().settings, name, &change)
}

fn inherit(_: &mut Location, _: &Directive, text: &'static str) -> Outcome {
    Outcome::mapped(text)
}

/// A field without `always`: nginx adds it to responses of these statuses.
///
/// The outcome has the code to write, with the statuses that nginx documents.
fn by_status(name: &str) -> Outcome {
    Outcome::by_hand(format!(
        "`.map_response(|mut response| {{ if matches!(response.status().as_u16(), 200 | 201 | 204 \
         | 206 | 301..=304 | 307 | 308) {{ response.headers_mut().append({name:?}, \
         HeaderValue::from_static(\"..\")); }} response }})`; with `always`, the line is mapped"
    ))
}

/// Where the pattern matches, nginx ignores the path of `proxy_pass`.
fn rewrite(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    let is_first = !location.is_rewritten;
    let path = location.path.as_deref().or(location.exact_path.as_deref());
    let settings = &mut location.draft.shared.settings;
    let Some((client, origin)) = prefix_rewrite(&directive.words).filter(|_| is_first) else {
        let breaks = directive.words.last().is_some_and(|flag| flag == "break");
        return Outcome::by_hand(match breaks && settings.has("map_path") {
            true => {
                "`OriginProxy::map_request`, which gets paths that `map_path` has changed: nginx \
                 ignores the path of `proxy_pass` where the pattern matches"
            }
            false => text,
        });
    };
    location.is_rewritten = true;
    let of_pass = settings.take("map_path");
    let outcome = message_fields::map_path(settings, client, origin);
    let Some(SettingValue::Both(json, code)) = of_pass else {
        return outcome;
    };
    let matches_all = path.is_some_and(|path| path.starts_with(client));
    if !matches_all {
        // Of several maps, the first that matches applies.
        settings.append("map_path", json, &code, text);
    }
    match outcome.kind {
        NoteKind::Mapped => {
            Outcome::mapped("`OriginProxy::map_path`, in place of the path of `proxy_pass`")
        }
        _ => outcome,
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

fn pass_header(_: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    match directive.word().to_ascii_lowercase().as_str() {
        "authorization" => Outcome::no_effect(
            "the directive acts on responses; the client's Authorization is passed by default, in \
             nginx too",
        ),
        _ => Outcome::mapped(text),
    }
}

fn set_variable(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    let name = directive.word().trim_start_matches('$');
    match location.variables.contains_key(name) {
        true => Outcome::mapped(text),
        false => Outcome::refused("the value depends on the request"),
    }
}
