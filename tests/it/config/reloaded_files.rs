//! Certificate files that are replaced under their paths: requests and health checks take them over.

use std::{fs, time::Duration};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, OriginProxy,
    config::{GroupConfig, OriginConfig, Reloaded, VirtualHostsConfig},
    connector::CdnOriginBuilder,
    group::{CheckOutcome, MemberSnapshot, OriginGroup},
    tenants::VirtualHosts,
    tls::{Roots, VerifyPolicy},
};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use tower::ServiceExt;

use super::{groups, read, tenants};
use crate::{
    failing::to,
    support::{Authority, Edge},
    tls_facts::Log,
};

const NAME: &str = "site.test";

/// Waits until the first member is so.
async fn until(group: &OriginGroup, is_so: impl Fn(&MemberSnapshot) -> bool) {
    while !is_so(&group.snapshot()[0]) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The checks would pass for as long as their old connection is open.
#[tokio::test]
async fn health_checks_find_a_wrong_root_after_a_reload_and_log_the_cause() {
    // First of all: a span belongs to the subscriber that it was created under.
    let (log, _guard) = Log::start();
    let (right, wrong) = (Authority::new(), Authority::new());
    let edge = Edge::builder(&right).serves(NAME).start().await;
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("ca.pem");
    fs::write(&roots, right.root_pem()).unwrap();
    let config: GroupConfig = read(&format!(
        "health_check = {{ path = '/', interval = '20ms' }}\n\
         each = {{ verify.roots.pem_files = ['{}'], label = 'shop' }}\n\
         [[tier]]\nmembers = [{{ name = 'a', origin = {{ url = 'https://{NAME}', dial = '{}' }} }}]",
        roots.display(),
        edge.address(),
    ));
    let group = OriginGroup::try_from(&config).unwrap();
    let passed = |it: &MemberSnapshot| matches!(it.last_check, Some(CheckOutcome::Passed));
    until(&group, passed).await;
    assert_eq!(groups::get(&group).await.0, StatusCode::OK);

    // Another length, so that a coarse clock of the file system does not matter.
    fs::write(&roots, wrong.root_pem().repeat(2)).unwrap();
    config.clone().reload(&config, &group).unwrap();
    until(&group, |it| it.state.as_str() == "down").await;
    let text = log.text();
    let line = text.lines().find(|it| it.contains("origin is down"));
    let line = line.unwrap_or_else(|| panic!("{text}"));
    for field in [
        " member=\"a\" ",
        " label=\"shop\" ",
        " sni=site.test ",
        " expected_name=site.test ",
        " host=site.test ",
        " diagnosis=",
        "verify",
    ] {
        assert!(line.contains(field), "{field} is not in {line}");
    }
    assert_eq!(groups::get(&group).await.0, StatusCode::BAD_GATEWAY);

    fs::write(&roots, right.root_pem()).unwrap();
    config.clone().reload(&config, &group).unwrap();
    until(&group, |it| it.state.as_str() == "serving").await;
    assert_eq!(groups::get(&group).await.0, StatusCode::OK);
}

/// Over HTTP/1.1, where connections are idle, and over HTTP/2, where they are shared.
#[tokio::test]
async fn after_a_reload_no_request_gets_a_connection_from_before() {
    let (right, wrong) = (Authority::new(), Authority::new());
    let roots = |authority: &Authority| VerifyPolicy::roots(Roots::pem(authority.root_pem()));
    for edge in [
        Edge::builder(&right).serves(NAME).alpn(&["http/1.1"]),
        Edge::builder(&right).serves(NAME).alpn(&["h2"]),
    ] {
        let edge = edge.start().await;
        let connector: CdnOriginConnector = to(&edge, &right, NAME).build().unwrap();
        let proxy = OriginProxy::new(connector.clone());
        let get = async || {
            let request = Request::get("/").header("host", "client.test");
            let request = request.body(Empty::<Bytes>::new()).unwrap();
            let Ok(response) = proxy.clone().oneshot(request).await;
            let status = response.status();
            response.into_body().collect().await.unwrap();
            status
        };
        for _ in 0..2 {
            assert_eq!(get().await, StatusCode::OK);
        }
        assert_eq!(proxy.snapshot().pool.opened, 1);
        connector.reload(|tls| tls.verify(roots(&wrong))).unwrap();
        assert_eq!(get().await, StatusCode::BAD_GATEWAY);
        connector.reload(|tls| tls.verify(roots(&right))).unwrap();
        for _ in 0..2 {
            assert_eq!(get().await, StatusCode::OK);
        }
        assert_eq!(proxy.snapshot().pool.opened, 2);
    }
}

/// A table with roots in this file.
fn verify(path: &str) -> String {
    format!("verify.roots.pem_files = ['{path}']")
}

const MEMBERS: &str = "tier = [{ members = [{ name = 'a', origin.url = 'https://a.example' }] }]";

#[test]
fn an_error_names_the_table_that_has_the_key() {
    let missing = verify("/nonexistent.pem");
    let own = format!("origin = {{ url = 'https://a.example', {missing} }}");
    for (text, table) in [
        (
            format!("hosts.'*'.group = {{ each = {{ {missing} }}, {MEMBERS} }}"),
            "hosts.\"*\".group.each",
        ),
        (
            format!("template = {{ {missing} }}\nhosts.'*'.group = {{ {MEMBERS} }}"),
            "template",
        ),
        (
            format!(
                "hosts.'*'.group = {{ each = {{ limits = {{}} }}, tier = [{{ members = [{{ {own} }}] }}] }}"
            ),
            "hosts.\"*\".group.tier[0].members[0].origin",
        ),
        (
            format!(
                "hosts.'*'.group = {{ each = {{ limits = {{}} }}, tier = [{{ dns = {{ {own} }} }}] }}"
            ),
            "hosts.\"*\".group.tier[0].dns.origin",
        ),
        (
            format!(
                "hosts.'*'.group = {{ each = {{ {missing} }}, tier = [{{ dns = {{ origin.url = 'https://a.example' }} }}] }}"
            ),
            "hosts.\"*\".group.each",
        ),
        (
            format!("hosts.'A.test' = {{ {own} }}"),
            "hosts.\"A.test\".origin",
        ),
    ] {
        let config: VirtualHostsConfig = read(&text);
        let error = VirtualHosts::try_from(&config)
            .expect_err(&text)
            .to_string();
        let expected = format!("{table}.verify.roots.pem_files: /nonexistent.pem cannot be read");
        assert!(error.starts_with(&expected), "{error} is not {expected}");
    }
    let group: GroupConfig = read(&format!("each = {{ {missing} }}\n{MEMBERS}"));
    let error = OriginGroup::try_from(&group).unwrap_err().to_string();
    assert!(
        error.starts_with("each.verify.roots.pem_files: "),
        "{error}"
    );
}

/// The content of a file changes, and no key does.
#[tokio::test]
async fn a_file_that_is_read_again_is_named_by_its_key_in_errors_and_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("ca.pem");
    let table = verify(roots.to_str().unwrap());
    for (text, key) in [
        (
            format!("hosts.'*'.group = {{ each = {{ {table} }}, {MEMBERS} }}"),
            "hosts.\"*\".group.each.verify",
        ),
        (
            format!("template = {{ {table} }}\nhosts.'*'.group = {{ {MEMBERS} }}"),
            "template.verify",
        ),
        (
            format!("hosts.'A.test'.origin = {{ url = 'https://a.example', {table} }}"),
            "hosts.\"A.test\".origin.verify",
        ),
    ] {
        fs::write(&roots, Authority::new().root_pem()).unwrap();
        let config: VirtualHostsConfig = read(&text);
        let hosts = VirtualHosts::try_from(&config).unwrap();
        // The proxy of an origin is built for its first request.
        let request = Request::get("/").header("host", "a.test");
        let Ok(_) = hosts
            .clone()
            .oneshot(request.body(Empty::<Bytes>::new()).unwrap())
            .await;

        fs::write(&roots, "no certificate").unwrap();
        let error = config
            .clone()
            .reload(&config, &hosts)
            .unwrap_err()
            .to_string();
        let expected = format!("{key}.roots.pem_files: {}", roots.display());
        assert!(error.starts_with(&expected), "{error} is not {expected}");

        let (log, _guard) = Log::down_to(tracing::Level::INFO);
        fs::write(&roots, Authority::new().root_pem().repeat(2)).unwrap();
        let reloaded = config.clone().reload(&config, &hosts).unwrap();
        assert_eq!(reloaded.keys, [key]);
        let text = log.text();
        assert!(text.contains(&format!("keys={key}")), "{text}");
        assert!(!text.contains("ca.pem"), "{text}");
    }
}

