//! What looks wrong with a connector without being invalid.

use std::{fmt, net::IpAddr};

use crate::{
    edge::{EdgeProfile, edge_of_host, is_bucket_with_dots, profile_of},
    error::TlsVersion,
    name::{Host, Sni, SniOmission},
    origin::{ChosenNames, Origin, Scheme},
    tls::{TlsClient, VerifyPolicy},
};

use super::{CdnOriginConnector, trust::Trust};

/// Something about a connector that looks wrong, although it may be intentional.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Advice {
    id: AdviceId,
    text: String,
}

impl Advice {
    /// Which advice it is.
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

/// The kinds of advice. More may come.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum AdviceId {
    /// The bucket's name has dots, so that no certificate of S3 covers its host.
    BucketWithDots,
    /// Early data is allowed, and none can ever be sent.
    EarlyDataUnused,
    /// The chain may have expired, within a grace.
    ExpiryGrace,
    /// An expected name was set, and the policy does not look at it.
    ExpectedNameUnused,
    /// SNI and Host name different hosts: many edges answer 403 or 421.
    HostDiffersFromSni,
    /// The Host is an IP address, and edges know their sites by name.
    HostIsIpAddress,
    /// The edge answers plain http with a redirect to https.
    HttpsForced,
    /// The endpoint speaks no TLS, and the URL says https.
    HttpOnlyEndpoint,
    /// The secrets of connections are logged.
    KeysLogged,
    /// The chain is checked, and no name in the certificate is.
    NamesIgnored,
    /// The URL's host is an IP address and no name was configured, so that no SNI is sent.
    NoSniForIpAddress,
    /// TLS 1.3 is not offered.
    NoTls13,
    /// A plain `http` origin on port 443.
    PlainHttpOnTlsPort,
    /// The edge does not serve TLS at the dialled port.
    PortNotServed,
    /// Some certificates of the system's store could not be used.
    SkippedRoots,
    /// Settings of TLS, and the origin is a plain `http` one.
    TlsUnused,
    /// The certificate is not verified.
    VerificationOff,
}

/// Which advice is not wanted.
#[derive(Clone, Debug)]
pub(super) enum Silence {
    All,
    Of(Vec<AdviceId>),
}

impl Silence {
    pub(super) fn add(&mut self, id: AdviceId) {
        if let Self::Of(ids) = self {
            ids.push(id);
        }
    }

    pub(super) fn all(&mut self) {
        *self = Self::All;
    }

    fn covers(&self, id: AdviceId) -> bool {
        match self {
            Self::All => true,
            Self::Of(ids) => ids.contains(&id),
        }
    }
}

impl Default for Silence {
    fn default() -> Self {
        Self::Of(Vec::new())
    }
}

impl CdnOriginConnector {
    /// What looks wrong without being invalid, under the trust that is in force. It was logged when
    /// the connector was built, and after every [reload](Self::reload).
    #[must_use]
    pub fn advice(&self) -> Vec<Advice> {
        let settings = self.settings();
        let mut advice = Vec::new();
        if let Some(origin) = self.origin() {
            advise_on_names(origin, &mut advice);
            advise_on_edge(origin, &mut advice);
        }
        match self.trust() {
            Some(trust) => advise_on_trust(trust, settings.chosen_names(), &mut advice),
            None => advise_on_unused(&settings.unused_tls(), &mut advice),
        }
        advice.retain(|advice| !settings.silenced().covers(advice.id));
        advice
    }

    pub(super) fn log_advice(&self) {
        for Advice { id, text } in self.advice() {
            tracing::warn!(?id, "{text}");
        }
    }
}

fn advise_on_trust(trust: &Trust, names: &ChosenNames, advice: &mut Vec<Advice>) {
    let verify = trust.policy();
    if names.expected_name.is_some() && !verify.checks_expected_name() {
        advice.push(Advice {
            id: AdviceId::ExpectedNameUnused,
            text: "the verify policy does not look at the expected name, so `.expected_name(..)` has no effect"
                .into(),
        });
    }
    advise_on_tls(&trust.client(), &verify, advice);
}

fn advise_on_unused(setters: &[&str], advice: &mut Vec<Advice>) {
    if setters.is_empty() {
        return;
    }
    let calls: Vec<_> = setters.iter().map(|it| format!("`.{it}(..)`")).collect();
    let text = format!(
        "plain http has no TLS, which is what {} set: `https://` in the URL",
        calls.join(", "),
    );
    let id = AdviceId::TlsUnused;
    advice.push(Advice { id, text });
}

