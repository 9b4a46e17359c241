//! Values and outcomes that several importers have.

use std::time::Duration;

use http::HeaderName;
use serde_json::json;

use super::{
    draft::{TlsChoice, VerifyChoice},
    note::Outcome,
    settings::{SettingValue, duration, time_text},
};

pub(super) const APPENDED: &str = "\
    clients can write the start of the field; imported as `ForwardedLayer::append_unverified`. \
    `ForwardedLayer::trust` with the networks of your own proxies is safe";

/// The only protocol, in `alpn`.
pub(super) fn http1() -> SettingValue {
    SettingValue::both(json!(["http/1.1"]), "Alpn::Http1")
}

/// The only protocol, in `alpn`.
pub(super) fn http2() -> SettingValue {
    SettingValue::both(json!(["h2"]), "Alpn::Http2")
}

pub(super) fn tls_version(is_1_3: bool) -> SettingValue {
    match is_1_3 {
        true => SettingValue::both("1.3", "TlsVersion::V1_3"),
        false => SettingValue::both("1.2", "TlsVersion::V1_2"),
    }
}

pub(super) fn proxy_protocol(is_v2: bool) -> SettingValue {
    match is_v2 {
        true => SettingValue::both("v2", "ProxyProtocol::V2"),
        false => SettingValue::both("v1", "ProxyProtocol::V1"),
    }
}

pub(super) fn client_scheme(is_https: bool) -> SettingValue {
    match is_https {
        true => SettingValue::both("https", "Scheme::Https"),
        false => SettingValue::both("http", "Scheme::Http"),
    }
}

/// Such as `prefer_v4` and `PreferV4`.
pub(super) fn families(name: &str, variant: &str) -> SettingValue {
    SettingValue::both(name, format!("IpFamilies::{variant}"))
}

pub(super) fn no_upgrades() -> SettingValue {
    SettingValue::both(json!([]), "")
}

/// Probes of idle connections.
pub(super) fn keepalive(idle: Duration, interval: Duration, probes: u32) -> SettingValue {
    let (idle_text, interval_text) = (time_text(idle), time_text(interval));
    let json = json!({
        "probe": { "idle": idle_text, "interval": interval_text, "retries": probes }
    });
    let (idle, interval) = (duration(idle), duration(interval));
    SettingValue::both(json, format!(".keepalive({idle}, {interval}, {probes})"))
}

/// A DNS cache that holds all answers for this time.
pub(super) fn fixed_ttl(time: Duration) -> SettingValue {
    let json = json!({ "min_ttl": time_text(time), "max_ttl": time_text(time) });
    let time = duration(time);
    SettingValue::both(json, format!("DnsCache::default().ttl({time}..={time})"))
}

/// The affinity by a field of requests, as code. `None` if the name is no name of a field.
pub(super) fn balance_by_header(name: &str) -> Option<String> {
    let name = name.parse::<HeaderName>().ok()?;
    let name = name.as_str();
    Some(format!(
        "Balance::by_header(HeaderName::from_static({name:?}))"
    ))
}

/// The time of a line, or why there is none. Zero is no limit in some servers.
pub(super) fn non_zero(time: Option<Duration>) -> Result<Duration, Outcome> {
    match time {
        Some(Duration::ZERO) => Err(Outcome::refused("a time of zero would pass at once")),
        Some(time) => Ok(time),
        None => Err(Outcome::refused("the value is no time")),
    }
}

/// Turns verification off, as the file does.
pub(super) fn accept_any_certificate(tls: &mut TlsChoice) -> Outcome {
    tls.verify = VerifyChoice::Off;
    Outcome::warning(
        "anybody on the path can read and change the traffic; imported as \
         `danger::accept_any_certificate`. Leave that out, or see the alternatives in \
         `tls::danger`",
    )
}

/// For a server that reads relative paths from its working directory, as this crate does.
pub(super) fn mapped_file(path: &str, text: &'static str) -> Outcome {
    match path.starts_with('/') {
        true => Outcome::mapped(text),
        false => {
            Outcome::warning("the file is read from the working directory: write an absolute path")
        }
    }
}

/// A forwarded field gets the value of the layer in place of the file's.
pub(super) fn forwarded_otherwise(is_from_client: bool) -> Outcome {
    match is_from_client {
        true => Outcome::warning(
            "clients can write this field; the import writes what the connection shows. \
             `ForwardedLayer::trust` takes the value from your own proxies",
        ),
        false => Outcome::refused("the import writes what the connection shows"),
    }
}
