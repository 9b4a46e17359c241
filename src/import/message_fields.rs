//! Fields of requests and responses with fixed values.

use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value as Json};

use super::{
    has_settings::HasSettings,
    note::{NoteKind, Outcome},
    settings::{SettingValue, Settings},
};

/// Which messages have the field, and what becomes of it.
#[derive(Clone, Debug)]
pub(super) enum FieldChange {
    /// Lines of this name that are there already stay.
    AddToResponses(String),
    RemoveFromRequests,
    RemoveFromResponses,
    SetInRequests(String),
    SetInResponses(String),
}

impl FieldChange {
    pub(super) fn is_of_requests(&self) -> bool {
        matches!(self, Self::RemoveFromRequests | Self::SetInRequests(_))
    }

    pub(super) fn is_removal(&self) -> bool {
        matches!(self, Self::RemoveFromRequests | Self::RemoveFromResponses)
    }
}

/// Adds the change to the settings, or says why it cannot be added.
pub(super) fn change(settings: &mut Settings, name: &str, change: &FieldChange) -> Outcome {
    let Ok(parsed) = name.parse::<HeaderName>() else {
        return Outcome::refused("the name is not a valid field name");
    };
    let lower = parsed.as_str();
    let (key, value, calls, text) = match change {
        FieldChange::RemoveFromRequests => (
            "request_fields.remove",
            None,
            format!(".map_request(|parts| drop(parts.headers.remove({lower:?})))"),
            "`OriginProxy::map_request`",
        ),
        FieldChange::SetInRequests(value) => (
            "request_fields.set",
            Some(value.as_str()),
            format!(
                ".map_request(|parts| drop(parts.headers.insert({lower:?}, \
                 HeaderValue::from_static({value:?}))))"
            ),
            "`OriginProxy::map_request`",
        ),
        FieldChange::RemoveFromResponses => (
            "response_fields.remove",
            None,
            format!(
                ".map_response(|mut response| {{ response.headers_mut().remove({lower:?}); \
                 response }})"
            ),
            "`OriginProxy::map_response`",
        ),
        FieldChange::SetInResponses(value) => (
            "response_fields.set",
            Some(value.as_str()),
            format!(
                ".map_response(|mut response| {{ response.headers_mut().insert({lower:?}, \
                 HeaderValue::from_static({value:?})); response }})"
            ),
            "`OriginProxy::map_response`",
        ),
        FieldChange::AddToResponses(value) => (
            "response_fields.add",
            Some(value.as_str()),
            format!(
                ".map_response(|mut response| {{ response.headers_mut().append({lower:?}, \
                 HeaderValue::from_static({value:?})); response }})"
            ),
            "`OriginProxy::map_response`",
        ),
    };
    if let Some(value) = value {
        if is_secret(lower) {
            return Outcome::by_hand(
                "the value looks secret: `set` in `request_fields` of the configuration takes it \
                 from a file or the environment",
            );
        }
        if !value.is_ascii() || HeaderValue::from_str(value).is_err() {
            return Outcome::refused("the value is not a valid field value");
        }
    }
    // The table of the configuration has one value for each name.
    if key == "response_fields.add" && settings.lists(key, &lower.into()) {
        return Outcome::by_hand("a second value: `OriginProxy::map_response`");
    }
    let addition = match value {
        Some(value) => Map::from_iter([(lower.to_owned(), value.into())]).into(),
        None => Json::Array(vec![lower.into()]),
    };
    settings.append(key, addition, &calls, text)
}

/// What becomes of a field of requests that the proxy writes itself.
pub(super) fn own_field(name: &str) -> Option<Outcome> {
    match name {
        "connection" | "upgrade" | "keep-alive" | "proxy-connection" => Some(Outcome::no_effect(
            "the proxy writes this field for each connection; WebSockets pass by default",
        )),
        "content-length" | "transfer-encoding" | "te" | "expect" => Some(Outcome::refused(
            "the framing of a request is the proxy's own",
        )),
        _ => None,
    }
}

/// Believes the forwarded fields of peers in this network, or of this address.
pub(super) fn trust(settings: &mut Settings, network: &str, text: &'static str) -> Outcome {
    const KEY: &str = "forwarded.trust";
    let network = match (network.contains('/'), network.contains(':')) {
        (true, _) => network.to_owned(),
        (false, true) => format!("{network}/128"),
        (false, false) => format!("{network}/32"),
    };
    let network = Json::from(network);
    let call = format!("[{network}.parse::<ipnet::IpNet>()?]");
    settings.append(KEY, Json::Array(vec![network]), &call, text)
}

/// Whether a part of a regular expression is a prefix of paths, without special characters.
pub(super) fn is_plain_prefix(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_~".contains(&byte);
    text.starts_with('/') && text.ends_with('/') && text.bytes().all(is_plain)
}

/// Adds a prefix of the client's paths, and the origin's for it.
pub(super) fn map_path(settings: &mut Settings, client: &str, origin: &str) -> Outcome {
    let json = serde_json::json!([{ "client": client, "origin": origin }]);
    let code = format!(".map_path({client:?}.parse()?, {origin:?}.parse()?)");
    let value = SettingValue::Both(json, code);
    let outcome = settings.set("map_path", value, "`OriginProxy::map_path`");
    match outcome.kind {
        NoteKind::Mapped => Outcome::mapped(
            "`OriginProxy::map_path`, of whole segments; redirects and cookies are mapped back",
        ),
        _ => outcome,
    }
}

/// Whether the field usually has a secret: its value is then in no code.
fn is_secret(name: &str) -> bool {
    let words = ["auth", "cookie", "key", "password", "secret", "token"];
    words.iter().any(|word| name.contains(word))
}