/// A secret that is renewed under its path, as by Kubernetes, and the text of an error page.
#[tokio::test]
async fn files_of_fields_and_pages_are_read_again() {
    let edge = groups::edge("a").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let url = format!("url = 'http://{}'", edge.address());
    let fields = format!(
        "request_fields.set = {{ X-Key = {{ file = '{}' }} }}",
        file.display()
    );
    let pages = format!(
        "error_pages.pages = [{{ statuses = [502], file = '{}' }}]",
        file.display()
    );
    for (key, keys) in [("request_fields", &fields), ("error_pages", &pages)] {
        let member = format!("members = [{{ name = 'm', origin = {{ {url}, {keys} }} }}]");
        let plain = format!("members = [{{ name = 'm', origin = {{ {url} }} }}]");
        for (text, changed) in [
            (
                format!("[[tier]]\n{member}"),
                format!("tier[0].members[0].origin.{key}"),
            ),
            (
                format!("each.{keys}\n[[tier]]\n{plain}"),
                format!("each.{key}"),
            ),
        ] {
            fs::write(&file, "one").unwrap();
            let mut old: GroupConfig = read(&text);
            let group = OriginGroup::try_from(&old).unwrap();
            assert_eq!(
                old.reload(&read(&text), &group).unwrap(),
                Reloaded::default()
            );
            fs::write(&file, "two").unwrap();
            let mut new: GroupConfig = read(&text);
            let reloaded = old.reload(&new, &group).unwrap();
            assert_eq!(
                (reloaded.changed, reloaded.keys),
                (vec!["m".to_owned()], vec![changed])
            );
            assert_eq!(
                new.reload(&read(&text), &group).unwrap(),
                Reloaded::default()
            );
            groups::get(&group).await;
            let seen = edge.requests().pop().unwrap();
            let expected = (key == "request_fields").then_some("two");
            assert_eq!(seen.header("x-key"), expected);
        }
        let hosts = [
            (
                format!("hosts.'a.test'.origin = {{ {url}, {keys} }}"),
                format!("hosts.\"a.test\".origin.{key}"),
            ),
            (
                format!("hosts.'a.test'.group.tier = [{{ {member} }}]"),
                format!("hosts.\"a.test\".group.tier[0].members[0].origin.{key}"),
            ),
            (
                format!("template.{keys}\nhosts.'a.test'.origin = {{ {url} }}"),
                format!("template.{key}"),
            ),
        ];
        for (text, changed) in hosts {
            fs::write(&file, "one").unwrap();
            let mut old: VirtualHostsConfig = read(&text);
            let hosts = VirtualHosts::try_from(&old).unwrap();
            assert_eq!(
                old.reload(&read(&text), &hosts).unwrap(),
                Reloaded::default()
            );
            fs::write(&file, "two").unwrap();
            let reloaded = old.reload(&read(&text), &hosts).unwrap();
            assert_eq!(reloaded.keys, [changed]);
            tenants::get(&hosts, "a.test").await;
            let seen = edge.requests().pop().unwrap();
            let expected = (key == "request_fields").then_some("two");
            assert_eq!(seen.header("x-key"), expected);
        }
        fs::write(&file, "one").unwrap();
        let text = format!("{url}\n{keys}");
        let mut old: OriginConfig = read(&text);
        let connector = CdnOriginConnector::try_from(&old).unwrap();
        drop(OriginProxy::try_from(&old).unwrap());
        fs::write(&file, "two").unwrap();
        let reloaded = old.reload(&read(&text), &connector).unwrap();
        assert_eq!(reloaded.not_applied, [key]);
    }
}

