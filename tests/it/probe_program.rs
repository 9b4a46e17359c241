//! The program `cdn-origin-probe`: its command line, its output and its exit codes.

#[path = "../../src/bin/cdn-origin-probe/arguments.rs"]
mod arguments;

use std::{io::Write, path::Path, process::Output, time::Duration};

use crate::support::{Authority, Edge, SniRefusal, refused_address};
use arguments::{Command, Target, USAGE, Url};

fn parse(line: &str) -> Result<Command, String> {
    arguments::parse(line.split_whitespace().map(str::to_owned))
}

fn error(line: &str) -> String {
    let error = parse(line).unwrap_err();
    assert!(!error.contains('\n'), "{error}");
    error
}

#[test]
fn options_are_accepted_in_any_order() {
    let line = "--host h.test https://o.test --sni s.test --dial d.test:1 --expected e.test \
                --ca=ca.pem --name a.test --name=b.test --json --timeout 2.5";
    let Ok(Command::Probe(parsed)) = parse(line) else {
        panic!("{line}");
    };
    let Target::Url(Url {
        origin,
        host,
        sni,
        expected,
        dial,
    }) = parsed.target
    else {
        panic!("{line}");
    };
    assert_eq!(origin, "https://o.test");
    let given = [host, sni, expected, dial].map(Option::unwrap);
    assert_eq!(given, ["h.test", "s.test", "e.test", "d.test:1"]);
    assert_eq!(parsed.ca.as_deref(), Some("ca.pem"));
    assert_eq!(
        parsed.names,
        ["a.test", "b.test"].map(|name| name.parse().unwrap())
    );
    assert!(parsed.as_json);
    assert_eq!(parsed.timeout, Duration::from_millis(2500));

    let Ok(Command::Probe(parsed)) = parse("--config=a.toml --origin shop.test") else {
        panic!("a file needs no URL");
    };
    let Target::File { path, origin } = parsed.target else {
        panic!("a file");
    };
    assert_eq!(path, Path::new("a.toml"));
    assert_eq!(origin.as_deref(), Some("shop.test"));
    assert_eq!(parsed.timeout, Duration::from_secs(10));
}

#[test]
fn the_usage_lists_every_option_and_is_printed_on_request() {
    for option in [
        "--host",
        "--sni",
        "--expected",
        "--dial",
        "--ca",
        "--config",
        "--origin",
        "--name",
        "--timeout",
        "--json",
        "--help",
    ] {
        assert!(USAGE.contains(&format!("\n  {option} ")), "{option}");
    }
    for line in ["--help", "-h", "https://o.test --json --help"] {
        assert!(matches!(parse(line), Ok(Command::Help)), "{line}");
    }
    assert!(USAGE.lines().all(|line| line.len() <= 80));
}

#[test]
fn an_invalid_command_line_is_reported_in_one_line() {
    assert_eq!(
        error("https://o.test --hots h.test"),
        "unknown option --hots, see --help"
    );
    assert_eq!(
        error("https://o.test --host"),
        "--host requires a value, see --help"
    );
    assert_eq!(
        error("https://o.test --sni --json").split(' ').next(),
        Some("--sni")
    );
    assert_eq!(
        error("https://o.test --json=1"),
        "--json takes no value, see --help"
    );
    assert_eq!(error("--json"), "the origin is missing, see --help");
    assert!(error("https://o.test https://p.test").ends_with("https://p.test"));
    assert!(error("https://o.test --name a..b").starts_with("--name a..b: "));
    for seconds in ["0", "-1", "10s", "nan"] {
        let error = error(&format!("https://o.test --timeout={seconds}"));
        assert!(
            error.starts_with(&format!("--timeout {seconds}: ")),
            "{error}"
        );
    }
    assert_eq!(
        error("https://o.test --origin a.test"),
        "--origin requires --config"
    );
    assert_eq!(
        error("--config a.toml --sni a.test"),
        "--sni and --config exclude each other: the file has the names"
    );
}

