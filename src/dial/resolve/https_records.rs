//! `HTTPS` records (RFC 9460): the choice of a record and its content.

use std::net::IpAddr;

use hickory_resolver::proto::rr::{
    RData, Record,
    rdata::svcb::{SVCB, SvcParamKey, SvcParamValue},
};

use crate::error::ServiceBinding;

/// The name to query. It has a prefix for a port other than 443 (section 9.1).
pub(super) fn query_name(name: &str, port: u16) -> String {
    match port {
        443 => name.to_owned(),
        port => format!("_{port}._https.{name}"),
    }
}

/// The usable record with the best priority. An alias record excludes all others (section 2.4.1).
pub(super) fn best(records: &[Record]) -> Option<ServiceBinding> {
    let all = || {
        records.iter().filter_map(|record| match &record.data {
            RData::HTTPS(https) => Some(&https.0),
            _ => None,
        })
    };
    let alias = all().find(|record| record.svc_priority == 0);
    let usable = all().filter(|record| has_known_keys(record) && supports_tcp(record));
    let record = alias.or_else(|| usable.min_by_key(|record| record.svc_priority))?;
    let service = read(record);
    // An alias to the root means that there is no service. The name is then dialled as if there
    // were no record (section 2.5.1).
    let to_nothing = record.svc_priority == 0 && service.target.is_none();
    (!to_nothing).then_some(service)
}

/// Whether all mandatory keys of the record are supported (section 8).
fn has_known_keys(record: &SVCB) -> bool {
    let known = |key: &SvcParamKey| {
        matches!(
            key,
            SvcParamKey::Alpn
                | SvcParamKey::NoDefaultAlpn
                | SvcParamKey::Port
                | SvcParamKey::Ipv4Hint
                | SvcParamKey::Ipv6Hint
        )
    };
    record.svc_params.iter().all(|(_, value)| match value {
        SvcParamValue::Mandatory(keys) => keys.0.iter().all(known),
        _ => true,
    })
}

/// Whether the endpoint supports HTTP over TCP (section 7.1.2).
///
/// It does by default, unless the record has `no-default-alpn`.
fn supports_tcp(record: &SVCB) -> bool {
    record.svc_params.iter().any(|(_, value)| match value {
        SvcParamValue::Alpn(alpn) => alpn.0.iter().any(|name| name == "h2" || name == "http/1.1"),
        _ => false,
    }) || !record
        .svc_params
        .iter()
        .any(|(key, _)| *key == SvcParamKey::NoDefaultAlpn)
}

fn read(record: &SVCB) -> ServiceBinding {
    let target = &record.target_name;
    let mut service = ServiceBinding {
        target: (!target.is_root()).then(|| target.to_ascii()),
        ..ServiceBinding::default()
    };
    for (_, value) in &record.svc_params {
        match value {
            SvcParamValue::Alpn(alpn) => service.alpn.clone_from(&alpn.0),
            SvcParamValue::Port(port) if *port != 0 => service.port = Some(*port),
            SvcParamValue::Ipv4Hint(hints) => {
                let hints = hints.0.iter().map(|hint| IpAddr::from(hint.0));
                service.hints.extend(hints);
            }
            SvcParamValue::Ipv6Hint(hints) => {
                let hints = hints.0.iter().map(|hint| IpAddr::from(hint.0));
                service.hints.extend(hints);
            }
            SvcParamValue::EchConfigList(ech) => service.ech.clone_from(&ech.0),
            _ => {}
        }
    }
    service
}
