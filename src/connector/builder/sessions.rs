//! What TLS remembers from one connection to the next.

use std::{sync::Arc, time::Duration};

use crate::{
    connector::{CdnOriginBuilder, CdnOriginConnector, trust::Trust},
    error::{BuildProblem, BuildProblemKind},
    name::Sni,
    origin::{ChosenNames, Origin, Scheme},
    tls::{EarlyRequests, Resumption, TlsSettings},
};

/// What TLS remembers from one connection to the next: sessions to be resumed, and certificates.
impl CdnOriginBuilder {
    /// Keeps the sessions of this many names, 1 to 65 536, so that later handshakes resume them. By
    /// default 32; a connector with one origin has one name. Of each name, one TLS 1.2 session and
    /// eight TLS 1.3 tickets are kept.
    ///
    /// A resumed handshake is shorter, and the certificate is not judged again. So sessions belong
    /// to one trust: clones of the connector and those that [share its TLS](Self::share_tls) resume
    /// each other's sessions, and nobody else does. A [reload](CdnOriginConnector::reload) forgets
    /// them, and so does the end of a leaf certificate that they began with. In any case all are
    /// forgotten after 24 hours, so that the ends of other certificates of the chain and of
    /// revocation lists count by then.
    pub fn session_capacity(mut self, names: usize) -> Self {
        self.tls("session_capacity").resumption = Resumption::Names(names);
        self
    }

    /// Resumes no session: every handshake is a full one, and judges the certificate.
    pub fn no_session_resumption(mut self) -> Self {
        self.tls("no_session_resumption").resumption = Resumption::Off;
        self
    }

    /// Lets [`OriginProxy`](crate::OriginProxy) send requests in early data, also called 0-RTT
    /// ([RFC 8446 section 2.3]): on a connection that resumes a session, the request is in the
    /// first flight, and the answer comes a round trip sooner. By default none is.
    ///
    /// **Whoever records such a request can send it once more**, and the origin cannot always tell
    /// ([RFC 8446 section 8]). It is also not protected by a fresh key exchange: whoever steals the
    /// key of the session can read it later. So this is for origins of which you know that a
    /// repeated GET, HEAD or OPTIONS does nothing that one alone does not. The rules of [RFC 8470]
    /// are kept:
    ///
    /// * Sent early are GET, HEAD and OPTIONS without content, up to 12 KiB. Not those that bear
    ///   `Early-Data` or `Expect`, those with [`NoEarlyData`](crate::pool::NoEarlyData) in their
    ///   extensions, and never what has been tried before, here or by an
    ///   [`OriginGroup`](crate::group::OriginGroup).
    /// * What the origin does not look at is sent after the handshake. A 425 (Too Early) is not
    ///   passed on: the request is sent once more, after the handshake.
    /// * `Early-Data: 1` is not added, since the origin sees for itself. A client's own goes on,
    ///   and a 425 to it is passed on. A server in front of the proxy that takes early data of
    ///   clients has to add it.
    /// * Sessions are those of the same trust alone: after a [reload](CdnOriginConnector::reload)
    ///   the first handshake is a full one.
    ///
    /// With [ECH](Self::ech) nothing is sent early. Over HTTP/2 nothing is sent early either: what
    /// is first on such a connection is for hyper to say, and may be anybody's request.
    /// [`Alpn::Http1`](crate::Alpn::Http1) brings early data to origins that speak both. A
    /// connector by itself sends none, since it does not know what is sent.
    /// [`handshakes`](CdnOriginConnector::handshakes) counts what became of it, and
    /// [`TlsSession::early_data`](crate::error::TlsSession::early_data) tells it of each
    /// connection.
    ///
    /// [RFC 8446 section 2.3]: https://www.rfc-editor.org/rfc/rfc8446#section-2.3
    /// [RFC 8446 section 8]: https://www.rfc-editor.org/rfc/rfc8446#section-8
    /// [RFC 8470]: https://www.rfc-editor.org/rfc/rfc8470
    pub fn early_data(mut self) -> Self {
        self.tls("early_data").early_requests = EarlyRequests::Safe;
        self
    }

    /// Logs a warning through `tracing` when an origin presents a certificate that ends within this
    /// time: 14 days by default, once for each certificate. Zero warns never.
    pub fn expiry_notice(mut self, notice: Duration) -> Self {
        self.tls("expiry_notice").expiry_notice = notice;
        self
    }

    /// Shares all of TLS with this connector: policy and identity, whatever a
    /// [reload](CdnOriginConnector::reload) of either makes of them, parameters, and sessions. For
    /// several connectors to one CDN, of which each would otherwise verify for itself.
    ///
    /// [`to_builder`](CdnOriginConnector::to_builder) then gives a builder with the same TLS that
    /// shares nothing.
    ///
    /// No other setting of TLS goes with it, and an [expected name](Self::expected_name) must be
    /// the other connector's, since sessions rely on what was verified.
    ///
    /// ```
    /// use cdn_origin::CdnOriginConnector;
    ///
    /// # let policy = cdn_origin::VerifyPolicy::pinned(cdn_origin::SpkiPin::sha256([0; 32]));
    /// let pages = CdnOriginConnector::builder("https://www.example.com")
    /// #   .verify(policy)
    ///     .build()?;
    /// let images = CdnOriginConnector::builder("https://images.example.com")
    ///     .share_tls(&pages)
    ///     .build()?;
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn share_tls(mut self, connector: &CdnOriginConnector) -> Self {
        self.shared = Some(match connector.shared_trust() {
            Some(trust) => Shared::Trust(trust),
            None => Shared::Nothing,
        });
        self
    }

