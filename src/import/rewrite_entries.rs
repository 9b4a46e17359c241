//! Names and paths of the origin that responses are searched for.

use serde_json::{Value as Json, json};

use super::{
    note::Outcome,
    settings::{SettingValue, Settings},
};

/// Turns a rewriting that is off into one of cookies alone.
pub(super) fn keep_cookies(settings: &mut Settings) {
    if settings.take("response_rewrite.off").is_some() {
        // The configuration has this key.
        let _ = settings.insert("response_rewrite.cookies_only", SettingValue::Flag);
    }
}

/// Adds a name of the origin.
pub(super) fn add_name(settings: &mut Settings, name: &str) -> Outcome {
    let code = format!(".name({name:?}.parse()?)");
    let text = "`ResponseRewriteLayer::name`";
    add(settings, "response_rewrite.names", json!(name), &code, text)
}

/// Adds a prefix of the origin's paths, and the client's for it.
pub(super) fn add_path(settings: &mut Settings, origin: &str, client: &str) -> Outcome {
    let (origin, client) = (without_final_slash(origin), without_final_slash(client));
    let entry = json!({ "client": client, "origin": origin });
    let code = format!(".map_path({client:?}.parse()?, {origin:?}.parse()?)");
    let text = "`ResponseRewriteLayer::map_path`";
    add(settings, "response_rewrite.map_path", entry, &code, text)
}

fn without_final_slash(path: &str) -> &str {
    match path.strip_suffix('/') {
        Some("") | None => path,
        Some(shorter) => shorter,
    }
}

/// Adds an entry to a list of the configuration.
fn add(
    settings: &mut Settings,
    key: &'static str,
    entry: Json,
    code: &str,
    text: &'static str,
) -> Outcome {
    match settings.lists(key, &entry) {
        // `proxy_redirect` and `proxy_cookie_path` often name the same path.
        true => Outcome::mapped(text),
        false => settings.append(key, Json::Array(vec![entry]), code, text),
    }
}
