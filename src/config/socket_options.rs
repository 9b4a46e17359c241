//! The options of sockets.
//!
//! ```toml
//! [socket_options]
//! local_address = "192.0.2.9"
//! keepalive = { probe = { idle = "60s", interval = "10s", retries = 6 } }
//! ```

use std::net::IpAddr;

use humantime::Duration;
use serde::{Deserialize, Serialize};

use crate::dial::{SocketOptions, TcpKeepalive};

use super::{
    given::given,
    is_default::{is_default, unless_default},
    keyed_enum::KeyedEnum,
    text_value::Text,
    unwritten::Unwritten,
};

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    default,
    deny_unknown_fields,
    expecting = r#"a table such as { user_timeout = "30s" }"#
)]
pub(super) struct SocketConfig {
    /// From 0 to 63. The default is 0.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    dscp: Option<u8>,
    /// The network interface to connect through. Linux only.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    interface: Option<String>,
    /// Probes on silent connections.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    keepalive: Option<KeyedEnum<KeepaliveConfig>>,
    /// Where connections come from.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    local_address: Option<Text<IpAddr>>,
    /// For routing. Linux only.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    mark: Option<u32>,
    /// Delays small writes.
    #[serde(skip_serializing_if = "is_default")]
    nagle: bool,
    /// In bytes.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    receive_buffer: Option<usize>,
    /// In bytes.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    send_buffer: Option<usize>,
    /// How long sent data may stay unacknowledged. Linux only.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    user_timeout: Option<Text<Duration>>,
}

/// TCP keepalive: `"off"`, or a probe.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum KeepaliveConfig {
    Off,
    Probe(ProbeConfig),
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(
    deny_unknown_fields,
    expecting = r#"a table such as { idle = "15s", interval = "15s", retries = 3 }"#
)]
struct ProbeConfig {
    /// Silence before the first probe.
    idle: Text<Duration>,
    /// From one probe to the next.
    interval: Text<Duration>,
    /// Probes without an answer that end a connection.
    retries: u32,
}

impl SocketConfig {
    /// Hooks, and addresses of both families, cannot be written.
    pub(super) fn of(options: &SocketOptions, unwritten: &mut Unwritten) -> Option<Self> {
        let SocketOptions {
            local_v4,
            local_v6,
            interface,
            nagle,
            user_timeout,
            send_buffer,
            receive_buffer,
            mark,
            dscp,
            keepalive,
            each,
        } = options;
        if each.is_some() {
            unwritten.refuse_value("SocketOptions::each");
        }
        if local_v4.is_some() && local_v6.is_some() {
            let why = "a file has one local address, and there are two";
            unwritten.refuse("SocketOptions::local_address", why);
        }
        let local = local_v4
            .map(IpAddr::V4)
            .or_else(|| local_v6.map(IpAddr::V6));
        let mut time = |setter, time: std::time::Duration| unwritten.text(setter, &time.into());
        let keepalive = (*keepalive != TcpKeepalive::default()).then_some(keepalive.0);
        unless_default(Self {
            dscp: *dscp,
            interface: interface.clone(),
            keepalive: keepalive.and_then(|probes| {
                Some(KeyedEnum::from(match probes {
                    None => KeepaliveConfig::Off,
                    Some(probes) => KeepaliveConfig::Probe(ProbeConfig {
                        idle: time("SocketOptions::keepalive", probes.idle)?,
                        interval: time("SocketOptions::keepalive", probes.interval)?,
                        retries: probes.retries,
                    }),
                }))
            }),
            user_timeout: user_timeout
                .and_then(|timeout| time("SocketOptions::user_timeout", timeout)),
            local_address: local
                .and_then(|address| unwritten.text("SocketOptions::local_address", &address)),
            mark: *mark,
            nagle: *nagle,
            receive_buffer: *receive_buffer,
            send_buffer: *send_buffer,
        })
    }

    pub(super) fn options(&self) -> SocketOptions {
        let mut options = SocketOptions::default();
        if let Some(code_point) = self.dscp {
            options = options.dscp(code_point);
        }
        if let Some(name) = &self.interface {
            options = options.interface(name);
        }
        if let Some(keepalive) = &self.keepalive {
            options = match &**keepalive {
                KeepaliveConfig::Off => options.no_keepalive(),
                KeepaliveConfig::Probe(probe) => {
                    options.keepalive(**probe.idle, **probe.interval, probe.retries)
                }
            };
        }
        if let Some(address) = &self.local_address {
            options = options.local_address(**address);
        }
        if let Some(mark) = self.mark {
            options = options.mark(mark);
        }
        if self.nagle {
            options = options.nagle();
        }
        if let Some(bytes) = self.receive_buffer {
            options = options.receive_buffer(bytes);
        }
        if let Some(bytes) = self.send_buffer {
            options = options.send_buffer(bytes);
        }
        if let Some(time) = &self.user_timeout {
            options = options.user_timeout(***time);
        }
        options
    }
}
