//! A fix as a key of a configuration file, for an origin that was built from one.
//!
//! ```text
//! .sni("www.example.com")                         sni = "www.example.com"
//! HostRewriteLayer::preserve()                    host_rewrite = "preserve"
//! allow more with Limits::response_timeout(..)    allow more with limits.response_timeout
//! ```
//!
//! Keys are written as in TOML, within the table of the origin. What a file cannot hold stays a
//! call.

use std::fmt;

use crate::{error::TlsVersion, origin::WrittenIn};

use super::{
    FixKind,
    fix::{OR_ANOTHER, joined},
};

/// A fix, and where the settings of the origin are written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Fix {
    pub(super) kind: FixKind,
    pub(super) written_in: WrittenIn,
}

impl Fix {
    /// A key of an origin from a file.
    pub(crate) fn in_file(kind: FixKind) -> Self {
        let written_in = WrittenIn::File;
        Self { kind, written_in }
    }
}

impl From<FixKind> for Fix {
    fn from(kind: FixKind) -> Self {
        let written_in = WrittenIn::default();
        Self { kind, written_in }
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.written_in {
            WrittenIn::Program => self.kind.fmt(f),
            WrittenIn::File => fmt_as_key(&self.kind, f),
        }
    }
}

/// The calls in texts, and their keys. A call that contains another comes first.
const KEYS: [(&str, &str); 38] = [
    ("Alpn::Http2OrHttp1", "h2 and http/1.1"),
    ("Alpn::Http1", "http/1.1"),
    ("Alpn::Http2", "h2"),
    (
        "CdnOriginConnector::builder(..) or .dial(..)",
        "url or dial",
    ),
    (
        "call `egress_guard(..)` on the connector",
        "set egress_guard",
    ),
    ("EgressGuard::allow(..)", "egress_guard.allow"),
    ("allow_name(..)", "egress_guard.allow_names"),
    (
        "Limits::adaptive_concurrency(AdaptiveConcurrency::off())",
        "limits.adaptive_concurrency.off",
    ),
    ("HealthCheck::timeout(..)", "health_check.timeout"),
    ("Limits::buffer_requests(..)", "limits.buffer_requests"),
    ("Limits::body_idle_timeout(..)", "limits.body_idle_timeout"),
    ("Limits::max_concurrency(..)", "limits.max_concurrency"),
    ("Limits::max_request_body(..)", "limits.max_request_body"),
    ("Limits::max_request_head(..)", "limits.max_request_head"),
    (
        "Limits::max_request_fields(..)",
        "limits.max_request_fields",
    ),
    ("max_request_fields(..)", "limits.max_request_fields"),
    ("Limits::min_download_rate(..)", "limits.min_download_rate"),
    ("Limits::min_upload_rate(..)", "limits.min_upload_rate"),
    ("Limits::request_timeout(..)", "limits.request_timeout"),
    ("Limits::response_timeout(..)", "limits.response_timeout"),
    ("Limits::unread_timeout(..)", "limits.unread_timeout"),
    ("OriginProxy::upgrades(..)", "upgrades"),
    ("Probe::try_name(..), or by --name", "--name"),
    ("PoolSettings::idle_timeout(..)", "pool.idle_timeout"),
    ("PoolSettings::max_connections(..)", "pool.max_connections"),
    (
        "PoolSettings::max_response_head(..)",
        "pool.max_response_head",
    ),
    ("max_tunnels(..)", "pool.max_tunnels"),
    ("Roots::bundled()", "verify.roots.bundled"),
    ("Roots::pem(..)", "verify.roots.pem_files"),
    (
        "SocketOptions::local_address(..)",
        "socket_options.local_address",
    ),
    ("Timeouts::connect(..)", "timeouts.connect"),
    ("VerifyPolicy::pinned(..)", "verify.pinned"),
    ("VirtualHosts::max_connections(..)", "max_connections"),
    (".crls(..)", "verify.crls"),
    (".dial(..)", "dial"),
    (".expected_name(..)", "expected_name"),
    (
        ".expecting_any(..) on the VerifyPolicy",
        "verify.expecting_any",
    ),
    (
        ".tls_parameters(..)",
        "the suites, groups and schemes of tls",
    ),
];

/// The text with keys in place of calls.
pub(crate) fn in_keys(text: &str) -> String {
    let keys = KEYS.iter();
    keys.fold(text.to_owned(), |text, (call, key)| text.replace(call, key))
}

