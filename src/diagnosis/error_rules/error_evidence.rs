//! The evidence: an error, as the rules examine it.

use crate::{
    diagnosis::FixKind,
    edge::{
        Edge, EdgeProfile, SourceKind, edge_of_host, is_site_of_edge, placeholder_by_subject,
        profile_of,
    },
    error::{
        Alert, CertificateProblem, ClientCertificate, EchAnswer, EchOffer, ErrorKind, Facts,
        LocalObstacle, OfferedParameters, ReachedLimit, Stage, TlsVersion,
    },
    name::{DnsName, ExpectedName, Host},
    origin::{Origin, Scheme},
};

use super::presented_certificate::PresentedChain;

/// Alerts of a peer that parses a PROXY protocol header as TLS: unexpected_message,
/// record_overflow, decode_error, protocol_version (RFC 8446 section 6).
const MISREADING: [u8; 4] = [10, 22, 50, 70];

/// The alert that closes a stream cleanly. It is no error (RFC 8446 section 6.1).
const CLOSE_NOTIFY: u8 = 0;

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
    /// What on this machine kept the connection from being opened.
    pub(super) obstacle: Option<LocalObstacle>,
}

/// An HTTP/2 error: its code (RFC 9113 section 7), whether the peer sent it, and whether it ends
/// the connection.
#[derive(Clone, Copy)]
pub(super) struct Http2Evidence {
    pub(super) code: u32,
    pub(super) is_remote: bool,
    /// Whether it ended the connection by GOAWAY, and not one stream.
    pub(super) is_go_away: bool,
}

