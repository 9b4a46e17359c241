//! The origins of a configuration file: of one origin, a group, or tenants.

use std::{ffi::OsStr, fs, path::Path};

use cdn_origin::{
    CdnOriginConnector,
    config::{GroupConfig, OriginConfig, VirtualHostsConfig},
};
use serde_json::{Map, Value};

/// The keys of an origin, or of all origins of a table.
type Keys = Map<String, Value>;

/// An origin of a file, and what `--origin` calls it.
#[derive(Debug)]
pub(crate) struct NamedOrigin {
    pub(crate) name: String,
    pub(crate) connector: CdnOriginConnector,
}

/// Reads a file in TOML or JSON, and builds a connector for each of its origins, or for that of
/// this name.
///
/// The error is one text for people.
pub(crate) fn origins(path: &Path, name: Option<&str>) -> Result<Vec<NamedOrigin>, String> {
    let shown = path.display();
    let file = parse(path).map_err(|error| format!("{shown}: {error}"))?;
    let origins = origins_of(&file).map_err(|error| format!("{shown}: {error}"))?;
    let Some(name) = name else {
        return Ok(origins);
    };
    let names: Vec<_> = origins.iter().map(|origin| origin.name.clone()).collect();
    let found: Vec<_> = origins.into_iter().filter(|it| it.name == name).collect();
    match found.is_empty() {
        true => Err(format!(
            "{shown}: no origin is named {name}; it has: {}",
            names.join(", ")
        )),
        false => Ok(found),
    }
}

fn parse(path: &Path) -> Result<Keys, String> {
    let extension = path.extension().and_then(OsStr::to_str);
    if matches!(extension, Some("yaml" | "yml")) {
        return Err(String::from("YAML is not read: convert it to JSON or TOML"));
    }
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    match extension {
        Some("json") => serde_json::from_str(&text).map_err(|error| error.to_string()),
        _ => toml::from_str(&text).map_err(|error| error.to_string()),
    }
}

fn origins_of(file: &Keys) -> Result<Vec<NamedOrigin>, String> {
    let whole = Value::Object(file.clone());
    let mut origins = Vec::new();
    if file.contains_key("hosts") {
        check::<VirtualHostsConfig>(whole)?;
        let template = table(file, "template");
        for (host, tenant) in table(file, "hosts") {
            let place = format!("hosts.{host:?}");
            if let Some(Value::Object(group)) = tenant.get("group") {
                add_group(&mut origins, &place, &format!("{host}/"), &template, group)?;
            } else if let Some(Value::Object(origin)) = tenant.get("origin") {
                origins.push(named(&place, Some(&host), &template, origin)?);
            }
        }
    } else if file.contains_key("tier") {
        check::<GroupConfig>(whole)?;
        add_group(&mut origins, "tier", "", &Keys::new(), file)?;
    } else {
        origins.push(named("origin", None, &Keys::new(), file)?);
    }
    Ok(origins)
}

/// Reports an unknown key or an invalid value before any origin is probed.
fn check<T: serde::de::DeserializeOwned>(whole: Value) -> Result<(), String> {
    let checked = serde_json::from_value::<T>(whole);
    checked.map(drop).map_err(|error| error.to_string())
}

/// Adds the members of a group. Their names begin with `prefix`.
fn add_group(
    origins: &mut Vec<NamedOrigin>,
    place: &str,
    prefix: &str,
    template: &Keys,
    group: &Keys,
) -> Result<(), String> {
    let shared = over(template, &table(group, "each"));
    let tiers = group.get("tier").and_then(Value::as_array);
    for tier in tiers.into_iter().flatten() {
        let listed = tier.get("members").and_then(Value::as_array);
        // Each address of the name is a member. All of them have the keys of this one.
        let members = listed.into_iter().flatten().chain(tier.get("dns"));
        for member in members {
            let Some(Value::Object(origin)) = member.get("origin") else {
                continue;
            };
            let name = member.get("name").and_then(Value::as_str);
            let mut found = named(place, name, &shared, origin)?;
            found.name.insert_str(0, prefix);
            origins.push(found);
        }
    }
    Ok(())
}

/// The connector for these keys. Without a name of its own, it has that of what is dialled.
fn named(
    place: &str,
    name: Option<&str>,
    shared: &Keys,
    origin: &Keys,
) -> Result<NamedOrigin, String> {
    let keys = Value::Object(over(shared, origin));
    let config: OriginConfig = serde_json::from_value(keys).map_err(|it| it.to_string())?;
    let connector = CdnOriginConnector::try_from(&config);
    let place = name.unwrap_or(place);
    let connector = connector.map_err(|error| format!("{place}: {error}"))?;
    let dialled = connector.origin().map(|origin| origin.dial().to_string());
    let name = name.map(str::to_owned).or(dialled);
    Ok(NamedOrigin {
        name: name.unwrap_or_default(),
        connector,
    })
}

/// The keys of both tables. A key of `origin` replaces the one of `shared`.
fn over(shared: &Keys, origin: &Keys) -> Keys {
    let mut keys = shared.clone();
    keys.extend(origin.clone());
    // Both choose the SNI.
    for (chosen, other) in [("sni", "omit_sni"), ("omit_sni", "sni")] {
        if origin.contains_key(chosen) && !origin.contains_key(other) {
            keys.remove(other);
        }
    }
    keys
}

fn table(keys: &Keys, name: &str) -> Keys {
    let table = keys.get(name).and_then(Value::as_object);
    table.cloned().unwrap_or_default()
}