fn advise_on_names(origin: &Origin, advice: &mut Vec<Advice>) {
    let mut say = |id, text| advice.push(Advice { id, text });
    if let Some(name) = origin.sni().name()
        && !origin.host().host().eq_ignore_ascii_case(name.as_str())
    {
        let text = format!(
            "SNI says {name} and Host says {}: many edges refuse that with 403 or 421; `.sni(..)` and `.host(..)` set them",
            origin.host(),
        );
        say(AdviceId::HostDiffersFromSni, text);
    }
    if *origin.sni() == Sni::Omit(SniOmission::IpAddress) {
        let text = format!(
            "{} is an IP address, so no SNI is sent and the edge cannot know which site is meant: `.sni(\"..\")` names it",
            origin.url().target().host(),
        );
        say(AdviceId::NoSniForIpAddress, text);
    }
    if origin.scheme() == Scheme::Http && origin.dial().port() == Some(443) {
        let text = format!(
            "plain http to {}: port 443 usually speaks TLS; `https://` in the URL does too",
            origin.dial(),
        );
        say(AdviceId::PlainHttpOnTlsPort, text);
    }
}

/// What is known of the edge that gave out the dialled name.
fn advise_on_edge(origin: &Origin, advice: &mut Vec<Advice>) {
    let mut say = |id, text| advice.push(Advice { id, text });
    let dialled = origin.dial().host().and_then(Host::dns);
    let Some(edge) = dialled.and_then(edge_of_host) else {
        return;
    };
    let is_https = origin.scheme() == Scheme::Https;
    if origin.host().host().parse::<IpAddr>().is_ok() {
        let text = format!(
            "Host says {}, and {edge} knows its sites by name: `.host(\"..\")` names one",
            origin.host(),
        );
        say(AdviceId::HostIsIpAddress, text);
    }
    if is_https && dialled.is_some_and(is_bucket_with_dots) && origin.sni().name() == dialled {
        let text = "a certificate of S3 covers no bucket with dots in its name: put the bucket into the path";
        say(AdviceId::BucketWithDots, text.into());
    }
    let Some(profile) = profile_of(edge) else {
        return;
    };
    if is_https && profile.is_http_only() {
        let text = format!("{edge} speaks no TLS: `http://` in the URL, or CloudFront before it");
        say(AdviceId::HttpOnlyEndpoint, text);
    }
    if !is_https && profile.forces_https() {
        let text = format!("{edge} redirects plain http to https: `https://` in the URL");
        say(AdviceId::HttpsForced, text);
    }
    if is_https && let Some(port) = foreign_port(origin, profile) {
        let text = format!("{edge} does not serve TLS at port {port}");
        say(AdviceId::PortNotServed, text);
    }
}

fn foreign_port(origin: &Origin, profile: &EdgeProfile) -> Option<u16> {
    let ports = profile.tls_ports();
    let dialled = origin.dial().port();
    dialled.filter(|port| !ports.is_empty() && !ports.contains(port))
}

fn advise_on_tls(tls: &TlsClient, verify: &VerifyPolicy, advice: &mut Vec<Advice>) {
    let mut say = |id, text: String| advice.push(Advice { id, text });
    if tls.offer.newest < TlsVersion::V1_3 {
        let text = "TLS 1.3 is not offered, although edges may require it: `.tls_versions(TlsVersion::V1_2..)` offers both";
        say(AdviceId::NoTls13, text.into());
    }
    if tls.never_sends_early_data() {
        let text = "`.early_data()` has no effect: it takes TLS 1.3, sessions that are resumed, HTTP/1.1, and no ECH";
        say(AdviceId::EarlyDataUnused, text.into());
    }
    if !tls.skipped_roots.is_empty() {
        let (count, first) = (tls.skipped_roots.len(), &tls.skipped_roots[0]);
        say(
            AdviceId::SkippedRoots,
            format!("{count} of the system's root certificates cannot be used; the first: {first}"),
        );
    }
    if tls.logs_keys {
        let text =
            "the secrets of connections are logged: whoever has the log can read the traffic";
        say(AdviceId::KeysLogged, text.into());
    }
    if let Some(grace) = verify.expiry_grace() {
        let text = format!(
            "certificates are accepted for {grace:?} after their end: the origin should renew its own"
        );
        say(AdviceId::ExpiryGrace, text);
    }
    if verify.ignores_names() {
        let text = "no name in the certificate is checked, so anybody with a certificate of a trusted root can be the origin: \
                    `VerifyPolicy::expecting_any(..)` lists the names that may stand there";
        say(AdviceId::NamesIgnored, text.into());
    }
    if verify.is_unverified() {
        let text = "the certificate is not verified, so anybody on the path can read and change the traffic: \
                    `.expected_name(..)` expects another name, `VerifyPolicy::pinned(..)` trusts one key, \
                    `Roots::pem(..)` trusts another root";
        say(AdviceId::VerificationOff, text.into());
    }
}
