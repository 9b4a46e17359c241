//! A file for one origin: each mistake has an error with its place, and a request gets what the
//! file describes.

use std::fs;

use cdn_origin::{
    CdnOriginConnector, OriginProxy, config::OriginConfig, connector::CdnOriginBuilder,
};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::refused;
use crate::support::{Authority, Edge};

fn read(text: &str) -> OriginConfig {
    super::read(text)
}

/// Text that a format refuses, and what the error contains.
#[test]
fn mistakes_are_reported_with_their_line() {
    let rows = [
        ("", "missing field `url`"),
        ("url = 'ftp://a.example'", "line 1"),
        (
            "url = 'https://a.example'\nsnl = 'b.example'",
            "unknown field `snl`",
        ),
        ("url = 'https://a.example'\nsni = 'not a name'", "line 2"),
        ("url = 'https://a.example'\nsni = ''", "line 2"),
        (
            "url = 'https://a.example'\n[timeouts]\ndial = '10'",
            "line 3",
        ),
        (
            "url = 'https://a.example'\n[timeouts]\ndial = 10",
            "expected a duration such as \"30s\"",
        ),
        (
            "url = 'https://a.example'\nlimits.max_request_body = true",
            "expected a size such as \"64 KiB\", or a number of bytes",
        ),
        (
            "url = 'https://a.example'\nlimits.max_request_body = '10 XB'",
            "expected a size such as \"64 KiB\", or a number of bytes",
        ),
        (
            "url = 1",
            "expected a URL such as \"https://www.example.com\"",
        ),
        (
            "url = 'https://a.example'\nsni = true",
            "expected a name such as \"www.example.com\"",
        ),
        (
            "url = 'https://a.example'\negress_guard.allow = [10]",
            "expected a network such as \"192.0.2.0/24\"",
        ),
        (
            "url = 'https://a.example'\n[limits]\nmax_request_body = '10 XB'",
            "line 3",
        ),
        (
            "url = 'https://a.example'\n[limits]\nmin_upload_rate = '1 KiB'",
            r#"expected a table such as { bytes_per_second = "1 KiB", grace = "60s" }"#,
        ),
        (
            "url = 'https://a.example'\nvia = 'edge-7.example'",
            r#"expected a table such as { name = "edge-7.example" }"#,
        ),
        (
            "url = 'https://a.example'\n[request_fields.set]\nX-Tier = 1",
            r#"a text, { env = "NAME" } or { file = "path" }"#,
        ),
        (
            "url = 'https://a.example'\n[limits]\nmax_request_body = -1",
            "line 3",
        ),
        (
            "url = 'https://a.example'\n[verify]\npinned = ['md5/abc']",
            "line 3",
        ),
        (
            "url = 'https://a.example'\n[verify]\nnone = true",
            "unknown field `none`",
        ),
        (
            "url = 'https://a.example'\n[verify.danger]\ncertificate = true",
            "line 3",
        ),
        (
            "url = 'https://a.example'\n[verify.danger]\ncertificate = ''",
            "accept_any",
        ),
        (
            "url = 'https://a.example'\n[egress_guard]\nallow = ['10.0.0.0/8']",
            "start",
        ),
        (
            "url = 'https://a.example'\n[forwarded]\ntrust = ['10.0.0.0/40']",
            "line 3",
        ),
        (
            "url = 'https://a.example'\nalpn = ['http/3']",
            "unknown variant `http/3`",
        ),
    ];
    for (text, expected) in rows {
        let error = refused::<OriginConfig>(text);
        assert!(error.contains(expected), "{text}\n{error}");
    }
}

