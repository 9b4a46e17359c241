//! The evidence: an error, as the rules examine it.

use crate::{
    diagnosis::FixKind,
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

/// Alerts of a peer that parses a PROXY protocol header as TLS: unexpected_message,
/// record_overflow, decode_error, protocol_version (RFC 8446 section 6).
const MISREADING: [u8; 4] = [10, 22, 50, 70];

/// An error and its facts, with the questions that rules ask.
pub(super) struct Evidence<'a> {
    pub(super) kind: ErrorKind,
    pub(super) stage: Stage,
    pub(super) facts: &'a Facts,
    pub(super) origin: &'a Origin,
    /// The HTTP/2 error that caused it, if one did.
    pub(super) http2: Option<Http2Evidence>,
    /// Whether the peer answered plain HTTP with TLS.
    pub(super) speaks_tls: bool,
    /// Whether the peer sent too many TLS handshake messages at once.
    pub(super) handshake_flood: bool,
}

/// An HTTP/2 error: its code (RFC 9113 section 7), and whether the peer sent it.
#[derive(Clone, Copy)]
pub(super) struct Http2Evidence {
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

    /// Whether the peer closed or reset the connection.
    pub(super) fn was_cut_off(&self) -> bool {
        self.is(ErrorKind::ConnectionClosed) || self.is(ErrorKind::ConnectionReset)
    }

    pub(super) fn sni(&self) -> Option<&DnsName> {
        self.origin.sni().name()
    }

    pub(super) fn is_plain_http(&self) -> bool {
        self.origin.scheme() == Scheme::Http
    }

    /// The dialled host, if it is a DNS name.
    pub(super) fn dialled_name(&self) -> Option<&DnsName> {
        self.origin.dial().host().and_then(Host::dns)
    }

    /// The edge that the dialled name belongs to.
    pub(super) fn edge(&self) -> Option<Edge> {
        self.dialled_name().and_then(edge_of_host)
    }

    pub(super) fn profile(&self) -> Option<&'static EdgeProfile> {
        self.edge().and_then(profile_of)
    }

    /// Whether the edge is documented to answer a missing SNI with this alert, and the ClientHello
    /// gave it no other reason to send it.
    pub(super) fn answers_missing_sni_with(&self, alert: u8) -> bool {
        let by_edge = self.profile().and_then(EdgeProfile::alert_without_sni);
        let offer = self.facts.tls_offer();
        by_edge == Some(alert)
            && offer.is_some_and(|offer| {
                let versions = (offer.oldest, offer.newest);
                versions == (TlsVersion::V1_2, TlsVersion::V1_3) && !self.has_chosen_parameters()
            })
    }

    /// Whether the application chose cipher suites, groups, signature schemes or the provider.
    pub(super) fn has_chosen_parameters(&self) -> bool {
        let offer = self.facts.tls_offer();
        offer.is_some_and(|offer| offer.parameters == OfferedParameters::Chosen)
    }

    /// The alert, if it arrived before the origin's certificate was accepted. It is about the
    /// ClientHello.
    pub(super) fn early_alert(&self) -> Option<u8> {
        self.alert().filter(|_| !self.was_accepted())
    }

    /// The alert, if it arrived after the origin's certificate was accepted. SNI was right, so the
    /// alert is about the client's part of the handshake.
    pub(super) fn late_alert(&self) -> Option<u8> {
        self.alert().filter(|_| self.was_accepted())
    }

    /// The alert, whenever it arrived.
    pub(super) fn alert(&self) -> Option<u8> {
        self.facts.alert().map(Alert::code)
    }

    /// Whether the peer requested a client certificate and received none.
    pub(super) fn withheld_certificate(&self) -> bool {
        self.facts.client_certificate() == ClientCertificate::Withheld
    }

    /// Whether the peer may have received our certificate: in this handshake, or in the one that it
    /// resumes.
    pub(super) fn may_have_sent_certificate(&self) -> bool {
        self.facts.has_client_identity() && !self.withheld_certificate()
    }

    /// Whether no client certificate is configured, and the peer has not requested one yet.
    pub(super) fn has_no_certificate_to_send(&self) -> bool {
        !self.facts.has_client_identity() && !self.withheld_certificate()
    }

    /// Whether the origin's certificate was accepted, so that SNI was right.
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

    /// The first presented name that is no wildcard.
    pub(super) fn presented_name(&self) -> Option<DnsName> {
        self.presented().iter().find_map(|name| name.parse().ok())
    }

    /// The kind of source that documents the presented names as an edge's default certificate;
    /// `None` if they are no default certificate.
    pub(super) fn default_names(&self) -> Option<SourceKind> {
        placeholder_by_names(self.presented()).map(|known| known.source_kind())
    }

    /// Whether the subject is that of an edge's placeholder certificate.
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

    /// The name in Host.
    pub(super) fn host_name(&self) -> Option<DnsName> {
        self.facts.host()?.host().parse().ok()
    }

    /// The name in Host, if the certificate covers it and SNI was another name.
    pub(super) fn covered_host(&self) -> Option<DnsName> {
        let host = self.host_name()?;
        (Some(&host) != self.sni() && self.covers(&host)).then_some(host)
    }

    /// The text of a missing SNI.
    pub(super) fn sni_missing(&self) -> String {
        match self.origin.sni() {
            Sni::Omit(reason) => {
                format!("the edge requires SNI to select the site, and none was sent: {reason}")
            }
            Sni::Send(_) => String::from("the edge requires SNI to select the site"),
        }
    }

    /// The fix that sends another name in SNI: the first that differs of the Host, the expected
    /// name, the dialled name, the URL's host and the presented name.
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

    /// Whether the peer answered the ClientHello with plain HTTP.
    pub(super) fn is_answered_in_http(&self) -> bool {
        self.is(ErrorKind::NotTls) && self.facts.first_bytes().starts_with(b"HTTP/")
    }

    /// Whether the dialled name belongs to an endpoint that does not support TLS.
    pub(super) fn is_http_only_endpoint(&self) -> bool {
        self.profile().is_some_and(EdgeProfile::is_http_only)
    }

    /// Whether the peer may have misread the PROXY protocol header that was sent, so that its alert
    /// says nothing about TLS.
    pub(super) fn may_misread_proxy_header(&self) -> bool {
        let alert = self.early_alert();
        self.facts.has_proxy_header() && alert.is_some_and(|alert| MISREADING.contains(&alert))
    }

    /// Whether the peer may expect a PROXY protocol header. No edge of a CDN does.
    pub(super) fn may_expect_proxy_header(&self) -> bool {
        !self.facts.has_proxy_header() && self.edge().is_none()
    }

    /// The pin of the presented key.
    pub(super) fn presented_pin(&self) -> Option<&str> {
        self.facts.certificate().and_then(PeerCertificate::pin)
    }
}
