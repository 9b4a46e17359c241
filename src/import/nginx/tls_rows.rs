//! The directives about TLS to the origin.
//!
//! The `proxy_ssl_*` directives of ngx_http_proxy_module.
//!
//! ```text
//! proxy_ssl_name www.example.com;        .sni("www.example.com"), which the expected name follows
//! proxy_ssl_verify off;                  .verify(danger::accept_any_certificate()), with a warning
//! proxy_ssl_trusted_certificate ca.pem;  .verify(VerifyPolicy::roots(Roots::pem_file("ca.pem")))
//! proxy_ssl_protocols TLSv1.2;           .tls_versions(TlsVersion::V1_2..=TlsVersion::V1_2)
//! ```
//!
//! Two defaults of nginx are not taken over: it neither sends SNI nor verifies certificates.

use crate::import::{
    directive::Directive,
    draft::SniChoice,
    has_settings::HasSettings,
    note::Outcome,
    settings::{SettingValue, Settings},
    values,
};

use super::location::{Location, NginxRow};

pub(super) const ROWS: [NginxRow; 15] = [
    NginxRow::maps(
        "proxy_ssl_server_name",
        server_name,
        "the SNI is sent by default",
    ),
    NginxRow::maps(
        "proxy_ssl_name",
        name,
        "`CdnOriginBuilder::sni`, which the expected name follows",
    ),
    NginxRow::maps(
        "proxy_ssl_verify",
        verify,
        "certificates are verified by default",
    ),
    NginxRow::maps(
        "proxy_ssl_trusted_certificate",
        trusted_certificate,
        "`Roots::pem_file`",
    ),
    NginxRow::maps("proxy_ssl_crl", crl, "`VerifyPolicy::crls`"),
    NginxRow::maps(
        "proxy_ssl_protocols",
        protocols,
        "`CdnOriginBuilder::tls_versions`",
    ),
    NginxRow::maps(
        "proxy_ssl_certificate",
        certificate,
        "`CdnOriginBuilder::client_identity`",
    ),
    NginxRow::maps(
        "proxy_ssl_certificate_key",
        key,
        "`CdnOriginBuilder::client_identity`",
    ),
    NginxRow::maps(
        "proxy_ssl_session_reuse",
        session_reuse,
        "sessions are resumed by default",
    ),
    NginxRow::by_hand(
        "proxy_ssl_ciphers",
        "the default has only AEAD suites with forward secrecy; `TlsParameters::cipher_suites` \
         takes IANA names",
    ),
    NginxRow::by_hand(
        "proxy_ssl_certificate_cache",
        "`CdnOriginConnector::reload_if_changed`, called at intervals",
    ),
    NginxRow::by_hand(
        "proxy_ssl_conf_command",
        "`TlsParameters` has a call for each setting",
    ),
    NginxRow::by_hand("proxy_ssl_key_log", "`TlsParameters::key_log`"),
    NginxRow::refused(
        "proxy_ssl_password_file",
        "write a plain key with `openssl pkey -in key.pem -out plain.pem`",
    ),
    NginxRow::no_effect(
        "proxy_ssl_verify_depth",
        "webpki bounds the search for a chain itself",
    ),
];

/// `off` is taken over, with a warning.
fn server_name(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    match directive.word() {
        "on" => Outcome::mapped(text),
        "off" => {
            location.shared().tls.sni = SniChoice::Omit;
            Outcome::warning(
                "a CDN needs the SNI to choose a certificate; imported as \
                 `CdnOriginBuilder::omit_sni`",
            )
        }
        _ => Outcome::refused("the value is neither `on` nor `off`"),
    }
}

/// Sets neither SNI nor expected name: [`Location::finish`] decides which of the two it is.
fn name(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    let name = location.expand(directive.word());
    match name.as_str() {
        "$proxy_host" => return Outcome::mapped("the URL's host is the default"),
        "$server_name" => {
            let Some(name) = &location.server_name else {
                return no_fixed_name();
            };
            location.ssl_name = Some(name.clone());
            return Outcome::mapped(text);
        }
        _ if name.contains('$') => return no_fixed_name(),
        _ => {}
    }
    // The name is checked here, so that the note has its line.
    let checked = Settings::check("sni", name.as_str());
    location.ssl_name = checked.is_ok().then_some(name);
    checked.map_or_else(|outcome| outcome, |()| Outcome::mapped(text))
}

fn no_fixed_name() -> Outcome {
    Outcome::refused(
        "the SNI of a connector is fixed, because connections are shared; the import sends the \
         URL's host. For a name of each client's, see `VirtualHosts`",
    )
}

/// `off` is taken over, with a warning.
fn verify(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    match directive.word() {
        "on" => Outcome::mapped(text),
        "off" => values::accept_any_certificate(&mut location.shared().tls),
        _ => Outcome::refused("the value is neither `on` nor `off`"),
    }
}

/// The file is read when the connector is built.
fn trusted_certificate(
    location: &mut Location,
    directive: &Directive,
    text: &'static str,
) -> Outcome {
    location.shared().tls.roots = Some(directive.word().to_owned());
    mapped_file(directive.word(), text)
}

fn crl(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    location.shared().tls.crls = Some(directive.word().to_owned());
    mapped_file(directive.word(), text)
}

/// Versions before TLS 1.2 are left out of a list that has newer ones.
fn protocols(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    let words: Vec<_> = directive.words.iter().map(String::as_str).collect();
    let (has_1_2, has_1_3) = (words.contains(&"TLSv1.2"), words.contains(&"TLSv1.3"));
    if !has_1_2 && !has_1_3 {
        return Outcome::refused("versions before TLS 1.2 are not offered; the default stays");
    }
    for (key, is_new) in [("tls.min_version", !has_1_2), ("tls.max_version", has_1_3)] {
        location.set(key, values::tls_version(is_new), text);
    }
    if !has_1_3 {
        return Outcome::mapped(
            "`CdnOriginBuilder::tls_versions`; without this line, TLS 1.3 is used where the \
             origin has it",
        );
    }
    Outcome::mapped(text)
}

fn certificate(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    match file(directive) {
        Ok(path) => {
            location.shared().tls.certificate = Some(path);
            mapped_file(directive.word(), text)
        }
        Err(outcome) => outcome,
    }
}

fn key(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    match file(directive) {
        Ok(path) => {
            location.shared().tls.key = Some(path);
            mapped_file(directive.word(), text)
        }
        Err(outcome) => outcome,
    }
}

/// nginx reads relative paths from the folder of its configuration.
fn mapped_file(path: &str, text: &'static str) -> Outcome {
    match path.starts_with('/') {
        true => Outcome::mapped(text),
        false => Outcome::warning(
            "the file is read from the working directory, not from the folder of nginx: write an \
             absolute path",
        ),
    }
}

/// The path; by hand for a key that is no file.
fn file(directive: &Directive) -> Result<String, Outcome> {
    let word = directive.word();
    let prefixes = ["engine:", "store:", "data:"];
    if word.contains('$') || prefixes.iter().any(|prefix| word.starts_with(prefix)) {
        return Err(Outcome::by_hand("no file: `ClientIdentity::resolver`"));
    }
    Ok(word.to_owned())
}

fn session_reuse(location: &mut Location, directive: &Directive, text: &'static str) -> Outcome {
    match directive.word() {
        "off" => location.set("sessions.off", SettingValue::Flag, "`Sessions::off`"),
        _ => Outcome::mapped(text),
    }
}
