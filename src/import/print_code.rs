//! Prints builder code.

use std::fmt::Write;

use crate::error::PeerText;

use super::{
    draft::{Draft, OriginDraft},
    settings::Settings,
};

/// The items that the code may use.
const ITEMS: [&str; 42] = [
    "axum::Router",
    "cdn_origin::Alpn",
    "cdn_origin::BuildError",
    "cdn_origin::CdnOriginConnector",
    "cdn_origin::ForwardedLayer",
    "cdn_origin::HostRewriteLayer",
    "cdn_origin::OriginProxy",
    "cdn_origin::ResponseRewriteLayer",
    "cdn_origin::Roots",
    "cdn_origin::TlsVersion",
    "cdn_origin::VerifyPolicy",
    "cdn_origin::connector::Sessions",
    "cdn_origin::connector::Timeouts",
    "cdn_origin::dial::Dns",
    "cdn_origin::dial::DnsCache",
    "cdn_origin::dial::HappyEyeballs",
    "cdn_origin::dial::IpFamilies",
    "cdn_origin::dial::ProxyProtocol",
    "cdn_origin::dial::SocketOptions",
    "cdn_origin::forwarded::ForwardedField",
    "cdn_origin::group::Balance",
    "cdn_origin::group::Ejection",
    "cdn_origin::group::Failover",
    "cdn_origin::group::HealthCheck",
    "cdn_origin::group::Member",
    "cdn_origin::group::OriginGroup",
    "cdn_origin::origin::Scheme",
    "cdn_origin::pool::PoolSettings",
    "cdn_origin::pool::RetryBudget",
    "cdn_origin::proxy::Limits",
    "cdn_origin::proxy::Upgrades",
    "cdn_origin::tls::ClientIdentity",
    "cdn_origin::tls::Crls",
    "cdn_origin::tls::SanMatcher",
    "cdn_origin::tls::TlsParameters",
    "cdn_origin::tls::danger",
    "http::HeaderName",
    "http::HeaderValue",
    "http::Method",
    "http::StatusCode",
    "std::error::Error",
    "std::time::Duration",
];

/// A server with its settings.
type SettledServer<'a> = (&'a OriginDraft, Settings);

/// A section and its servers.
pub(super) type Settled<'a> = (&'a Draft, Vec<SettledServer<'a>>);

/// One function for each section.
pub(super) fn print(sections: &[Settled<'_>]) -> String {
    let functions: String = sections
        .iter()
        .enumerate()
        .map(|(index, section)| function(index + 1, section))
        .collect();
    let words: Vec<&str> = functions
        .split(|char: char| !char.is_alphanumeric() && char != '_')
        .collect();
    let mut uses = String::new();
    for item in ITEMS {
        let name = item.rsplit("::").next().unwrap_or(item);
        if words.contains(&name) {
            uses += &format!("use {item};\n");
        }
    }
    uses + &functions
}

fn function(number: usize, (draft, servers): &Settled<'_>) -> String {
    const MAX_SECTION: usize = 80;
    let kind = draft.section.split(' ').next().unwrap_or_default();
    // A block of any name may have a `proxy_pass` in it.
    let is_name = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_lowercase());
    let kind = if is_name { kind } else { "section" };
    let section = PeerText::new(&draft.section, MAX_SECTION);
    let name = format!("{kind}_{number}");
    let answer = draft.answer.as_ref();
    let answer = answer.map(|answer| answer.print(&name, &section.to_string(), draft.line));
    let answer = answer.unwrap_or_default();
    if servers.is_empty() {
        return answer;
    }
    let body = match servers.as_slice() {
        [(_, settings)] => {
            let connector = connector("connector", settings);
            format!("{connector}    Ok({})\n", proxy("connector", settings, 8))
        }
        _ => group(draft, servers),
    };
    let returned = match servers.len() {
        1 => "OriginProxy",
        _ => "OriginGroup",
    };
    // Values that code has to parse have errors of their own.
    let error = match body.contains(".parse") || body.contains("from_u16") {
        true => "Box<dyn Error>",
        false => "BuildError",
    };
    let routes = draft
        .route
        .as_deref()
        .map(|path| routes(&name, path, error));
    format!(
        "\n/// `{section}`, line {}.\npub fn {name}() -> Result<{returned}, {error}> {{\n\
         {body}}}\n{}{answer}",
        draft.line,
        routes.unwrap_or_default()
    )
}

