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

use serde_json::json;

use crate::import::{
    draft::{self, SniChoice, VerifyChoice},
    note::Finding,
    settings::SettingValue,
};

use super::{
    backend::{Backend, ServerDraft},
    server_rows::{Keyword, ServerRow, flag, one},
    server_socket_rows::alpn,
    value,
};

const CHECKS: &str = "checks connect as requests do";
const OLD_TLS: &str = "versions before TLS 1.2 are not offered";
const PARAMETERS: &str = "`TlsParameters` has a call for each list";

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
    flag(ServerRow::no_effect("no-verifyhost", "the SNI is expected")),
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
    one(ServerRow::by_hand(
        "ciphers",
        "`TlsParameters::cipher_suites` takes IANA names",
    )),
    one(ServerRow::by_hand(
        "ciphersuites",
        "`TlsParameters::cipher_suites` takes IANA names",
    )),
    one(ServerRow::by_hand("curves", PARAMETERS)),
    one(ServerRow::by_hand("sigalgs", PARAMETERS)),
    one(ServerRow::refused(
        "client-sigalgs",
        "the key of the identity decides",
    )),
    flag(ServerRow::no_effect(
        "ssl-reuse",
        "sessions are resumed by default",
    )),
    flag(ServerRow::maps(
        "no-ssl-reuse",
        no_sessions,
        "`Sessions::off`",
    )),
    flag(ServerRow::no_effect(
        "tls-tickets",
        "sessions are resumed by default",
    )),
    flag(ServerRow::maps(
        "no-tls-tickets",
        no_sessions,
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

fn ca_file(server: &mut ServerDraft, _: &mut Backend, word: &str, text: &'static str) -> Finding {
    if word == "@system-ca" {
        return Finding::mapped("`Roots::native`, the default");
    }
    server.tls.roots = Some(word.to_owned());
    Finding::mapped(text)
}

fn crl_file(server: &mut ServerDraft, _: &mut Backend, word: &str, text: &'static str) -> Finding {
    server.tls.crls = Some(word.to_owned());
    Finding::mapped(text)
}

fn crt(server: &mut ServerDraft, _: &mut Backend, word: &str, text: &'static str) -> Finding {
    server.tls.certificate = Some(word.to_owned());
    Finding::mapped(text)
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
        _ => Finding::no_effect(OLD_TLS),
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

fn no_sessions(server: &mut ServerDraft, _: &mut Backend, _: &str, text: &'static str) -> Finding {
    server.settings.take("sessions.early_data");
    draft::set(
        &mut server.settings,
        "sessions.off",
        SettingValue::Flag,
        text,
    )
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
