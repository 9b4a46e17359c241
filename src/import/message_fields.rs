//! Fields of requests and responses with fixed values.

use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value as Json};

use super::{
    note::{Finding, NoteKind},
    settings::{SettingValue, Settings},
};

/// Which messages have the field, and what becomes of it.
#[derive(Clone, Copy, Debug)]
pub(super) enum FieldChange<'a> {
    RemoveFromRequests,
    RemoveFromResponses,
    SetInRequests(&'a str),
    SetInResponses(&'a str),
}

/// Adds the change to the settings, or says why it cannot be added.
pub(super) fn change(settings: &mut Settings, name: &str, change: FieldChange<'_>) -> Finding {
    let Ok(parsed) = name.parse::<HeaderName>() else {
        return Finding::refused("the name is not a valid field name");
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
            Some(value),
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
            Some(value),
            format!(
                ".map_response(|mut response| {{ response.headers_mut().insert({lower:?}, \
                 HeaderValue::from_static({value:?})); response }})"
            ),
            "`OriginProxy::map_response`",
        ),
    };
    if let Some(value) = value {
        if is_secret(lower) {
            return Finding::by_hand(
                "the value looks secret: `set` in `request_fields` of the configuration takes it \
                 from a file or the environment",
            );
        }
        if !value.is_ascii() || HeaderValue::from_str(value).is_err() {
            return Finding::refused("the value is not a valid field value");
        }
    }
    let (json, code) = match (settings.take(key), value) {
        (Some(SettingValue::Both(Json::Array(mut list), code)), _) => {
            list.push(lower.into());
            (Json::Array(list), code + &calls)
        }
        (Some(SettingValue::Both(Json::Object(mut fields), code)), Some(value)) => {
            fields.insert(lower.to_owned(), value.into());
            (Json::Object(fields), code + &calls)
        }
        (_, Some(value)) => {
            let fields = Map::from_iter([(lower.to_owned(), value.into())]);
            (Json::Object(fields), calls)
        }
        (_, None) => (Json::Array(vec![lower.into()]), calls),
    };
    super::draft::set(settings, key, SettingValue::Both(json, code), text)
}

/// Whether a part of a regular expression is a prefix of paths, without special characters.
pub(super) fn is_plain_prefix(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_~".contains(&byte);
    text.starts_with('/') && text.ends_with('/') && text.bytes().all(is_plain)
}

/// Adds a prefix of the client's paths, and the origin's for it.
pub(super) fn map_path(settings: &mut Settings, client: &str, origin: &str) -> Finding {
    let json = serde_json::json!([{ "client": client, "origin": origin }]);
    let code = format!(".map_path({client:?}.parse()?, {origin:?}.parse()?)");
    let value = SettingValue::Both(json, code);
    let finding = super::draft::set(settings, "map_path", value, "`OriginProxy::map_path`");
    match finding.kind {
        NoteKind::Mapped => Finding::mapped(
            "`OriginProxy::map_path`, of whole segments; redirects and cookies are mapped back",
        ),
        _ => finding,
    }
}

/// Whether the field usually has a secret: its value is then in no code.
fn is_secret(name: &str) -> bool {
    let words = ["auth", "cookie", "key", "password", "secret", "token"];
    words.iter().any(|word| name.contains(word))
}
