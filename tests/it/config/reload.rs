//! A changed file and what runs: members, hosts and settings change, and no request is lost.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use cdn_origin::{
    config::{GroupConfig, OriginConfig, Reloaded, VirtualHostsConfig},
    error::Facts,
    group::OriginGroup,
    observe::Observer,
    tenants::VirtualHosts,
};
use http::StatusCode;

use super::{
    groups::{self, edge},
    read, tenants,
};
use crate::{
    support::{Authority, Edge},
    tls_facts::Log,
};

fn member(name: &str, edge: &Edge, more: &str) -> String {
    format!(
        "{{ name = '{name}', origin.url = 'http://{}', {more} }}",
        edge.address()
    )
}

fn one_tier(members: &[String], more: &str) -> GroupConfig {
    read(&format!(
        "{more}\n[[tier]]\nmembers = [{}]",
        members.join(", ")
    ))
}

fn names(group: &OriginGroup) -> Vec<String> {
    let members = group.snapshot().into_iter();
    members.map(|member| member.name).collect()
}

/// Connections to each member, in their order.
fn opened(group: &OriginGroup) -> Vec<u64> {
    let members = group.snapshot().into_iter();
    members.map(|member| member.proxy.pool.opened).collect()
}

#[tokio::test]
async fn members_of_a_file_are_added_removed_and_changed() {
    let (a, b, c) = (edge("a").await, edge("b").await, edge("c").await);
    let balance = "balance = 'round_robin'";
    let mut old = one_tier(&[member("a", &a, ""), member("b", &b, "")], balance);
    let group = OriginGroup::try_from(&old).unwrap();
    for _ in 0..2 {
        groups::get(&group).await;
    }
    let limited = "origin.limits.max_concurrency = 7";
    let mut new = one_tier(
        &[member("b", &b, "weight = 3"), member("c", &c, limited)],
        balance,
    );
    let reloaded = old.reload(&new, &group).unwrap();
    assert_eq!(reloaded.to_string(), "added: c; removed: a; changed: b");
    assert_eq!(names(&group), ["b", "c"]);
    assert_eq!(opened(&group), [1, 0], "a new weight keeps the connections");

    let again = new.clone().reload(&new, &group).unwrap();
    assert_eq!(again, Reloaded::default());
    assert_eq!(again.to_string(), "no change");

    let changed = one_tier(
        &[
            member("b", &b, "weight = 3, origin.limits.max_concurrency = 7"),
            member("c", &c, limited),
        ],
        balance,
    );
    let reloaded = new.reload(&changed, &group).unwrap();
    assert_eq!(reloaded.changed, ["b"]);
    for _ in 0..2 {
        assert_eq!(groups::get(&group).await.0, StatusCode::OK);
    }
    assert_eq!(a.requests().len(), 1);
}

#[tokio::test]
async fn the_keys_of_each_and_the_tiers_of_a_running_group_change() {
    let (a, b) = (edge("a").await, edge("b").await);
    let file = |value: &str| {
        one_tier(
            &[member("a", &a, "")],
            &format!("each.request_fields.set = {{ X-Each = '{value}' }}"),
        )
    };
    let (mut old, mut new) = (file("1"), file("2"));
    let group = OriginGroup::try_from(&old).unwrap();
    groups::get(&group).await;
    assert_eq!(old.reload(&new, &group).unwrap().to_string(), "changed: a");
    groups::get(&group).await;
    let values: Vec<_> = a
        .requests()
        .iter()
        .map(|it| it.header("x-each").map(str::to_owned))
        .collect();
    assert_eq!(values, [Some("1".to_owned()), Some("2".to_owned())]);

    let moved: GroupConfig = read(&format!(
        "each.request_fields.set = {{ X-Each = '2' }}\n\
         [[tier]]\nmembers = [{}]\n[[tier]]\nmembers = [{}]",
        member("b", &b, ""),
        member("a", &a, ""),
    ));
    let reloaded = new.reload(&moved, &group).unwrap();
    assert_eq!(reloaded.to_string(), "added: b; changed: a");
    let tiers: Vec<_> = group.snapshot().iter().map(|it| it.tier).collect();
    assert_eq!(
        (names(&group), tiers),
        (vec!["b".to_owned(), "a".to_owned()], vec![0, 1])
    );
    assert_eq!(groups::get(&group).await.1, "b");
}

