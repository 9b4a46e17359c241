//! What the rules look at.

use crate::{
    edge::{
        Edge, EdgeProfile, SourceKind, edge_of_host, placeholder_by_names, placeholder_by_subject,
        profile_of,
    },
    error::{
        Alert, ClientCertificate, ErrorKind, Facts, OfferedParameters, PeerCertificate, Stage,
        TlsVersion,
    },
    name::{DnsName, ExpectedName, Host, Sni},
    origin::{Origin, Scheme},
};

use super::FixKind;

/// An error, taken apart.
pub(super) struct Evidence<'a> {
    pub(super) kind: ErrorKind,
    pub(super) stage: Stage,
    pub(super) facts: &'a Facts,
    pub(super) origin: &'a Origin,
    /// The error of HTTP/2 beneath it, by its number (RFC 9113 section 7), and whether the peer
    /// sent it.
    pub(super) http2: Option<Http2Error>,
    /// The peer answered plain HTTP in TLS.
    pub(super) speaks_tls: bool,
}

#[derive(Clone, Copy)]
pub(super) struct Http2Error {
    pub(super) code: u32,
    pub(super) is_remote: bool,
}

impl Evidence<'_> {
    pub(super) fn is(&self, kind: ErrorKind) -> bool {
        self.kind == kind
    }

    pub(super) fn is_at(&self, kind: ErrorKind, stage: Stage) -> bool {
        self.kind == kind && self.stage == stage
    }

    /// Whether the connection ended without a word, in whatever way.
    pub(super) fn was_cut_off(&self) -> bool {
        self.is(ErrorKind::ConnectionClosed) || self.is(ErrorKind::ConnectionReset)
    }

    pub(super) fn sni(&self) -> Option<&DnsName> {
        self.origin.sni().name()
    }

    pub(super) fn is_plain_http(&self) -> bool {
        self.origin.scheme() == Scheme::Http
    }

    /// The name that was dialled, if it was one.
    pub(super) fn dialled_name(&self) -> Option<&DnsName> {
        self.origin.dial().host().and_then(Host::dns)
    }

    /// The edge that gave out the name that was dialled.
    pub(super) fn edge(&self) -> Option<Edge> {
        self.dialled_name().and_then(edge_of_host)
    }

    pub(super) fn profile(&self) -> Option<&'static EdgeProfile> {
        self.edge().and_then(profile_of)
    }

    /// Whether the edge is known to answer a missing SNI by this alert, and everything else was
    /// offered that it could want.
    pub(super) fn answers_no_sni_by(&self, alert: u8) -> bool {
        let by_edge = self.profile().and_then(EdgeProfile::alert_without_sni);
        let offer = self.facts.tls_offer();
        by_edge == Some(alert)
            && offer.is_some_and(|offer| {
                let versions = (offer.oldest, offer.newest);
                versions == (TlsVersion::V1_2, TlsVersion::V1_3) && !self.has_chosen_parameters()
            })
    }

    /// Whether cipher suites and the like were chosen, so that they may be too few for the origin.
    pub(super) fn has_chosen_parameters(&self) -> bool {
        let offer = self.facts.tls_offer();
        offer.is_some_and(|offer| offer.parameters == OfferedParameters::Chosen)
    }

    /// The alert, if it came before the origin's certificate was accepted: it is about what we said
    /// first.
    pub(super) fn early_alert(&self) -> Option<u8> {
        self.alert().filter(|_| !self.was_accepted())
    }

    /// The alert, if it came after the origin's certificate was accepted: its name was the right
    /// one, so what is left is ours.
    pub(super) fn late_alert(&self) -> Option<u8> {
        self.alert().filter(|_| self.was_accepted())
    }

    /// The alert, whenever it came.
    pub(super) fn alert(&self) -> Option<u8> {
        self.facts.alert().map(Alert::code)
    }

    /// Whether the peer asked for a client certificate and got none.
    pub(super) fn withheld_certificate(&self) -> bool {
        self.facts.client_certificate() == ClientCertificate::Withheld
    }

    /// Whether the peer may know our certificate: now, or from when the session began.
    pub(super) fn may_have_shown_ours(&self) -> bool {
        self.facts.has_client_identity() && !self.withheld_certificate()
    }

    /// Whether the peer did not ask for a client certificate yet, and would get none.
    pub(super) fn has_nothing_to_show(&self) -> bool {
        !self.facts.has_client_identity() && !self.withheld_certificate()
    }

    /// Whether the origin's certificate was accepted: what was said first was right.
    pub(super) fn was_accepted(&self) -> bool {
        self.stage > Stage::Handshake || self.facts.is_certificate_accepted()
    }

    /// The subject alternative names of the certificate presented.
    pub(super) fn presented(&self) -> &[String] {
        self.facts.certificate().map_or(&[], PeerCertificate::names)
    }

    pub(super) fn subject(&self) -> &str {
        self.facts
            .certificate()
            .map_or("", PeerCertificate::subject)
    }

    pub(super) fn issuer(&self) -> &str {
        self.facts.certificate().map_or("", PeerCertificate::issuer)
    }

    pub(super) fn is_version_1(&self) -> bool {
        let certificate = self.facts.certificate();
        certificate.is_some_and(PeerCertificate::is_version_1)
    }

    pub(super) fn is_self_issued(&self) -> bool {
        let certificate = self.facts.certificate();
        certificate.is_some_and(PeerCertificate::is_self_issued)
    }

    /// The first of the names presented that is no wildcard.
    pub(super) fn presented_name(&self) -> Option<DnsName> {
        self.presented().iter().find_map(|name| name.parse().ok())
    }

    /// Whether the names presented are those that an edge presents to strangers, and how well that
    /// is known.
    pub(super) fn default_names(&self) -> Option<SourceKind> {
        placeholder_by_names(self.presented()).map(|known| known.source_kind())
    }

    /// Whether the subject is that of a certificate for strangers.
    pub(super) fn is_placeholder(&self) -> bool {
        placeholder_by_subject(self.subject()).is_some()
    }

    /// Whether the certificate covers `name`; a wildcard stands for one whole label (RFC 9525
    /// section 6.3).
    pub(super) fn covers(&self, name: &DnsName) -> bool {
        let parent = name.as_str().split_once('.').map(|(_, parent)| parent);
        self.presented()
            .iter()
            .any(|pattern| match pattern.strip_prefix("*.") {
                Some(rest) => parent.is_some_and(|parent| parent.eq_ignore_ascii_case(rest)),
                None => pattern.eq_ignore_ascii_case(name.as_str()),
            })
    }

    pub(super) fn expects_sni(&self) -> bool {
        let expected = self.origin.expected_name();
        self.sni()
            .is_some_and(|sni| *expected == ExpectedName::from(sni.clone()))
    }

    /// What Host says, as a name.
    pub(super) fn host_name(&self) -> Option<DnsName> {
        self.facts.host()?.host().parse().ok()
    }

    /// The name in Host, if the certificate covers it and SNI said something else.
    pub(super) fn covered_host(&self) -> Option<DnsName> {
        let host = self.host_name()?;
        (Some(&host) != self.sni() && self.covers(&host)).then_some(host)
    }

    /// Why SNI is suspected where none was sent.
    pub(super) fn sni_missing(&self) -> String {
        match self.origin.sni() {
            Sni::Omit(reason) => format!(
                "the edge needs SNI to know which site is meant, and none was sent: {reason}"
            ),
            Sni::Send(_) => String::from("the edge needs SNI to know which site is meant"),
        }
    }

    /// A name to send instead of the present one: what Host says, what was expected, what is
    /// dialled, what the URL says, what was presented.
    pub(super) fn another_sni(&self) -> FixKind {
        let expected = match self.origin.expected_name() {
            ExpectedName::Dns(name) => Some(name.clone()),
            ExpectedName::Ip(_) => None,
        };
        let dialled = self.dialled_name().cloned();
        let url = self.origin.url().target().host().dns().cloned();
        let presented = self.presented_name();
        let mut names = [self.host_name(), expected, dialled, url, presented]
            .into_iter()
            .flatten();
        match names.find(|name| Some(name) != self.sni()) {
            Some(name) => FixKind::Sni(name),
            None => FixKind::SniUnknown,
        }
    }

    /// The key that was presented, to be pinned.
    pub(super) fn presented_pin(&self) -> Option<&str> {
        self.facts.certificate().and_then(PeerCertificate::pin)
    }
}
