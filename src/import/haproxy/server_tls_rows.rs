//! The keywords of `server` lines that concern TLS.
//!
//! Keywords about TLS to the server.
//!
//! ```text
//! ssl                              https:// in the URL
//! sni str(www.example.com)         .sni("www.example.com")
//! verify none                      .verify(danger::accept_any_certificate()), with a warning
//! verifyhost a.example             .expected_name("a.example")
//! ca-file ca.pem                   .verify(VerifyPolicy::roots(Roots::pem_file("ca.pem")))
//! ```
//!
//! `verify` without `ssl` has no effect, in HAProxy as here: [`Server::settle`] writes nothing
//! about TLS then.
//!
//! [`Server::settle`]: crate::import::draft::Server::settle

use std::mem;

use serde_json::json;

use crate::import::{
    draft::{self, SniChoice, VerifyChoice},
    note::Finding,
    settings::SettingValue,
};

use super::{
    backend::{Backend, ServerDraft},
    server_rows::{Keyword, ServerRow, flag, one, reset},
    server_socket_rows::alpn,
    value,
};

const CHECKS: &str = "checks connect as requests do";
const OLD_TLS: &str = "versions before TLS 1.2 are not offered";
pub(super) const CIPHERS: &str = "`TlsParameters::cipher_suites` takes IANA names";
pub(super) const CLIENT_SIGALGS: &str = "the key of the identity decides";
pub(super) const PARAMETERS: &str = "`TlsParameters` has a call for each list";

pub(super) const KEYWORDS: [Keyword; 40] = [
    flag(ServerRow::maps("ssl", ssl, "`https://` in the URL")),
    flag(ServerRow::maps("no-ssl", no_ssl, "`http://` in the URL")),
    one(ServerRow::maps("sni", sni, "`CdnOriginBuilder::sni`")),
    flag(ServerRow::maps(
        "sni-auto",
        sni_auto,
        "`CdnOriginBuilder::sni`",
    )),
    flag(ServerRow::maps(
        "no-sni-auto",
        no_sni_auto,
        "`CdnOriginBuilder::omit_sni`",
    )),
    one(ServerRow::maps(
        "verify",
        verify,
        "certificates are verified by default",
    )),
    one(ServerRow::maps(
        "verifyhost",
        verifyhost,
        "`CdnOriginBuilder::expected_name`",
    )),
    flag(ServerRow::maps(
        "no-verifyhost",
        no_verifyhost,
        "the SNI is expected",
    )),
    one(ServerRow::maps("ca-file", ca_file, "`Roots::pem_file`")),
    one(ServerRow::maps(
        "crl-file",
        crl_file,
        "`VerifyPolicy::crls`",
    )),
    one(ServerRow::maps(
        "crt",
        crt,
        "`CdnOriginBuilder::client_identity`",
    )),
    one(ServerRow::maps("alpn", offer, "`CdnOriginBuilder::alpn`")),
    one(ServerRow::refused("npn", "ALPN replaced it")),
    one(ServerRow::maps(
        "ssl-min-ver",
        min_version,
        "`CdnOriginBuilder::tls_versions`",
    )),
    one(ServerRow::maps(
        "ssl-max-ver",
        max_version,
        "`CdnOriginBuilder::tls_versions`",
    )),
    flag(ServerRow::maps(
        "force-tlsv12",
        force_1_2,
        "`CdnOriginBuilder::tls_versions`",
    )),
    flag(ServerRow::maps(
        "force-tlsv13",
        force_1_3,
        "`CdnOriginBuilder::tls_versions`",
    )),
    flag(ServerRow::maps(
        "no-tlsv12",
        force_1_3,
        "`CdnOriginBuilder::tls_versions`",
    )),
    flag(ServerRow::maps(
        "no-tlsv13",
        no_1_3,
        "`CdnOriginBuilder::tls_versions`",
    )),
    flag(ServerRow::no_effect("no-sslv3", OLD_TLS)),
    flag(ServerRow::no_effect("no-tlsv10", OLD_TLS)),
    flag(ServerRow::no_effect("no-tlsv11", OLD_TLS)),
    one(ServerRow::by_hand("ciphers", CIPHERS)),
    one(ServerRow::by_hand("ciphersuites", CIPHERS)),
    one(ServerRow::by_hand("curves", PARAMETERS)),
    one(ServerRow::by_hand("sigalgs", PARAMETERS)),
    one(ServerRow::refused("client-sigalgs", CLIENT_SIGALGS)),
    flag(ServerRow::maps(
        "ssl-reuse",
        reuse,
        "sessions are resumed by default",
    )),
    flag(ServerRow::maps("no-ssl-reuse", no_reuse, "`Sessions::off`")),
    flag(ServerRow::maps(
        "tls-tickets",
        tickets,
        "sessions are resumed by default",
    )),
    flag(ServerRow::maps(
        "no-tls-tickets",
        no_tickets,
        "`Sessions::off`",
    )),
    flag(ServerRow::maps(
        "allow-0rtt",
        early_data,
        "`Sessions::early_data`",
    )),
    flag(ServerRow::refused(
        "renegotiate",
        "TLS is never renegotiated",
    )),
    flag(ServerRow::no_effect(
        "no-renegotiate",
        "TLS is never renegotiated",
    )),
    flag(ServerRow::no_effect("check-ssl", CHECKS)),
    flag(ServerRow::no_effect("no-check-ssl", CHECKS)),
    one(ServerRow::no_effect("check-sni", CHECKS)),
    flag(ServerRow::no_effect("check-sni-auto", CHECKS)),
    flag(ServerRow::no_effect("no-check-sni-auto", CHECKS)),
    one(ServerRow::no_effect("check-alpn", CHECKS)),
];

