//! The lines of `transport http`.
//!
//! ```text
//! transport http {
//!     tls                                  https:// in the URL
//!     tls_server_name www.example.com      .sni("www.example.com")
//!     tls_insecure_skip_verify             .verify(danger::accept_any_certificate()), a warning
//!     dial_timeout 2s                      timeouts.dial = 2s
//!     versions 2                           .alpn(Alpn::Http2)
//! }
//! ```
//!
//! The transports `fastcgi` and those of plugins are refused.

use std::time::Duration;

use serde_json::json;

use crate::import::{
    directive::Directive,
    draft::{SniChoice, VerifyChoice},
    local_address::{set_local_address, split_port},
    note::Finding,
    settings::{SettingValue, duration},
};

use super::{
    reverse_proxy::{CaddyRow, ReverseProxy, number_of, time_of},
    value,
};

const BUFFERS: &str = "the pool has buffers of its own";
const OUTGOING: &str = "`CdnOriginBuilder::transport` dials through another proxy";

pub(super) const ROWS: [CaddyRow; 34] = [
    CaddyRow::maps("tls", tls, "`https://` in the URL"),
    CaddyRow::maps(
        "tls_server_name",
        server_name,
        "`CdnOriginBuilder::sni`, which the expected name follows",
    ),
    CaddyRow::maps("tls_insecure_skip_verify", skip_verify, "`tls::danger`"),
    CaddyRow::maps("tls_trust_pool", trust_pool, "`Roots::pem_file`"),
    CaddyRow::maps(
        "tls_trusted_ca_certs",
        trusted_certificates,
        "`Roots::pem_file`",
    ),
    CaddyRow::maps(
        "tls_client_auth",
        client_auth,
        "`CdnOriginBuilder::client_identity`",
    ),
    CaddyRow::by_hand("tls_curves", "`TlsParameters::key_exchange_groups`"),
    CaddyRow::maps("tls_timeout", tls_timeout, "`Timeouts::tls_handshake`"),
    CaddyRow::maps(
        "tls_renegotiation",
        renegotiation,
        "TLS is never renegotiated",
    ),
    CaddyRow::refused("tls_except_ports", "write `http://` before the address"),
    CaddyRow::maps("dial_timeout", dial_timeout, "`Timeouts::dial`"),
    CaddyRow::maps(
        "dial_fallback_delay",
        fallback_delay,
        "`HappyEyeballs::attempt_delay`",
    ),
    CaddyRow::maps(
        "response_header_timeout",
        header_timeout,
        "`Limits::response_timeout`",
    ),
    CaddyRow::maps(
        "read_timeout",
        read_timeout,
        "`Limits::body_idle_timeout`; `Limits::response_timeout` without `response_header_timeout`",
    ),
    CaddyRow::no_effect(
        "write_timeout",
        "an upload that makes no progress ends with `Limits::response_timeout`",
    ),
    CaddyRow::no_effect("expect_continue_timeout", "the origin answers `Expect`"),
    CaddyRow::maps("keepalive", keepalive, "`PoolSettings::idle_timeout`"),
    CaddyRow::maps(
        "keepalive_interval",
        keepalive_interval,
        "`SocketOptions::keepalive`",
    ),
    CaddyRow::no_effect(
        "keepalive_idle_conns",
        "a pool has one origin: `PoolSettings::max_idle`",
    ),
    CaddyRow::maps(
        "keepalive_idle_conns_per_host",
        max_idle,
        "`PoolSettings::max_idle`",
    ),
    CaddyRow::maps(
        "max_conns_per_host",
        max_connections,
        "`PoolSettings::max_connections`",
    ),
    CaddyRow::maps("versions", versions, "`CdnOriginBuilder::alpn`"),
    CaddyRow::maps(
        "compression",
        compression,
        "the client's Accept-Encoding is passed: nothing is asked for and nothing decoded",
    ),
    CaddyRow::maps(
        "proxy_protocol",
        proxy_protocol,
        "`CdnOriginBuilder::proxy_protocol`",
    ),
    CaddyRow::by_hand("resolvers", "`Dns::resolver` with a `HickoryResolver`"),
    CaddyRow::maps(
        "local_address",
        local_address,
        "`SocketOptions::local_address`",
    ),
    CaddyRow::by_hand("forward_proxy_url", OUTGOING),
    CaddyRow::by_hand("network_proxy", OUTGOING),
    CaddyRow::maps(
        "max_response_header",
        max_response_header,
        "`PoolSettings::max_response_head`",
    ),
    CaddyRow::no_effect("read_buffer", BUFFERS),
    CaddyRow::no_effect("write_buffer", BUFFERS),
    CaddyRow::no_effect("max_idle_conns_per_host", "`PoolSettings::max_idle`"),
    CaddyRow::by_hand("network", "`CdnOriginBuilder::transport`"),
    CaddyRow::refused(
        "import",
        "snippets are not read: put the content in place of the line",
    ),
];