/// The connector reads both again if both are files, and none otherwise.
#[test]
fn a_chain_that_was_renewed_differs_if_its_key_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let chain = folder.path().join("chain.pem");
    let built = |content: &str| -> OriginConfig {
        fs::write(&chain, content).unwrap();
        let config: OriginConfig = read(&format!(
            "url = 'https://a.example'\n\
             client_identity = {{ chain = {{ file = '{}' }}, key = {{ env = 'PATH' }} }}",
            chain.display()
        ));
        drop(CdnOriginBuilder::try_from(&config).unwrap());
        config
    };
    let (one, two) = (built("one"), built("two"));
    assert_ne!(one, two);
    assert_eq!(two, built("two"));
}

#[test]
fn the_paths_of_all_keys_that_differ_are_listed() {
    let file = |limit: u32, weight: u32| -> VirtualHostsConfig {
        read(&format!(
            "max_active = {limit}\ntemplate.limits.max_concurrency = {limit}\n\
             hosts.'a.test'.origin = {{ url = 'http://a.example', limits.max_queued = {limit} }}\n\
             hosts.'b.test'.group = {{ each.limits.max_queued = {limit}, balance = 'round_robin', \
             tier = [{{ members = [{{ name = 'm', weight = {weight}, \
             origin = {{ url = 'http://b.example', timeouts.dial = '{limit}s' }} }}] }}] }}"
        ))
    };
    let mut old = file(1, 1);
    let hosts = VirtualHosts::try_from(&old).unwrap();
    let reloaded = old.reload(&file(2, 2), &hosts).unwrap();
    let expected = [
        "max_active",
        "template.limits",
        "hosts.\"a.test\".origin.limits",
        "hosts.\"b.test\".group.each.limits",
        "hosts.\"b.test\".group.tier[0].members[0].origin.timeouts",
        "hosts.\"b.test\".group.tier[0].members[0].weight",
    ];
    assert_eq!(reloaded.keys, expected);

    let reloaded = file(2, 2).reload(&file(2, 3), &hosts).unwrap();
    assert_eq!(reloaded.keys, &expected[5..]);
}