impl Evidence<'_> {
    pub(super) fn is(&self, kind: ErrorKind) -> bool {
        self.kind == kind
    }

    pub(super) fn is_at(&self, kind: ErrorKind, stage: Stage) -> bool {
        self.kind == kind && self.stage == stage
    }

    /// Whether the origin allows no HTTP/2 stream for now, so that the pool's limits do not matter.
    pub(super) fn allows_no_stream(&self) -> bool {
        self.facts.limit == Some(ReachedLimit::OriginStreams)
    }

    /// Whether the peer closed or reset the connection.
    pub(super) fn was_cut_off(&self) -> bool {
        self.is(ErrorKind::ConnectionClosed) || self.is(ErrorKind::ConnectionReset)
    }

    /// Whether the peer ended the connection by GOAWAY, whose code says why.
    pub(super) fn is_ended_by_go_away(&self) -> bool {
        self.http2
            .is_some_and(|error| error.is_remote && error.is_go_away)
    }

    /// Whether a connection that had been idle ended, and the origin reported no failure.
    ///
    /// A GOAWAY with NO_ERROR is how an HTTP/2 server closes an idle connection ([RFC 9113 section
    /// 6.8]).
    ///
    /// [RFC 9113 section 6.8]: https://www.rfc-editor.org/rfc/rfc9113#section-6.8
    pub(super) fn was_closed_while_idle(&self) -> bool {
        let is_orderly = !self.is_ended_by_go_away() || self.http2.is_some_and(|it| it.code == 0);
        self.was_cut_off() && self.facts.idle().is_some() && is_orderly
    }

    pub(super) fn sni(&self) -> Option<&DnsName> {
        self.origin.sni().name()
    }

    /// Whether SNI was encrypted, and the peer is not known to have decrypted it.
    pub(super) fn hides_sni(&self) -> bool {
        use EchOffer::{Encrypted, EncryptedAgain};
        let sni = self.sni().map(DnsName::as_str);
        match &self.facts.ech {
            Some(Encrypted(public_name, answer) | EncryptedAgain(public_name, answer)) => {
                *answer != EchAnswer::Accepted && sni != Some(public_name)
            }
            _ => false,
        }
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

    /// Whether the dialled name and port are those of a known edge that supports TLS.
    pub(super) fn is_edge_of_tls(&self) -> bool {
        let serves_tls = |profile: &EdgeProfile| {
            let port = self.origin.dial().port();
            let is_its_own = |port: u16| port == 443 || profile.tls_ports().contains(&port);
            !profile.is_http_only() && port.is_some_and(is_its_own)
        };
        match (self.edge(), self.profile()) {
            (Some(_), Some(profile)) => serves_tls(profile),
            (Some(_), None) => self.origin.dial().port() == Some(443),
            (None, _) => false,
        }
    }

    /// Whether the edge is documented to answer a missing SNI with this alert, and the ClientHello
    /// gave it no other reason to send it.
    pub(super) fn answers_missing_sni_with(&self, alert: u8) -> bool {
        let by_edge = self.profile().and_then(EdgeProfile::alert_without_sni);
        let offer = self.facts.offer.as_ref();
        by_edge == Some(alert)
            && offer.is_some_and(|offer| {
                let versions = (offer.oldest, offer.newest);
                versions == (TlsVersion::V1_2, TlsVersion::V1_3)
                    && !self.has_chosen_parameters()
                    && !self.facts.has_proxy_header()
            })
    }

    /// Whether the application chose cipher suites, groups, signature schemes or the provider.
    pub(super) fn has_chosen_parameters(&self) -> bool {
        let offer = self.facts.offer.as_ref();
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
        let alert = self.facts.alert().map(Alert::code);
        alert.filter(|code| *code != CLOSE_NOTIFY)
    }

    /// Whether the peer requested a client certificate and received none.
    pub(super) fn withheld_certificate(&self) -> bool {
        self.facts.client_certificate() == ClientCertificate::Withheld
    }

    /// Whether the peer received our certificate in this handshake.
    pub(super) fn sent_certificate(&self) -> bool {
        self.facts.client_certificate() == ClientCertificate::Sent
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
        self.stage > Stage::Handshake || self.facts.is_accepted_by_policy()
    }

    /// The presented chain. It is empty if none was received.
    pub(super) fn chain(&self) -> PresentedChain<'_> {
        PresentedChain(self.facts)
    }

    /// Whether the certificate covers the expected name.
    pub(super) fn covers_expected_name(&self) -> bool {
        self.chain().covers(self.origin.expected_name())
    }

    /// Whether the certificate is not one that the edge would present: edges of CDNs have
    /// certificates of public authorities, except for their own placeholders.
    pub(super) fn is_intercepted_edge(&self) -> bool {
        let has_no_root = self.is(ErrorKind::Certificate(CertificateProblem::UnknownIssuer));
        let edge = self.named_edge().map(|(_, edge)| edge);
        let placeholder = placeholder_by_subject(self.chain().subject());
        let is_its_own = placeholder.is_some_and(|known| known.edge() == edge);
        let is_public = self.chain().is_of_public_authority();
        has_no_root && edge.is_some() && !is_public && !is_its_own
    }

    /// The edge of TLS for the dialled or else the expected name, and that name.
    pub(super) fn named_edge(&self) -> Option<(&DnsName, Edge)> {
        let dialled = self.dialled_name().filter(|_| self.is_edge_of_tls());
        let expected = match self.origin.expected_name() {
            ExpectedName::Dns(name) => Some(name),
            ExpectedName::Ip(_) => None,
        };
        let mut names = [dialled, expected].into_iter().flatten();
        names.find_map(|name| {
            let edge = edge_of_host(name)?;
            let is_http_only = profile_of(edge).is_some_and(EdgeProfile::is_http_only);
            (!is_http_only).then_some((name, edge))
        })
    }

    /// The kind of source that documents the subject of a placeholder certificate; `None` if it is
    /// none, or if its name is the expected one.
    pub(super) fn placeholder(&self) -> Option<SourceKind> {
        let known = placeholder_by_subject(self.chain().subject())?;
        let is_asked_for = known.edge().is_none() && self.covers_expected_name();
        let is_documented = match known.edge() {
            // It says that no SNI has arrived. For a name in SNI it is not documented.
            Some(Edge::Google) => self.sni().is_none(),
            // A site without a certificate of its own has it, too, so that SNI may not help.
            Some(Edge::IngressNginx | Edge::Traefik) => self.sni().is_some(),
            _ => true,
        };
        (!is_asked_for).then_some(match is_documented {
            true => known.source_kind(),
            false => SourceKind::Secondary,
        })
    }

    /// Whether something speaks for a wrong name in SNI: a known edge chooses the site by it, or it
    /// differs from another configured name.
    pub(super) fn may_have_wrong_sni(&self) -> bool {
        let mut others = self.other_names();
        self.edge().is_some() || others.any(|name| Some(&name) != self.sni())
    }

    /// The configured names beside SNI. A Host of the configuration comes first: it is the site. A
    /// Host of the request comes last: it may be one of many that the origin serves.
    fn other_names(&self) -> impl Iterator<Item = DnsName> {
        let expected = match self.origin.expected_name() {
            ExpectedName::Dns(name) => Some(name.clone()),
            ExpectedName::Ip(_) => None,
        };
        let url = self.origin.url().host().dns().cloned();
        let dialled = self.dialled_name().cloned();
        let site = self.origin.host().host().parse().ok();
        let site = site.filter(|site| Some(site) != url.as_ref());
        let names = [site, expected, url, dialled, self.host_name()];
        names.into_iter().flatten()
    }

    /// Whether the expected name is the one in SNI.
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
        (Some(&host) != self.sni() && self.chain().covers(&host.clone().into())).then_some(host)
    }

    /// The text of a missing SNI.
    pub(super) fn sni_missing(&self) -> String {
        match self.origin.sni().omission() {
            Some(reason) => {
                format!("the edge requires SNI to select the site, and none was sent: {reason}")
            }
            None => String::from("the edge requires SNI to select the site"),
        }
    }

    /// The fix that sends another name in SNI: the other configured names, else the one that the
    /// connector was called with, else, without SNI, the presented name, if that is proved.
    ///
    /// Each is only a candidate. A certificate that is presented in place of the right one names
    /// another site.
    pub(super) fn another_sni(&self) -> FixKind {
        let mut names: Vec<DnsName> = Vec::new();
        for name in self.other_names() {
            if Some(&name) != self.sni() && !names.contains(&name) {
                names.push(name);
            }
        }
        // Without SNI, nothing speaks against the name of a server.
        if self.sni().is_some() {
            // The name of a server seldom is that of a site, unless its edge serves it as one.
            let is_site =
                |name: &DnsName| Some(name) != self.dialled_name() || is_site_of_edge(name);
            if names.iter().any(is_site) {
                names.retain(is_site);
            }
        }
        if !names.is_empty() {
            return FixKind::SniOneOf(names);
        }
        let called = self.facts.called_with();
        let called = called.and_then(|host| host.host().parse().ok());
        let called = called.filter(|name| Some(name) != self.sni());
        let presented = self.chain().proved_name();
        match (called, presented.filter(|_| self.sni().is_none())) {
            (Some(name), _) => FixKind::SniOneOf(vec![name]),
            (None, Some(name)) => FixKind::SniPresented(name),
            (None, None) => FixKind::SniUnknown,
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
}
