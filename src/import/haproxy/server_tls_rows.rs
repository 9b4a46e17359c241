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
//! `verify` without `ssl` has no effect, in HAProxy as here: [`OriginDraft::settle`] writes nothing
//! about TLS then.
//!
//! [`OriginDraft::settle`]: crate::import::draft::OriginDraft::settle

use std::mem;

use crate::import::{
    draft::{SniChoice, VerifyChoice},
    has_settings::HasSettings,
    note::Outcome,
    settings::{SettingValue, Settings},
    values::{self, mapped_file},
};

use super::{
    backend::{Backend, ServerLine},
    server_rows::{ServerRow, reset},
    server_socket_rows::alpn,
    value,
};

const CHECKS: &str = "checks connect as requests do";
const OLD_TLS: &str = "versions before TLS 1.2 are not offered";
pub(super) const CIPHERS: &str = "`TlsParameters::cipher_suites` takes IANA names";
pub(super) const CLIENT_SIGALGS: &str = "the key of the identity decides";
pub(super) const PARAMETERS: &str = "`TlsParameters` has a call for each list";

pub(super) const FLAGS: [ServerRow; 23] = [
    ServerRow::maps("ssl", ssl, "`https://` in the URL"),
    ServerRow::maps("no-ssl", no_ssl, "`http://` in the URL"),
    ServerRow::maps("sni-auto", sni_auto, "`CdnOriginBuilder::sni`"),
    ServerRow::maps("no-sni-auto", no_sni_auto, "`CdnOriginBuilder::omit_sni`"),
    ServerRow::maps(
        "no-verifyhost",
        |server, _, _, text| reset(server.tls.expected_name.take().is_some(), text),
        "the SNI is expected",
    ),
    ServerRow::maps(
        "force-tlsv12",
        force_1_2,
        "`CdnOriginBuilder::tls_versions`",
    ),
    ServerRow::maps(
        "force-tlsv13",
        force_1_3,
        "`CdnOriginBuilder::tls_versions`",
    ),
    ServerRow::maps("no-tlsv12", force_1_3, "`CdnOriginBuilder::tls_versions`"),
    ServerRow::maps(
        "no-tlsv13",
        |server, _, _, text| server.set("tls.max_version", values::tls_version(false), text),
        "`CdnOriginBuilder::tls_versions`",
    ),
    ServerRow::no_effect("no-sslv3", OLD_TLS),
    ServerRow::no_effect("no-tlsv10", OLD_TLS),
    ServerRow::no_effect("no-tlsv11", OLD_TLS),
    ServerRow::maps("ssl-reuse", reuse, "sessions are resumed by default"),
    ServerRow::maps("no-ssl-reuse", no_reuse, "`Sessions::off`"),
    ServerRow::maps("tls-tickets", tickets, "sessions are resumed by default"),
    ServerRow::maps("no-tls-tickets", no_tickets, "`Sessions::off`"),
    ServerRow::maps("allow-0rtt", early_data, "`Sessions::early_data`"),
    ServerRow::refused("renegotiate", "TLS is never renegotiated"),
    ServerRow::no_effect("no-renegotiate", "TLS is never renegotiated"),
    ServerRow::no_effect("check-ssl", CHECKS),
    ServerRow::no_effect("no-check-ssl", CHECKS),
    ServerRow::no_effect("check-sni-auto", CHECKS),
    ServerRow::no_effect("no-check-sni-auto", CHECKS),
];

