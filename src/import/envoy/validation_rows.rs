//! The fields of `validation_context`.
//!
//! ```text
//! "trusted_ca": { "filename": "/etc/ssl/ca.pem" }      VerifyPolicy::roots(Roots::pem_file(..))
//! "match_typed_subject_alt_names": [{
//!     "san_type": "DNS", "matcher": { "exact": "a.example" } }]    .expected_name("a.example")
//! "verify_certificate_spki": ["base64.."]              .and_pin("sha256/base64..".parse()?)
//! "trust_chain_verification": "ACCEPT_UNTRUSTED"       danger::accept_any_certificate(), a warning
//! ```

use std::net::IpAddr;

use serde_json::{Value as Json, json};

use crate::import::{
    note::Outcome,
    settings::{SettingValue, Settings},
    values::{self, mapped_file},
};

use super::{
    certificate_rows::file,
    cluster::{Cluster, ClusterRow},
    message::{Mapping, read},
    node::JsonNode,
};

pub(super) const ROWS: [ClusterRow; 15] = [
    ClusterRow::maps(
        "validation_context.trusted_ca",
        trusted_ca,
        "`Roots::pem_file`",
    ),
    ClusterRow::maps(
        "validation_context.system_root_certs",
        system_roots,
        "`Roots::native`, the default",
    ),
    ClusterRow::maps(
        "validation_context.ca_certificate_provider_instance",
        provided,
        "roots do not come from a control plane: the import trusts the system's",
    ),
    ClusterRow::by_hand(
        "validation_context.watched_directory",
        "`CdnOriginConnector::reload_if_changed`, called at intervals",
    ),
    ClusterRow::maps(
        "validation_context.verify_certificate_spki",
        key_pins,
        "`VerifyPolicy::and_pin`; without `trusted_ca`, `VerifyPolicy::pinned`",
    ),
    ClusterRow::maps(
        "validation_context.verify_certificate_hash",
        certificate_pins,
        "`VerifyPolicy::and_certificate_pin`; without `trusted_ca`, \
         `VerifyPolicy::pinned_certificate`",
    ),
    ClusterRow::maps(
        "validation_context.match_typed_subject_alt_names",
        typed_names,
        "`CdnOriginBuilder::expected_name`, `VerifyPolicy::expecting_any`",
    ),
    ClusterRow::maps(
        "validation_context.match_subject_alt_names",
        names,
        "`CdnOriginBuilder::expected_name`, `VerifyPolicy::expecting_any`",
    ),
    ClusterRow::refused(
        "validation_context.require_signed_certificate_timestamp",
        "timestamps of certificates are not checked",
    ),
    ClusterRow::maps("validation_context.crl", crl, "`VerifyPolicy::crls`"),
    ClusterRow::by_hand(
        "validation_context.only_verify_leaf_cert_crl",
        "`Crls::leaf_only`",
    ),
    ClusterRow::by_hand(
        "validation_context.allow_expired_certificate",
        "`danger::accept_expired`, with a limit; the import refuses expired certificates",
    ),
    ClusterRow::maps(
        "validation_context.trust_chain_verification",
        trust_chain,
        "certificates are verified by default",
    ),
    ClusterRow::refused(
        "validation_context.custom_validator_config",
        "verifiers of your own are not offered; `SanMatcher::spiffe_trust_domain` for SPIFFE",
    ),
    ClusterRow::no_effect(
        "validation_context.max_verify_depth",
        "webpki bounds the search for a chain itself",
    ),
];

pub(super) fn validation(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    read(cluster, "validation_context", node, &ROWS);
    Ok(Outcome::mapped(text))
}

/// Roots in the text itself are by hand; the system's are trusted until then.
fn trusted_ca(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    cluster.has_roots = true;
    let path = file(node, "`Roots::pem`. The import trusts the system's roots")?;
    cluster.shared.tls.roots = Some(path.to_owned());
    Ok(mapped_file(path, text))
}

fn system_roots(cluster: &mut Cluster, _: &JsonNode, text: &'static str) -> Mapping {
    cluster.has_roots = true;
    Ok(Outcome::mapped(text))
}

fn provided(cluster: &mut Cluster, _: &JsonNode, text: &'static str) -> Mapping {
    cluster.has_roots = true;
    Err(Outcome::refused(text))
}

fn crl(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let path = file(node, "`Crls::pem`")?;
    cluster.shared.tls.crls = Some(path.to_owned());
    Ok(mapped_file(path, text))
}

fn trust_chain(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    match node.text()? {
        "VERIFY_TRUST_CHAIN" => Ok(Outcome::mapped(text)),
        "ACCEPT_UNTRUSTED" => Ok(values::accept_any_certificate(&mut cluster.shared.tls)),
        _ => Err(Outcome::refused("the value is not known")),
    }
}

fn key_pins(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let pins = node.texts()?.into_iter();
    let pins: Vec<_> = pins.map(|pin| format!("sha256/{pin}")).collect();
    check(json!({ "and_pins": pins }))?;
    cluster.shared.tls.key_pins = pins;
    Ok(Outcome::mapped(text))
}

