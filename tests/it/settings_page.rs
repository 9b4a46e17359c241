//! `src/guide/settings.md`: the tables of settings from the documentation of all types, on one page.
//!
//! `BLESS=1 cargo test --all-features --test it settings_page` writes it.

use std::{env, fs, path::Path};

/// Where a type is, and the source file whose documentation has its table.
type Part = (&'static str, &'static str);

const HEAD: &str = "\
Every setting and its default, on one page. Two of them have no default that is right for all:

* **Which name the edge serves.** Without [`sni`], it is the URL's host. See
  [the four names](crate::guide::four_names).
* **Which Host the origin gets.** By default, the origin's own. To pass the client's Host on, call
  [`host_rewrite`] with [`HostRewriteLayer::preserve`].

[Production](crate::guide::production) lists what else to decide before real traffic arrives. A file
has the same settings as [keys](crate::config).

[`sni`]: crate::connector::CdnOriginBuilder::sni
[`host_rewrite`]: crate::OriginProxy::host_rewrite
[`HostRewriteLayer::preserve`]: crate::HostRewriteLayer::preserve
";

const CHAPTERS: [(&str, &[Part]); 4] = [
    (
        "Connector",
        &[
            (
                "connector::CdnOriginBuilder",
                "connector/builder/cdn_origin_builder.rs",
            ),
            ("connector::Timeouts", "connector/timeouts.rs"),
            ("dial::Dns", "dial/resolve/dns_settings.rs"),
            ("dial::DnsCache", "dial/resolve/cache_settings.rs"),
            ("dial::HappyEyeballs", "dial/race/race_settings.rs"),
            ("dial::SocketOptions", "dial/sockets/socket_options.rs"),
            ("tls::TlsParameters", "tls/parameters.rs"),
            ("connector::Sessions", "connector/sessions.rs"),
            ("connector::AdviceSettings", "connector/advice_settings.rs"),
        ],
    ),
    (
        "Proxy",
        &[
            ("proxy::OriginProxy", "proxy/origin_proxy.rs"),
            ("proxy::Limits", "proxy/limits.rs"),
            (
                "proxy::AdaptiveConcurrency",
                "proxy/overload/adaptive_limit_settings.rs",
            ),
            ("pool::PoolSettings", "pool/pool_settings.rs"),
            ("forwarded::ForwardedLayer", "forwarded/layer.rs"),
            (
                "response_rewrite::ResponseRewriteLayer",
                "response_rewrite/layer.rs",
            ),
        ],
    ),
    (
        "Group of origins",
        &[
            ("group::OriginGroupBuilder", "group/builder.rs"),
            ("group::Failover", "group/failover_settings.rs"),
            ("group::Ejection", "group/ejection_settings.rs"),
            ("group::HealthCheck", "group/health_check_settings.rs"),
        ],
    ),
    (
        "Tenants",
        &[("tenants::VirtualHosts", "tenants/virtual_hosts.rs")],
    ),
];

#[test]
fn the_page_has_the_table_of_each_type() {
    let page = page();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide/settings.md");
    if env::var_os("BLESS").is_some() {
        fs::write(&file, &page).expect("a writable guide");
        return;
    }
    assert!(
        page == fs::read_to_string(&file).unwrap_or_default(),
        "src/guide/settings.md differs; BLESS=1 cargo test --all-features --test it settings_page"
    );
}

#[test]
fn each_setter_has_a_row() {
    let api = include_str!("../public-api.txt");
    for (path, file) in CHAPTERS.iter().flat_map(|(_, parts)| *parts) {
        let (name, rows) = (type_name(path), rows(path, file).concat());
        let of_type = api.lines().skip_while(|line| !defines(line, name)).skip(1);
        let members = of_type.take_while(|line| line.starts_with("    "));
        for setter in members.filter_map(setter) {
            let has_row = rows.contains(&format!("`{setter}`"));
            assert!(has_row, "{name}::{setter}");
        }
    }
}

fn defines(line: &str, name: &str) -> bool {
    let rest = line.strip_prefix("struct ");
    let rest = rest.and_then(|line| line.strip_prefix(name));
    rest.is_some_and(|rest| rest.starts_with([' ', '(', '<']))
}

/// The name of a method that takes `self` and returns it.
fn setter(line: &str) -> Option<&str> {
    let (name, rest) = line.trim().strip_prefix("fn ")?.split_once(['(', '<'])?;
    let takes_self = rest.contains("mut self") || rest.starts_with("self");
    (takes_self && rest.contains("-> Self")).then_some(name)
}

fn page() -> String {
    let mut page = String::from(HEAD);
    for (title, parts) in CHAPTERS {
        page += &format!("\n# {title}\n");
        for (path, file) in parts {
            page += &format!("\n## [`{}`](crate::{path})\n\n", type_name(path));
            page += "| call | default |\n|---|---|\n";
            for row in rows(path, file) {
                page += &row;
            }
        }
    }
    page
}

fn type_name(path: &str) -> &str {
    path.rsplit("::").next().expect("a path is not empty")
}

/// The rows of the table in the documentation of this type, as rows of the page.
fn rows(path: &str, file: &str) -> Vec<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
    let text = fs::read_to_string(source).expect("a readable source file");
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("/// | "));
    let head = lines.find(|line| line.starts_with("call |") || line.starts_with("setting |"));
    let column = cells(head.expect("a table of calls"));
    let column = column.iter().position(|cell| cell.starts_with("default"));
    let column = column.expect("a column of defaults");
    let table = lines.take_while(|line| !line.starts_with("call |"));
    let table: Vec<_> = table.map(cells).collect();
    assert!(!table.is_empty(), "{file}");
    let row = |cells: &Vec<&str>| {
        let (calls, default) = (linked(cells[0], path), plain(cells[column]));
        format!("| {calls} | {default} |\n")
    };
    table.iter().map(row).collect()
}

fn cells(line: &str) -> Vec<&str> {
    line.split('|').map(str::trim).collect()
}

/// The calls of a cell, each with a link to its method: `` [`ttl`](Self::ttl) `` and `` [`ttl`] ``.
fn linked(cell: &str, path: &str) -> String {
    let mut out = String::new();
    let mut rest = cell;
    while let Some(start) = rest.find("[`") {
        let (before, link) = rest.split_at(start);
        let end = link.find("`]").expect("a closed link");
        let name = &link[2..end];
        out += before;
        out += &match name.contains("::") {
            true => format!("`{name}`"),
            false => format!("[`{name}`](crate::{path}::{name})"),
        };
        rest = without_target(&link[end + 2..]);
    }
    out + rest
}

/// A cell without its links, which name what is in scope in another file.
fn plain(cell: &str) -> String {
    let mut out = String::new();
    let mut rest = cell;
    while let Some((before, link)) = rest.split_once('[') {
        let (text, after) = link.split_once(']').expect("a closed link");
        out += before;
        out += text;
        rest = without_target(after);
    }
    out + rest
}

/// What follows the target of a link: `(target)` or `[target]`.
fn without_target(text: &str) -> &str {
    let close = match text.chars().next() {
        Some('(') => ')',
        Some('[') => ']',
        _ => return text,
    };
    text.split_once(close).expect("a closed target").1
}
