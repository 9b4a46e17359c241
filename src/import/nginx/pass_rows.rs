//! `proxy_pass`, and the fields of requests.
//!
//! From ngx_http_proxy_module and ngx_http_realip_module: the origin, and the fields of requests.
//!
//! ```text
//! proxy_pass https://a.example/app/;   in location /: the origin, and .map_path("/", "/app/")
//! proxy_set_header Host $host;         HostRewriteLayer::preserve_name()
//! proxy_set_header X-Real-IP $remote_addr;     nothing: the ForwardedLayer writes it
//! proxy_set_header X-Region eu;        a field that is set in requests
//! proxy_set_header X-Region "";        a field that is removed from requests
//! ```
//!
//! A field that the proxy writes itself keeps the proxy's value: what clients could have written
//! must not reach the origin as if the proxy had seen it.

use crate::import::{
    directive::Directive,
    draft::HostChoice,
    has_settings::HasSettings,
    message_fields::{self, FieldChange},
    note::{NoteKind, Outcome},
    settings::{SettingValue, Settings},
    values,
};

use super::location::{Location, NginxRow, Pass};

const CONNECTION: &str = "`ClientConnection` of the server in front";
const CLIENT_FIELD: &str =
    "`ClientAddress`: a layer in front of the proxy reads this field of trusted peers";

pub(super) const ROWS: [NginxRow; 6] = [
    NginxRow::maps("proxy_pass", pass, "`CdnOriginConnector::builder`"),
    NginxRow::maps(
        "client_max_body_size",
        max_body_size,
        "`Limits::max_request_body`",
    ),
    // Before the networks, which are trusted for one field alone.
    NginxRow::maps(
        "real_ip_header",
        real_ip_header,
        "the client is read from X-Forwarded-For of trusted peers",
    ),
    NginxRow::maps(
        "set_real_ip_from",
        real_ip_from,
        "`ForwardedLayer::trust`, which trusts X-Forwarded-Proto too",
    ),
    NginxRow::no_effect(
        "real_ip_recursive",
        "addresses of trusted peers are always skipped",
    ),
    // After the networks, whose peers may write X-Forwarded-For.
    NginxRow::maps("proxy_set_header", set_header, "`OriginProxy::map_request`"),
];

/// With a path, nginx replaces the location's prefix by it; without one, the path passes.
fn pass(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    let word = location.expand(directive.word());
    let (scheme, rest) = match word.split_once("://") {
        Some(("http", rest)) => ("http", rest),
        Some(("https", rest)) => ("https", rest),
        _ if word.contains('$') => return no_fixed_origin(),
        _ => return Outcome::refused("the URL is neither http nor https"),
    };
    let (target, path) = if let Some(socket) = rest.strip_prefix("unix:") {
        let (socket, path) = socket.split_once(':').unwrap_or((socket, ""));
        (format!("unix:{socket}"), path)
    } else {
        let end = rest.find(['/', '?', '$']).unwrap_or(rest.len());
        (rest[..end].to_owned(), &rest[end..])
    };
    if target.is_empty() || (path.starts_with('$') && !is_whole_uri(path)) {
        return no_fixed_origin();
    }
    location.pass = Some(Pass {
        line: directive.line,
        scheme,
        target,
        is_upstream: false,
    });
    match path {
        "" => Outcome::mapped(text),
        "$uri" => Outcome::by_hand(
            "nginx sends no query with `$uri`, and the import does: `OriginProxy::map_request`",
        ),
        path if is_whole_uri(path) => Outcome::mapped(text),
        path if path.contains('$') => {
            Outcome::by_hand("the path depends on the request: `OriginProxy::map_request`")
        }
        // The path of a URL with variables replaces all of the request's.
        _ if directive.word().contains('$') => Outcome::by_hand(
            "nginx sends this path for each request, because the URL has variables: \
             `OriginProxy::map_request`. The import passes the client's path",
        ),
        path => replace_prefix(location, path, text),
    }
}

/// The path of a URL replaces that of the location.
fn replace_prefix(location: &mut Location, path: &str, text: &'static str) -> Outcome {
    let client = location.path.as_ref().or(location.exact_path.as_ref());
    let Some(client) = client.cloned() else {
        return Outcome::by_hand("the path depends on the request: `OriginProxy::map_request`");
    };
    if client == path {
        return Outcome::mapped(text);
    }
    let outcome = message_fields::map_path(&mut location.shared().settings, &client, path);
    match outcome.kind {
        NoteKind::Mapped => Outcome::mapped(
            "`OriginProxy::map_path`, of whole segments; redirects and cookies are mapped back. \
             The rest of the path passes as it is, where nginx decodes `%2F` and merges `//`",
        ),
        _ => outcome,
    }
}

