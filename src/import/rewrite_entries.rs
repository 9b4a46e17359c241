//! Names and paths of the origin that responses are searched for.

use serde_json::{Value as Json, json};

use super::{
    draft::set,
    note::Finding,
    settings::{SettingValue, Settings},
};

/// Turns a rewriting that is off into one of cookies alone.
pub(super) fn keep_cookies(settings: &mut Settings) {
    if settings.take("response_rewrite.off").is_some() {
        // The configuration has this key.
        let _ = settings.set("response_rewrite.cookies_only", SettingValue::Flag);
    }
}

/// Adds a name of the origin.
pub(super) fn add_name(settings: &mut Settings, name: &str) -> Finding {
    let code = format!(".name({name:?}.parse()?)");
    let text = "`ResponseRewriteLayer::name`";
    add(settings, "response_rewrite.names", json!(name), &code, text)
}

/// Adds a prefix of the origin's paths, and the client's for it.
pub(super) fn add_path(settings: &mut Settings, origin: &str, client: &str) -> Finding {
    let (origin, client) = (without_final_slash(origin), without_final_slash(client));
    let entry = json!({ "origin": origin, "client": client });
    let code = format!(".path({origin:?}.parse()?, {client:?}.parse()?)");
    let text = "`ResponseRewriteLayer::path`";
    add(settings, "response_rewrite.paths", entry, &code, text)
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
) -> Finding {
    if let Err(finding) = settings.check_entries(key) {
        return finding;
    }
    let before = settings.take(key);
    let (mut list, mut calls) = match &before {
        Some(SettingValue::Both(Json::Array(list), calls)) => (list.clone(), calls.clone()),
        _ => (Vec::new(), String::new()),
    };
    if !list.contains(&entry) {
        // `proxy_redirect` and `proxy_cookie_path` often name the same path.
        list.push(entry);
        calls += code;
    }
    let finding = set(
        settings,
        key,
        SettingValue::Both(Json::Array(list), calls),
        text,
    );
    if let (false, Some(before)) = (settings.has(key), before) {
        // The list was accepted without the new entry.
        let _ = settings.set(key, before);
    }
    finding
}