/// Runs the program. It trusts only the authority.
async fn run(authority: &Authority, arguments: &[&str]) -> Output {
    let roots = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(roots.path(), authority.root_pem()).unwrap();
    tokio::process::Command::new(env!("CARGO_BIN_EXE_cdn-origin-probe"))
        .args(arguments)
        .env("SSL_CERT_FILE", roots.path())
        .env_remove("SSL_CERT_DIR")
        .output()
        .await
        .unwrap()
}

#[tokio::test]
async fn the_program_prints_the_code_that_works() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.site.example")
        .start()
        .await;
    let dial = edge.address().to_string();
    let origin = [
        "https://d1.cloudfront.net",
        "--host",
        "www.site.example",
        "--dial",
        &dial,
    ];
    let output = run(&authority, &origin).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("\n    .sni(\"www.site.example\")"), "{text}");
    assert!(text.starts_with("   1  as configured: "), "{text}");
}

#[tokio::test]
async fn an_authority_of_the_command_line_is_trusted_and_json_tells_what_was_presented() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves_with("www.site.example", authority.issue(&["cert.site.example"]))
        .start()
        .await;
    let mut roots = tempfile::NamedTempFile::new().unwrap();
    roots.write_all(authority.root_pem().as_bytes()).unwrap();
    let ca = format!("--ca={}", roots.path().display());
    let dial = edge.address().to_string();
    let arguments = ["https://www.site.example", &ca, "--dial", &dial, "--json"];
    // The environment's authority is another one.
    let output = run(&Authority::new(), &arguments).await;
    let findings: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let first = &findings["attempts"][0];
    assert_eq!(first["outcome"]["kind"], "certificate_name_mismatch");
    assert_eq!(first["presented"], serde_json::json!(["cert.site.example"]));
    assert_eq!(first["cause"]["id"], "certificate_for_another_name");

    let arguments = [&arguments[..4], &["--expected=cert.site.example", "--json"]].concat();
    let output = run(&Authority::new(), &arguments).await;
    let findings: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let working = findings["working"].as_str().unwrap();
    assert!(working.ends_with("\n    .build()?"), "{working}");
}

/// On call: would the file work with the new authority?
#[tokio::test]
async fn an_authority_of_the_command_line_replaces_that_of_a_file() {
    let (old, new) = (Authority::new(), Authority::new());
    let edge = Edge::builder(&new).serves("www.site.example").start().await;
    let folder = tempfile::tempdir().unwrap();
    let [old_ca, new_ca, file] =
        ["old.pem", "new.pem", "origins.toml"].map(|it| folder.path().join(it));
    std::fs::write(&old_ca, old.root_pem()).unwrap();
    std::fs::write(&new_ca, new.root_pem()).unwrap();
    let text = format!(
        "url = 'https://www.site.example'\ndial = '{}'\nverify.roots.pem_files = ['{}']",
        edge.address(),
        old_ca.display()
    );
    std::fs::write(&file, text).unwrap();
    let config = format!("--config={}", file.display());
    let ca = format!("--ca={}", new_ca.display());
    for (arguments, code) in [(&[&*config][..], 1), (&[&*config, &*ca][..], 0)] {
        let output = run(&old, arguments).await;
        assert_eq!(output.status.code(), Some(code), "{output:?}");
    }
}

/// The key is that of the table that has it, as in the log of the service.
#[tokio::test]
async fn an_error_of_a_shared_table_names_that_table() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hosts.toml");
    let text = "hosts.'*'.group = { each = { verify.roots.pem_files = ['/nonexistent.pem'] }, \
                tier = [{ members = [{ origin.url = 'https://a.example' }] }] }";
    std::fs::write(&file, text).unwrap();
    let config = format!("--config={}", file.display());
    let output = run(&Authority::new(), &[&config]).await;
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    let expected = "hosts.\"*\".group.each.verify.roots.pem_files: /nonexistent.pem";
    assert!(error.contains(expected), "{error}");
}