#[tokio::test]
async fn what_a_running_group_does_not_take_is_not_applied_by_name() {
    let a = edge("a").await;
    let old = one_tier(&[member("a", &a, "")], "");
    let mut running = old.clone();
    let group = OriginGroup::try_from(&old).unwrap();
    let new = one_tier(
        &[member("a", &a, "weight = 2")],
        "balance = 'round_robin'\npanic_threshold = 50\nejection.failures = 3\n\
         failover.off = true\nhealth_check.path = '/'",
    );
    let reloaded = running.reload(&new, &group).unwrap();
    let all = [
        "balance",
        "panic_threshold",
        "failover",
        "ejection",
        "health_check",
    ];
    assert_eq!(reloaded.not_applied, all);
    assert_eq!(reloaded.changed, ["a"]);
    let reloaded = running.reload(&new, &group).unwrap();
    assert_eq!(reloaded.not_applied, all);
    assert_eq!(reloaded.changed, [""; 0]);
    // The file is as it was.
    assert_eq!(running.reload(&old, &group).unwrap().not_applied, [""; 0]);
}

/// The running tiers, the new ones, what is changed, and the members and their tiers after that.
///
/// A tier is the name of a member, or `dns` and that of a host.
type TierChange = (
    &'static [&'static str],
    &'static [&'static str],
    &'static str,
    &'static [(&'static str, usize)],
);

/// A second reload changes nothing: the listed members are in use by then. The test waits for
/// nothing, so no name is looked up.
#[tokio::test]
async fn with_another_tier_from_dns_the_listed_members_change_all_the_same() {
    let tiers = |tiers: &[&str]| -> GroupConfig {
        let tiers = tiers.iter().map(|tier| match tier.strip_prefix("dns ") {
            Some(host) => format!("[[tier]]\ndns.origin.url = 'http://{host}.example'\n"),
            None => format!(
                "[[tier]]\nmembers = [{{ name = '{tier}', origin.url = 'http://{tier}.example' }}]\n"
            ),
        });
        read(&tiers.collect::<String>())
    };
    let rows: [TierChange; 6] = [
        (
            &["a"],
            &["b", "dns s"],
            "added: b; removed: a; not applied: tier",
            &[("b", 0)],
        ),
        (
            &["dns s", "a"],
            &["dns t", "b"],
            "added: b; removed: a; not applied: tier",
            &[("s.example:80", 0), ("b", 1)],
        ),
        (
            &["a"],
            &["dns s", "b"],
            "added: b; not applied: tier",
            &[("a", 0), ("b", 1)],
        ),
        (
            &["a"],
            &["dns s", "a"],
            "changed: a; not applied: tier",
            &[("a", 1)],
        ),
        // There is no tier 1 yet, and it would not be a listed one.
        (
            &["a"],
            &["a", "dns s", "b"],
            "not applied: tier",
            &[("a", 0)],
        ),
        (
            &["a", "dns s"],
            &["b"],
            "added: b; removed: a; not applied: tier",
            &[("b", 0), ("s.example:80", 1)],
        ),
    ];
    for (running, new, expected, members) in rows {
        let (mut running, new) = (tiers(running), tiers(new));
        let group = OriginGroup::try_from(&running).unwrap();
        let reloaded = running.reload(&new, &group).unwrap();
        assert_eq!(reloaded.to_string(), expected);
        let snapshot = group.snapshot();
        let after: Vec<_> = snapshot.iter().map(|it| (&*it.name, it.tier)).collect();
        assert_eq!(after, members, "{expected}");
        let reloaded = running.reload(&new, &group).unwrap();
        assert_eq!(reloaded.to_string(), "not applied: tier");
        assert_eq!(group.snapshot().len(), members.len());
    }
}

