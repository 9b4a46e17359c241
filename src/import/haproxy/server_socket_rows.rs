//! The keywords of `server` lines that concern sockets, name servers and protocols.
//!
//! Keywords about the connection itself.
//!
//! ```text
//! send-proxy-v2          .proxy_protocol(ProxyProtocol::V2)
//! source 192.0.2.1       socket_options.local_address = 192.0.2.1
//! proto h2               .alpn(Alpn::Http2)
//! ```

use std::mem;

use crate::import::{has_settings::HasSettings, note::Outcome, values};

use super::{
    backend::{Backend, ServerLine, set_source, time_of},
    server_rows::{ServerRow, reset},
};

const PROTOCOLS: &str = "the PROXY protocol: `CdnOriginBuilder::proxy_protocol`";
const OLD_TLS: &str = "versions before TLS 1.2 are not offered";
const SERVER_STATE: &str = "it concerns the administration of HAProxy";

pub(super) const FLAGS: [ServerRow; 13] = [
    ServerRow::maps("send-proxy", proxy_v1, "`ProxyProtocol::V1`"),
    ServerRow::maps("send-proxy-v2", proxy_v2, "`ProxyProtocol::V2`"),
    ServerRow::maps("no-send-proxy", no_proxy_v1, "the default"),
    ServerRow::maps("no-send-proxy-v2", no_proxy_v2, "the default"),
    ServerRow::by_hand("send-proxy-v2-ssl", PROTOCOLS),
    ServerRow::by_hand("send-proxy-v2-ssl-cn", PROTOCOLS),
    ServerRow::maps("no-send-proxy-v2-ssl", no_proxy_v2, "the default"),
    ServerRow::maps("no-send-proxy-v2-ssl-cn", no_proxy_v2, "the default"),
    ServerRow::no_effect("tfo", "TCP Fast Open is not used"),
    ServerRow::no_effect("no-tfo", "TCP Fast Open is not used"),
    ServerRow::no_effect("force-sslv3", OLD_TLS),
    ServerRow::no_effect("force-tlsv10", OLD_TLS),
    ServerRow::no_effect("force-tlsv11", OLD_TLS),
];

pub(super) const ARGUMENTS: [ServerRow; 26] = [
    ServerRow::by_hand("proxy-v2-options", PROTOCOLS),
    ServerRow::by_hand("set-proxy-v2-tlv-fmt", PROTOCOLS),
    ServerRow::maps(
        "source",
        |server, _, word, text| set_source(&mut server.settings, word, text),
        "`SocketOptions::local_address`",
    ),
    ServerRow::maps(
        "interface",
        |server, _, word, text| server.set("socket_options.interface", word, text),
        "`SocketOptions::interface`",
    ),
    ServerRow::refused("usesrc", "the local address of a connector is fixed"),
    ServerRow::maps(
        "tcp-ut",
        |server, _, word, text| server.set_time("socket_options.user_timeout", time_of(word), text),
        "`SocketOptions::user_timeout`",
    ),
    ServerRow::refused("tcp-md5sig", "TCP MD5 signatures are not supported"),
    ServerRow::refused("cc", "the system chooses the congestion control"),
    ServerRow::refused("quic-cc-algo", "QUIC is not spoken"),
    ServerRow::refused(
        "namespace",
        "`CdnOriginBuilder::transport` dials in another namespace",
    ),
    ServerRow::refused(
        "socks4",
        "`CdnOriginBuilder::transport` dials through another proxy",
    ),
    ServerRow::by_hand("resolvers", "`Dns::resolver` with a `HickoryResolver`"),
    ServerRow::maps(
        "resolve-prefer",
        resolve_prefer,
        "`HappyEyeballs::families`",
    ),
    ServerRow::no_effect("resolve-opts", "all addresses of an answer are used"),
    ServerRow::refused("resolve-net", "`HappyEyeballs` orders addresses"),
    ServerRow::no_effect("init-addr", "a name is resolved when it is dialled"),
    ServerRow::by_hand("track", "`HealthCheck` of each group"),
    ServerRow::no_effect("id", SERVER_STATE),
    ServerRow::no_effect("guid", SERVER_STATE),
    ServerRow::no_effect("shard", SERVER_STATE),
    ServerRow::no_effect("log-proto", SERVER_STATE),
    ServerRow::no_effect("log-bufsize", SERVER_STATE),
    ServerRow::refused("redir", "a router in front of the proxy redirects"),
    ServerRow::maps("proto", proto, "`Alpn`"),
    ServerRow::no_effect("ws", "WebSockets use HTTP/1.1"),
    ServerRow::refused("ktls", "the kernel does not encrypt"),
];

fn proxy_v1(server: &mut ServerLine, _: &mut Backend, _: &str, text: &'static str) -> Outcome {
    server.sends_proxy_v1 = true;
    send_proxy(server);
    match server.sends_proxy_v2 {
        true => Outcome::no_effect("`send-proxy-v2` decides"),
        false => Outcome::mapped(text),
    }
}

fn proxy_v2(server: &mut ServerLine, _: &mut Backend, _: &str, text: &'static str) -> Outcome {
    server.sends_proxy_v2 = true;
    send_proxy(server);
    Outcome::mapped(text)
}

fn no_proxy_v1(server: &mut ServerLine, _: &mut Backend, _: &str, text: &'static str) -> Outcome {
    let was_sent = mem::replace(&mut server.sends_proxy_v1, false);
    send_proxy(server);
    reset(was_sent, text)
}

fn no_proxy_v2(server: &mut ServerLine, _: &mut Backend, _: &str, text: &'static str) -> Outcome {
    let was_sent = mem::replace(&mut server.sends_proxy_v2, false);
    send_proxy(server);
    reset(was_sent, text)
}

/// HAProxy keeps the two versions apart, and sends version 2 if both are on.
fn send_proxy(server: &mut ServerLine) {
    if !server.sends_proxy_v1 && !server.sends_proxy_v2 {
        return drop(server.settings.take("proxy_protocol"));
    }
    let value = values::proxy_protocol(server.sends_proxy_v2);
    server.set("proxy_protocol", value, "");
}

fn resolve_prefer(
    server: &mut ServerLine,
    _: &mut Backend,
    word: &str,
    text: &'static str,
) -> Outcome {
    let value = match word {
        "ipv4" => values::families("prefer_v4", "PreferV4"),
        "ipv6" => values::families("prefer_v6", "PreferV6"),
        _ => return Outcome::refused("the value is neither `ipv4` nor `ipv6`"),
    };
    server.set("happy_eyeballs.families", value, text)
}

fn proto(server: &mut ServerLine, _: &mut Backend, word: &str, text: &'static str) -> Outcome {
    // `ssl` may come later on the line.
    server.is_http2 = word == "h2";
    match word {
        "h1" => alpn(server, "http/1.1", text),
        "h2" => alpn(server, "h2", text),
        _ => Outcome::refused("neither HTTP/1.1 nor HTTP/2"),
    }
}

/// Sets the protocols that are offered, in the notation of `alpn`.
pub(super) fn alpn(server: &mut ServerLine, protocols: &str, text: &'static str) -> Outcome {
    let value = match protocols {
        "h2" => values::http2(),
        "http/1.1" => values::http1(),
        "h2,http/1.1" | "http/1.1,h2" => {
            server.settings.take("alpn");
            return Outcome::mapped("both are offered by default");
        }
        _ => return Outcome::refused("neither HTTP/1.1 nor HTTP/2"),
    };
    server.set("alpn", value, text)
}