/// Keys that can be read and not used, and the whole error.
#[test]
fn keys_that_contradict_each_other_are_refused() {
    let rows = [
        (
            "sni = 'a.example'\nomit_sni = true",
            "omit_sni: set either this or sni",
        ),
        (
            "alpn = []",
            r#"alpn: write ["h2", "http/1.1"], ["h2"] or ["http/1.1"]"#,
        ),
        (
            "alpn = ['http/1.1', 'h2']",
            r#"alpn: write ["h2", "http/1.1"], ["h2"] or ["http/1.1"]"#,
        ),
        ("[verify]\npinned = []", "verify.pinned: the list is empty"),
        (
            "[verify]\nand_pins = []",
            "verify.and_pins: the list is empty",
        ),
        (
            "[verify]\nroots = {}",
            "verify.roots: no root is trusted: set one of its keys",
        ),
        (
            "[verify]\nroots = { native = true }\n\
             pinned = ['sha256/YLh1dUR9y6Kja30RrAn7JKnbQG/uEtLMkBgFF2Fuihg=']",
            "verify.pinned: `pinned` trusts these keys alone: to add them to roots, write `and_pins`",
        ),
        (
            "[verify]\nroots = { native = true }\ndanger = { certificate = 'accept_any' }",
            "verify.danger.certificate: the other keys of this section have no effect: remove them or this one",
        ),
        (
            "[verify]\ncrls = { pem_files = [] }",
            "verify.crls.pem_files: the list is empty",
        ),
        (
            "[client_identity]\nchain = { env = 'CDN_ORIGIN_UNSET' }\n\
             key = { env = 'CDN_ORIGIN_UNSET' }",
            "client_identity.chain: the environment variable \"CDN_ORIGIN_UNSET\" is not set, or \
             is not Unicode",
        ),
        (
            "[client_identity]\nchain = { env = 'CDN_ORIGIN_UNSET' }\n\
             key = { file = '/nonexistent.key' }",
            "client_identity.chain: the environment variable \"CDN_ORIGIN_UNSET\" is not set, or \
             is not Unicode",
        ),
        (
            "[sessions]\noff = true\ncapacity = 3",
            "sessions.off: the other keys of this section have no effect: remove them or this one",
        ),
        (
            "[dns.cache]\nmin_ttl = '1s'",
            "dns.cache: set `min_ttl` and `max_ttl` together",
        ),
        (
            "[dns.cache]\noff = true\nstale = '1s'",
            "dns.cache.off: the other keys of this section have no effect: remove them or this one",
        ),
    ];
    for (text, expected) in rows {
        let config = read(&format!("url = 'https://a.example'\n{text}"));
        let error = CdnOriginBuilder::try_from(&config).expect_err(text);
        assert_eq!(error.to_string(), expected, "{text}");
    }
}

#[test]
fn values_that_the_builder_refuses_are_its_errors() {
    let config = read(
        "url = 'https://a.example'\n[timeouts]\ndial = '0s'\n\
         [verify]\nroots = { pem_files = ['/nonexistent.pem'] }",
    );
    let error = CdnOriginConnector::try_from(&config).expect_err("two values cannot be used");
    assert_eq!(error.key(), "timeouts.dial");
    let setters: Vec<_> = error.problems().iter().map(|it| it.setter()).collect();
    assert_eq!(setters, ["Timeouts::dial", "verify"]);
}

#[test]
fn values_that_the_builder_refuses_are_named_by_their_keys() {
    let rows = [
        ("timeouts.dial = '0s'", "timeouts.dial: a timeout"),
        (
            "verify.roots.pem_files = ['/nonexistent.pem']",
            "verify.roots.pem_files: /nonexistent.pem cannot be read",
        ),
        (
            "verify.crls.pem_files = ['/nonexistent.pem']",
            "verify.crls.pem_files: /nonexistent.pem cannot be read",
        ),
        ("tls.max_record_size = 1", "tls.max_record_size: "),
        ("sessions.capacity = 0", "sessions.capacity: "),
        ("socket_options.dscp = 64", "socket_options.dscp: "),
        ("tls.min_version = '1.3'\ntls.max_version = '1.2'", "tls: "),
    ];
    for (text, expected) in rows {
        let config = read(&format!("url = 'https://a.example'\n{text}"));
        let error = CdnOriginConnector::try_from(&config).expect_err(text);
        let error = error.to_string();
        assert!(error.starts_with(expected), "{error}");
        assert!(!error.contains("(..)"), "{error}");
    }
}

