//! The lines about fields: `header_up`, `header_down`, `trusted_proxies`.
//!
//! ```text
//! header_up Host {upstream_hostport}       nothing: the origin's host is the default
//! header_up X-Real-IP {remote_host}        nothing: the ForwardedLayer writes it
//! header_up X-Region eu                    a field that is set in requests
//! header_up -Cookie                        a field that is removed from requests
//! header_down Server proxy                 a field that is set in responses
//! header_down Location http:// https://    by hand: a replacement
//! ```
//!
//! Fields that the proxy writes keep the proxy's value, whatever the line says.

use crate::import::{
    directive::Directive,
    draft::HostChoice,
    has_settings::HasSettings,
    message_fields::{self, FieldChange},
    note::{NoteKind, Outcome},
    settings::Settings,
    values,
};

use super::reverse_proxy::ReverseProxy;

const WRITTEN: &str = "`ForwardedLayer` writes it";

/// `private_ranges` is written out as Caddy documents it.
pub(super) fn trusted_proxies(
    proxy: &mut ReverseProxy,
    line: &Directive,
    text: &'static str,
) -> Outcome {
    const PRIVATE: [&str; 6] = [
        "10.0.0.0/8",
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1",
        "fd00::/8",
    ];
    let words = line.words.iter().map(String::as_str);
    let networks = words.flat_map(|word| match word {
        "private_ranges" => PRIVATE.to_vec(),
        word => vec![word],
    });
    for network in networks {
        let outcome = message_fields::trust(&mut proxy.shared().settings, network, text);
        if outcome.kind != NoteKind::Mapped {
            return outcome;
        }
    }
    Outcome::mapped(text)
}

/// The forms of both lines: `-Name`, `+Name value`, `?Name value`, `Name value`, and
/// `Name pattern replacement`.
enum FieldForm<'a> {
    /// Neither a fixed value nor a removal.
    Other,
    Remove(&'a str),
    Set(&'a str, &'a str),
}

/// A value in `Set` may hold placeholders, which the callers refuse.
fn form(line: &Directive) -> FieldForm<'_> {
    let words: Vec<_> = line.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [name] => match name.strip_prefix('-') {
            Some(name) if !name.contains('*') => FieldForm::Remove(name),
            _ => FieldForm::Other,
        },
        [name, value] => {
            // The mark of a change that waits for the response: here all do.
            let name = name.strip_prefix('>').unwrap_or(name);
            match name.starts_with(['+', '?', '-']) {
                true => FieldForm::Other,
                false => FieldForm::Set(name, value),
            }
        }
        _ => FieldForm::Other,
    }
}

pub(super) fn header_up(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    match form(line) {
        FieldForm::Other => Outcome::by_hand(text),
        FieldForm::Remove(name) => match forwarded_name(name) {
            Some(field) => {
                proxy.shared().forward(field, false);
                Outcome::mapped("`ForwardedLayer::fields`, without it")
            }
            None if name.eq_ignore_ascii_case("host") => {
                Outcome::refused("a request needs a Host (RFC 9110 section 7.2)")
            }
            None => {
                let change = FieldChange::RemoveFromRequests;
                message_fields::change(&mut proxy.shared().settings, name, &change)
            }
        },
        FieldForm::Set(name, value) => {
            let lower = name.to_ascii_lowercase();
            if lower == "host" {
                return host(proxy, value);
            }
            if let Some(field) = forwarded_name(name) {
                return forwarded(proxy, field, value);
            }
            if let Some(outcome) = message_fields::own_field(&lower) {
                return outcome;
            }
            if value.contains('{') {
                return Outcome::by_hand(text);
            }
            let change = FieldChange::SetInRequests(value.to_owned());
            message_fields::change(&mut proxy.shared().settings, name, &change)
        }
    }
}

/// A placeholder in its short form.
///
/// Caddy has several names for the same value.
fn placeholder(value: &str) -> &str {
    let is = |names: &[&str]| names.contains(&value);
    if is(&[
        "{http.reverse_proxy.upstream.hostport}",
        "{http.reverse_proxy.upstream.host}",
    ]) || is(&["{upstream_hostport}", "{upstream_host}"])
    {
        "upstream"
    } else if is(&["{host}", "{http.request.host}"]) {
        "host"
    } else if is(&["{hostport}", "{http.request.hostport}", "{header.Host}"]) {
        "hostport"
    } else if is(&["{remote_host}", "{http.request.remote.host}", "{client_ip}"])
        || is(&["{http.vars.client_ip}", "{remote}", "{http.request.remote}"])
    {
        "client"
    } else if is(&["{scheme}", "{http.request.scheme}"]) {
        "scheme"
    } else if is(&["{port}", "{http.request.port}", "{server_port}"]) {
        "port"
    } else {
        value
    }
}

/// A name is checked here, so that the note has its line.
fn host(proxy: &mut ReverseProxy, value: &str) -> Outcome {
    let (choice, text) = match placeholder(value) {
        "upstream" => (HostChoice::Url, "the origin's host is the default"),
        "host" => (
            HostChoice::PreserveName,
            "`HostRewriteLayer::preserve_name`: `{host}` has no port",
        ),
        "hostport" => (HostChoice::Preserve, "`HostRewriteLayer::preserve`"),
        _ if value.contains('{') => {
            return Outcome::by_hand(
                "`HostRewriteLayer::from_fn`, with the Host computed from the request",
            );
        }
        _ => {
            if let Err(outcome) = Settings::check("host", value) {
                return outcome;
            }
            (
                HostChoice::Fixed(value.to_owned()),
                "`CdnOriginBuilder::host`",
            )
        }
    };
    proxy.host = Some(choice);
    Outcome::mapped(text)
}

/// The name as this crate writes it.
fn forwarded_name(name: &str) -> Option<&'static str> {
    let names = [
        "Forwarded",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Port",
        "X-Forwarded-Proto",
        "X-Real-IP",
    ];
    let mut names = names.into_iter();
    names.find(|known| known.eq_ignore_ascii_case(name))
}

/// A field that the forwarded layer writes: its value is the layer's.
fn forwarded(proxy: &mut ReverseProxy, field: &'static str, value: &str) -> Outcome {
    if field == "X-Forwarded-Proto"
        && let "http" | "https" = value
    {
        let value = values::client_scheme(value == "https");
        return proxy.set(
            "forwarded.client_scheme",
            value,
            "`ForwardedLayer::client_scheme`",
        );
    }
    let own = match field {
        "X-Forwarded-For" | "X-Real-IP" => "client",
        "X-Forwarded-Proto" => "scheme",
        "X-Forwarded-Host" => "host",
        _ => "port",
    };
    let kind = placeholder(value);
    if kind == own || (own, kind) == ("host", "hostport") {
        proxy.shared().forward(field, true);
        return Outcome::mapped(WRITTEN);
    }
    let from_client = ["{header.", "{http.request.header."];
    values::forwarded_otherwise(from_client.iter().any(|start| value.starts_with(start)))
}

pub(super) fn header_down(
    proxy: &mut ReverseProxy,
    line: &Directive,
    text: &'static str,
) -> Outcome {
    let settings = &mut proxy.shared().settings;
    match form(line) {
        FieldForm::Remove(name) => {
            message_fields::change(settings, name, &FieldChange::RemoveFromResponses)
        }
        FieldForm::Set(name, value) if !value.contains('{') => {
            let change = FieldChange::SetInResponses(value.to_owned());
            message_fields::change(settings, name, &change)
        }
        _ => Outcome::by_hand(text),
    }
}