fn fmt_as_key(fix: &FixKind, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match fix {
        FixKind::Advice(what) => f.write_str(&in_keys(what)),
        FixKind::AndPin(pin) => write!(
            f,
            "verify.and_pins = [\"{pin}\"] beside the others, if the key belongs to your origin"
        ),
        FixKind::Alpn("Http1") => f.write_str("alpn = [\"http/1.1\"]"),
        FixKind::Alpn("Http2") => f.write_str("alpn = [\"h2\"]"),
        FixKind::Alpn(_) => f.write_str("alpn = [\"h2\", \"http/1.1\"]"),
        FixKind::Builder(url) => write!(f, "url = \"{url}\""),
        FixKind::ClientIdentity => {
            f.write_str("client_identity = { chain = { file = \"..\" }, key = { file = \"..\" } }")
        }
        FixKind::ClientScheme => {
            f.write_str("forwarded.client_scheme = \"https\", if clients use https")
        }
        FixKind::EchConfig => write!(f, "{fix}, on the builder: it has no key"),
        FixKind::ExpectedName(name) => write!(f, "expected_name = \"{name}\""),
        FixKind::ExpectPresented(name) => {
            write!(f, "expected_name = \"{name}\" only if that is your origin")
        }
        FixKind::Host(host) => write!(f, "host = \"{host}\""),
        FixKind::HostAndUrl(hosts) => {
            let keys = joined(hosts, |host| format!("host = \"{host}\""));
            write!(
                f,
                "{keys} and the same host in the request's URL, {OR_ANOTHER}"
            )
        }
        FixKind::HostAndUrlUnknown => f.write_str(
            "host = \"..\" with a name that the edge serves, and the same in the request's URL",
        ),
        FixKind::HostOneOf(hosts) => {
            let keys = joined(hosts, |host| format!("host = \"{host}\""));
            write!(f, "{keys}, {OR_ANOTHER}")
        }
        FixKind::HostRewrite(host) => write!(f, "host_rewrite = {{ to = \"{host}\" }}"),
        FixKind::HostRewriteOneOf(hosts) => {
            let keys = joined(hosts, |host| {
                format!("host_rewrite = {{ to = \"{host}\" }}")
            });
            write!(f, "{keys}, {OR_ANOTHER}")
        }
        FixKind::HostRewriteUnknown => {
            f.write_str("host_rewrite = { to = \"..\" } with a name that the edge serves")
        }
        FixKind::HostUnknown => f.write_str("host = \"..\" with a name that the edge serves"),
        FixKind::KeyExchangeGroups(names) => write!(f, "tls.key_exchange_groups = {names:?}"),
        FixKind::OmitSni => f.write_str("omit_sni = true"),
        FixKind::NoProxyProtocol => {
            let text = fix.to_string();
            f.write_str(&text.replace(".proxy_protocol(..)", "proxy_protocol"))
        }
        FixKind::PreserveHost => f.write_str("host_rewrite = \"preserve\""),
        FixKind::Pin(pin) => write!(f, "verify.pinned = [\"{pin}\"] in place of other roots"),
        FixKind::ProxyProtocol => f.write_str("proxy_protocol = \"v2\""),
        FixKind::Sni(name) => write!(f, "sni = \"{name}\""),
        FixKind::SniOneOf(names) => {
            let keys = joined(names, |name| format!("sni = \"{name}\""));
            write!(f, "{keys}, {OR_ANOTHER}")
        }
        FixKind::SniPresented(name) => {
            write!(f, "sni = \"{name}\" only if that is your origin")
        }
        FixKind::SniUnknown => f.write_str("sni = \"..\" with a name that the edge serves"),
        FixKind::Together(fixes) => fixes.iter().enumerate().try_for_each(|(index, fix)| {
            f.write_str(if index == 0 { "" } else { " and " })?;
            fmt_as_key(fix, f)
        }),
        FixKind::TlsVersions(oldest, newest) => {
            let number = |version: &TlsVersion| match version {
                TlsVersion::V1_2 => "1.2",
                TlsVersion::V1_3 => "1.3",
            };
            let (oldest, newest) = (number(oldest), number(newest));
            write!(
                f,
                "tls.min_version = \"{oldest}\" and tls.max_version = \"{newest}\""
            )
        }
        FixKind::TrustIssuerBesideOwn(issuer) => write!(
            f,
            "verify.roots.pem_files = [\"..\"] with the PEM of {issuer} beside your other files, \
             only if that is your own authority"
        ),
        // A file has paths in place of certificates.
        FixKind::TrustIssuer(issuer) => write!(
            f,
            "verify.roots = {{ native = true, pem_files = [\"..\"] }} with the PEM of {issuer} \
             beside your other files, only if that is your own authority"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_in_a_text_is_one_of_the_schema() {
        let schema = include_str!("../config/schema.json");
        for (call, key) in KEYS {
            for name in key.split([' ', '.']).filter(|word| word.contains('_')) {
                assert!(schema.contains(&format!("\"{name}\":")), "{call}: {name}");
            }
        }
    }

    #[test]
    fn no_call_that_has_a_key_is_left_in_advice() {
        // Not of one origin, or no setting that a file can hold.
        let without_key = [
            "OriginGroup::",
            "Ech::",
            ".ech(",
            "VirtualHosts::insert",
            "base_url(..)",
            "OriginProxy::map_path(..)",
            "Roots::",
        ];
        let sources = [
            include_str!("error_rules/certificate_names.rs"),
            include_str!("error_rules/certificate_refusals.rs"),
            include_str!("error_rules/connect_failures.rs"),
            include_str!("error_rules/exchange_failures.rs"),
            include_str!("error_rules/http_faults.rs"),
            include_str!("error_rules/unsent_requests.rs"),
            include_str!("error_rules/tls_alerts.rs"),
            include_str!("error_rules/unknown_issuers.rs"),
        ];
        for source in sources {
            let texts = source.replace("\\\n", "");
            let is_text = |line: &&str| line.contains('"') && line.contains("(..)");
            for line in texts.lines().filter(is_text) {
                let keyed = in_keys(line.trim());
                let is_left = keyed.contains("(..)");
                let is_known = without_key.iter().any(|call| keyed.contains(call));
                assert!(!is_left || is_known, "{keyed}");
            }
        }
    }
}
