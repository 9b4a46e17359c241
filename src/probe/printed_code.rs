//! Compiles the code that diagnoses and probes print: `tests/it/printed_code.rs`.
//!
//! `BLESS=1 cargo test --all-features --lib printed_code` writes that file anew.

use std::{env, fs, path::Path};

use crate::{
    CdnOriginConnector, VerifyPolicy,
    diagnosis::FixKind,
    error::TlsVersion,
    name::{DnsName, HostAuthority, Sni, SniOmission},
    tls::{Alpn, SpkiPin},
};

use super::{
    combination::Combination, key_exchange_groups::GroupOrder, setting_change::SettingChange,
};

const HEAD: &str = "\
//! The code that diagnoses and probes print. `src/probe/printed_code.rs` writes this file.

#![allow(dead_code, reason = \"the code only has to compile\")]

use std::error::Error;

use cdn_origin::{
    Alpn, CdnOriginConnector, ForwardedLayer, HostRewriteLayer, Roots, TlsVersion, VerifyPolicy,
    connector::CdnOriginBuilder,
    dial::ProxyProtocol,
    origin::Scheme,
    tls::{ClientIdentity, TlsParameters},
};
#[cfg(feature = \"ech\")]
use cdn_origin::tls::Ech;

fn builder() -> CdnOriginBuilder {
    CdnOriginConnector::builder(\"https://www.example.com\")
}
";

/// One example of each fix, and each variation of its text.
fn fixes() -> Vec<FixKind> {
    use TlsVersion::{V1_2, V1_3};
    let pin = format!("sha256/{}=", "A".repeat(43));
    let url = "https://www.example.com:8443".parse().expect("a URL");
    let host: HostAuthority = "www.example.com:8443".parse().expect("a Host");
    let name: DnsName = "www.example.com".parse().expect("a name");
    let groups = [GroupOrder::Classical, GroupOrder::NistFirst];
    let groups = groups.into_iter().filter_map(GroupOrder::names);
    let alpn = [Alpn::Http1, Alpn::Http2, Alpn::Http2OrHttp1];
    let versions = [(V1_2, V1_2), (V1_2, V1_3), (V1_3, V1_3)];
    let mut fixes = vec![
        FixKind::Advice("enable TLS 1.3"),
        FixKind::AndPin(pin.clone()),
        FixKind::Builder(url),
        FixKind::ClientIdentity,
        FixKind::ClientScheme,
        FixKind::EchConfig,
        FixKind::ExpectedName("www.example.com".parse().expect("a name")),
        FixKind::ExpectedName("192.0.2.1".parse().expect("an address")),
        FixKind::ExpectPresented("www.example.com".parse().expect("a name")),
        FixKind::Host(host.clone()),
        FixKind::HostAndUrl(vec![host.clone()]),
        FixKind::HostAndUrlUnknown,
        FixKind::HostOneOf(vec![host.clone()]),
        FixKind::HostOneOf(vec![
            host.clone(),
            "origin.example".parse().expect("a Host"),
        ]),
        FixKind::HostRewrite(host.clone()),
        FixKind::HostRewriteOneOf(vec![host]),
        FixKind::HostRewriteUnknown,
        FixKind::HostUnknown,
        FixKind::NoProxyProtocol,
        FixKind::OmitSni,
        FixKind::PreserveHost,
        FixKind::Pin(pin),
        FixKind::ProxyProtocol,
        FixKind::Sni(name.clone()),
        FixKind::Together(vec![
            FixKind::Sni(name.clone()),
            FixKind::ExpectPresented("origin.example".parse().expect("a name")),
        ]),
        FixKind::Together(vec![
            FixKind::Sni(name.clone()),
            FixKind::ExpectedName("origin.example".parse().expect("a name")),
            FixKind::Host("www.example.com".parse().expect("a Host")),
        ]),
        FixKind::SniOneOf(vec![name.clone()]),
        FixKind::SniPresented(name.clone()),
        FixKind::SniOneOf(vec![name, "origin.example".parse().expect("a name")]),
        FixKind::SniUnknown,
        FixKind::TrustIssuer(String::from("CN=Example Private CA")),
        FixKind::TrustIssuerBesideOwn(String::from("CN=Example Private CA")),
    ];
    fixes.extend(groups.map(FixKind::KeyExchangeGroups));
    fixes.extend(alpn.map(|alpn| FixKind::Alpn(alpn.variant())));
    fixes.extend(versions.map(|(oldest, newest)| FixKind::TlsVersions(oldest, newest)));
    fixes
}

/// Combinations whose code has every call that a probe prints.
fn combinations() -> Vec<Combination> {
    let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
        .dial("192.0.2.1:8443")
        .expected_name("www.example.com")
        .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
        .build()
        .expect("a connector");
    let configured = Combination::of(&connector).expect("a fixed origin");
    let changes = [
        SettingChange::Alpn(Alpn::Http1),
        SettingChange::Alpn(Alpn::Http2),
        SettingChange::ClientScheme,
        SettingChange::ExpectSni,
        SettingChange::Groups(GroupOrder::Classical),
        SettingChange::Groups(GroupOrder::NistFirst),
        SettingChange::Host("www.example.com".parse().expect("a Host")),
        SettingChange::NoProxyHeader,
        SettingChange::ProxyHeader,
        SettingChange::Sni("www.example.com".parse().expect("a name")),
        SettingChange::Sni(Sni::omitted(SniOmission::Requested)),
        SettingChange::SniAndExpectedName(
            "www.example.com".parse().expect("a name"),
            "origin.example".parse().expect("a name"),
        ),
        SettingChange::SniAndHost("www.example.com".parse().expect("a name")),
        SettingChange::Url("http://www.example.com".parse().expect("a URL")),
        SettingChange::Versions(TlsVersion::V1_2, TlsVersion::V1_2),
        SettingChange::Versions(TlsVersion::V1_3, TlsVersion::V1_3),
    ];
    changes.map(|change| configured.with(&change)).into()
}

/// The statements of a fix; `None` if it is advice in words.
fn statements(fix: &FixKind) -> Option<String> {
    if matches!(fix, FixKind::Advice(_) | FixKind::NoProxyProtocol) {
        return None;
    }
    let text = fix.to_string();
    // The words after the code say where to write it. `..` stands for a value.
    let ends = [text.find(") "), text.find("), or ")];
    let end = ends.into_iter().flatten().min();
    let end = end.map_or(text.len(), |end| end + 1);
    let code = text[..end].replace("(..)", "(\"\")");
    let (before, call) = match code.split_once("; ") {
        Some((statement, call)) => (format!("    {statement};\n"), call.to_owned()),
        None => (String::new(), code),
    };
    let before = match call.contains("(chain, key)") {
        true => String::from("    let (chain, key) = (\"\", \"\");\n"),
        false => before,
    };
    Some(if call.starts_with(".and_pin(") {
        format!("{before}    let _policy = VerifyPolicy::native_roots(){call};\n")
    } else if call.starts_with(".client_scheme(") {
        format!("{before}    let _layer = ForwardedLayer::new(){call};\n")
    } else if call.starts_with('.') {
        format!("{before}    let _built = builder()\n{call}\n        .build()?;\n")
    } else {
        format!("{before}    let _value = {call};\n")
    })
}

fn generated() -> String {
    let mut text = HEAD.to_owned();
    let mut add = |name: String, condition: &str, statements: &str| {
        let signature = format!("fn {name}() -> Result<(), Box<dyn Error>>");
        text += &format!("\n{condition}{signature} {{\n{statements}    Ok(())\n}}\n");
    };
    let fixes = fixes();
    let fixes = fixes.iter().filter_map(statements);
    for (index, statements) in fixes.enumerate() {
        let condition = match statements.contains("Ech::") {
            true => "#[cfg(feature = \"ech\")]\n",
            false => "",
        };
        add(format!("fix_{index}"), condition, &statements);
    }
    for (index, combination) in combinations().iter().enumerate() {
        let code = format!("    let _built = {combination}\n    .build()?;\n");
        add(format!("finding_{index}"), "", &code);
    }
    text
}

#[test]
fn the_code_that_is_compiled_is_the_code_that_is_printed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/printed_code.rs");
    let generated = generated();
    if env::var_os("BLESS").is_some() {
        fs::write(&path, &generated).expect("a writable file");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "tests/it/printed_code.rs is out of date: \
         BLESS=1 cargo test --all-features --lib printed_code\n{generated}"
    );
}

#[test]
fn every_kind_of_fix_has_an_example() {
    let source = include_str!("../diagnosis/fix.rs");
    let (_, kinds) = source
        .split_once("pub(crate) enum FixKind {")
        .expect("the kinds");
    let (kinds, _) = kinds.split_once("\n}").expect("the end of the kinds");
    let kinds = kinds
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//"));
    let mut kinds: Vec<_> = kinds.filter_map(|it| it.split(['(', ',']).next()).collect();
    kinds.retain(|kind| !kind.is_empty());
    let examples = fixes()
        .iter()
        .map(|fix| format!("{fix:?}"))
        .collect::<Vec<_>>();
    for kind in kinds {
        let is_of_kind = |shown: &String| shown.split('(').next() == Some(kind);
        assert!(examples.iter().any(is_of_kind), "no example of {kind}");
    }
}