#[test]
fn advice_about_an_origin_of_a_file_names_its_keys() {
    let certificate = "verify.danger.certificate = 'accept_any'";
    let rows = [
        ("https://192.0.2.1", "", "`sni` names the site"),
        (
            "https://a.example",
            "host = 'b.example'",
            "`sni` and `host`",
        ),
        ("https://a.example", certificate, "`expected_name` expects"),
        (
            "https://a.example",
            "verify.danger.names = 'ignore'",
            "`verify.expecting_any`",
        ),
        (
            "https://a.example",
            "tls.max_version = '1.2'",
            "`tls.max_version` offer",
        ),
        ("http://a.example", "alpn = ['h2']", "what `alpn` set"),
        ("http://a.example", "sessions.off = true", "what `sessions"),
    ];
    for (url, key, expected) in rows {
        let config = read(&format!("url = '{url}'\n{key}"));
        let connector = CdnOriginConnector::try_from(&config).unwrap();
        let advice: Vec<_> = connector.advice().iter().map(ToString::to_string).collect();
        let advice = advice.join("\n");
        assert!(advice.contains(expected), "{key}: {advice}");
        assert!(
            !advice.contains("(\"") && !advice.contains("(..)"),
            "{advice}"
        );
    }
}

#[test]
fn keys_of_the_proxy_that_contradict_each_other_are_refused() {
    let rows = [
        (
            "[via]\noff = true\nname = 'a'",
            "via.off: set either this or `name`",
        ),
        (
            "[response_rewrite]\noff = true\nkeep_alt_svc = true",
            "response_rewrite.off: the other keys of this section have no effect: remove them or this one",
        ),
        (
            "[response_rewrite]\noff = true\ncookies_only = true",
            "response_rewrite.off: the other keys of this section have no effect: remove them or this one",
        ),
        (
            "[upgrades]\nprotocols = ['h2c']",
            "upgrades.protocols: not a protocol name, or a version of HTTP",
        ),
        (
            "[request_fields]\nset = { 'not a name' = '1' }",
            "request_fields.set.\"not a name\": not a valid field name",
        ),
        (
            "[response_fields]\nadd = { x = \"1\\n\" }",
            "response_fields.add.x: not a valid field value",
        ),
        (
            "[pool]\nmax_response_head = '5 GiB'",
            "pool.max_response_head: the size is too large",
        ),
    ];
    for (text, expected) in rows {
        let config = read(&format!("url = 'http://a.example'\n{text}"));
        let error = OriginProxy::try_from(&config).expect_err(text);
        assert_eq!(error.to_string(), expected, "{text}");
    }
}

/// A file that names all four names differently, and what the edge sees.
#[tokio::test]
async fn a_proxy_from_a_file_sends_its_names() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.site.test")
        .start()
        .await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let roots = folder.path().join("ca.pem");
    fs::write(&roots, authority.root_pem()).expect("the folder is ours");
    let config = read(&format!(
        "url = 'https://distribution.test'\ndial = '{}'\nsni = 'www.site.test'\n\
         [verify]\nroots = {{ pem_files = ['{}'] }}\n[via]\nname = 'edge-7'",
        edge.address(),
        roots.display(),
    ));
    let proxy = OriginProxy::try_from(&config).expect("the configuration is valid");
    let request = Request::get("/").header("host", "proxy.test");
    let request = request.body(String::new()).expect("a valid request");
    let response = proxy.oneshot(request).await.expect("a proxy never fails");
    assert_eq!(response.status(), StatusCode::OK);
    let seen = &edge.requests()[0];
    assert_eq!(seen.sni.as_deref(), Some("www.site.test"));
    assert_eq!(seen.host(), Some("www.site.test"));
    let via = seen.header("via").expect("the proxy writes Via");
    assert!(via.ends_with("edge-7"), "{via}");
}