/// Reads a transport by its name.
pub(super) fn transport(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Finding {
    match line.word() {
        "http" => {}
        "fastcgi" => return Finding::refused("FastCGI is not spoken"),
        _ => return Finding::refused("the transport is HTTP"),
    }
    for line in line.lines() {
        let row = ROWS.iter().find(|row| row.name == line.name);
        let finding = match row {
            Some(row) => row.apply(|map| map(proxy, line, row.text)),
            None => Finding::unmapped(),
        };
        proxy.has_tls_line |= line.name == "tls" || line.name.starts_with("tls_");
        proxy.note(line.line, &line.name, finding);
        proxy.note_block(line, row);
    }
    Finding::mapped(text)
}

fn tls(_: &mut ReverseProxy, _: &Directive, text: &'static str) -> Finding {
    Finding::mapped(text)
}

fn server_name(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Finding {
    let name = line.word();
    if name.contains('{') {
        return Finding::refused(
            "the SNI of a connector is fixed, because connections are shared; the import sends \
             the origin's host. For a name of each client's, see `VirtualHosts`",
        );
    }
    // The name is checked here, so that the note has its line.
    let finding = proxy.set("sni", SettingValue::Text(name.to_owned()), text);
    if proxy.shared().settings.take("sni").is_some() {
        proxy.shared().tls.sni = SniChoice::Name(name.to_owned());
    }
    finding
}

fn skip_verify(proxy: &mut ReverseProxy, _: &Directive, _: &'static str) -> Finding {
    proxy.shared().tls.verify = VerifyChoice::Off;
    Finding::warning(
        "anybody on the path can read and change the traffic; imported as \
         `danger::accept_any_certificate`. Leave that out, or see the alternatives in \
         `tls::danger`",
    )
}

/// `file a.pem`, or a block with `pem_file a.pem`.
fn trust_pool(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Finding {
    if line.word() != "file" {
        return Finding::by_hand(
            "`Roots::pem`, `Roots::pem_file`; the import trusts the system's roots",
        );
    }
    let mut files: Vec<&str> = line.words.iter().skip(1).map(String::as_str).collect();
    for line in line.lines() {
        match line.name.as_str() {
            "pem_file" => {
                files.extend(line.words.iter().map(String::as_str));
                proxy.note(line.line, "tls_trust_pool pem_file", Finding::mapped(text));
            }
            name => proxy.note(
                line.line,
                &format!("tls_trust_pool {name}"),
                Finding::unmapped(),
            ),
        }
    }
    one_file(proxy, &files, text)
}

fn trusted_certificates(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Finding {
    let files: Vec<&str> = line.words.iter().map(String::as_str).collect();
    one_file(proxy, &files, text)
}

fn one_file(proxy: &mut ReverseProxy, files: &[&str], text: &'static str) -> Finding {
    let [file] = files else {
        return Finding::by_hand(
            "`Roots::and` takes several files; the import trusts the system's roots",
        );
    };
    proxy.shared().tls.roots = Some((*file).to_owned());
    mapped_file(file, text)
}

/// Caddy reads relative paths from its working directory, as this crate does.
fn mapped_file(path: &str, text: &'static str) -> Finding {
    match path.starts_with('/') {
        true => Finding::mapped(text),
        false => {
            Finding::warning("the file is read from the working directory: write an absolute path")
        }
    }
}

fn client_auth(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Finding {
    let [certificate, key] = line.words.as_slice() else {
        return Finding::refused("certificates are not issued here: write the paths of two files");
    };
    let tls = &mut proxy.shared().tls;
    tls.certificate = Some(certificate.clone());
    tls.key = Some(key.clone());
    mapped_file(certificate, text)
}

fn renegotiation(_: &mut ReverseProxy, line: &Directive, text: &'static str) -> Finding {
    match line.word() {
        "never" => Finding::mapped(text),
        _ => Finding::refused(text),
    }
}

fn tls_timeout(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Finding {
    proxy.tls_timeout = time_of(line).ok();
    proxy.set_time("timeouts.tls_handshake", line, text)
}

fn dial_timeout(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Finding {
    proxy.dial_timeout = time_of(line).ok();
    proxy.set_time("timeouts.dial", line, text)
}

fn fallback_delay(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Finding {
    proxy.set_time("happy_eyeballs.attempt_delay", line, text)
}

fn header_timeout(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Finding {
    proxy.set_time("limits.response_timeout", line, text)
}

fn read_timeout(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Finding {
    if !proxy.shared().settings.has("limits.response_timeout") {
        proxy.set_time("limits.response_timeout", line, text);
    }
    proxy.set_time("limits.body_idle_timeout", line, text)
}

fn keepalive(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Finding {
    match line.word() {
        "off" => {
            let uses = SettingValue::Number(1);
            proxy.set("pool.max_uses", uses, "`PoolSettings::max_uses` of 1")
        }
        _ => proxy.set_time("pool.idle_timeout", line, text),
    }
}

/// The interval between probes and their number are those of Go.
fn keepalive_interval(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Finding {
    const INTERVAL: Duration = Duration::from_secs(15);
    const PROBES: u32 = 9;
    let time = match time_of(line) {
        Ok(time) => time,
        Err(finding) => return finding,
    };
    let written = |time| humantime::format_duration(time).to_string();
    let (idle, interval) = (written(time), written(INTERVAL));
    let json = json!({ "probe": { "idle": idle, "interval": interval, "retries": PROBES } });
    let (idle, interval) = (duration(time), duration(INTERVAL));
    let code = format!(".keepalive({idle}, {interval}, {PROBES})");
    proxy.set(
        "socket_options.keepalive",
        SettingValue::Both(json, code),
        text,
    )
}

fn max_idle(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Finding {
    number(proxy, "pool.max_idle", line, text)
}

fn max_connections(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Finding {
    match line.word() {
        "0" => Finding::no_effect("a pool has at most 256 connections by default"),
        _ => number(proxy, "pool.max_connections", line, text),
    }
}

fn number(
    proxy: &mut ReverseProxy,
    key: &'static str,
    line: &Directive,
    text: &'static str,
) -> Finding {
    match number_of(line) {
        Ok(number) => proxy.set(key, SettingValue::Number(number.into()), text),
        Err(finding) => finding,
    }
}

fn versions(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Finding {
    let words: Vec<_> = line.words.iter().map(String::as_str).collect();
    let (json, code) = match words.as_slice() {
        ["1.1" | "1"] => (json!(["http/1.1"]), "Alpn::Http1"),
        ["2"] => (json!(["h2"]), "Alpn::Http2"),
        ["1.1", "2"] | ["2", "1.1"] => return Finding::mapped("both are offered by default"),
        words if words.contains(&"h2c") => {
            return Finding::refused("HTTP/2 is spoken over TLS only");
        }
        words if words.contains(&"3") => return Finding::refused("HTTP/3 is not spoken"),
        _ => return Finding::refused("neither HTTP/1.1 nor HTTP/2"),
    };
    proxy.set("alpn", SettingValue::Both(json, code.to_owned()), text)
}

fn compression(_: &mut ReverseProxy, line: &Directive, text: &'static str) -> Finding {
    match line.word() {
        "off" => Finding::mapped(text),
        _ => Finding::no_effect(text),
    }
}

fn proxy_protocol(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Finding {
    let (json, code) = match line.word() {
        "v1" => ("v1", "ProxyProtocol::V1"),
        "v2" => ("v2", "ProxyProtocol::V2"),
        _ => return Finding::refused("the value is neither `v1` nor `v2`"),
    };
    proxy.set(
        "proxy_protocol",
        SettingValue::Both(json!(json), code.to_owned()),
        text,
    )
}

fn local_address(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Finding {
    match split_port(line.word()) {
        None => Finding::refused("the value is no address"),
        Some((address, port)) => {
            let has_port = port.is_some_and(|port| port != 0);
            set_local_address(&mut proxy.shared().settings, address, has_port, text)
        }
    }
}

/// More than the default is taken over; less would refuse responses for nothing.
fn max_response_header(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Finding {
    match value::size(line.word()) {
        Some(bytes) if bytes > 128 << 10 => {
            proxy.set("pool.max_response_head", SettingValue::Number(bytes), text)
        }
        Some(_) => Finding::no_effect("a head may have 128 KiB by default"),
        None => Finding::refused("the value is no size"),
    }
}
