//! Converts our names into rustls' `ServerName`.
//!
//! Whether SNI is sent is decided by `TlsClient::config`.

use rustls_pki_types::ServerName;

use crate::name::{DnsName, ExpectedName, Sni};

/// The name that rustls sends in SNI and files sessions under.
///
/// rustls also verifies it, unless the verifier has an expected name of its own.
pub(super) fn name_for_rustls(sni: &Sni, expected_name: &ExpectedName) -> ServerName<'static> {
    match sni.name() {
        Some(name) => dns_name(name),
        None => server_name(expected_name),
    }
}

/// The expected name as rustls verifies it.
pub(super) fn server_name(expected_name: &ExpectedName) -> ServerName<'static> {
    match expected_name {
        ExpectedName::Dns(name) => dns_name(name),
        ExpectedName::Ip(ip) => ServerName::IpAddress((*ip).into()),
    }
}

#[expect(
    clippy::expect_used,
    reason = "our DNS names are a subset of those of rustls; the tests of `name` check it"
)]
fn dns_name(name: &DnsName) -> ServerName<'static> {
    let name = rustls_pki_types::DnsName::try_from(name.as_str().to_owned());
    ServerName::DnsName(name.expect("a DnsName is a DNS name to rustls"))
}