/// A reload replaces the roots of a running connector, and names what it cannot replace.
#[tokio::test]
async fn a_changed_file_is_applied_as_far_as_a_running_connector_can() {
    let (old_ca, new_ca) = (Authority::new(), Authority::new());
    let edge = Edge::builder(&new_ca).serves("site.test").start().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, ca: &Authority| {
        let path = folder.path().join(name);
        fs::write(&path, ca.root_pem()).expect("the folder is ours");
        path.display().to_string()
    };
    let config = |roots: String, more: &str| {
        read(&format!(
            "url = 'https://site.test'\ndial = '{}'\n[verify]\n\
             roots = {{ pem_files = ['{roots}'] }}\n{more}",
            edge.address()
        ))
    };
    let mut old = config(file("old.pem", &old_ca), "");
    let mut new = config(file("new.pem", &new_ca), "[limits]\nmax_concurrency = 3");
    let connector = CdnOriginConnector::try_from(&old).expect("the configuration is valid");
    let connect = || connector.clone().oneshot(http::Uri::default());
    assert!(
        connect().await.is_err(),
        "the old roots do not cover the edge"
    );
    let reloaded = old.reload(&new, &connector).expect("valid");
    assert_eq!(reloaded.to_string(), "changed: verify; not applied: limits");
    assert!(connect().await.is_ok(), "the new roots do");
    let broken = config("/nonexistent.pem".to_owned(), "");
    assert!(new.reload(&broken, &connector).is_err());
    assert!(connect().await.is_ok(), "the old trust stays in force");
}

/// Renewed certificates have the paths of the former ones: the configuration is the same.
#[tokio::test]
async fn files_under_the_same_path_are_read_again() {
    let (old_ca, new_ca) = (Authority::new(), Authority::new());
    let edge = Edge::builder(&new_ca).serves("site.test").start().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let roots = folder.path().join("ca.pem");
    fs::write(&roots, old_ca.root_pem()).expect("the folder is ours");
    let config: OriginConfig = read(&format!(
        "url = 'https://site.test'\ndial = '{}'\n[verify]\nroots = {{ pem_files = ['{}'] }}",
        edge.address(),
        roots.display(),
    ));
    let connector = CdnOriginConnector::try_from(&config).expect("the configuration is valid");
    let connect = || connector.clone().oneshot(http::Uri::default());
    connect().await.expect_err("the old roots do not cover it");
    let reload = || config.clone().reload(&config, &connector);
    assert_eq!(reload().expect("valid").to_string(), "no change");

    // Another length, so that a coarse clock of the file system does not matter.
    fs::write(&roots, old_ca.root_pem() + &new_ca.root_pem()).expect("the folder is ours");
    assert_eq!(reload().expect("valid").to_string(), "changed: verify");
    connect().await.expect("the new roots cover it");
    assert_eq!(reload().expect("valid").to_string(), "no change");
}

