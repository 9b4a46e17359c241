//! The program `cdn-origin-probe`: its command line, its output and its exit codes.

#[path = "../../src/bin/cdn-origin-probe/arguments.rs"]
mod arguments;

use std::{io::Write, process::Output};

use crate::support::{Authority, Edge, refused_address};
use arguments::{Arguments, Command, USAGE};

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
                --ca=ca.pem --name a.test --name=b.test --json";
    let Ok(Command::Probe(parsed)) = parse(line) else {
        panic!("{line}");
    };
    let Arguments {
        origin,
        host,
        sni,
        expected,
        dial,
        ca,
        names,
        as_json,
    } = parsed;
    assert_eq!(origin, "https://o.test");
    let given = [host, sni, expected, dial].map(Option::unwrap);
    assert_eq!(given, ["h.test", "s.test", "e.test", "d.test:1"]);
    assert_eq!(ca.as_deref(), Some("ca.pem"));
    assert_eq!(
        names,
        ["a.test", "b.test"].map(|name| name.parse().unwrap())
    );
    assert!(as_json);
}

#[test]
fn the_usage_lists_every_option_and_is_printed_on_request() {
    for option in [
        "--host",
        "--sni",
        "--expected",
        "--dial",
        "--ca",
        "--name",
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
    assert_eq!(output.status.code(), Some(0), "{text}");
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
