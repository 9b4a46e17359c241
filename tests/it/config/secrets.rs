//! Secrets in files: an empty one is refused, and what runs stays.

use std::fs;

use cdn_origin::{
    OriginProxy,
    config::{OriginConfig, VirtualHostsConfig},
    tenants::VirtualHosts,
};

use super::{groups::edge, read, tenants};

/// A file may be truncated before it is written anew.
#[test]
fn an_empty_secret_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let field = format!(
        "request_fields.set = {{ X-Key = {{ file = '{}' }} }}",
        file.display()
    );
    let config: OriginConfig = read(&format!("url = 'http://a.example'\n{field}"));
    for content in ["", "\n", " \r\n"] {
        fs::write(&file, content).unwrap();
        let error = OriginProxy::try_from(&config).expect_err(content);
        assert_eq!(error.key(), "request_fields.set.X-Key");
        let expected = format!("request_fields.set.X-Key: {} is empty", file.display());
        assert_eq!(error.to_string(), expected);
    }
    fs::write(&file, "secret\n").unwrap();
    assert!(OriginProxy::try_from(&config).is_ok());
}

#[tokio::test]
async fn a_reload_with_an_empty_secret_changes_nothing() {
    let edge = edge("a").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    fs::write(&file, "one").unwrap();
    let text = format!(
        "hosts.'a.test'.origin = {{ url = 'http://{}', \
         request_fields.set = {{ X-Key = {{ file = '{}' }} }} }}",
        edge.address(),
        file.display()
    );
    let mut running: VirtualHostsConfig = read(&text);
    let hosts = VirtualHosts::try_from(&running).unwrap();
    fs::write(&file, "").unwrap();
    running.reload(&read(&text), &hosts).unwrap_err();
    fs::write(&file, "two").unwrap();
    for (reloads, expected) in [(false, "one"), (true, "two")] {
        if reloads {
            running.reload(&read(&text), &hosts).unwrap();
        }
        tenants::get(&hosts, "a.test").await;
        let seen = edge.requests().pop().unwrap();
        assert_eq!(seen.header("x-key"), Some(expected));
    }
}
