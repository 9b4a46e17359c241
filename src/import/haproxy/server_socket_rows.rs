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

use serde_json::json;

use crate::import::{draft, note::Finding, settings::SettingValue};

use super::{
    backend::{Backend, ServerDraft, set_source, time_of},
    server_rows::{Keyword, ServerRow, flag, one, reset},
};

const PROTOCOLS: &str = "the PROXY protocol: `CdnOriginBuilder::proxy_protocol`";
const OLD_TLS: &str = "versions before TLS 1.2 are not offered";
const SERVER_STATE: &str = "it concerns the administration of HAProxy";

pub(super) const KEYWORDS: [Keyword; 39] = [
    flag(ServerRow::maps(
        "send-proxy",
        proxy_v1,
        "`ProxyProtocol::V1`",
    )),
    flag(ServerRow::maps(
        "send-proxy-v2",
        proxy_v2,
        "`ProxyProtocol::V2`",
    )),
    flag(ServerRow::maps("no-send-proxy", no_proxy_v1, "the default")),
    flag(ServerRow::maps(
        "no-send-proxy-v2",
        no_proxy_v2,
        "the default",
    )),
    flag(ServerRow::by_hand("send-proxy-v2-ssl", PROTOCOLS)),
    flag(ServerRow::by_hand("send-proxy-v2-ssl-cn", PROTOCOLS)),
    flag(ServerRow::maps(
        "no-send-proxy-v2-ssl",
        no_proxy_v2,
        "the default",
    )),
    flag(ServerRow::maps(
        "no-send-proxy-v2-ssl-cn",
        no_proxy_v2,
        "the default",
    )),
    one(ServerRow::by_hand("proxy-v2-options", PROTOCOLS)),
    one(ServerRow::by_hand("set-proxy-v2-tlv-fmt", PROTOCOLS)),
    one(ServerRow::maps(
        "source",
        source,
        "`SocketOptions::local_address`",
    )),
    one(ServerRow::maps(
        "interface",
        interface,
        "`SocketOptions::interface`",
    )),
    one(ServerRow::refused(
        "usesrc",
        "the local address of a connector is fixed",
    )),
    one(ServerRow::maps(
        "tcp-ut",
        tcp_ut,
        "`SocketOptions::user_timeout`",
    )),
    one(ServerRow::refused(
        "tcp-md5sig",
        "TCP MD5 signatures are not supported",
    )),
    one(ServerRow::refused(
        "cc",
        "the system chooses the congestion control",
    )),
    one(ServerRow::refused("quic-cc-algo", "QUIC is not spoken")),
    flag(ServerRow::no_effect("tfo", "TCP Fast Open is not used")),
    flag(ServerRow::no_effect("no-tfo", "TCP Fast Open is not used")),
    one(ServerRow::refused(
        "namespace",
        "`CdnOriginBuilder::transport` dials in another namespace",
    )),
    one(ServerRow::refused(
        "socks4",
        "`CdnOriginBuilder::transport` dials through another proxy",
    )),
    one(ServerRow::by_hand(
        "resolvers",
        "`Dns::resolver` with a `HickoryResolver`",
    )),
    one(ServerRow::maps(
        "resolve-prefer",
        resolve_prefer,
        "`HappyEyeballs::families`",
    )),
    one(ServerRow::no_effect(
        "resolve-opts",
        "all addresses of an answer are used",
    )),
    one(ServerRow::refused(
        "resolve-net",
        "`HappyEyeballs` orders addresses",
    )),
    one(ServerRow::no_effect(
        "init-addr",
        "a name is resolved when it is dialled",
    )),
    one(ServerRow::by_hand("track", "`HealthCheck` of each group")),
    one(ServerRow::no_effect("id", SERVER_STATE)),
    one(ServerRow::no_effect("guid", SERVER_STATE)),
    one(ServerRow::no_effect("shard", SERVER_STATE)),
    one(ServerRow::no_effect("log-proto", SERVER_STATE)),
    one(ServerRow::no_effect("log-bufsize", SERVER_STATE)),
    one(ServerRow::refused(
        "redir",
        "a router in front of the proxy redirects",
    )),
    one(ServerRow::maps("proto", proto, "`Alpn`")),
    one(ServerRow::no_effect("ws", "WebSockets use HTTP/1.1")),
    flag(ServerRow::no_effect("force-sslv3", OLD_TLS)),
    flag(ServerRow::no_effect("force-tlsv10", OLD_TLS)),
    flag(ServerRow::no_effect("force-tlsv11", OLD_TLS)),
    one(ServerRow::refused("ktls", "the kernel does not encrypt")),
];