#[tokio::test]
async fn an_invalid_file_changes_nothing_of_a_running_group() {
    let a = edge("a").await;
    let mut old = one_tier(&[member("a", &a, "")], "");
    let group = OriginGroup::try_from(&old).unwrap();
    let files = [
        (
            "[[tier]]\nmembers = [{ origin.url = 'http://b.example' }, { origin = { \
          url = 'https://c.example', verify.roots.pem_files = ['/nonexistent'] } }]",
            "tier[0].members[1].origin.verify.roots.pem_files: /nonexistent",
        ),
        ("tier = []", "tier: the list is empty"),
        (
            "[failover]\nstatuses = [1]\n[[tier]]\nmembers = [{ origin.url = 'http://b.example' }]",
            "failover.statuses: not a status code",
        ),
        (
            "[[tier]]\nmembers = [{ origin.url = 'http://b.example' }]\n\
          [[tier]]\ndns.origin = { url = 'http://b.example', timeouts.dial = '0s' }",
            "tier[1].dns.origin.timeouts.dial: a timeout must be greater than zero",
        ),
    ];
    for (text, expected) in files {
        let error = old.reload(&read(text), &group).expect_err(text).to_string();
        assert!(error.starts_with(expected), "{error}");
        assert_eq!(names(&group), ["a"]);
    }
}

#[tokio::test]
async fn hosts_of_a_file_are_added_removed_and_changed() {
    let (a, b, c) = (edge("a").await, edge("b").await, edge("c").await);
    let file = |hosts: &[(&str, &Edge, &str)]| -> VirtualHostsConfig {
        let hosts = hosts.iter().map(|(host, edge, more)| {
            format!(
                "hosts.'{host}'.origin = {{ url = 'http://{}', {more} }}\n",
                edge.address()
            )
        });
        read(&hosts.collect::<String>())
    };
    let mut old = file(&[("a.test", &a, ""), ("b.test", &b, ""), ("c.test", &c, "")]);
    let hosts = VirtualHosts::try_from(&old).unwrap();
    for host in ["a.test", "b.test", "c.test"] {
        tenants::get(&hosts, host).await;
    }
    let new = file(&[
        ("A.test.", &a, ""),
        ("b.test", &b, "limits.max_concurrency = 3"),
        ("d.test", &c, ""),
    ]);
    let reloaded = old.reload(&new, &hosts).unwrap();
    assert_eq!(
        reloaded.to_string(),
        "added: d.test; removed: c.test; changed: b.test"
    );
    assert_eq!(
        hosts.proxies().len(),
        1,
        "the origin that stays keeps its proxy"
    );
    for (host, expected) in [("a.test", "a"), ("b.test", "b"), ("d.test", "c")] {
        assert_eq!(tenants::get(&hosts, host).await, (200, expected.to_owned()));
    }
    assert_eq!(tenants::get(&hosts, "c.test").await.0, 421);
    assert_eq!(
        new.clone().reload(&new, &hosts).unwrap(),
        Reloaded::default()
    );
    assert_eq!(hosts.proxies().len(), 3);
}

#[tokio::test]
async fn a_changed_template_changes_all_hosts() {
    let a = edge("a").await;
    let file = |value: &str, unknown: &str| -> VirtualHostsConfig {
        read(&format!(
            "unknown = '{unknown}'\ntemplate.request_fields.set = {{ X-All = '{value}' }}\n\
             hosts.'a.test'.origin.url = 'http://{0}'\n\
             hosts.'b.test'.group.tier = [{{ members = [{{ origin.url = 'http://{0}' }}] }}]",
            a.address()
        ))
    };
    let (mut old, new) = (file("1", "misdirected"), file("2", "not_found"));
    let hosts = VirtualHosts::try_from(&old).unwrap();
    tenants::get(&hosts, "a.test").await;
    let (log, guard) = Log::start();
    let reloaded = old.reload(&new, &hosts).unwrap();
    drop(guard);
    assert_eq!(
        reloaded.to_string(),
        "changed: a.test, b.test; not applied: unknown"
    );
    let warning = "not applied: unknown, which needs a restart";
    assert!(log.text().contains(warning), "{}", log.text());
    tenants::get(&hosts, "a.test").await;
    tenants::get(&hosts, "b.test").await;
    let requests = a.requests();
    let values: Vec<_> = requests
        .iter()
        .map(|it| it.header("x-all").unwrap())
        .collect();
    assert_eq!(values, ["1", "2", "2"]);
}

