//! `Advice`: settings that are valid but probably wrong.

use std::fmt;

use crate::{
    edge::{EdgeProfile, edge_of_host, is_bucket_with_dots, profile_of},
    error::{TlsVersion, key_of_setter},
    name::{Host, SniOmission},
    origin::{ChosenNames, Origin, Scheme, WrittenIn},
    tls::{TlsClient, VerifyPolicy},
};

use super::{advice_id::AdviceId, shared_state::ConnectorState, tls_reload::ReloadableTls};

/// A setting that is probably wrong, although it may be intentional.
///
/// `Display` writes what is wrong and how to fix it. `build()` logs each advice as a warning.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, connector::AdviceId};
///
/// let connector = CdnOriginConnector::builder("http://origin.example:443").build()?;
/// assert_eq!(connector.advice()[0].id(), AdviceId::PlainHttpOnTlsPort);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Advice {
    id: AdviceId,
    text: String,
}

impl Advice {
    /// Returns the id, for [`AdviceSettings::silence`](super::AdviceSettings::silence).
    #[must_use]
    pub fn id(&self) -> AdviceId {
        self.id
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The advice about a connector, without silenced advice.
pub(super) fn advise(state: &ConnectorState) -> Vec<Advice> {
    let settings = &state.settings;
    let mut advice = Vec::new();
    if let Some(origin) = state.origin.as_deref() {
        advise_on_names(origin, &settings.names, &mut advice);
        advise_on_edge(origin, &mut advice);
    }
    let written_in = settings.names.written_in;
    match &state.tls {
        Some(tls) => advise_on_policy(tls, &settings.names, &mut advice),
        None => advise_on_unused(&settings.unused_tls_setters(), written_in, &mut advice),
    }
    advice.retain(|advice| !settings.advice.silences(advice.id));
    if written_in == WrittenIn::File {
        for advice in &mut advice {
            let keys = KEYS.iter();
            let text = std::mem::take(&mut advice.text);
            advice.text = keys.fold(text, |text, (call, key)| text.replace(call, key));
        }
    }
    advice
}

/// The calls in the texts, and the keys of an origin from a file.
const KEYS: [(&str, &str); 10] = [
    ("`.sni(\"..\")`", "`sni`"),
    ("`.sni(..)`", "`sni`"),
    ("`.host(\"..\")`", "`host`"),
    ("`.host(..)`", "`host`"),
    ("`.expected_name(..)`", "`expected_name`"),
    (
        "`.tls_versions(TlsVersion::V1_2..)` offers",
        "`tls.min_version` and `tls.max_version` offer",
    ),
    ("`Sessions::early_data()`", "`sessions.early_data`"),
    (
        "`VerifyPolicy::expecting_any(..)`",
        "`verify.expecting_any`",
    ),
    ("`VerifyPolicy::pinned(..)`", "`verify.pinned`"),
    ("`Roots::pem(..)`", "`verify.roots.pem_files`"),
];

fn advise_on_policy(tls: &ReloadableTls, names: &ChosenNames, advice: &mut Vec<Advice>) {
    let verify = tls.policy();
    if names.expected_name.is_some() && !verify.checks_expected_name() {
        advice.push(Advice {
            id: AdviceId::ExpectedNameUnused,
            text: "the verify policy does not check the expected name, so `.expected_name(..)` \
                   has no effect"
                .into(),
        });
    }
    advise_on_tls(&tls.client(), &verify, advice);
}

fn advise_on_unused(setters: &[&str], written_in: WrittenIn, advice: &mut Vec<Advice>) {
    if setters.is_empty() {
        return;
    }
    let calls = setters.iter().map(|setter| match written_in {
        WrittenIn::Program => format!("`{setter}(..)`"),
        WrittenIn::File => format!("`{}`", key_of_setter(setter)),
    });
    let calls: Vec<_> = calls.collect();
    let text = format!(
        "plain http has no TLS, which is what {} set: `https://` in the URL",
        calls.join(", "),
    );
    let id = AdviceId::TlsUnused;
    advice.push(Advice { id, text });
}

fn advise_on_names(origin: &Origin, names: &ChosenNames, advice: &mut Vec<Advice>) {
    let mut add = |id, text| advice.push(Advice { id, text });
    // Where both are set, the difference is intended.
    let are_both_set = names.sni.is_some() && names.host.is_some();
    if let Some(name) = origin.sni().name().filter(|_| !are_both_set)
        && !origin.host().host().eq_ignore_ascii_case(name.as_str())
    {
        let text = format!(
            "SNI is {name} and Host is {}: many edges refuse that with 403 or 421; `.sni(..)` and \
             `.host(..)` set them; if the difference is intended, call both",
            origin.host(),
        );
        add(AdviceId::HostDiffersFromSni, text);
    }
    if origin.sni().omission() == Some(SniOmission::IpAddress) {
        let text = format!(
            "{} is an IP address, so no SNI is sent and the edge cannot select the site: \
             `.sni(\"..\")` names the site",
            origin.url().host(),
        );
        add(AdviceId::NoSniForIpAddress, text);
    }
    if origin.scheme() == Scheme::Http && origin.dial().port() == Some(443) {
        let text = format!(
            "plain http to {}: port 443 usually speaks TLS; `https://` in the URL does too",
            origin.dial(),
        );
        add(AdviceId::PlainHttpOnTlsPort, text);
    }
}

/// Adds advice about the edge that the dialled name belongs to.
fn advise_on_edge(origin: &Origin, advice: &mut Vec<Advice>) {
    let mut add = |id, text| advice.push(Advice { id, text });
    let dialled = origin.dial().host().and_then(Host::dns);
    let Some(edge) = dialled.and_then(edge_of_host) else {
        return;
    };
    let is_https = origin.scheme() == Scheme::Https;
    if matches!(origin.host().host().parse(), Ok(Host::Ip(_))) {
        let text = format!(
            "Host is {}, and {edge} selects sites by name: `.host(\"..\")` names a site",
            origin.host(),
        );
        add(AdviceId::HostIsIpAddress, text);
    }
    if is_https && dialled.is_some_and(is_bucket_with_dots) && origin.sni().name() == dialled {
        let text = "no S3 certificate covers a bucket name with dots: put the bucket into the path";
        add(AdviceId::BucketWithDots, text.into());
    }
    let Some(profile) = profile_of(edge) else {
        return;
    };
    if is_https && profile.is_http_only() {
        let text = format!("{edge} speaks no TLS: `http://` in the URL, or CloudFront before it");
        add(AdviceId::HttpOnlyEndpoint, text);
    }
    if !is_https && profile.forces_https() {
        let text = format!("{edge} redirects plain http to https: `https://` in the URL");
        add(AdviceId::HttpsForced, text);
    }
    if is_https && let Some(port) = foreign_port(origin, profile) {
        let text = format!("{edge} does not serve TLS at port {port}");
        add(AdviceId::PortNotServed, text);
    }
}

fn foreign_port(origin: &Origin, profile: &EdgeProfile) -> Option<u16> {
    let ports = profile.tls_ports();
    let dialled = origin.dial().port();
    dialled.filter(|port| !ports.is_empty() && !ports.contains(port))
}

fn advise_on_tls(tls: &TlsClient, verify: &VerifyPolicy, advice: &mut Vec<Advice>) {
    let mut add = |id, text: String| advice.push(Advice { id, text });
    if tls.offer.newest < TlsVersion::V1_3 {
        let text = "TLS 1.3 is not offered, although edges may require it: \
                    `.tls_versions(TlsVersion::V1_2..)` offers both";
        add(AdviceId::NoTls13, text.into());
    }
    if tls.never_sends_early_data() {
        let text = "`Sessions::early_data()` has no effect: it needs TLS 1.3, session resumption, \
                    HTTP/1.1, and no ECH";
        add(AdviceId::EarlyDataUnused, text.into());
    }
    if let [first, ..] = tls.skipped_roots() {
        let count = tls.skipped_roots().len();
        add(
            AdviceId::SkippedRoots,
            format!("{count} of the system's root certificates cannot be used; the first: {first}"),
        );
    }
    if tls.logs_keys {
        let text =
            "the secrets of connections are logged: anyone with the log can read the traffic";
        add(AdviceId::KeysLogged, text.into());
    }
    if let Some(grace) = verify.expiry_grace() {
        let text = format!(
            "certificates are accepted for {grace:?} after their expiry: the origin should renew \
             its certificate"
        );
        add(AdviceId::ExpiryGrace, text);
    }
    if verify.ignores_names() {
        let text = "no name in the certificate is checked, so anyone with a certificate of a \
                    trusted root can be the origin: `VerifyPolicy::expecting_any(..)` lists the \
                    accepted names";
        add(AdviceId::NamesIgnored, text.into());
    }
    if verify.is_unverified() {
        let text = "the certificate is not verified, so anyone on the path can read and change \
                    the traffic: `.expected_name(..)` expects another name, \
                    `VerifyPolicy::pinned(..)` trusts one key, `Roots::pem(..)` trusts another \
                    root";
        add(AdviceId::VerificationOff, text.into());
    }
}
