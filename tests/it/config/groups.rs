//! A file for a group: which mistakes are refused, and which member gets a request.

use std::fs;

use cdn_origin::{
    Error,
    config::GroupConfig,
    group::{OriginGroup, OriginGroupBuilder},
};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use tower::ServiceExt;

use super::{GROUP, GROUP_YAML, read, refused};
use crate::support::{Authority, Edge, refused_address};

/// An edge that answers with its name.
pub(super) async fn edge(name: &'static str) -> Edge {
    Edge::builder(&Authority::new())
        .plain_http()
        .respond(move |_| Response::new(name.into()))
        .start()
        .await
}

/// Status and text of the answer.
pub(super) async fn get(group: &OriginGroup) -> (StatusCode, String) {
    let request = Request::get("/").header("host", "client.test");
    let request = request.body(Empty::<bytes::Bytes>::new()).unwrap();
    let Ok(response) = group.clone().oneshot(request).await;
    let status = response.status();
    let content = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(content.to_vec()).unwrap())
}

fn group(text: &str) -> OriginGroup {
    OriginGroup::try_from(&read::<GroupConfig>(text)).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_examples_make_groups() {
    let yaml: GroupConfig = serde_yaml_ng::from_str(GROUP_YAML).unwrap();
    for config in [read(GROUP), yaml] {
        drop(OriginGroupBuilder::try_from(&config).unwrap());
    }
}

#[test]
fn mistakes_are_reported_with_their_place() {
    let rows = [
        ("", "missing field `tier`"),
        ("tier = 3", "line 1"),
        ("[[tier]]", "line 1"),
        ("[[tier]]\nmember = []", "unknown variant `member`"),
        (
            "[[tier]]\nmembers = [{ url = 'http://a.example' }]",
            "unknown field `url`, expected one of `name`, `weight`, `origin`",
        ),
        (
            "[[tier]]\nmembers = [{ origin = { sni = 'a.example' } }]",
            "missing field `url`",
        ),
        (
            "[[tier]]\nmembers = [{ weight = -1, origin.url = 'http://a.example' }]",
            "line 2",
        ),
        (
            "[[tier]]\nmembers = [{ origin.url = 'http://a.example', origin.snl = 'a' }]",
            "unknown field `snl`",
        ),
        (
            "each = { url = 'http://a.example' }\ntier = []",
            "unknown field `url`: each origin has its own",
        ),
        ("balance = 'random'\ntier = []", "unknown variant `random`"),
        ("ejection = { time = '10' }\ntier = []", "line 1"),
        (
            "health_check = { host = 'not a host', path = '/' }\ntier = []",
            "line 1",
        ),
        (
            "health_check = { method = 'GE T', path = '/' }\ntier = []",
            "line 1",
        ),
    ];
    for (text, expected) in rows {
        let error = refused::<GroupConfig>(text);
        assert!(error.contains(expected), "{text}\n{error}");
    }
}

/// What can be read and not used, and the whole error.
#[test]
fn groups_that_cannot_be_built_are_refused_with_the_path_of_the_key() {
    let a = "[[tier]]\nmembers = [{ origin.url = 'http://a.example' }]";
    let rows = [
        ("tier = []".to_owned(), "tier: the list is empty"),
        (
            format!("{a}\n[[tier]]\nmembers = []"),
            "tier[1].members: the list is empty",
        ),
        (
            format!("{a}\n{a}"),
            "tier[1].members[0].name: the member has the name of tier[0].members[0], \
             \"a.example:80\": set another",
        ),
        (
            "[[tier]]\nmembers = [\n{ name = 'a', origin.url = 'http://b.example' },\n\
             { name = 'a', origin.url = 'http://c.example' }]"
                .to_owned(),
            "tier[0].members[1].name: the member has the name of tier[0].members[0], \"a\": set \
             another",
        ),
        (
            "[[tier]]\nmembers = [{ origin = { url = 'http://a.example', verify.pinned = [] } }]"
                .to_owned(),
            "tier[0].members[0].origin.verify.pinned: the list is empty",
        ),
        (
            "[[tier]]\nmembers = [{ origin = { url = 'http://a.example', \
             timeouts.dial = '0s' } }]"
                .to_owned(),
            "tier[0].members[0].origin.timeouts.dial: a timeout must be greater than zero",
        ),
        (
            "[[tier]]\ndns = { origin = { url = 'http://a.example', sni = 'a.example', \
             omit_sni = true } }"
                .to_owned(),
            "tier[0].dns.origin.omit_sni: set either this or sni",
        ),
        (
            format!("{a}\n[each]\npool = {{ max_response_head = '5 GiB' }}"),
            "each.pool.max_response_head: the size is too large",
        ),
        (
            format!("{a}\n[failover]\nstatuses = [99]"),
            "failover.statuses: not a status code (100 to 999)",
        ),
        (
            format!("{a}\n[failover]\noff = true\nmax_attempts = 2"),
            "failover.off: the other keys of this section have no effect: remove them or this one",
        ),
        (
            format!("{a}\n[health_check]\npath = '/'\nstatuses = []"),
            "health_check.statuses: the list is empty",
        ),
        (
            format!("{a}\n[health_check]\npath = 'healthz'"),
            "health_check.path: it is no path, which begins with `/` and has no spaces",
        ),
        (
            format!("{a}\n[health_check]\npath = '/'\nmethod = 'CONNECT'"),
            "health_check.method: a gateway forwards neither CONNECT nor TRACE, so each check \
             would fail",
        ),
        (
            format!("balance = {{ by_key = {{ key = {{ header = 'a b' }} }} }}\n{a}"),
            "balance.by_key.key.header: not a valid field name",
        ),
    ];
    for (text, expected) in rows {
        let config: GroupConfig = read(&text);
        let error = OriginGroup::try_from(&config).expect_err(&text);
        assert_eq!(error.to_string(), expected, "{text}");
    }
}

#[tokio::test]
async fn the_members_of_a_file_share_the_requests_by_their_weights() {
    let (a, b) = (edge("a").await, edge("b").await);
    let group = group(&format!(
        "balance = 'round_robin'\n[[tier]]\nmembers = [\n\
         {{ name = 'a', weight = 2, origin.url = 'http://{}' }},\n\
         {{ origin.url = 'http://{}' }}]",
        a.address(),
        b.address()
    ));
    for _ in 0..9 {
        assert_eq!(get(&group).await.0, StatusCode::OK);
    }
    assert_eq!((a.requests().len(), b.requests().len()), (6, 3));
    let members = group.snapshot();
    let names: Vec<_> = members.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names, ["a", &b.address().to_string()]);
}