/// A group in which a member changes keeps the connections of the others; a group with another
/// rule, and an origin in its place, are new.
#[tokio::test]
async fn a_group_of_a_host_changes_as_far_as_it_can_and_else_as_a_whole() {
    let (a, b) = (edge("a").await, edge("b").await);
    let file = |members: &[String], more: &str| -> VirtualHostsConfig {
        read(&format!(
            "hosts.'a.test'.group = {{ {more} tier = [{{ members = [{}] }}] }}",
            members.join(", ")
        ))
    };
    let mut old = file(&[member("a", &a, "")], "");
    let hosts = VirtualHosts::try_from(&old).unwrap();
    tenants::get(&hosts, "a.test").await;
    let mut new = file(&[member("a", &a, ""), member("b", &b, "")], "");
    assert_eq!(old.reload(&new, &hosts).unwrap().changed, ["a.test"]);
    let group = hosts.group("a.test").unwrap();
    assert_eq!((names(&group).len(), opened(&group)[0]), (2, 1));

    let mut ruled = file(&[member("b", &b, "")], "balance = 'round_robin',");
    assert_eq!(new.reload(&ruled, &hosts).unwrap().changed, ["a.test"]);
    assert_eq!(names(&hosts.group("a.test").unwrap()), ["b"]);
    assert_eq!(tenants::get(&hosts, "a.test").await, (200, "b".to_owned()));

    let single = read(&format!(
        "hosts.'a.test'.origin.url = 'http://{}'",
        a.address()
    ));
    assert_eq!(ruled.reload(&single, &hosts).unwrap().changed, ["a.test"]);
    assert_eq!(tenants::get(&hosts, "a.test").await, (200, "a".to_owned()));
}

#[tokio::test]
async fn an_invalid_file_changes_nothing_of_a_running_service() {
    let a = edge("a").await;
    let good = format!("hosts.'a.test'.origin.url = 'http://{}'\n", a.address());
    let mut old: VirtualHostsConfig = read(&good);
    let hosts = VirtualHosts::try_from(&old).unwrap();
    let rows = [
        "hosts.'a.*.test'.origin.url = 'http://b.example'",
        "hosts.'b.test'.group.tier = []",
        "hosts.'b.test'.origin = { url = 'http://b.example', timeouts.dial = '0s' }",
        "hosts.'A.TEST'.origin.url = 'http://b.example'",
        "template.timeouts.dial = '0s'",
        "template.sni = 'a.test'",
    ];
    for row in rows {
        let new: VirtualHostsConfig = read(&format!(
            "hosts.'0.test'.origin.url = 'http://c.example'\n{row}\n{good}"
        ));
        old.reload(&new, &hosts).expect_err(row);
        assert_eq!(hosts.hosts(), ["a.test"], "{row}");
    }
    assert_eq!(tenants::get(&hosts, "a.test").await.0, 200);
}

/// Hosts that clients choose need a guard, also after a reload.
#[test]
fn a_new_template_without_a_guard_is_refused_where_a_rule_makes_tenants() {
    let mut old: VirtualHostsConfig =
        read("hosts = {}\ntemplate.egress_guard.start = 'deny_private'");
    let hosts = VirtualHosts::try_from(&old).unwrap();
    let hosts = hosts.on_demand(|_| None).unwrap();
    let new: VirtualHostsConfig = read("hosts = {}");
    let error = old.reload(&new, &hosts).unwrap_err().to_string();
    let expected = "template: clients choose these names: set egress_guard";
    assert_eq!(error, expected);
}