fn ssl(server: &mut ServerDraft, _: &mut Backend, _: &str, text: &'static str) -> Finding {
    server.tls.is_on = true;
    Finding::mapped(text)
}

fn no_ssl(server: &mut ServerDraft, _: &mut Backend, _: &str, text: &'static str) -> Finding {
    server.tls.is_on = false;
    Finding::mapped(text)
}

fn sni(server: &mut ServerDraft, _: &mut Backend, word: &str, text: &'static str) -> Finding {
    server.has_sni = true;
    server.tls.sni = SniChoice::Url;
    let Some(name) = value::argument(word, "str") else {
        return Finding::refused(
            "the SNI of a connector is fixed, because connections are shared; the import sends \
             the server's name. For a name of each client's, see `VirtualHosts`",
        );
    };
    let checked = SettingValue::Text(name.to_owned());
    let finding = draft::set(&mut server.settings, "sni", checked, text);
    if server.settings.take("sni").is_some() {
        server.tls.sni = SniChoice::Name(name.to_owned());
    }
    finding
}

fn sni_auto(server: &mut ServerDraft, _: &mut Backend, _: &str, _: &'static str) -> Finding {
    server.has_sni = true;
    server.tls.sni = SniChoice::Url;
    Finding::refused(
        "HAProxy sends the client's Host; the SNI of a connector is fixed, and the import sends \
         the server's name",
    )
}

fn no_sni_auto(server: &mut ServerDraft, _: &mut Backend, _: &str, _: &'static str) -> Finding {
    if server.has_sni {
        return Finding::no_effect("`sni` decides");
    }
    server.tls.sni = SniChoice::Omit;
    server.has_sni = true;
    Finding::warning(
        "a CDN needs the SNI to choose a certificate; imported as `CdnOriginBuilder::omit_sni`",
    )
}

fn verify(server: &mut ServerDraft, _: &mut Backend, word: &str, text: &'static str) -> Finding {
    verification(server, word, text)
}

/// The value of `verify`, and of `ssl-server-verify` for all servers.
pub(super) fn verification(server: &mut ServerDraft, word: &str, text: &'static str) -> Finding {
    match word {
        "none" => {
            server.tls.verify = VerifyChoice::Off;
            Finding::warning(
                "anybody on the path can read and change the traffic; imported as \
                 `danger::accept_any_certificate`. Leave that out, or see the alternatives in \
                 `tls::danger`",
            )
        }
        "required" => {
            server.tls.verify = VerifyChoice::On;
            Finding::mapped(text)
        }
        _ => Finding::refused("the value is neither `none` nor `required`"),
    }
}

fn verifyhost(
    server: &mut ServerDraft,
    _: &mut Backend,
    word: &str,
    text: &'static str,
) -> Finding {
    let checked = SettingValue::Text(word.to_owned());
    let finding = draft::set(&mut server.settings, "expected_name", checked, text);
    if server.settings.take("expected_name").is_some() {
        server.tls.expected_name = Some(word.to_owned());
    }
    finding
}

fn no_verifyhost(
    server: &mut ServerDraft,
    _: &mut Backend,
    _: &str,
    text: &'static str,
) -> Finding {
    reset(server.tls.expected_name.take().is_some(), text)
}

fn ca_file(server: &mut ServerDraft, _: &mut Backend, word: &str, text: &'static str) -> Finding {
    if word == "@system-ca" {
        server.tls.roots = None;
        return Finding::mapped("`Roots::native`, the default");
    }
    file(&server.ca_base, word, &mut server.tls.roots, text)
}

