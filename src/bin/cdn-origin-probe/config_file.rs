//! The origins of a configuration file: of one origin, a group, or tenants.

use std::{ffi::OsStr, fs, path::Path};

use cdn_origin::{
    CdnOriginConnector,
    config::{GroupConfig, OriginConfig, VirtualHostsConfig},
    group::OriginGroupBuilder,
    name::DnsName,
    tenants::VirtualHosts,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The keys of an origin, or of all origins of a table.
type Keys = Map<String, Value>;

/// An origin of a file.
#[derive(Debug)]
pub(crate) struct FileOrigin {
    pub(crate) connector: CdnOriginConnector,
    /// The table of its keys. Empty if that is the file itself.
    pub(crate) table: String,
    /// The table of the keys of all members of its group.
    pub(crate) each: Option<String>,
    pub(crate) host_rewrite: Option<HostRewrite>,
    /// The key of its tenant.
    host: Option<String>,
    /// The member's name, or what is dialled.
    own_name: String,
    is_member: bool,
}

/// The Host that the service sends in place of the connector's: the key `host_rewrite`.
#[derive(Debug)]
pub(crate) enum HostRewrite {
    To(String),
    Preserve,
    PreserveName,
}

impl FileOrigin {
    /// The name in the output. `--origin` takes it, too.
    pub(crate) fn name(&self) -> String {
        match &self.host {
            Some(host) if self.is_member => format!("{host}/{}", self.own_name),
            Some(host) => host.clone(),
            None => self.own_name.clone(),
        }
    }

    fn is_named(&self, name: &str) -> bool {
        self.name() == name || self.own_name == name || self.host.as_deref() == Some(name)
    }

    /// The name of its tenant, to try.
    pub(crate) fn tenant_name(&self) -> Option<DnsName> {
        self.host.as_ref()?.parse().ok()
    }

    /// The Host of its clients, if the tenant is for one Host: not `*` or `*.example.com`.
    pub(crate) fn client_host(&self) -> Option<String> {
        self.host.clone().filter(|host| !host.starts_with('*'))
    }
}

impl HostRewrite {
    fn of(keys: &Keys) -> Option<Self> {
        let rewrite = keys.get("host_rewrite")?;
        match (rewrite.as_str(), rewrite.get("to").and_then(Value::as_str)) {
            (Some("preserve"), _) => Some(Self::Preserve),
            (Some("preserve_name"), _) => Some(Self::PreserveName),
            (_, to) => to.map(str::to_owned).map(Self::To),
        }
    }

    /// The Host for a request with this one.
    pub(crate) fn sent(&self, client_host: Option<String>) -> Option<String> {
        match self {
            Self::To(host) => Some(host.clone()),
            Self::Preserve => client_host,
            Self::PreserveName => client_host.map(|host| {
                let host = host.to_ascii_lowercase();
                match host.rsplit_once(':') {
                    Some((name, port)) if port.parse::<u16>().is_ok() => name.to_owned(),
                    _ => host,
                }
            }),
        }
    }
}

/// Reads a file in TOML or JSON, and builds a connector for each of its origins, or for those of
/// this name.
///
/// The error is one text for people.
pub(crate) fn origins(path: &Path, name: Option<&str>) -> Result<Vec<FileOrigin>, String> {
    let shown = path.display();
    let file = parse(path).map_err(|error| format!("{shown}: {error}"))?;
    let origins = origins_of(&file).map_err(|error| {
        let error = error_of_service(&file).unwrap_or(error);
        format!("{shown}: {error}")
    })?;
    if origins.is_empty() {
        return Err(format!("{shown}: it has no origin"));
    }
    let Some(name) = name else {
        return Ok(origins);
    };
    let names: Vec<_> = origins.iter().map(FileOrigin::name).collect();
    let found = origins.into_iter().filter(|origin| origin.is_named(name));
    let found: Vec<_> = found.collect();
    match found.is_empty() {
        true => Err(format!(
            "{shown}: no origin is named {name}; it has: {}",
            names.join(", ")
        )),
        false => Ok(found),
    }
}

/// The keys of a file that is valid. An unknown key or an invalid value is reported with its line,
/// before any origin is probed.
fn parse(path: &Path) -> Result<Keys, String> {
    let extension = path.extension().and_then(OsStr::to_str);
    if matches!(extension, Some("yaml" | "yml")) {
        return Err(String::from("YAML is not read: convert it to JSON or TOML"));
    }
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    let is_json = extension == Some("json");
    let keys: Keys = read(&text, is_json)?;
    match () {
        () if keys.contains_key("hosts") => read::<VirtualHostsConfig>(&text, is_json).map(drop),
        () if keys.contains_key("tier") => read::<GroupConfig>(&text, is_json).map(drop),
        () => read::<OriginConfig>(&text, is_json).map(drop),
    }?;
    Ok(keys)
}

fn read<T: DeserializeOwned>(text: &str, is_json: bool) -> Result<T, String> {
    match is_json {
        true => serde_json::from_str(text).map_err(|error| error.to_string()),
        false => toml::from_str(text).map_err(|error| error.to_string()),
    }
}

/// The error that a service has with the file. It names the key, also in a table that several
/// origins share.
fn error_of_service(file: &Keys) -> Option<String> {
    let whole = Value::Object(file.clone());
    let error = match file.contains_key("hosts") {
        true => {
            let config: VirtualHostsConfig = serde_json::from_value(whole).ok()?;
            VirtualHosts::try_from(&config).err()
        }
        false => {
            let config: GroupConfig = serde_json::from_value(whole).ok()?;
            OriginGroupBuilder::try_from(&config).err()
        }
    };
    error.map(|error| error.to_string())
}

fn origins_of(file: &Keys) -> Result<Vec<FileOrigin>, String> {
    let mut origins = Vec::new();
    if file.contains_key("hosts") {
        let template = table(file, "template");
        for (host, tenant) in table(file, "hosts") {
            let place = format!("hosts.{host:?}");
            let first = origins.len();
            if let Some(Value::Object(group)) = tenant.get("group") {
                add_group(&mut origins, &format!("{place}.group."), &template, group)?;
            } else if let Some(Value::Object(keys)) = tenant.get("origin") {
                origins.push(origin(format!("{place}.origin"), &template, keys)?);
            }
            for origin in &mut origins[first..] {
                origin.host = Some(host.clone());
            }
        }
    } else if file.contains_key("tier") {
        add_group(&mut origins, "", &Keys::new(), file)?;
    } else {
        origins.push(origin(String::new(), &Keys::new(), file)?);
    }
    Ok(origins)
}

/// Adds the members of a group, whose keys begin with `place`.
fn add_group(
    origins: &mut Vec<FileOrigin>,
    place: &str,
    template: &Keys,
    group: &Keys,
) -> Result<(), String> {
    let shared = over(template, &table(group, "each"));
    let tiers = group.get("tier").and_then(Value::as_array);
    for (index, tier) in tiers.into_iter().flatten().enumerate() {
        let listed = tier.get("members").and_then(Value::as_array);
        let listed = listed.into_iter().flatten().enumerate();
        let listed = listed.map(|(member, keys)| (format!("members[{member}]"), keys));
        // Each address of the name is a member. All of them have the keys of this one.
        let from_dns = tier.get("dns").map(|keys| ("dns".to_owned(), keys));
        for (at, member) in listed.chain(from_dns) {
            let Some(Value::Object(keys)) = member.get("origin") else {
                continue;
            };
            let mut found = origin(format!("{place}tier[{index}].{at}.origin"), &shared, keys)?;
            if let Some(name) = member.get("name").and_then(Value::as_str) {
                found.own_name = name.to_owned();
            }
            found.each = Some(format!("{place}each"));
            found.is_member = true;
            origins.push(found);
        }
    }
    Ok(())
}

/// The origin of these keys. It has the name of what is dialled.
fn origin(table: String, shared: &Keys, keys: &Keys) -> Result<FileOrigin, String> {
    let keys = over(shared, keys);
    let host_rewrite = HostRewrite::of(&keys);
    let within = |error: String| match table.is_empty() {
        true => error,
        false => format!("{table}: {error}"),
    };
    let config: OriginConfig =
        serde_json::from_value(Value::Object(keys)).map_err(|error| within(error.to_string()))?;
    let connector = CdnOriginConnector::try_from(&config);
    let connector = connector.map_err(|error| within(error.to_string()))?;
    let dialled = connector.origin().map(|origin| origin.dial().to_string());
    Ok(FileOrigin {
        connector,
        table,
        each: None,
        host_rewrite,
        host: None,
        own_name: dialled.unwrap_or_default(),
        is_member: false,
    })
}

/// The keys of both tables. A key of `origin` replaces the one of `shared`.
fn over(shared: &Keys, origin: &Keys) -> Keys {
    let mut keys = shared.clone();
    keys.extend(origin.clone());
    // Both choose the SNI. `omit_sni = false` chooses none.
    if origin.contains_key("sni") && !origin.contains_key("omit_sni") {
        keys.remove("omit_sni");
    }
    if origin.get("omit_sni") == Some(&Value::Bool(true)) && !origin.contains_key("sni") {
        keys.remove("sni");
    }
    keys
}

fn table(keys: &Keys, name: &str) -> Keys {
    let table = keys.get(name).and_then(Value::as_object);
    table.cloned().unwrap_or_default()
}