#[test]
fn an_address_that_the_guard_denies_is_refused_at_the_start_and_at_a_reload() {
    let file = |url: &str| -> VirtualHostsConfig {
        read(&format!(
            "hosts.'a.test'.origin.url = '{url}'\ntemplate.egress_guard.start = 'deny_private'"
        ))
    };
    let expected = "hosts.\"a.test\".origin.url: the egress guard does not allow 10.0.0.1";
    let error = VirtualHosts::try_from(&file("http://10.0.0.1")).unwrap_err();
    assert_eq!(error.to_string(), expected);
    let mut old = file("http://origin.example");
    let hosts = VirtualHosts::try_from(&old).unwrap();
    let error = old.reload(&file("http://10.0.0.1"), &hosts).unwrap_err();
    assert_eq!(error.to_string(), expected);
    assert!(old.reload(&file("http://8.8.8.8"), &hosts).is_ok());
}

/// Roots that were replaced under the same path are read again, for members and hosts that stay.
#[tokio::test]
async fn files_of_members_and_hosts_that_stay_are_read_again() {
    let (one, two) = (Authority::new(), Authority::new());
    let edge = Edge::builder(&two).serves("site.test").start().await;
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("ca.pem");
    fs::write(&roots, one.root_pem()).unwrap();
    let origin = format!(
        "{{ url = 'https://site.test', dial = '{}', verify.roots.pem_files = ['{}'] }}",
        edge.address(),
        roots.display()
    );
    let of_group: GroupConfig = read(&format!(
        "[[tier]]\nmembers = [{{ name = 'a', origin = {origin} }}]"
    ));
    let group = OriginGroup::try_from(&of_group).unwrap();
    let of_hosts: VirtualHostsConfig = read(&format!("hosts.'a.test'.origin = {origin}"));
    let hosts = VirtualHosts::try_from(&of_hosts).unwrap();
    assert_eq!(groups::get(&group).await.0, StatusCode::BAD_GATEWAY);
    assert_eq!(tenants::get(&hosts, "a.test").await.0, 502);

    // Another length, so that a coarse clock of the file system does not matter.
    fs::write(&roots, one.root_pem() + &two.root_pem()).unwrap();
    assert_eq!(
        of_group
            .clone()
            .reload(&of_group, &group)
            .unwrap()
            .to_string(),
        "changed: a"
    );
    assert_eq!(
        of_hosts
            .clone()
            .reload(&of_hosts, &hosts)
            .unwrap()
            .to_string(),
        "changed: a.test"
    );
    assert_eq!(groups::get(&group).await.0, StatusCode::OK);
    assert_eq!(tenants::get(&hosts, "a.test").await.0, 200);
}