fn crl_file(server: &mut ServerDraft, _: &mut Backend, word: &str, text: &'static str) -> Finding {
    file(&server.ca_base, word, &mut server.tls.crls, text)
}

fn crt(server: &mut ServerDraft, _: &mut Backend, word: &str, text: &'static str) -> Finding {
    if word.starts_with('@') {
        return Finding::by_hand("a `crt-store` names the files: `ClientIdentity::pem_files`");
    }
    file(&server.crt_base, word, &mut server.tls.certificate, text)
}

/// HAProxy reads relative paths from `ca-base` or `crt-base`, or else from its working directory.
fn file(base: &str, path: &str, to: &mut Option<String>, text: &'static str) -> Finding {
    let path = match base.is_empty() || path.starts_with(['/', '@']) {
        true => path.to_owned(),
        false => format!("{base}/{path}"),
    };
    let is_absolute = path.starts_with('/');
    *to = Some(path);
    match is_absolute {
        true => Finding::mapped(text),
        false => {
            Finding::warning("the file is read from the working directory: write an absolute path")
        }
    }
}

fn offer(server: &mut ServerDraft, _: &mut Backend, word: &str, text: &'static str) -> Finding {
    alpn(server, word, text)
}

fn min_version(
    server: &mut ServerDraft,
    _: &mut Backend,
    word: &str,
    text: &'static str,
) -> Finding {
    match word {
        "TLSv1.2" | "TLSv1.3" => version(server, "tls.min_version", word == "TLSv1.3", text),
        _ => reset(server.settings.take("tls.min_version").is_some(), OLD_TLS),
    }
}

fn max_version(
    server: &mut ServerDraft,
    _: &mut Backend,
    word: &str,
    text: &'static str,
) -> Finding {
    match word {
        "TLSv1.2" | "TLSv1.3" => version(server, "tls.max_version", word == "TLSv1.3", text),
        _ => Finding::refused("versions before TLS 1.2 are not offered; the default stays"),
    }
}

fn force_1_2(server: &mut ServerDraft, _: &mut Backend, _: &str, text: &'static str) -> Finding {
    version(server, "tls.min_version", false, text);
    version(server, "tls.max_version", false, text)
}

fn force_1_3(server: &mut ServerDraft, _: &mut Backend, _: &str, text: &'static str) -> Finding {
    server.settings.take("tls.max_version");
    version(server, "tls.min_version", true, text)
}

fn no_1_3(server: &mut ServerDraft, _: &mut Backend, _: &str, text: &'static str) -> Finding {
    version(server, "tls.max_version", false, text)
}

fn version(
    server: &mut ServerDraft,
    key: &'static str,
    is_1_3: bool,
    text: &'static str,
) -> Finding {
    let (json, code) = match is_1_3 {
        true => ("1.3", "TlsVersion::V1_3"),
        false => ("1.2", "TlsVersion::V1_2"),
    };
    draft::set(
        &mut server.settings,
        key,
        SettingValue::Both(json!(json), code.to_owned()),
        text,
    )
}

fn reuse(server: &mut ServerDraft, _: &mut Backend, _: &str, text: &'static str) -> Finding {
    let was_off = mem::replace(&mut server.is_without_reuse, false);
    resume(server);
    reset(was_off, text)
}

fn no_reuse(server: &mut ServerDraft, _: &mut Backend, _: &str, text: &'static str) -> Finding {
    server.is_without_reuse = true;
    resume(server);
    Finding::mapped(text)
}

fn tickets(server: &mut ServerDraft, _: &mut Backend, _: &str, text: &'static str) -> Finding {
    let was_off = mem::replace(&mut server.is_without_tickets, false);
    resume(server);
    reset(was_off, text)
}

fn no_tickets(server: &mut ServerDraft, _: &mut Backend, _: &str, text: &'static str) -> Finding {
    server.is_without_tickets = true;
    resume(server);
    Finding::mapped(text)
}

/// Sessions are resumed unless one of two keywords forbids it.
fn resume(server: &mut ServerDraft) {
    match server.is_without_reuse || server.is_without_tickets {
        true => {
            server.settings.take("sessions.early_data");
            // The configuration has this key.
            let _ = server.settings.set("sessions.off", SettingValue::Flag);
        }
        false => drop(server.settings.take("sessions.off")),
    }
}

fn early_data(server: &mut ServerDraft, _: &mut Backend, _: &str, text: &'static str) -> Finding {
    if server.settings.has("sessions.off") {
        return Finding::no_effect("no session is resumed");
    }
    draft::set(
        &mut server.settings,
        "sessions.early_data",
        SettingValue::Flag,
        text,
    )
}
