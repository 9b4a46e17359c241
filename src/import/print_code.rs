//! Prints builder code.

use std::fmt::Write;

use crate::error::PeerText;

use super::{
    draft::{Draft, Server},
    settings::Settings,
};

/// The items that the code may use.
const ITEMS: [&str; 40] = [
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
    "cdn_origin::dial::TcpKeepalive",
    "cdn_origin::forwarded::ForwardedField",
    "cdn_origin::group::AffinityKey",
    "cdn_origin::group::Balance",
    "cdn_origin::group::Ejection",
    "cdn_origin::group::Failover",
    "cdn_origin::group::HealthCheck",
    "cdn_origin::group::Member",
    "cdn_origin::group::OriginGroup",
    "cdn_origin::origin::Scheme",
    "cdn_origin::pool::PoolSettings",
    "cdn_origin::proxy::Limits",
    "cdn_origin::proxy::Upgrades",
    "cdn_origin::tls::ClientIdentity",
    "cdn_origin::tls::Crls",
    "cdn_origin::tls::TlsParameters",
    "cdn_origin::tls::danger",
    "http::HeaderName",
    "http::HeaderValue",
    "http::StatusCode",
    "std::error::Error",
    "std::time::Duration",
];

/// A section and its servers, with their settings.
pub(super) type Settled<'a> = (&'a Draft, Vec<(&'a Server, Settings)>);

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
    format!(
        "\n/// `{section}`, line {}.\npub fn {kind}_{number}() -> Result<{returned}, {error}> {{\n\
         {body}}}\n",
        draft.line
    )
}

fn connector(name: &str, settings: &Settings) -> String {
    let mut code = format!(
        "    let {name} = CdnOriginConnector::builder({})",
        settings.url()
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

fn group(draft: &Draft, servers: &[(&Server, Settings)]) -> String {
    let mut code = String::new();
    let mut tiers = [String::new(), String::new()];
    for (index, (server, settings)) in servers.iter().enumerate() {
        let number = index + 1;
        code += &connector(&format!("connector_{number}"), settings);
        let proxy = proxy(&format!("connector_{number}"), settings, 8);
        code += &format!("    let proxy_{number} = {proxy};\n");
        let weight = server.weight.map(|weight| format!(".weight({weight})"));
        tiers[usize::from(server.is_backup)] += &format!(
            "            Member::new(proxy_{number}).name({:?}){},\n",
            server.name,
            weight.unwrap_or_default()
        );
    }
    code += "    let group = OriginGroup::builder()\n";
    for members in tiers.iter().filter(|members| !members.is_empty()) {
        code += &format!("        .tier([\n{members}        ])\n");
    }
    for call in &draft.group_calls {
        code += &format!("        .{call}\n");
    }
    code + "        .build()?;\n    Ok(group)\n"
}