pub(super) const ARGUMENTS: [ServerRow; 17] = [
    ServerRow::maps("sni", sni, "`CdnOriginBuilder::sni`"),
    ServerRow::maps(
        "verify",
        |server, _, word, text| verification(server, word, text),
        "certificates are verified by default",
    ),
    ServerRow::maps(
        "verifyhost",
        verifyhost,
        "`CdnOriginBuilder::expected_name`",
    ),
    ServerRow::maps("ca-file", ca_file, "`Roots::pem_file`"),
    ServerRow::maps(
        "crl-file",
        |server, _, word, text| file(&server.ca_base, word, &mut server.tls.crls, text),
        "`VerifyPolicy::crls`",
    ),
    ServerRow::maps("crt", crt, "`CdnOriginBuilder::client_identity`"),
    ServerRow::maps(
        "alpn",
        |server, _, word, text| alpn(server, word, text),
        "`CdnOriginBuilder::alpn`",
    ),
    ServerRow::refused("npn", "ALPN replaced it"),
    ServerRow::maps(
        "ssl-min-ver",
        min_version,
        "`CdnOriginBuilder::tls_versions`",
    ),
    ServerRow::maps(
        "ssl-max-ver",
        max_version,
        "`CdnOriginBuilder::tls_versions`",
    ),
    ServerRow::by_hand("ciphers", CIPHERS),
    ServerRow::by_hand("ciphersuites", CIPHERS),
    ServerRow::by_hand("curves", PARAMETERS),
    ServerRow::by_hand("sigalgs", PARAMETERS),
    ServerRow::refused("client-sigalgs", CLIENT_SIGALGS),
    ServerRow::no_effect("check-sni", CHECKS),
    ServerRow::no_effect("check-alpn", CHECKS),
];

fn ssl(server: &mut ServerLine, _: &mut Backend, _: &str, text: &'static str) -> Outcome {
    server.tls.is_on = true;
    Outcome::mapped(text)
}

fn no_ssl(server: &mut ServerLine, _: &mut Backend, _: &str, text: &'static str) -> Outcome {
    server.tls.is_on = false;
    Outcome::mapped(text)
}

fn sni(server: &mut ServerLine, _: &mut Backend, word: &str, text: &'static str) -> Outcome {
    server.has_sni = true;
    server.tls.sni = SniChoice::Url;
    let Some(name) = value::argument(word, "str") else {
        return Outcome::refused(
            "the SNI of a connector is fixed, because connections are shared; the import sends \
             the server's name. For a name of each client's, see `VirtualHosts`",
        );
    };
    if let Err(outcome) = Settings::check("sni", name) {
        return outcome;
    }
    server.tls.sni = SniChoice::Name(name.to_owned());
    Outcome::mapped(text)
}

fn sni_auto(server: &mut ServerLine, _: &mut Backend, _: &str, _: &'static str) -> Outcome {
    server.has_sni = true;
    server.tls.sni = SniChoice::Url;
    Outcome::refused(
        "HAProxy sends the client's Host; the SNI of a connector is fixed, and the import sends \
         the server's name",
    )
}

fn no_sni_auto(server: &mut ServerLine, _: &mut Backend, _: &str, _: &'static str) -> Outcome {
    if server.has_sni {
        return Outcome::no_effect("`sni` decides");
    }
    server.tls.sni = SniChoice::Omit;
    server.has_sni = true;
    Outcome::warning(
        "a CDN needs the SNI to choose a certificate; imported as `CdnOriginBuilder::omit_sni`",
    )
}

/// The value of `verify`, and of `ssl-server-verify` for all servers.
pub(super) fn verification(server: &mut ServerLine, word: &str, text: &'static str) -> Outcome {
    match word {
        "none" => values::accept_any_certificate(&mut server.tls),
        "required" => {
            server.tls.verify = VerifyChoice::On;
            Outcome::mapped(text)
        }
        _ => Outcome::refused("the value is neither `none` nor `required`"),
    }
}

fn verifyhost(server: &mut ServerLine, _: &mut Backend, word: &str, text: &'static str) -> Outcome {
    if let Err(outcome) = Settings::check("expected_name", word) {
        return outcome;
    }
    server.tls.expected_name = Some(word.to_owned());
    Outcome::mapped(text)
}

