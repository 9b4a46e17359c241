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

use crate::import::{
    directive::Directive,
    draft::SniChoice,
    has_settings::HasSettings,
    local_address::{set_local_address, split_port},
    note::Outcome,
    settings::Settings,
    values::{self, mapped_file},
};

use super::{
    reverse_proxy::{CaddyRow, ReverseProxy, time_of},
    value,
};

const BUFFERS: &str = "the pool has buffers of its own";
const OUTGOING: &str = "`CdnOriginBuilder::transport` dials through another proxy";

pub(super) const ROWS: [CaddyRow; 34] = [
    CaddyRow::maps(
        "tls",
        |_, _, text| Outcome::mapped(text),
        "`https://` in the URL",
    ),
    CaddyRow::maps(
        "tls_server_name",
        server_name,
        "`CdnOriginBuilder::sni`, which the expected name follows",
    ),
    CaddyRow::maps(
        "tls_insecure_skip_verify",
        |proxy, _, _| values::accept_any_certificate(&mut proxy.shared().tls),
        "`tls::danger`",
    ),
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
        |proxy, line, text| proxy.set_time("happy_eyeballs.attempt_delay", time_of(line), text),
        "`HappyEyeballs::attempt_delay`",
    ),
    CaddyRow::maps(
        "response_header_timeout",
        |proxy, line, text| proxy.set_time("limits.response_timeout", time_of(line), text),
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
        |proxy, line, text| proxy.set_number("pool.max_idle", line.word(), text),
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
pub(super) fn transport(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    match line.word() {
        "http" => {}
        "fastcgi" => return Outcome::refused("FastCGI is not spoken"),
        _ => return Outcome::refused("the transport is HTTP"),
    }
    for line in line.lines() {
        let row = ROWS.iter().find(|row| row.name == line.name);
        let outcome = match row {
            Some(row) => row.apply(|map| map(proxy, line, row.text)),
            None => Outcome::unmapped(),
        };
        proxy.has_tls_line |= line.name == "tls" || line.name.starts_with("tls_");
        proxy.note(line.line, &line.name, outcome);
        proxy.note_block(line, row);
    }
    Outcome::mapped(text)
}

fn server_name(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    let name = line.word();
    if name.contains('{') {
        return Outcome::refused(
            "the SNI of a connector is fixed, because connections are shared; the import sends \
             the origin's host. For a name of each client's, see `VirtualHosts`",
        );
    }
    // The name is checked here, so that the note has its line.
    if let Err(outcome) = Settings::check("sni", name) {
        return outcome;
    }
    proxy.shared().tls.sni = SniChoice::Name(name.to_owned());
    Outcome::mapped(text)
}

/// `file a.pem`, or a block with `pem_file a.pem`.
fn trust_pool(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    if line.word() != "file" {
        return Outcome::by_hand(
            "`Roots::pem`, `Roots::pem_file`; the import trusts the system's roots",
        );
    }
    let mut files: Vec<&str> = line.words.iter().skip(1).map(String::as_str).collect();
    for line in line.lines() {
        match line.name.as_str() {
            "pem_file" => {
                files.extend(line.words.iter().map(String::as_str));
                proxy.note(line.line, "tls_trust_pool pem_file", Outcome::mapped(text));
            }
            name => proxy.note(
                line.line,
                &format!("tls_trust_pool {name}"),
                Outcome::unmapped(),
            ),
        }
    }
    one_file(proxy, &files, text)
}

fn trusted_certificates(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    let files: Vec<&str> = line.words.iter().map(String::as_str).collect();
    one_file(proxy, &files, text)
}

fn one_file(proxy: &mut ReverseProxy, files: &[&str], text: &'static str) -> Outcome {
    let [file] = files else {
        return Outcome::by_hand(
            "`Roots::and` takes several files; the import trusts the system's roots",
        );
    };
    proxy.shared().tls.roots = Some((*file).to_owned());
    mapped_file(file, text)
}

fn client_auth(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    let [certificate, key] = line.words.as_slice() else {
        return Outcome::refused("certificates are not issued here: write the paths of two files");
    };
    let tls = &mut proxy.shared().tls;
    tls.certificate = Some(certificate.clone());
    tls.key = Some(key.clone());
    mapped_file(certificate, text)
}

fn renegotiation(_: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    match line.word() {
        "never" => Outcome::mapped(text),
        _ => Outcome::refused(text),
    }
}

fn tls_timeout(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    proxy.tls_timeout = time_of(line).ok();
    proxy.set_time("timeouts.tls_handshake", time_of(line), text)
}

fn dial_timeout(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    proxy.dial_timeout = time_of(line).ok();
    proxy.set_time("timeouts.dial", time_of(line), text)
}

fn read_timeout(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    if !proxy.shared().settings.has("limits.response_timeout") {
        proxy.set_time("limits.response_timeout", time_of(line), text);
    }
    proxy.set_time("limits.body_idle_timeout", time_of(line), text)
}

fn keepalive(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    match line.word() {
        "off" => proxy.set("pool.max_uses", 1_u64, "`PoolSettings::max_uses` of 1"),
        _ => proxy.set_time("pool.idle_timeout", time_of(line), text),
    }
}

/// The interval between probes and their number are those of Go.
fn keepalive_interval(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    const INTERVAL: Duration = Duration::from_secs(15);
    const PROBES: u32 = 9;
    let time = match time_of(line) {
        Ok(time) => time,
        Err(outcome) => return outcome,
    };
    let value = values::keepalive(time, INTERVAL, PROBES);
    proxy.set("socket_options.keepalive", value, text)
}

fn max_connections(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    match line.word() {
        "0" => Outcome::no_effect("a pool has at most 256 connections by default"),
        _ => proxy.set_number("pool.max_connections", line.word(), text),
    }
}

fn versions(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    let words: Vec<_> = line.words.iter().map(String::as_str).collect();
    let value = match words.as_slice() {
        ["1.1" | "1"] => values::http1(),
        ["2"] => values::http2(),
        ["1.1", "2"] | ["2", "1.1"] => return Outcome::mapped("both are offered by default"),
        words if words.contains(&"h2c") => {
            return Outcome::refused("HTTP/2 is spoken over TLS only");
        }
        words if words.contains(&"3") => return Outcome::refused("HTTP/3 is not spoken"),
        _ => return Outcome::refused("neither HTTP/1.1 nor HTTP/2"),
    };
    proxy.set("alpn", value, text)
}

fn compression(_: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    match line.word() {
        "off" => Outcome::mapped(text),
        _ => Outcome::no_effect(text),
    }
}

fn proxy_protocol(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    match line.word() {
        version @ ("v1" | "v2") => {
            let value = values::proxy_protocol(version == "v2");
            proxy.set("proxy_protocol", value, text)
        }
        _ => Outcome::refused("the value is neither `v1` nor `v2`"),
    }
}

fn local_address(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    match split_port(line.word()) {
        None => Outcome::refused("the value is no address"),
        Some((address, port)) => {
            let has_port = port.is_some_and(|port| port != 0);
            set_local_address(&mut proxy.shared().settings, address, has_port, text)
        }
    }
}

/// More than the default is taken over; less would refuse responses for nothing.
fn max_response_header(proxy: &mut ReverseProxy, line: &Directive, text: &'static str) -> Outcome {
    match value::size(line.word()) {
        Some(bytes) if bytes > 128 << 10 => proxy.set("pool.max_response_head", bytes, text),
        Some(_) => Outcome::no_effect("a head may have 128 KiB by default"),
        None => Outcome::refused("the value is no size"),
    }
}
