//! A file for many hosts: which mistakes are refused, and where a request goes.

use std::fmt::Write;

use cdn_origin::{Error, config::VirtualHostsConfig, tenants::VirtualHosts};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use tower::ServiceExt;

use super::{HOSTS_YAML, groups::edge, read, refused};
use crate::support::refused_address;

/// Status and text of the answer.
pub(super) async fn get(hosts: &VirtualHosts, host: &str) -> (u16, String) {
    let request = Request::get("/").header("host", host);
    let request = request.body(Empty::<bytes::Bytes>::new()).unwrap();
    let Ok(response) = hosts.clone().oneshot(request).await;
    let status = response.status().as_u16();
    let content = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(content.to_vec()).unwrap())
}

fn hosts(text: &str) -> VirtualHosts {
    let config: VirtualHostsConfig = read(text);
    VirtualHosts::try_from(&config).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_example_makes_a_service() {
    let config: VirtualHostsConfig = serde_yaml_ng::from_str(HOSTS_YAML).unwrap();
    let hosts = VirtualHosts::try_from(&config).unwrap();
    assert!(hosts.group("api.example").is_some());
}

#[test]
fn mistakes_are_reported_with_their_place() {
    let rows = [
        ("", "missing field `hosts`"),
        ("hosts = []", "line 1"),
        ("[hosts.'a.example']", "line 1"),
        (
            "[hosts.'a.example']\nurl = 'http://a.example'",
            "unknown variant `url`",
        ),
        (
            "[hosts.'a.example']\norigin.url = 'http://a.example'\ngroup.tier = []",
            "line 1",
        ),
        (
            "[hosts.'a.example'.origin]\nsni = 'a.example'",
            "missing field `url`",
        ),
        (
            "[hosts.'a.example'.origin]\nurl = 'http://a.example'\ndial = ''",
            "line 3",
        ),
        (
            "[hosts.'a.example'.origin]\nurl = 'http://a.example'\n\
             [hosts.'a.example'.origin]\nurl = 'http://b.example'",
            "duplicate key",
        ),
        (
            "hosts = {}\ntemplate = { url = 'http://a.example' }",
            "unknown field `url`",
        ),
        ("hosts = {}\nunknown = 'drop'", "unknown variant `drop`"),
    ];
    for (text, expected) in rows {
        let error = refused::<VirtualHostsConfig>(text);
        assert!(error.contains(expected), "{text}\n{error}");
    }
}

/// What can be read and not used, and the whole error.
#[test]
fn tenants_that_cannot_be_built_are_refused_with_the_path_of_the_key() {
    let rows = [
        (
            "hosts.'Shop.example'.origin.url = 'http://a.example'\n\
             hosts.'shop.example.'.origin.url = 'http://b.example'",
            "hosts.\"shop.example.\": it is the same host as \"Shop.example\"",
        ),
        (
            "hosts.'shop.example:80'.origin.url = 'http://a.example'\n\
             hosts.'shop.example'.group.tier = []",
            "hosts.\"shop.example:80\": it is the same host as \"shop.example\"",
        ),
        (
            "hosts.'a.*.example'.origin.url = 'http://a.example'",
            "hosts.\"a.*.example\": a wildcard stands for the first labels (`*.example.com`), or \
             alone (`*`)",
        ),
        (
            "hosts.''.origin.url = 'http://a.example'",
            "hosts.\"\": the host is empty",
        ),
        (
            "hosts.'a.example'.group.tier = []",
            "hosts.\"a.example\".group.tier: the list is empty",
        ),
        (
            "hosts.'a.example'.origin = { url = 'https://a.example', client_identity = { \
             chain = { file = '/nonexistent' }, key = { env = 'CDN_ORIGIN_UNSET' } } }",
            "hosts.\"a.example\".origin.client_identity.chain: cannot read /nonexistent",
        ),
        (
            "hosts.'a.example'.origin = { url = 'http://a.example', timeouts.dial = '0s' }",
            "hosts.\"a.example\".origin.timeouts.dial: a timeout must be greater than zero",
        ),
        (
            "hosts = {}\ntemplate.sni = 'a.example'",
            "template.sni: each origin has its own names",
        ),
        (
            "hosts = {}\ntemplate.omit_sni = true",
            "template.omit_sni: each origin has its own names",
        ),
        (
            "hosts = {}\ntemplate.timeouts.dial = '0s'",
            "template.timeouts.dial: a timeout must be greater than zero",
        ),
        (
            "hosts = {}\ntemplate.via = { off = true, name = 'a' }",
            "template.via.off: set either this or `name`",
        ),
    ];
    for (text, expected) in rows {
        let config: VirtualHostsConfig = read(text);
        let error = VirtualHosts::try_from(&config).expect_err(text);
        assert_eq!(error.to_string(), expected, "{text}");
    }
}

/// YAML can refer to another place of a file. What that is, its parser decides.
#[test]
fn a_file_that_refers_to_itself_or_to_nothing_is_refused() {
    let rows = [
        "hosts: &all\n  a.example: *all",
        "hosts:\n  a.example: *nothing",
        "a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n\
         c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\nhosts: *c",
    ];
    for text in rows {
        serde_yaml_ng::from_str::<VirtualHostsConfig>(text).expect_err(text);
    }
}

/// No proxy is built before its first request, however many hosts a file has.
#[test]
fn a_file_with_very_many_hosts_builds_no_proxy() {
    let mut text = String::new();
    for number in 0..5_000 {
        writeln!(
            text,
            "hosts.'h{number}.example'.origin.url = 'https://o{number}.example'"
        )
        .unwrap();
    }
    let hosts = hosts(&text);
    assert_eq!((hosts.hosts().len(), hosts.proxies().len()), (5_000, 0));
}

#[tokio::test]
async fn each_host_of_a_file_has_its_origin_or_its_group() {
    let (a, b, other) = (edge("a").await, edge("b").await, edge("other").await);
    let hosts = hosts(&format!(
        "[template]\nrequest_fields.set = {{ X-All = '1' }}\n\
         [hosts.'shop.example'.origin]\nurl = 'http://{}'\nhost = 'origin.test'\n\
         map_path = [{{ client = '/', origin = '/v2' }}]\n\
         request_fields.set = {{ X-Shop = '1' }}\n\
         [hosts.'api.example'.group]\n\
         tier = [{{ members = [{{ name = 'b', origin.url = 'http://{}' }}] }}]\n\
         [hosts.'*'.origin]\nurl = 'http://{}'",
        a.address(),
        b.address(),
        other.address(),
    ));
    assert_eq!(
        get(&hosts, "Shop.example:8080").await,
        (200, "a".to_owned())
    );
    assert_eq!(get(&hosts, "api.example").await, (200, "b".to_owned()));
    assert_eq!(get(&hosts, "else.example").await, (200, "other".to_owned()));
    let (a, b) = (a.requests().remove(0), b.requests().remove(0));
    assert_eq!((a.host(), &*a.target), (Some("origin.test"), "/v2/"));
    for request in [&a, &b, &other.requests()[0]] {
        assert_eq!(request.header("x-all"), Some("1"));
    }
    assert_eq!((a.header("x-shop"), b.header("x-shop")), (Some("1"), None));
    let group = hosts.group("API.example").unwrap();
    assert_eq!(group.snapshot()[0].name, "b");
}

#[tokio::test]
async fn an_unknown_host_gets_the_answer_of_the_file() {
    let hosts = hosts("hosts = {}\nunknown = 'not_found'");
    assert_eq!(get(&hosts, "a.example").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_failing_tenant_from_a_file_is_explained_by_its_keys() {
    let refused = refused_address();
    let url = format!("http://{}", refused.address());
    let hosts = hosts(&format!("[hosts.'a.example'.origin]\nurl = '{url}'"));
    let request = Request::get("/").header("host", "a.example");
    let request = request.body(Empty::<bytes::Bytes>::new()).unwrap();
    let Ok(response) = hosts.oneshot(request).await;
    let error = response.extensions().get::<Error>().unwrap();
    let diagnosis = error.diagnosis();
    let fix = diagnosis.causes()[0].fixes()[0].to_string();
    assert_eq!(fix, "correct the host and port in url or dial");
}