fn set(
    server: &mut ServerDraft,
    key: &'static str,
    value: SettingValue,
    text: &'static str,
) -> Finding {
    draft::set(&mut server.settings, key, value, text)
}

fn proxy_v1(server: &mut ServerDraft, _: &mut Backend, _: &str, text: &'static str) -> Finding {
    server.sends_proxy_v1 = true;
    send_proxy(server);
    match server.sends_proxy_v2 {
        true => Finding::no_effect("`send-proxy-v2` decides"),
        false => Finding::mapped(text),
    }
}

fn proxy_v2(server: &mut ServerDraft, _: &mut Backend, _: &str, text: &'static str) -> Finding {
    server.sends_proxy_v2 = true;
    send_proxy(server);
    Finding::mapped(text)
}

fn no_proxy_v1(server: &mut ServerDraft, _: &mut Backend, _: &str, text: &'static str) -> Finding {
    let was_sent = mem::replace(&mut server.sends_proxy_v1, false);
    send_proxy(server);
    reset(was_sent, text)
}

fn no_proxy_v2(server: &mut ServerDraft, _: &mut Backend, _: &str, text: &'static str) -> Finding {
    let was_sent = mem::replace(&mut server.sends_proxy_v2, false);
    send_proxy(server);
    reset(was_sent, text)
}

/// HAProxy keeps the two versions apart, and sends version 2 if both are on.
fn send_proxy(server: &mut ServerDraft) {
    let (name, code) = match (server.sends_proxy_v2, server.sends_proxy_v1) {
        (true, _) => ("v2", "ProxyProtocol::V2"),
        (false, true) => ("v1", "ProxyProtocol::V1"),
        (false, false) => return drop(server.settings.take("proxy_protocol")),
    };
    let value = SettingValue::Both(json!(name), code.to_owned());
    // The configuration has this key.
    let _ = server.settings.set("proxy_protocol", value);
}

fn source(server: &mut ServerDraft, _: &mut Backend, word: &str, text: &'static str) -> Finding {
    set_source(&mut server.settings, word, text)
}

fn interface(server: &mut ServerDraft, _: &mut Backend, word: &str, text: &'static str) -> Finding {
    set(
        server,
        "socket_options.interface",
        SettingValue::Text(word.to_owned()),
        text,
    )
}

fn tcp_ut(server: &mut ServerDraft, _: &mut Backend, word: &str, text: &'static str) -> Finding {
    match time_of(word) {
        Ok(time) => set(
            server,
            "socket_options.user_timeout",
            SettingValue::Time(time),
            text,
        ),
        Err(finding) => finding,
    }
}

fn resolve_prefer(
    server: &mut ServerDraft,
    _: &mut Backend,
    word: &str,
    text: &'static str,
) -> Finding {
    let (name, code) = match word {
        "ipv4" => ("prefer_v4", "IpFamilies::PreferV4"),
        "ipv6" => ("prefer_v6", "IpFamilies::PreferV6"),
        _ => return Finding::refused("the value is neither `ipv4` nor `ipv6`"),
    };
    let value = SettingValue::Both(json!(name), code.to_owned());
    set(server, "happy_eyeballs.families", value, text)
}

fn proto(server: &mut ServerDraft, _: &mut Backend, word: &str, text: &'static str) -> Finding {
    // `ssl` may come later on the line.
    server.is_http2 = word == "h2";
    match word {
        "h1" => alpn(server, "http/1.1", text),
        "h2" => alpn(server, "h2", text),
        _ => Finding::refused("neither HTTP/1.1 nor HTTP/2"),
    }
}

/// Sets the protocols that are offered, in the notation of `alpn`.
pub(super) fn alpn(server: &mut ServerDraft, protocols: &str, text: &'static str) -> Finding {
    let (json, code) = match protocols {
        "h2" => (json!(["h2"]), "Alpn::Http2"),
        "http/1.1" => (json!(["http/1.1"]), "Alpn::Http1"),
        "h2,http/1.1" | "http/1.1,h2" => {
            server.settings.take("alpn");
            return Finding::mapped("both are offered by default");
        }
        _ => return Finding::refused("neither HTTP/1.1 nor HTTP/2"),
    };
    set(
        server,
        "alpn",
        SettingValue::Both(json, code.to_owned()),
        text,
    )
}