/// The dialled address, SNI, the expected name and Host all differ, and SNI is wrong.
#[tokio::test]
async fn a_certificate_for_another_name_is_found_with_the_expected_name() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves_with("sni.site.example", authority.issue(&["cert.site.example"]))
        .start()
        .await;
    let dial = edge.address().to_string();
    let origin = [
        "https://wrong.site.example",
        "--expected",
        "cert.site.example",
        "--name",
        "sni.site.example",
        "--dial",
        &dial,
    ];
    let output = run(&authority, &origin).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\n    .sni(\"sni.site.example\")"), "{text}");
}

#[tokio::test]
async fn the_exit_code_tells_a_failure_from_a_mistake() {
    let authority = Authority::new();
    let refused = refused_address();
    let dial = refused.address().to_string();
    let origin = ["https://www.site.example", "--dial", &dial, "--json"];
    let output = run(&authority, &origin).await;
    assert_eq!(output.status.code(), Some(1));
    let findings: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(findings["working"].is_null(), "{findings}");
    assert_eq!(findings["attempts"][0]["outcome"]["stage"], "dial");

    let output = run(&authority, &["not an origin"]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}

/// Writes a file that is gone after the test.
fn file(suffix: &str, text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(suffix).tempfile().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[tokio::test]
async fn each_origin_of_a_configuration_file_is_probed_with_its_own_names() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.site.example")
        .start()
        .await;
    let (dial, refused) = (edge.address(), refused_address());
    let tenants = format!(
        r#"
        [template]
        timeouts = {{ connect = "5s" }}
        [hosts."shop.example".origin]
        url = "https://d1.cloudfront.net"
        dial = "{dial}"
        host = "www.site.example"
        [[hosts."api.example".group.tier]]
        members = [{{ name = "a", origin.url = "https://{}" }}]
        "#,
        refused.address()
    );
    let tenants = file(".toml", &tenants);
    let path = tenants.path().display().to_string();

    let output = run(&authority, &["--config", &path, "--json"]).await;
    assert_eq!(output.status.code(), Some(1), "one of them fails");
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let origins = found["origins"].as_array().unwrap();
    let names: Vec<_> = origins.iter().map(|it| it["origin"].as_str()).collect();
    assert_eq!(names, [Some("api.example/a"), Some("shop.example")]);
    assert!(origins[0]["working"].is_null(), "{found}");
    let working = origins[1]["working"].as_str().unwrap();
    assert!(
        working.contains("\nsni = \"www.site.example\""),
        "{working}"
    );
    let tables = origins.iter().map(|it| it["table"].as_str().unwrap());
    let expected = [
        "hosts.\"api.example\".group.tier[0].members[0].origin",
        "hosts.\"shop.example\".origin",
    ];
    assert_eq!(tables.collect::<Vec<_>>(), expected);
    assert_eq!(origins[0]["each"], "hosts.\"api.example\".group.each");
    assert!(origins[1]["each"].is_null(), "{found}");

    let one = ["--config", &path, "--origin", "shop.example"];
    let output = run(&authority, &one).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        output.status.code(),
        Some(3),
        "it needs another SNI: {text}"
    );
    assert!(
        text.starts_with("shop.example:\n\n   1  as configured: "),
        "{text}"
    );
}

/// The standard output and the exit code for a file.
async fn probe_file(authority: &Authority, text: &str, options: &[&str]) -> (String, Option<i32>) {
    let file = file(".toml", text);
    let path = file.path().display().to_string();
    let arguments = [&["--config", &path][..], options].concat();
    let output = run(authority, &arguments).await;
    let text = String::from_utf8(output.stdout).unwrap();
    (text, output.status.code())
}

#[tokio::test]
async fn an_error_that_may_refuse_the_host_is_no_success_and_one_of_an_api_may_be() {
    let authority = Authority::new();
    for (status, code) in [(403, 1), (404, 0)] {
        let edge = Edge::builder(&authority).serves("www.site.example");
        let edge = edge.respond(move |_| {
            let response = http::Response::builder().status(status);
            response.body("".into()).unwrap()
        });
        let edge = edge.start().await;
        let dial = edge.address().to_string();
        let origin = ["https://www.site.example", "--dial", &dial, "--json"];
        let output = run(&authority, &origin).await;
        assert_eq!(output.status.code(), Some(code), "{status}");
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(found["working"].is_null(), code == 1, "{found}");
        assert_eq!(found["attempts"][0]["works"], code == 0, "{found}");
    }
}