/// A function that adds the paths with this prefix to a router.
fn routes(name: &str, path: &str, error: &str) -> String {
    let folder = path.strip_suffix('/').unwrap_or(path);
    let exact = match folder == path {
        true => format!("        .route_service({path:?}, service.clone())\n"),
        false => String::new(),
    };
    format!(
        "\n/// Adds the routes of `{name}`: other paths do not reach the origin.\n\
         pub fn route_{name}(router: Router) -> Result<Router, {error}> {{\n    \
         let service = {name}()?;\n    Ok(router\n{exact}        \
         .route_service(\"{folder}/\", service.clone())\n        \
         .route_service(\"{folder}/{{*rest}}\", service))\n}}\n"
    )
}

fn connector(name: &str, settings: &Settings) -> String {
    let mut code = format!(
        "    let {name} = CdnOriginConnector::builder({})",
        settings.argument("url")
    );
    for call in settings
        .builder_calls()
        .iter()
        .map(String::as_str)
        .chain(["build()?;"])
    {
        code += &format!("\n        .{call}");
    }
    code + "\n"
}

fn proxy(connector: &str, settings: &Settings, indent: usize) -> String {
    let mut code = format!("OriginProxy::new({connector})");
    for call in settings.proxy_calls() {
        // Writing to a text does not fail.
        let _ = write!(code, "\n{:indent$}.{call}", "");
    }
    code
}

fn group(draft: &Draft, servers: &[SettledServer<'_>]) -> String {
    let (backups, active): (Vec<_>, Vec<_>) = servers.iter().partition(|(it, _)| it.is_backup);
    let mut code = String::new();
    let mut tiers = String::new();
    for (name, members) in [("members", active), ("backups", backups)] {
        if members.is_empty() {
            continue;
        }
        code += &match variables(&members) {
            Some(keys) if members.len() > 1 => same_members(name, &members, &keys),
            _ => members_one_by_one(name, &members),
        };
        tiers += &format!("        .tier({name})\n");
    }
    code += &format!("    let group = OriginGroup::builder()\n{tiers}");
    for call in &draft.group_calls {
        code += &format!("        .{call}\n");
    }
    code + "        .build()?;\n    Ok(group)\n"
}

/// The keys in which the servers differ; `None` if they need different calls.
fn variables(members: &[&SettledServer<'_>]) -> Option<Vec<&'static str>> {
    let (_, first) = members.first()?;
    let mut keys = Vec::new();
    for (_, settings) in members {
        for key in first.differing(settings)? {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    Some(keys)
}

/// A loop over servers that differ in the values of these keys alone.
fn same_members(name: &str, members: &[&SettledServer<'_>], keys: &[&'static str]) -> String {
    let has_weight = members.iter().any(|(server, _)| server.weight.is_some());
    let mut names = vec!["name"];
    let mut settings = members[0].1.clone();
    for key in keys {
        names.push(settings.put_variable(key));
    }
    if has_weight {
        names.push("weight");
    }
    let rows = members.iter().map(|(server, settings)| {
        let mut row = vec![format!("{:?}", server.name)];
        row.extend(keys.iter().map(|key| settings.argument(key)));
        if has_weight {
            row.push(server.weight.unwrap_or(1).to_string());
        }
        format!("        {},\n", tuple(&row))
    });
    let rows: String = rows.collect();
    let names: Vec<_> = names.into_iter().map(str::to_owned).collect();
    let weight = if has_weight { ".weight(weight)" } else { "" };
    let connector = connector("connector", &settings).replace("\n    ", "\n        ");
    format!(
        "    let mut {name} = Vec::new();\n    for {} in [\n{rows}    ] {{\n    {connector}        \
         let proxy = {};\n        {name}.push(Member::new(proxy).name(name){weight});\n    }}\n",
        tuple(&names),
        proxy("connector", &settings, 12)
    )
}

fn tuple(items: &[String]) -> String {
    match items {
        [item] => item.clone(),
        _ => format!("({})", items.join(", ")),
    }
}

fn members_one_by_one(name: &str, members: &[&SettledServer<'_>]) -> String {
    let mut code = String::new();
    let mut list = String::new();
    for (index, (server, settings)) in members.iter().enumerate() {
        let number = index + 1;
        let weight = server.weight.map(|weight| format!(".weight({weight})"));
        code += &connector(&format!("connector_{number}"), settings);
        let proxy = proxy(&format!("connector_{number}"), settings, 8);
        code += &format!("    let proxy_{number} = {proxy};\n");
        list += &format!(
            "        Member::new(proxy_{number}).name({:?}){},\n",
            server.name,
            weight.unwrap_or_default()
        );
    }
    format!("{code}    let {name} = [\n{list}    ];\n")
}