/// The renewed file of one member is not used either if that of another cannot be read.
#[tokio::test]
async fn a_reload_that_fails_for_one_file_uses_none_of_the_others() {
    let (one, two) = (Authority::new(), Authority::new());
    let edge = Edge::builder(&two).serves("site.test").start().await;
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["first.pem", "second.pem"].map(|name| folder.path().join(name));
    let origin = |file: &std::path::Path| {
        format!(
            "{{ url = 'https://site.test', dial = '{}', verify.roots.pem_files = ['{}'] }}",
            edge.address(),
            file.display()
        )
    };
    fs::write(&first, one.root_pem()).unwrap();
    fs::write(&second, one.root_pem()).unwrap();
    let of_group: GroupConfig = read(&format!(
        "[[tier]]\nmembers = [{{ name = 'a', origin = {} }}, {{ name = 'b', origin = {} }}]",
        origin(&first),
        origin(&second)
    ));
    let group = OriginGroup::try_from(&of_group).unwrap();
    let of_hosts: VirtualHostsConfig = read(&format!(
        "hosts.'a.test'.origin = {}\nhosts.'b.test'.origin = {}\n\
         [[hosts.'c.test'.group.tier]]\nmembers = [{{ name = 'a', origin = {} }}]",
        origin(&first),
        origin(&second),
        origin(&first)
    ));
    let hosts = VirtualHosts::try_from(&of_hosts).unwrap();
    for host in ["a.test", "b.test", "c.test"] {
        assert_eq!(tenants::get(&hosts, host).await.0, 502, "{host}");
    }

    fs::write(&first, one.root_pem() + &two.root_pem()).unwrap();
    fs::write(&second, "no certificate at all").unwrap();
    of_group.clone().reload(&of_group, &group).unwrap_err();
    of_hosts.clone().reload(&of_hosts, &hosts).unwrap_err();
    assert_eq!(groups::get(&group).await.0, StatusCode::BAD_GATEWAY);
    for host in ["a.test", "b.test", "c.test"] {
        assert_eq!(tenants::get(&hosts, host).await.0, 502, "{host}");
    }

    fs::write(&second, one.root_pem() + &two.root_pem()).unwrap();
    let reloaded = of_group.clone().reload(&of_group, &group).unwrap();
    assert_eq!(reloaded.changed, ["a", "b"]);
    let mut reloaded = of_hosts.clone().reload(&of_hosts, &hosts).unwrap();
    reloaded.changed.sort_unstable();
    assert_eq!(reloaded.changed, ["a.test", "b.test", "c.test"]);
    assert_eq!(groups::get(&group).await.0, StatusCode::OK);
    for host in ["a.test", "b.test", "c.test"] {
        assert_eq!(tenants::get(&hosts, host).await.0, 200, "{host}");
    }
}

/// Another spelling of a value is no change.
#[test]
fn the_same_value_in_other_words_is_no_change() {
    let file = |time: &str, url: &str| -> VirtualHostsConfig {
        read(&format!(
            "idle_timeout = '{time}'\nhosts.'a.test'.origin = {{ url = '{url}', \
             limits.request_timeout = '{time}' }}"
        ))
    };
    let mut old = file("60s", "http://a.example");
    let hosts = VirtualHosts::try_from(&old).unwrap();
    let same = file("1m", "http://A.example/");
    assert_eq!(old.reload(&same, &hosts).unwrap(), Reloaded::default());
}

#[test]
fn an_origin_refuses_a_file_whose_other_keys_are_invalid() {
    let mut old: OriginConfig = read("url = 'http://a.example'");
    let connector = cdn_origin::CdnOriginConnector::try_from(&old).unwrap();
    for text in ["timeouts.dial = '0s'", "via = { off = true, name = 'a' }"] {
        let new = read(&format!("url = 'http://a.example'\n{text}"));
        old.reload(&new, &connector).expect_err(text);
    }
}

/// Counts connections.
#[derive(Clone, Default)]
struct Connections(Arc<AtomicUsize>);

impl Observer for Connections {
    fn connected(&self, _: &Facts) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[tokio::test]
async fn an_observer_of_a_configuration_sees_all_that_is_made_of_it() {
    let (a, b) = (edge("a").await, edge("b").await);
    let seen = Connections::default();
    let config = |member_of: &Edge| {
        let config = one_tier(&[member("m", member_of, "")], "");
        config.with_observer(seen.clone())
    };
    let (mut old, new) = (config(&a), config(&b));
    let group = OriginGroup::try_from(&old).unwrap();
    groups::get(&group).await;
    assert_eq!(seen.0.load(Relaxed), 1);
    old.reload(&new, &group).unwrap();
    groups::get(&group).await;
    assert_eq!(seen.0.load(Relaxed), 2);

    let text = format!(
        "hosts.'a.test'.origin.url = 'http://{}'\n\
         [[hosts.'b.test'.group.tier]]\nmembers = [{}]",
        a.address(),
        member("m", &b, "")
    );
    let config: VirtualHostsConfig = read(&text);
    let hosts = VirtualHosts::try_from(&config.with_observer(seen.clone())).unwrap();
    for host in ["a.test", "b.test"] {
        tenants::get(&hosts, host).await;
    }
    assert_eq!(seen.0.load(Relaxed), 4);
}
