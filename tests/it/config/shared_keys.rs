//! Keys that origins share, in a template and in `each`, and the origins that replace them.

use cdn_origin::{
    config::{GroupConfig, VirtualHostsConfig},
    group::OriginGroup,
    tenants::VirtualHosts,
};
use http::Request;
use http_body_util::Empty;
use tower::ServiceExt;

use super::{groups, read};
use crate::{
    support::{Authority, Edge, refused_address},
    tls_facts::Log,
};

/// The `Proxy-Status` of a response from a host.
async fn proxy_status(hosts: &VirtualHosts, host: &str) -> String {
    let request = Request::get("/").header("host", host);
    let request = request.body(Empty::<bytes::Bytes>::new()).unwrap();
    let Ok(response) = hosts.clone().oneshot(request).await;
    let status = response.headers()["proxy-status"].to_str();
    status.unwrap().to_owned()
}

#[tokio::test]
async fn false_in_an_origin_replaces_true_of_the_template() {
    let refused = refused_address();
    let url = format!("http://{}", refused.address());
    let config: VirtualHostsConfig = read(&format!(
        "template.disclose_diagnosis = true\n\
         hosts.'staging.test'.origin.url = '{url}'\n\
         hosts.'public.test'.origin = {{ url = '{url}', disclose_diagnosis = false }}\n\
         hosts.'each.test'.group = {{ each.disclose_diagnosis = false, tier = [\n\
         {{ members = [{{ origin.url = '{url}' }}] }}] }}"
    ));
    let hosts = VirtualHosts::try_from(&config).unwrap();
    let disclosed = proxy_status(&hosts, "staging.test").await;
    assert!(disclosed.contains("details="), "{disclosed}");
    for host in ["public.test", "each.test"] {
        let concealed = proxy_status(&hosts, host).await;
        assert!(!concealed.contains("details="), "{host}: {concealed}");
    }
}

#[tokio::test]
async fn false_in_a_member_replaces_true_of_each() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).serves("site.test").start().await;
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("ca.pem");
    std::fs::write(&roots, authority.root_pem()).unwrap();
    for (each, member, sni) in [
        ("omit_sni = true", "omit_sni = true", None),
        ("omit_sni = true", "omit_sni = false", Some("site.test")),
        ("sni = 'a.test'", "omit_sni = false", Some("a.test")),
        ("sni = 'a.test'", "omit_sni = true", None),
    ] {
        let config: GroupConfig = read(&format!(
            "each.{each}\n[[tier]]\nmembers = [{{ origin = {{ url = 'https://site.test', \
             dial = '{}', expected_name = 'site.test', verify.roots.pem_files = ['{}'], \
             {member} }} }}]",
            edge.address(),
            roots.display(),
        ));
        let group = OriginGroup::try_from(&config).unwrap();
        groups::get(&group).await;
        let sent = edge.hellos().last().unwrap().sni.clone();
        assert_eq!(sent.as_deref(), sni, "{each}, {member}");
    }
}

/// The four names of each origin are its own. The label is no name of the origin.
#[tokio::test]
async fn the_label_of_a_template_is_that_of_tenants_and_of_members() {
    let refused = refused_address();
    let url = format!("http://{}", refused.address());
    let config: VirtualHostsConfig = read(&format!(
        "template.label = 'edge-eu'\n\
         hosts.'tenant.test'.origin.url = '{url}'\n\
         hosts.'member.test'.group.tier = [{{ members = [{{ origin.url = '{url}' }}] }}]\n\
         hosts.'own.test'.origin = {{ url = '{url}', label = 'own' }}"
    ));
    let hosts = VirtualHosts::try_from(&config).unwrap();
    for (host, label) in [
        ("tenant.test", "edge-eu"),
        ("member.test", "edge-eu"),
        ("own.test", "own"),
    ] {
        let (log, guard) = Log::start();
        proxy_status(&hosts, host).await;
        drop(guard);
        let expected = format!("label=\"{label}\"");
        assert!(log.text().contains(&expected), "{host}: {}", log.text());
    }
}