/// Whether these variables are the target of the request.
///
/// Then nginx passes the path unchanged, as this crate does.
fn is_whole_uri(path: &str) -> bool {
    matches!(
        path,
        "$request_uri" | "$uri" | "$uri$is_args$args" | "$uri?$args" | "/$request_uri"
    )
}

fn no_fixed_origin() -> Outcome {
    Outcome::refused(
        "the origin depends on the request: see `VirtualHosts`, or a connector without a fixed \
         origin behind `CdnOriginBuilder::egress_guard`",
    )
}

/// Names are compared without regard to case.
fn set_header(location: &mut Location, directive: &Directive, _: &'static str) -> Outcome {
    let value = directive.words.get(1).map_or("", String::as_str);
    let value = location.expand(value);
    match directive.word().to_ascii_lowercase().as_str() {
        "host" => host(location, &value),
        "x-forwarded-for" => forwarded_for(location, &value),
        "x-forwarded-proto" => forwarded_proto(location, &value),
        "x-forwarded-host" => forwarded(location, "X-Forwarded-Host", &value),
        "x-forwarded-port" => forwarded(location, "X-Forwarded-Port", &value),
        "x-real-ip" => forwarded(location, "X-Real-IP", &value),
        "forwarded" => Outcome::by_hand("`ForwardedField::Forwarded` in `ForwardedLayer::fields`"),
        "connection" | "upgrade" if !is_upgrade(&value) => {
            let text = "`Upgrades::none`: nginx passes no WebSockets with this line";
            location.set("upgrades.protocols", values::no_upgrades(), text)
        }
        name => match message_fields::own_field(name) {
            Some(outcome) => outcome,
            None => other_header(location, directive.word(), &value),
        },
    }
}

/// A field that the proxy does not write itself.
///
/// An empty value removes the field, as in nginx.
fn other_header(location: &mut Location, name: &str, value: &str) -> Outcome {
    match name.to_ascii_lowercase().as_str() {
        "early-data" => Outcome::by_hand("a layer that sets the field before the proxy"),
        _ if value.contains('$') => {
            Outcome::by_hand("`OriginProxy::map_request`, with the value computed from the request")
        }
        "" => Outcome::refused("the directive has no name"),
        _ => {
            let change = match value {
                "" => FieldChange::RemoveFromRequests,
                value => FieldChange::SetInRequests(value.to_owned()),
            };
            message_fields::change(&mut location.shared().settings, name, &change)
        }
    }
}

/// Whether a field with this value can ask for an upgrade.
///
/// A variable may hold `upgrade`, as in the usual `$connection_upgrade`.
fn is_upgrade(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    ["$", "upgrade", "websocket"]
        .iter()
        .any(|word| value.contains(word))
}

/// | value | Host of the origin |
/// |---|---|
/// | `$http_host`, `$host:$server_port` | the client's |
/// | `$host` | the client's, without its port |
/// | `$proxy_host` | the URL's |
/// | `$server_name` | the name of the enclosing server, if it has one |
/// | any other variable | by hand |
/// | a name | that name |
fn host(location: &mut Location, value: &str) -> Outcome {
    let (choice, outcome) = match value {
        "$http_host" | "$host:$server_port" | "$host:$port" => (
            HostChoice::Preserve,
            Outcome::mapped("`HostRewriteLayer::preserve`"),
        ),
        "$host" => (
            HostChoice::PreserveName,
            Outcome::mapped(
                "`HostRewriteLayer::preserve_name`: `$host` has no port, no final dot and no \
                 capital letters",
            ),
        ),
        "$proxy_host" | "$proxy_host:$proxy_port" => (
            HostChoice::Url,
            Outcome::mapped("the URL's host is the default"),
        ),
        "" => {
            return Outcome::refused("a request needs a Host (RFC 9110 section 7.2): the URL's");
        }
        "$server_name" | "$ssl_server_name" => match &location.server_name {
            Some(name) => (
                HostChoice::Fixed(name.clone()),
                Outcome::mapped("`CdnOriginBuilder::host`, with the name of the server"),
            ),
            None => return computed_host(),
        },
        value if value.contains('$') => return computed_host(),
        value => {
            if let Err(outcome) = Settings::check("host", value) {
                return outcome;
            }
            let choice = HostChoice::Fixed(value.to_owned());
            (choice, Outcome::mapped("`CdnOriginBuilder::host`"))
        }
    };
    location.shared().host = choice;
    outcome
}