/// The keys of `each` come first: those of a member replace them, and fields are added.
#[tokio::test]
async fn a_member_has_the_keys_of_each_unless_it_has_them_itself() {
    let (a, b) = (edge("a").await, edge("b").await);
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, "s3cret\n").unwrap();
    let group = group(&format!(
        "balance = 'round_robin'\n[each]\nhost = 'each.test'\n\
         request_fields.set = {{ X-Secret = {{ file = '{}' }} }}\n\
         [[tier]]\nmembers = [\n\
         {{ origin.url = 'http://{}' }},\n\
         {{ origin.url = 'http://{}', origin.host = 'own.test', \
            origin.request_fields.set = {{ X-Own = '1' }} }}]",
        secret.display(),
        a.address(),
        b.address()
    ));
    for _ in 0..2 {
        get(&group).await;
    }
    let (a, b) = (a.requests().remove(0), b.requests().remove(0));
    assert_eq!((a.host(), b.host()), (Some("each.test"), Some("own.test")));
    for request in [&a, &b] {
        assert_eq!(request.header("x-secret"), Some("s3cret"));
    }
    assert_eq!((a.header("x-own"), b.header("x-own")), (None, Some("1")));
}

/// A policy of `each` is no contradiction to a member of plain http.
#[tokio::test]
async fn keys_of_tls_that_all_members_share_do_not_hinder_plain_ones() {
    let a = edge("a").await;
    let group = group(&format!(
        "[each]\nverify.pinned = ['sha256/YLh1dUR9y6Kja30RrAn7JKnbQG/uEtLMkBgFF2Fuihg=']\n\
         [[tier]]\nmembers = [{{ origin.url = 'http://{}' }}]",
        a.address()
    ));
    assert_eq!(get(&group).await, (StatusCode::OK, "a".to_owned()));
}

#[tokio::test]
async fn a_tier_from_dns_has_a_member_for_each_address_with_its_keys_and_those_of_each() {
    let a = edge("a").await;
    let port = a.address().port();
    let group = group(&format!(
        "[each]\nrequest_fields.set = {{ X-Each = '1' }}\n\
         [[tier]]\ndns = {{ grace = '1m', origin = {{ url = 'http://service.test:{port}', \
         dns.resolve_to = {{ 'service.test' = ['127.0.0.1'] }}, \
         request_fields.set = {{ X-Own = '2' }}, host_rewrite = 'preserve' }} }}"
    ));
    while group.snapshot()[0].name != a.address().to_string() {
        tokio::task::yield_now().await;
    }
    assert_eq!(get(&group).await, (StatusCode::OK, "a".to_owned()));
    let request = a.requests().remove(0);
    assert_eq!(request.header("x-each"), Some("1"));
    assert_eq!(request.header("x-own"), Some("2"));
    assert_eq!(request.host(), Some("client.test"));
}

#[tokio::test]
async fn a_failing_member_from_a_file_is_explained_by_its_keys() {
    let refused = refused_address();
    let url = format!("http://{}", refused.address());
    let group = group(&format!("[[tier]]\nmembers = [{{ origin.url = '{url}' }}]"));
    let request = Request::get("/").header("host", "client.test");
    let request = request.body(Empty::<bytes::Bytes>::new()).unwrap();
    let Ok(response) = group.oneshot(request).await;
    let error = response.extensions().get::<Error>().unwrap();
    let diagnosis = error.diagnosis();
    let fix = diagnosis.causes()[0].fixes()[0].to_string();
    assert_eq!(fix, "correct the host and port in url or dial");
}