/// Fields, paths and pages of a file, and what the origin and the client get.
#[tokio::test]
async fn a_proxy_from_a_file_maps_paths_fields_and_pages() {
    let edge = Edge::builder(&Authority::new())
        .plain_http()
        .respond(|_| {
            let response = http::Response::builder().status(503).header("x-old", "1");
            let response = response
                .header("location", "/v2/a")
                .header("vary", "Cookie");
            response
                .body(bytes::Bytes::new())
                .expect("a valid response")
        })
        .start()
        .await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("the folder is ours");
        path.display().to_string()
    };
    let (secret, page) = (file("secret", "s3cret\n"), file("50x.html", "<p>Back soon"));
    let config = read(&format!(
        "url = 'http://origin.test'\ndial = '{}'\nhost_rewrite = 'preserve_name'\n\
         map_path = [{{ client = '/shop', origin = '/v2' }}]\n\
         [request_fields]\nremove_ambiguous_names = true\nremove = ['x-gone']\n\
         set = {{ X-Tier = 'edge', X-Secret = {{ file = '{secret}' }} }}\n\
         [response_fields]\nremove = ['x-old']\nset = {{ X-New = '1' }}\n\
         add = {{ Vary = 'Accept' }}\n\
         [error_pages]\nproblem_details = true\n\
         [[error_pages.pages]]\nstatuses = [503]\nfile = '{page}'\nintercept = true\n",
        edge.address(),
    ));
    let proxy = OriginProxy::try_from(&config).expect("the configuration is valid");
    let request = Request::get("/shop/a").header("host", "Proxy.test:80");
    let request = request.header("x-gone", "1").header("x_gone", "1");
    let request = request.body(String::new()).expect("a valid request");
    let response = proxy.oneshot(request).await.expect("a proxy never fails");
    let seen = &edge.requests()[0];
    assert_eq!(seen.target, "/v2/a");
    assert_eq!(seen.host(), Some("proxy.test"));
    assert_eq!(seen.header("x-tier"), Some("edge"));
    assert_eq!(seen.header("x-secret"), Some("s3cret"));
    assert_eq!((seen.header("x-gone"), seen.header("x_gone")), (None, None));
    let fields = response.headers();
    assert_eq!(fields["location"], "/shop/a");
    assert_eq!(fields["x-new"], "1");
    assert_eq!(fields["content-type"], "text/html; charset=utf-8");
    assert!(!fields.contains_key("x-old"));
    let vary: Vec<_> = fields.get_all("vary").iter().collect();
    assert_eq!(vary, ["Cookie", "Accept"]);
    let content = response.into_body().collect().await.expect("a page");
    assert_eq!(content.to_bytes(), "<p>Back soon");
}

/// The fix of an origin from a file is a key, which works when it is written there.
#[tokio::test]
async fn a_report_of_an_origin_from_a_file_names_keys_that_fix_it() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).serves("www.site.test");
    let edge = edge.knows_hosts(&["www.site.test"]).start().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let roots = folder.path().join("roots.pem");
    fs::write(&roots, authority.root_pem()).expect("the folder is ours");
    let connector = |keys: &str| {
        let text = format!(
            "url = 'https://www.site.test'\ndial = '{}'\n{keys}\n\
             [verify]\nroots = {{ pem_files = ['{}'] }}",
            edge.address(),
            roots.display(),
        );
        CdnOriginConnector::try_from(&read(&text)).expect("the configuration is valid")
    };
    let connect = async |keys: &str| connector(keys).oneshot(http::Uri::default()).await;
    let error = connect("sni = 'other.test'\nhost = 'www.site.test'").await;
    let error = error.expect_err("the edge does not serve that name");
    let diagnosis = error.diagnosis();
    let fix = diagnosis.causes()[0].fixes()[0].to_string();
    let key = fix.strip_suffix(", or another name that the edge serves");
    assert_eq!(key, Some("sni = \"www.site.test\""), "{fix}");
    assert!(diagnosis.to_string().ends_with(&fix), "{diagnosis}");
    let report = error.report().to_string();
    assert!(!report.contains(".sni("), "{report}");
    assert!(connect(key.expect("checked above")).await.is_ok());

    let refused = http::Response::builder()
        .status(421)
        .body(())
        .expect("a response");
    let outcome = Ok::<_, std::convert::Infallible>(refused);
    let error = cdn_origin::adapt::check(&connector("host = 'other.test'"), outcome);
    let report = error.expect_err("a refusal").report().to_string();
    assert!(
        report.contains("fix: host = \"www.site.test\", or another"),
        "{report}"
    );
}