fn computed_host() -> Outcome {
    Outcome::by_hand("`HostRewriteLayer::from_fn`, with the Host computed from the request")
}

/// Appending keeps what the client has sent in front, and is a warning for that.
fn forwarded_for(location: &mut Location, value: &str) -> Outcome {
    match value {
        "$proxy_add_x_forwarded_for" | "$http_x_forwarded_for, $remote_addr" => {
            let text = "`ForwardedLayer::append_unverified`";
            let outcome = location.set("forwarded.append_unverified", SettingValue::Flag, text);
            match outcome.kind {
                NoteKind::Mapped if location.shared().settings.has("forwarded.trust") => {
                    Outcome::warning(
                        "clients can write the start of the field; imported as \
                         `ForwardedLayer::append_unverified`. Remove that call: the `trust` beside \
                         it is safe alone",
                    )
                }
                NoteKind::Mapped => Outcome::warning(values::APPENDED),
                _ => outcome,
            }
        }
        _ => forwarded(location, "X-Forwarded-For", value),
    }
}

/// A fixed scheme is a setting of the layer: TLS ends in front of the proxy.
fn forwarded_proto(location: &mut Location, value: &str) -> Outcome {
    match value {
        "http" | "https" => {
            let value = values::client_scheme(value == "https");
            let text = "`ForwardedLayer::client_scheme`";
            location.set("forwarded.client_scheme", value, text)
        }
        _ => forwarded(location, "X-Forwarded-Proto", value),
    }
}

/// A field that the forwarded layer writes: its value is the layer's.
fn forwarded(location: &mut Location, field: &'static str, value: &str) -> Outcome {
    let own = [
        "$remote_addr",
        "$scheme",
        "$host",
        "$http_host",
        "$server_port",
        "$host:$server_port",
        "$host:$http_host",
    ];
    if value.is_empty() {
        location.shared().forward(field, false);
        return Outcome::mapped("`ForwardedLayer::fields`, without this field");
    }
    location.shared().forward(field, true);
    if field == "X-Forwarded-Host" && value == "$host" {
        return Outcome::mapped("`ForwardedLayer` writes it, with the client's port");
    }
    if own.contains(&value) {
        return Outcome::mapped("`ForwardedLayer` writes it");
    }
    values::forwarded_otherwise(value.starts_with("$http_"))
}

/// Zero is no limit, in nginx as here. nginx's default is 1 MiB, and none here.
fn max_body_size(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    match super::value::size(directive.word()) {
        Some(0) => Outcome::mapped("there is no limit by default"),
        Some(bytes) => location.set("limits.max_request_body", bytes, text),
        None => Outcome::refused("the value is no size"),
    }
}

/// A field other than `X-Forwarded-For` is by hand: the client's own `X-Forwarded-For` may pass
/// the proxies that write it.
fn real_ip_header(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    let field = directive.word().to_ascii_lowercase();
    let outcome = match field.as_str() {
        "x-forwarded-for" => Outcome::mapped(text),
        "proxy_protocol" => Outcome::by_hand(CONNECTION),
        _ => Outcome::by_hand(CLIENT_FIELD),
    };
    location.real_ip_header = Some(field);
    outcome
}

/// A network whose `X-Forwarded-For` is believed, if that is the field of `real_ip_header`.
fn real_ip_from(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    let word = directive.word();
    if word == "unix:" {
        return Outcome::by_hand(CONNECTION);
    }
    match location.real_ip_header.as_deref() {
        Some("x-forwarded-for") => {
            message_fields::trust(&mut location.shared().settings, word, text)
        }
        Some("proxy_protocol") => Outcome::by_hand(CONNECTION),
        Some(_) => Outcome::by_hand(CLIENT_FIELD),
        None => Outcome::warning(
            "without `real_ip_header`, nginx reads X-Real-IP of these peers. The import trusts no \
             peer: `ClientAddress`, or `ForwardedLayer::trust` if they write X-Forwarded-For",
        ),
    }
}