fn certificate_pins(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    let pins: Vec<_> = node.texts()?.into_iter().map(str::to_owned).collect();
    check(json!({ "and_certificate_pins": pins }))?;
    cluster.shared.tls.certificate_pins = pins;
    Ok(Outcome::mapped(text))
}

/// Whether the configuration accepts a policy.
///
/// A pin or a name is checked when its field is read, so that the note has its line.
fn check(policy: Json) -> Result<(), Outcome> {
    Settings::check("verify", SettingValue::both(policy, ""))
}

fn typed_names(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    cluster.names.is_checked = true;
    let mut names = Vec::new();
    for element in node.list()? {
        let kind = element.get("san_type").map_or(Ok(""), JsonNode::text)?;
        let none = || Outcome::refused("a name has no `matcher`");
        names.push(name(kind, element.get("matcher").ok_or_else(none)?)?);
    }
    expect(cluster, &names, text)
}

fn names(cluster: &mut Cluster, node: &JsonNode, text: &'static str) -> Mapping {
    cluster.names.is_checked = true;
    let names = node.list()?.iter().map(|matcher| name("", matcher));
    let names = names.collect::<Result<Vec<_>, _>>()?;
    expect(cluster, &names, text)
}

/// A name of a certificate.
///
/// The kinds that a policy can expect.
enum SanName<'a> {
    Dns(&'a str),
    DnsSuffix(&'a str),
    Ip(&'a str),
    SpiffeTrustDomain(&'a str),
    Uri(&'a str),
}

/// The name that a matcher of this type accepts. An empty type stands for all types.
fn name<'a>(kind: &str, matcher: &'a JsonNode) -> Result<SanName<'a>, Outcome> {
    if let Some(exact) = matcher.get("exact") {
        let exact = exact.text()?;
        return match kind {
            "URI" => Ok(SanName::Uri(exact)),
            "IP_ADDRESS" => Ok(SanName::Ip(exact)),
            "" if exact.parse::<IpAddr>().is_ok() => Ok(SanName::Ip(exact)),
            "" if exact.contains("://") => Ok(SanName::Uri(exact)),
            "DNS" | "" => Ok(SanName::Dns(exact)),
            _ => Err(Outcome::refused(
                "names are DNS names, IP addresses or URIs",
            )),
        };
    }
    if let ("DNS" | "", Some(suffix)) = (kind, matcher.get("suffix")) {
        let suffix = suffix.text()?;
        let none = || Outcome::refused("a suffix begins with a dot");
        return Ok(SanName::DnsSuffix(
            suffix.strip_prefix('.').ok_or_else(none)?,
        ));
    }
    if let ("URI" | "", Some(prefix)) = (kind, matcher.get("prefix")) {
        let prefix = prefix.text()?;
        let domain = prefix.strip_prefix("spiffe://");
        if let Some(domain) = domain.and_then(|rest| rest.strip_suffix('/')) {
            return Ok(SanName::SpiffeTrustDomain(domain));
        }
    }
    Err(Outcome::refused(
        "a name is matched exactly, by `SanMatcher::dns_suffix`, or by \
         `SanMatcher::spiffe_trust_domain`; the import expects the SNI",
    ))
}

impl SanName<'_> {
    /// The name in the configuration, and the call.
    fn matcher(&self) -> (Json, String) {
        match self {
            Self::Dns(name) => (json!({ "dns": name }), format!("SanMatcher::dns({name:?})")),
            Self::DnsSuffix(name) => (
                json!({ "dns_suffix": name }),
                format!("SanMatcher::dns_suffix({name:?})"),
            ),
            Self::Ip(address) => (
                json!({ "ip": address }),
                format!("SanMatcher::ip({address:?}.parse::<std::net::IpAddr>()?)"),
            ),
            Self::SpiffeTrustDomain(name) => (
                json!({ "spiffe_trust_domain": name }),
                format!("SanMatcher::spiffe_trust_domain({name:?})"),
            ),
            Self::Uri(uri) => (json!({ "uri": uri }), format!("SanMatcher::uri({uri:?})")),
        }
    }
}

/// Expects one of the names. A single one of a host is the expected name.
///
/// A single host or address is the connector's expected name; more of them, or other kinds, are a
/// list of the policy.
fn expect(cluster: &mut Cluster, names: &[SanName<'_>], text: &'static str) -> Mapping {
    match names {
        [] => Ok(Outcome::no_effect("there is no name")),
        [SanName::Dns(name) | SanName::Ip(name)] => {
            Settings::check("expected_name", *name)?;
            cluster.shared.tls.expected_name = Some((*name).to_owned());
            Ok(Outcome::mapped(text))
        }
        names => {
            let names: Vec<_> = names.iter().map(SanName::matcher).collect();
            let list: Vec<_> = names.iter().map(|(json, _)| json.clone()).collect();
            check(json!({ "expecting_any": list }))?;
            cluster.shared.tls.names = names;
            Ok(Outcome::mapped(text))
        }
    }
}
