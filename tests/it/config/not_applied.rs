//! Keys that need a restart: each reload reports them, until the file is that of what runs.

use cdn_origin::{
    CdnOriginConnector,
    config::{GroupConfig, OriginConfig, VirtualHostsConfig},
    group::OriginGroup,
    tenants::VirtualHosts,
};

use super::read;

#[test]
fn a_key_of_an_origin_is_reported_again() {
    let file = |limit: u32, keys: &str| -> OriginConfig {
        let limits = format!("limits.max_concurrency = {limit}");
        read(&format!("url = 'https://a.test'\n{limits}\n{keys}"))
    };
    let mut running = file(1, "");
    let connector = CdnOriginConnector::try_from(&running).unwrap();
    let pinned = "verify.pinned = ['sha256/YLh1dUR9y6Kja30RrAn7JKnbQG/uEtLMkBgFF2Fuihg=']";
    let rows = [
        (file(2, ""), "not applied: limits"),
        (file(2, pinned), "changed: verify; not applied: limits"),
        (file(2, pinned), "not applied: limits"),
        (file(1, pinned), "no change"),
    ];
    for (new, expected) in rows {
        let reloaded = running.reload(&new, &connector).unwrap();
        assert_eq!(reloaded.to_string(), expected);
    }
}

#[test]
fn a_key_of_many_hosts_is_reported_again() {
    let file = |count: usize, hosts: &[&str]| -> VirtualHostsConfig {
        let line = |host: &&str| format!("hosts.'{host}'.origin.url = 'http://a.example'\n");
        let hosts: String = hosts.iter().map(line).collect();
        read(&format!("max_connections = {count}\n{hosts}"))
    };
    let mut running = file(100, &["a.test"]);
    let hosts = VirtualHosts::try_from(&running).unwrap();
    let pending = "not applied: max_connections";
    let rows = [
        (
            file(500, &["a.test", "b.test"]),
            format!("added: b.test; {pending}"),
        ),
        (
            file(500, &["a.test", "b.test", "c.test"]),
            format!("added: c.test; {pending}"),
        ),
        (
            file(100, &["a.test", "c.test"]),
            "removed: b.test".to_owned(),
        ),
        (file(100, &["a.test", "c.test"]), "no change".to_owned()),
    ];
    for (new, expected) in rows {
        let reloaded = running.reload(&new, &hosts).unwrap();
        assert_eq!(reloaded.to_string(), expected);
    }
}

/// The members from DNS keep the keys of `each` with which the group was made, and the others do
/// not.
#[tokio::test]
async fn each_of_members_from_dns_is_reported_again() {
    let file = |limit: u32| -> GroupConfig {
        read(&format!(
            "each.limits.max_concurrency = {limit}\n\
             tier = [{{ members = [{{ name = 'a', origin.url = 'http://a.example' }}] }}, \
             {{ dns.origin.url = 'http://s.example' }}]"
        ))
    };
    let mut running = file(1);
    let group = OriginGroup::try_from(&running).unwrap();
    let rows = [
        (2, "changed: a; not applied: each", true),
        (2, "not applied: each", true),
        (1, "changed: a", false),
        (1, "no change", false),
    ];
    for (limit, expected, is_pending) in rows {
        let reloaded = running.reload(&file(limit), &group).unwrap();
        assert_eq!(reloaded.to_string(), expected);
        assert_eq!(reloaded.keys.contains(&"each.limits".to_owned()), {
            is_pending || !reloaded.changed.is_empty()
        });
    }
}