fn ca_file(server: &mut ServerLine, _: &mut Backend, word: &str, text: &'static str) -> Outcome {
    if word == "@system-ca" {
        server.tls.roots = None;
        return Outcome::mapped("`Roots::native`, the default");
    }
    file(&server.ca_base, word, &mut server.tls.roots, text)
}

fn crt(server: &mut ServerLine, _: &mut Backend, word: &str, text: &'static str) -> Outcome {
    if word.starts_with('@') {
        return Outcome::by_hand("a `crt-store` names the files: `ClientIdentity::pem_files`");
    }
    file(&server.crt_base, word, &mut server.tls.certificate, text)
}

/// HAProxy reads relative paths from `ca-base` or `crt-base`, or else from its working directory.
fn file(base: &str, path: &str, to: &mut Option<String>, text: &'static str) -> Outcome {
    let path = match base.is_empty() || path.starts_with(['/', '@']) {
        true => path.to_owned(),
        false => format!("{base}/{path}"),
    };
    let outcome = mapped_file(&path, text);
    *to = Some(path);
    outcome
}

fn min_version(
    server: &mut ServerLine,
    _: &mut Backend,
    word: &str,
    text: &'static str,
) -> Outcome {
    match word {
        "TLSv1.2" => server.set("tls.min_version", values::tls_version(false), text),
        "TLSv1.3" => server.set("tls.min_version", values::tls_version(true), text),
        _ => reset(server.settings.take("tls.min_version").is_some(), OLD_TLS),
    }
}

fn max_version(
    server: &mut ServerLine,
    _: &mut Backend,
    word: &str,
    text: &'static str,
) -> Outcome {
    match word {
        "TLSv1.2" => server.set("tls.max_version", values::tls_version(false), text),
        "TLSv1.3" => server.set("tls.max_version", values::tls_version(true), text),
        _ => Outcome::refused("versions before TLS 1.2 are not offered; the default stays"),
    }
}

fn force_1_2(server: &mut ServerLine, _: &mut Backend, _: &str, text: &'static str) -> Outcome {
    server.set("tls.min_version", values::tls_version(false), text);
    server.set("tls.max_version", values::tls_version(false), text)
}

fn force_1_3(server: &mut ServerLine, _: &mut Backend, _: &str, text: &'static str) -> Outcome {
    server.settings.take("tls.max_version");
    server.set("tls.min_version", values::tls_version(true), text)
}

fn reuse(server: &mut ServerLine, _: &mut Backend, _: &str, text: &'static str) -> Outcome {
    let was_off = mem::replace(&mut server.is_without_reuse, false);
    resume(server);
    reset(was_off, text)
}

fn no_reuse(server: &mut ServerLine, _: &mut Backend, _: &str, text: &'static str) -> Outcome {
    server.is_without_reuse = true;
    resume(server);
    Outcome::mapped(text)
}

fn tickets(server: &mut ServerLine, _: &mut Backend, _: &str, text: &'static str) -> Outcome {
    let was_off = mem::replace(&mut server.is_without_tickets, false);
    resume(server);
    reset(was_off, text)
}

fn no_tickets(server: &mut ServerLine, _: &mut Backend, _: &str, text: &'static str) -> Outcome {
    server.is_without_tickets = true;
    resume(server);
    Outcome::mapped(text)
}

/// Sessions are resumed unless one of two keywords forbids it.
fn resume(server: &mut ServerLine) {
    match server.is_without_reuse || server.is_without_tickets {
        true => {
            server.settings.take("sessions.early_data");
            server.set("sessions.off", SettingValue::Flag, "");
        }
        false => drop(server.settings.take("sessions.off")),
    }
}

fn early_data(server: &mut ServerLine, _: &mut Backend, _: &str, text: &'static str) -> Outcome {
    if server.settings.has("sessions.off") {
        return Outcome::no_effect("no session is resumed");
    }
    server.set("sessions.early_data", SettingValue::Flag, text)
}
