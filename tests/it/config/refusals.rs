//! The calls of a builder that a file cannot hold: each is refused by name, all in one error.

use std::{future, net::IpAddr, sync::Arc};

use cdn_origin::{
    CdnOriginConnector, Roots, SpkiPin, TlsVersion, VerifyPolicy,
    config::OriginConfig,
    connector::{CdnOriginBuilder, Sessions},
    dial::{Dns, EgressGuard, Lookup, Resolve, Resolving, SocketOptions},
    error::{BuildError, BuildProblemKind},
    tls::{
        ClientIdentity, Crls, Ech, SanMatcher, TlsParameters, danger,
        rustls::{KeyLogFile, crypto::aws_lc_rs},
    },
};
use hyper_util::client::legacy::connect::HttpConnector;

fn builder() -> CdnOriginBuilder {
    CdnOriginConnector::builder("https://www.example.com")
}

fn refused(builder: &CdnOriginBuilder) -> BuildError {
    OriginConfig::try_from(builder).expect_err("a file cannot hold all calls")
}

struct SilentResolver;

impl Resolve for SilentResolver {
    fn resolve(&self, _: &Lookup) -> Resolving {
        Box::pin(future::pending())
    }
}

/// Builders with a call that a file cannot hold, and the name of the call.
pub(super) fn refusals() -> Vec<(CdnOriginBuilder, &'static str)> {
    let policy = |policy| builder().verify(policy);
    let native = VerifyPolicy::native_roots;
    let parameters = |parameters| builder().tls_parameters(parameters);
    let dns = |dns| builder().dns(dns);
    let sockets = |options| builder().socket_options(options);
    let guard = |guard| builder().egress_guard(guard);
    let other = CdnOriginConnector::builder("http://a.example").build();
    let other = other.expect("the other connector is valid");
    let [v4, v6] = ["192.0.2.1", "2001:db8::1"].map(|it| it.parse::<IpAddr>().expect("a constant"));
    let pin = SpkiPin::sha256([0; 32]);
    vec![
        (CdnOriginConnector::any_origin(), "any_origin"),
        (CdnOriginConnector::builder("ftp://a.example"), "builder"),
        (builder().sni("not a name"), "sni"),
        (builder().dial("unix:/run/it's.sock"), "dial"),
        (builder().ech(Ech::grease()), "ech"),
        (builder().transport(HttpConnector::new()), "transport"),
        (policy(VerifyPolicy::roots(Roots::pem(""))), "Roots::pem"),
        (policy(VerifyPolicy::roots(Roots::der([0]))), "Roots::der"),
        (policy(native().crls(Crls::pem(""))), "Crls::pem"),
        (policy(native().crls(Crls::der([0]))), "Crls::der"),
        (
            policy(native().expecting_any([SanMatcher::dns("not a name")])),
            "VerifyPolicy::expecting_any",
        ),
        (
            policy(danger::accept_any_certificate().and_pin(pin)),
            "danger::accept_any_certificate",
        ),
        (
            builder().client_identity(ClientIdentity::pem("", "")),
            "client_identity",
        ),
        (
            builder().tls_versions(TlsVersion::V1_3..TlsVersion::V1_3),
            "tls_versions",
        ),
        (
            parameters(TlsParameters::default().crypto_provider(aws_lc_rs::default_provider())),
            "TlsParameters::crypto_provider",
        ),
        (
            parameters(TlsParameters::default().key_log(Arc::new(KeyLogFile::new()))),
            "TlsParameters::key_log",
        ),
        (
            builder().sessions(Sessions::off().early_data()),
            "Sessions::early_data",
        ),
        (
            builder().sessions(Sessions::default().share_with(&other)),
            "Sessions::share_with",
        ),
        (
            dns(Dns::default().resolver(SilentResolver)),
            "Dns::resolver",
        ),
        (
            dns(Dns::default().resolve_to("not a name", [v4])),
            "Dns::resolve_to",
        ),
        (
            sockets(SocketOptions::default().each(|_| Ok(()))),
            "SocketOptions::each",
        ),
        (
            sockets(SocketOptions::default().local_address(v4).local_address(v6)),
            "SocketOptions::local_address",
        ),
        (
            guard(EgressGuard::deny_all().allow_name("not a name")),
            "EgressGuard::allow_name",
        ),
    ]
}

#[test]
fn each_call_that_a_file_cannot_hold_is_refused_by_name() {
    for (builder, setter) in refusals() {
        let error = refused(&builder);
        let setters: Vec<_> = error.problems().iter().map(|it| it.setter()).collect();
        assert_eq!(setters, [setter], "{error}");
    }
}

#[test]
fn all_refused_calls_are_in_one_error() {
    let builder = builder()
        .transport(HttpConnector::new())
        .dns(Dns::default().resolver(SilentResolver))
        .client_identity(ClientIdentity::pem("", "the private key"));
    let error = refused(&builder);
    let problems = error.problems().iter();
    let unsupported = BuildProblemKind::Unsupported;
    assert!(
        problems.clone().all(|it| it.kind() == unsupported),
        "{error}"
    );
    let setters: Vec<_> = problems.map(|it| it.setter()).collect();
    assert_eq!(setters, ["transport", "client_identity", "Dns::resolver"]);
    assert!(!error.to_string().contains("the private key"));
}