#[tokio::test]
async fn the_first_attempt_sends_the_host_that_the_service_sends() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("edge.cdn.test")
        .knows_hosts(&["img.shop.test"])
        .start()
        .await;
    let dial = edge.address();
    let tenant = |template: &str, each: &str, member: &str| {
        format!(
            r#"
            [template]
            {template}
            [hosts."IMG.shop.test".group.each]
            {each}
            [[hosts."IMG.shop.test".group.tier]]
            members = [{{ origin = {{ url = "https://edge.cdn.test", dial = "{dial}", {member} }} }}]
            "#
        )
    };
    let wrong = r#"host_rewrite = { to = "wrong.test" }"#;
    let right = r#"host_rewrite = { to = "img.shop.test" }"#;
    let by_name = r#"host_rewrite = "preserve_name""#;
    for (template, each, member) in [
        (by_name, "", ""),
        (wrong, right, ""),
        (wrong, wrong, by_name),
        (by_name, wrong, right),
    ] {
        let file = tenant(template, each, member);
        let (text, code) = probe_file(&authority, &file, &[]).await;
        assert_eq!(code, Some(0), "{file}\n{text}");
        assert!(text.contains("*  1  as configured: 200\n"), "{text}");
        assert!(!text.contains("host = "), "{text}");
        assert!(!text.contains("host_rewrite"), "{text}");
    }

    // The tenant's name is tried, and the fix is in the key that decides the Host.
    let (text, code) = probe_file(&authority, &tenant(wrong, "", ""), &[]).await;
    assert_eq!(code, Some(3), "{text}");
    let fix = format!("  fix: {right}\n");
    assert!(text.contains(&fix), "{text}");
    assert!(text.contains(&format!("\n{right}\n")), "{text}");

    // Where no key is the Host of the clients, it is the first name.
    let one = format!("url = 'https://edge.cdn.test'\ndial = '{dial}'\nhost_rewrite = 'preserve'");
    let (text, code) = probe_file(&authority, &one, &["--name", "img.shop.test"]).await;
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("*  1  as configured: 200\n"), "{text}");
}

#[tokio::test]
async fn a_wildcard_has_no_host_of_its_own_and_the_origins_after_it_are_probed() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("edge.cdn.test")
        .knows_hosts(&["img.shop.test"])
        .start()
        .await;
    let dial = edge.address();
    let mut file = String::new();
    for (host, rewrite) in [
        ("*.shop.test", "preserve"),
        ("*.shop.example", "preserve_name"),
        ("img.shop.test", "preserve"),
    ] {
        file.push_str(&format!(
            "[hosts.'{host}'.origin]\nurl = 'https://edge.cdn.test'\ndial = '{dial}'\n\
             host_rewrite = '{rewrite}'\n"
        ));
    }
    let options = ["--name", "img.shop.test"];
    let (text, code) = probe_file(&authority, &file, &options).await;
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(
        text.matches("*  1  as configured: 200\n").count(),
        3,
        "{text}"
    );
}

#[tokio::test]
async fn the_program_survives_a_reader_that_has_left() {
    let refused = refused_address();
    let dial = refused.address().to_string();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = tokio::process::Command::new(env!("CARGO_BIN_EXE_cdn-origin-probe"))
        .args(["http://www.site.example", "--dial", &dial])
        .stdout(writer.try_clone().unwrap())
        .stderr(writer)
        .status();
    assert_eq!(status.await.unwrap().code(), Some(1));
}

