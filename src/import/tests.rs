//! The guide has a row for each row of the importers.

use std::{collections::BTreeSet, env, fs, path::Path};

use super::{caddy, directive_row::Listed, envoy, haproxy, nginx};

/// Where the types are that the rows name.
const TYPES: [(&str, &str); 38] = [
    ("AccessLogLayer", "access_log"),
    ("AdaptiveConcurrency", "proxy"),
    ("Alpn", "tls"),
    ("Balance", "group"),
    ("CdnOriginBuilder", "connector"),
    ("CdnOriginConnector", "connector"),
    ("ClientAddress", "downstream"),
    ("ClientConnection", "downstream"),
    ("ClientIdentity", "tls"),
    ("Dns", "dial"),
    ("DnsCache", "dial"),
    ("Ejection", "group"),
    ("Failover", "group"),
    ("ForwardedField", "forwarded"),
    ("ForwardedLayer", "forwarded"),
    ("HappyEyeballs", "dial"),
    ("HealthCheck", "group"),
    ("HostRewriteLayer", "host_rewrite"),
    ("Limits", "proxy"),
    ("Member", "group"),
    ("MemberSource", "group"),
    ("OriginGroup", "group"),
    ("OriginGroupBuilder", "group"),
    ("OriginProxy", "proxy"),
    ("PoolSettings", "pool"),
    ("ProxyProtocol", "dial"),
    ("ResponseRewriteLayer", "response_rewrite"),
    ("Roots", "tls"),
    ("Sessions", "connector"),
    ("SocketOptions", "dial"),
    ("SpkiPin", "tls"),
    ("Timeouts", "connector"),
    ("TlsParameters", "tls"),
    ("TlsVersion", "error"),
    ("Upgrades", "proxy"),
    ("VerifyPolicy", "tls"),
    ("VirtualHosts", "tenants"),
    ("danger", "tls"),
];

const START: &str = "<!-- The rows of the importer. `src/import/tests.rs` writes them. -->\n";

/// A table with the rows, and the items that it names.
fn table(title: &str, rows: &[Listed], items: &mut BTreeSet<String>) -> String {
    let mut text = format!("\n## {title}\n\n| | import | |\n|---|---|---|\n");
    for (directive, kind, reason) in rows {
        let mut linked = String::new();
        for (index, part) in reason.split('`').enumerate() {
            let name = part.split("::").next().unwrap_or(part);
            let is_item = TYPES.iter().any(|(item, _)| *item == name);
            linked += &match (index % 2 == 1, is_item) {
                (false, _) => part.to_owned(),
                (true, false) => format!("`{part}`"),
                (true, true) => {
                    items.insert(part.to_owned());
                    format!("[`{part}`]")
                }
            };
        }
        let linked = linked.replace('|', r"\|");
        text += &format!("| `{directive}` | {kind} | {linked} |\n");
    }
    text
}

/// Compares the end of a page with the tables, or writes it.
///
/// `BLESS=1 cargo test --all-features --lib import` writes the tables.
fn compare(page: &str, tables: &str, items: &BTreeSet<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/guide")
        .join(page);
    let text = fs::read_to_string(&path).expect("the page is committed");
    let (before, _) = text.split_once(START).unwrap_or((&text, ""));
    let mut generated = format!("{START}{tables}\n");
    for item in items {
        let definition = format!("[`{item}`]: ");
        if before.lines().any(|line| line.starts_with(&definition)) {
            continue;
        }
        let name = item.split("::").next().unwrap_or(item);
        let place = TYPES.iter().find(|(known, _)| *known == name);
        let (_, module) = place.expect("the item is in the table");
        generated += &format!("{definition}crate::{module}::{item}\n");
    }
    let expected = format!("{before}{generated}");
    if env::var_os("BLESS").is_some() {
        fs::write(&path, &expected).expect("the page can be written");
        return;
    }
    assert!(text == expected, "{page}: BLESS=1 writes the tables anew");
}

fn check(page: &str, tables: &[(&str, Vec<Listed>)]) {
    let mut items = BTreeSet::new();
    let mut text = String::new();
    for (title, rows) in tables {
        text += &table(title, rows, &mut items);
        // The first of two rows would hide the other.
        let names: BTreeSet<_> = rows.iter().map(|(name, ..)| name).collect();
        assert_eq!(names.len(), rows.len(), "{title}");
    }
    compare(page, &text, &items);
}

#[test]
fn the_guide_has_the_rows_of_nginx() {
    check("from-nginx.md", &nginx::tables());
}

#[test]
fn the_guide_has_the_rows_of_caddy() {
    check("from-caddy.md", &caddy::tables());
}

#[test]
fn the_guide_has_the_rows_of_envoy() {
    check("from-envoy.md", &envoy::tables());
}

#[test]
fn the_guide_has_the_rows_of_haproxy() {
    check("from-haproxy.md", &haproxy::tables());
}
