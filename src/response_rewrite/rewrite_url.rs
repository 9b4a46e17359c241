//! Rewrites one URL: scheme, authority and path of the origin become those of the client.

use http::uri::PathAndQuery;

use crate::{name::HostAuthority, origin::Scheme};

use super::rewrite_context::RewriteContext;

/// A URL reference with an authority, split into parts.
struct UrlParts<'a> {
    /// Absent in `//host/path`.
    scheme: Option<Scheme>,
    authority: HostAuthority,
    /// Path, query and fragment.
    rest: &'a str,
}

/// Rewrites a URL for the client; `None` if it stays as it is.
pub(super) fn rewritten(url: &str, context: &RewriteContext<'_>) -> Option<String> {
    if url.starts_with('/') && !url.starts_with("//") {
        return mapped(url, context);
    }
    let parts = UrlParts::of(url)?;
    let client = context.downstream.host.as_ref()?;
    let assumed = parts.scheme.unwrap_or(context.downstream.scheme);
    if is_at(client, &parts.authority, assumed) {
        let rest = mapped(parts.rest, context)?;
        return Some(format!("{}{rest}", &url[..url.len() - parts.rest.len()]));
    }
    if !context
        .origin_names()
        .any(|name| is_at(name, &parts.authority, assumed))
    {
        return None;
    }
    let rest = mapped(parts.rest, context);
    let rest = rest.as_deref().unwrap_or(parts.rest);
    let Some(scheme) = parts.scheme else {
        return Some(format!("//{client}{rest}"));
    };
    Some(match upgrades_to_https(scheme, rest, context) {
        true => format!("https://{}{rest}", client.host()),
        false => format!("{}://{client}{rest}", context.downstream.scheme),
    })
}

/// Whether the origin redirects a client from plain http to https.
///
/// It does if it speaks plain http itself, or if the URL is the one that the client requested:
/// rewritten to http, that redirect would be a loop.
fn upgrades_to_https(scheme: Scheme, rest: &str, context: &RewriteContext<'_>) -> bool {
    let requested = context.downstream.target.as_ref().map(PathAndQuery::as_str);
    let (named, _) = rest.split_once('#').unwrap_or((rest, ""));
    let named = match named {
        "" => "/",
        named => named,
    };
    let by_plain_origin = context.origin_scheme == Some(Scheme::Http);
    scheme == Scheme::Https
        && context.downstream.scheme == Scheme::Http
        && (by_plain_origin || requested == Some(named))
}

impl<'a> UrlParts<'a> {
    fn of(url: &'a str) -> Option<Self> {
        let (scheme, after) = match url.strip_prefix("//") {
            Some(after) => (None, after),
            None => with_scheme(url)?,
        };
        let end = after.find(['/', '?', '#']).unwrap_or(after.len());
        let (authority, rest) = after.split_at(end);
        Some(Self {
            scheme,
            authority: authority.parse().ok()?,
            rest,
        })
    }
}

/// Splits off an http or https scheme, ignoring case (RFC 3986 section 3.1).
fn with_scheme(url: &str) -> Option<(Option<Scheme>, &str)> {
    let (scheme, after) = url.split_once("://")?;
    let known = [Scheme::Http, Scheme::Https];
    let scheme = known
        .into_iter()
        .find(|known| known.as_str().eq_ignore_ascii_case(scheme))?;
    Some((Some(scheme), after))
}

/// Whether a URL of this scheme and authority belongs to `name`.
///
/// A name without a port covers both default ports.
fn is_at(name: &HostAuthority, authority: &HostAuthority, scheme: Scheme) -> bool {
    const DEFAULT: [u16; 2] = [80, 443];
    let port = authority.port().unwrap_or_else(|| scheme.default_port());
    let same_port = match name.port().filter(|port| !DEFAULT.contains(port)) {
        Some(named) => named == port,
        None => DEFAULT.contains(&port),
    };
    same_port && name.host().eq_ignore_ascii_case(authority.host())
}

/// Maps the path, and keeps query and fragment; `None` if no prefix matches.
fn mapped(rest: &str, context: &RewriteContext<'_>) -> Option<String> {
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (path, tail) = rest.split_at(end);
    // After an authority, an empty path is the root (RFC 9110 section 4.2.3).
    let path = if path.is_empty() { "/" } else { path };
    let mapped = context.mapped_path(path)?;
    Some(mapped + tail)
}

/// Rewrites the URL in a value of `Refresh`, parsed by HTML's shared declarative refresh steps.
pub(super) fn refresh(value: &str, context: &RewriteContext<'_>) -> Option<String> {
    let url = refresh_url(value)?;
    let start = value.len() - url.len();
    let url = url.trim_end();
    let quote = url
        .chars()
        .next()
        .filter(|quote| ['"', '\''].contains(quote));
    let (start, url) = match quote {
        None => (start, url),
        Some(quote) => (start + 1, url[1..].split(quote).next()?),
    };
    let new = rewritten(url, context)?;
    Some(format!(
        "{}{new}{}",
        &value[..start],
        &value[start + url.len()..]
    ))
}

/// The part after the seconds and `url=`, up to the end.
fn refresh_url(value: &str) -> Option<&str> {
    let is_time = |char: char| char.is_ascii_digit() || char == '.';
    let after = value.trim_start().trim_start_matches(is_time);
    if !after.starts_with([' ', '\t', ';', ',']) {
        return None;
    }
    let after = after.trim_start();
    let after = after.strip_prefix([';', ',']).unwrap_or(after).trim_start();
    let named = match after.get(..3) {
        Some(word) if word.eq_ignore_ascii_case("url") => after[3..].trim_start().strip_prefix('='),
        _ => None,
    };
    Some(named.unwrap_or(after).trim_start())
}