#[tokio::test]
async fn an_origin_of_a_group_is_named_by_its_host_or_its_member() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("edge.cdn.test")
        .start()
        .await;
    let dial = edge.address();
    let member = |name| {
        let origin = format!("{{ url = 'https://edge.cdn.test', dial = '{dial}' }}");
        format!("{{ name = '{name}', origin = {origin} }}")
    };
    let file = format!(
        "[[hosts.'img.shop.test'.group.tier]]\nmembers = [{}, {}]\n\
         [[hosts.'api.shop.test'.group.tier]]\nmembers = [{}]\n",
        member("edge1"),
        member("edge2"),
        member("edge3"),
    );
    for (name, expected) in [
        (
            "img.shop.test",
            &["img.shop.test/edge1", "img.shop.test/edge2"][..],
        ),
        ("edge2", &["img.shop.test/edge2"]),
        ("api.shop.test/edge3", &["api.shop.test/edge3"]),
    ] {
        let options = ["--origin", name, "--json"];
        let (text, _) = probe_file(&authority, &file, &options).await;
        let found: serde_json::Value = serde_json::from_str(&text).unwrap();
        let origins = found["origins"].as_array().unwrap().iter();
        let names: Vec<_> = origins.map(|it| it["origin"].as_str().unwrap()).collect();
        assert_eq!(names, expected);
    }
}

#[tokio::test]
async fn what_works_for_an_origin_of_a_file_is_printed_as_keys_of_its_table() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.shop.test")
        .unknown_sni(SniRefusal::Alert(40))
        .start()
        .await;
    let dial = edge.address();
    let file = |host: &str| {
        format!(
            "[hosts.'{host}'.group.each]\nhost_rewrite = 'preserve'\n\
             [[hosts.'{host}'.group.tier]]\n\
             members = [{{ origin = {{ url = 'https://edge.cdn.test', dial = '{dial}' }} }}]"
        )
    };
    let (text, code) = probe_file(&authority, &file("www.shop.test"), &[]).await;
    assert_eq!(code, Some(3), "{text}");
    let keys =
        format!("url = \"https://edge.cdn.test\"\ndial = \"{dial}\"\nsni = \"www.shop.test\"\n");
    assert!(text.contains(&keys), "{text}");
    let place = "the keys belong in hosts.\"www.shop.test\".group.tier[0].members[0].origin, \
                 or in hosts.\"www.shop.test\".group.each for all members";
    assert!(text.contains(place), "{text}");
    assert!(
        !text.contains("(\"") && !text.contains("Connector"),
        "{text}"
    );

    // The name is known to nobody.
    let (text, code) = probe_file(&authority, &file("api.shop.test"), &[]).await;
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("--name") && !text.contains("try_name"),
        "{text}"
    );
}

#[tokio::test]
async fn a_configuration_file_that_cannot_be_used_is_reported_and_nothing_is_probed() {
    let authority = Authority::new();
    for (suffix, text, expected) in [
        (
            ".toml",
            "url = 'https://a.example'\nsnl = 'b.example'",
            "unknown field `snl`",
        ),
        (
            ".toml",
            "url = 'https://a.example'\nsnl = 'b.example'",
            "line 2, column 1",
        ),
        (
            ".toml",
            "[hosts.'a.example'.origin]\nurl = 'https://a.example'\nsnl = 'b.example'",
            "line 3, column 1",
        ),
        (
            ".toml",
            "[[tier]]\nmembers = [{ origin.url = 'nonsense://a' }]",
            "nonsense",
        ),
        (".json", "{\"url\": 1}", "expected a URL such as"),
        (
            ".yaml",
            "url: https://a.example",
            "YAML is not read: convert it to JSON or TOML",
        ),
        (
            ".toml",
            "hosts.'a.example'.origin.url = 'https://a.example'",
            "it has: a.example",
        ),
        (".toml", "[hosts]", "it has no origin"),
    ] {
        let file = file(suffix, text);
        let path = file.path().display().to_string();
        let output = run(&authority, &["--config", &path, "--origin", "b.example"]).await;
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(output.stdout.is_empty(), "{text}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(expected) && error.contains(&path), "{error}");
    }
}
