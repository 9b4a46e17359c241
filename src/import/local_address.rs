//! The local address of connections. Other servers accept a port with it.

use serde_json::json;

use super::{
    has_settings::HasSettings,
    note::{NoteKind, Outcome},
    settings::{SettingValue, Settings},
};

/// Sets the local address. A port is left out, with a warning.
pub(super) fn set_local_address(
    settings: &mut Settings,
    address: &str,
    has_port: bool,
    text: &'static str,
) -> Outcome {
    let code = format!("{address:?}.parse::<std::net::IpAddr>()?");
    let value = SettingValue::Both(json!(address), code);
    let outcome = settings.set("socket_options.local_address", value, text);
    match outcome.kind == NoteKind::Mapped && has_port {
        true => port_left_out(),
        false => outcome,
    }
}

pub(super) fn port_left_out() -> Outcome {
    Outcome::warning(
        "the port is not imported: the system chooses one. A fixed port allows one connection to \
         an origin at a time, a range as many as it has ports",
    )
}

/// Splits `192.0.2.1:80` or `[2001:db8::1]:80`. The port is optional.
///
/// An address with colons has a port only after brackets. `None` if the port is no port.
pub(super) fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if host.ends_with(']') || !host.contains(':') => (host, Some(port)),
        _ => (text, None),
    };
    let host = match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']')?,
        None => host,
    };
    match port {
        Some(port) => Some((host, Some(port.parse().ok()?))),
        None => Some((host, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_have_a_port() {
        let rows = [
            ("192.0.2.1", Some(("192.0.2.1", None))),
            ("192.0.2.1:80", Some(("192.0.2.1", Some(80)))),
            ("2001:db8::1", Some(("2001:db8::1", None))),
            ("[2001:db8::1]", Some(("2001:db8::1", None))),
            ("[2001:db8::1]:80", Some(("2001:db8::1", Some(80)))),
            ("::1", Some(("::1", None))),
            ("", Some(("", None))),
            ("192.0.2.1:", None),
            ("192.0.2.1:65536", None),
            ("192.0.2.1:a", None),
            ("[2001:db8::1", None),
            ("[2001:db8::1:80", None),
        ];
        for (text, expected) in rows {
            assert_eq!(split_port(text), expected, "{text}");
        }
    }
}