    /// The settings, noting who changes them.
    pub(super) fn tls(&mut self, setter: &'static str) -> &mut TlsSettings {
        if !self.tls_setters.contains(&setter) {
            self.tls_setters.push(setter);
        }
        &mut self.tls
    }

    /// These settings for [another builder](CdnOriginConnector::to_builder), which shares nothing
    /// but may be told to.
    pub(super) fn to_be_kept(&self) -> Self {
        let mut kept = self.clone();
        kept.shared = None;
        kept
    }

    fn sends_no_sni(&self) -> bool {
        let settled = self.url.as_ref();
        let settled = settled.map(|url| Origin::settle(url, &self.names).sni().clone());
        let sni = settled.as_ref().or(self.names.sni.as_ref());
        matches!(sni, Some(Sni::Omit(_)))
    }

    /// The trust: another connector's, or one of its own, or none where the origin is a plain http
    /// one.
    pub(super) fn trust(&self, problems: &mut Vec<BuildProblem>) -> Option<Arc<Trust>> {
        if self.is_plain_http() {
            self.check_plain_http(problems);
            return None;
        }
        let expected_name = self.names.expected_name.as_ref();
        let Some(shared) = &self.shared else {
            self.check_ech("ech", &self.tls, problems);
            return Trust::new(&self.tls, expected_name, problems).map(Arc::new);
        };
        let Shared::Trust(trust) = shared else {
            let why = "the other connector's origin is a plain http one: there is no TLS to share";
            problems.push(contradiction("share_tls", why));
            return None;
        };
        self.check_ech("share_tls", &trust.settings(), problems);
        for setter in &self.tls_setters {
            let why =
                "`share_tls(..)` brings all of TLS along: this belongs to the other connector";
            problems.push(contradiction(setter, why));
        }
        if expected_name != trust.expected_name() {
            let why =
                "connectors that share TLS expect the same name, or both the one that follows SNI";
            problems.push(contradiction("expected_name", why));
        }
        Some(trust.clone())
    }

    /// What Encrypted ClientHello needs beside TLS.
    fn check_ech(&self, setter: &'static str, tls: &TlsSettings, problems: &mut Vec<BuildProblem>) {
        if tls.hides_sni() && self.sends_no_sni() {
            let why = "there is no SNI to encrypt: it is omitted, or the host is an IP address";
            problems.push(contradiction(setter, why));
        }
        let settled = self.url.as_ref();
        let settled = settled.map(|url| Origin::settle(url, &self.names).dial().clone());
        let dial = settled.as_ref().or(self.names.dial.as_ref());
        if tls.reads_ech_from_dns() && !self.dialling.may_read_services(dial) {
            let why = "no HTTPS record would be read: that takes a resolver that does, such as \
                       `.resolver(HickoryResolver::system()?.https_records())`, and a name that it looks up";
            problems.push(contradiction(setter, why));
        }
    }

    /// Without TLS nothing is verified, proven or encrypted, and whoever asked for that must not
    /// learn it from a log.
    fn check_plain_http(&self, problems: &mut Vec<BuildProblem>) {
        let shared = self.shared.as_ref().map(|_| "share_tls");
        let demands = self.tls_setters.iter().copied().filter(is_a_demand);
        for setter in demands.chain(shared) {
            let why = "the URL says http, and only TLS can do this: `https://` in the URL";
            problems.push(contradiction(setter, why));
        }
    }

    /// The calls that are about TLS, where the origin is a plain http one.
    pub(in crate::connector) fn unused_tls(&self) -> Vec<&'static str> {
        if !self.is_plain_http() {
            return Vec::new();
        }
        let ChosenNames {
            sni, expected_name, ..
        } = &self.names;
        let names = [
            matches!(sni, Some(Sni::Send(_))).then_some("sni"),
            expected_name.as_ref().map(|_| "expected_name"),
        ];
        let setters = self.tls_setters.iter().copied();
        names.into_iter().flatten().chain(setters).collect()
    }

    fn is_plain_http(&self) -> bool {
        let url = self.url.as_ref();
        url.is_some_and(|url| url.scheme() == Scheme::Http)
    }
}

/// What another connector has to share.
#[derive(Clone, Debug)]
pub(super) enum Shared {
    Trust(Arc<Trust>),
    Nothing,
}

/// Whether the origin, or who it is proven to be, is not the one that was meant where this is left
/// out.
fn is_a_demand(setter: &&str) -> bool {
    ["verify", "client_identity", "ech", "require_fips"].contains(setter)
}

fn contradiction(setter: &'static str, why: &'static str) -> BuildProblem {
    BuildProblem::new(setter, BuildProblemKind::Contradiction, why)
}
