//! Statuses that say something by themselves, whoever sent them.

use http::{
    StatusCode,
    header::{CONNECTION, SERVER, VIA},
};

use crate::{
    edge::edges_passed,
    name::{DnsName, Sni},
    origin::Scheme,
};

use super::{Cause, CauseId, Certainty, Clue, Confirmation, FixKind, ResponseEvidence};

impl ResponseEvidence<'_> {
    pub(super) fn by_status(&self) -> Vec<Cause> {
        match self.status {
            StatusCode::BAD_REQUEST => {
                let causes = [self.bad_request(), self.unexpected_header()];
                causes.into_iter().flatten().collect()
            }
            StatusCode::MISDIRECTED_REQUEST => vec![self.misdirected()],
            StatusCode::FORBIDDEN => self.forbidden().into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// A 400 from a port that usually speaks TLS.
    fn bad_request(&self) -> Option<Cause> {
        let is_usual = self.origin.dial().port() == Some(443);
        (is_usual && self.origin.scheme() == Scheme::Http).then(|| {
            let why = "plain http was spoken to a port that speaks TLS";
            Cause::new(CauseId::HttpToTlsPort, Certainty::Likely, why)
                .shown_by(&[Clue::Scheme, Clue::Port, Clue::Status])
                .confirmed_by(Confirmation::ProbeProtocols)
                .fixed_by([self.over_tls()])
        })
    }

    /// A server that does not expect the header takes it for the request, answers 400 and closes.
    fn unexpected_header(&self) -> Option<Cause> {
        let closes = self.headers.get(CONNECTION).is_some_and(|it| it == "close");
        let is_first = self.origin.scheme() == Scheme::Http && closes;
        (is_first && self.has_proxy_header).then(|| {
            let why = "the origin does not expect the PROXY protocol header that it was sent";
            Cause::new(CauseId::ProxyHeaderNotExpected, Certainty::Possible, why)
                .shown_by(&[Clue::ProxyHeader, Clue::Status])
                .confirmed_by(Confirmation::EdgeConfiguration)
                .fixed_by([FixKind::NoProxyProtocol])
        })
    }

    /// RFC 9110 section 15.5.20: the connection's certificate or SNI does not stand for the
    /// request's authority.
    fn misdirected(&self) -> Cause {
        if self.disagreeing_sni().is_some() {
            // A server behind an edge may have said it, of the names that the edge uses.
            let is_through_edge =
                self.dialled_edge().is_some() || edges_passed(self.headers).next().is_some();
            let certainty = match is_through_edge || self.headers.contains_key(VIA) {
                true => Certainty::Likely,
                false => Certainty::Certain,
            };
            return self.disagreeing(certainty, "the edge");
        }
        if let Some(missing) = self.missing_sni() {
            return missing;
        }
        let why = format!(
            "the edge does not serve {}, which Host says, on this connection",
            self.host
        );
        Cause::new(CauseId::HostNotServed, Certainty::Likely, why)
            .shown_by(&[Clue::Status, Clue::Host])
            .confirmed_by(Confirmation::ProbeNames)
            .fixed_by([self.agreeing()])
    }

    /// No SNI was sent, so that the connection stands for no name at all.
    fn missing_sni(&self) -> Option<Cause> {
        let Sni::Omit(reason) = self.origin.sni() else {
            return None;
        };
        let is_tls = self.origin.scheme() == Scheme::Https;
        let name: DnsName = self.host.host().parse().ok().filter(|_| is_tls)?;
        let why =
            format!("the edge wants SNI to say {name}, as Host does, and none was sent: {reason}");
        Some(
            Cause::new(CauseId::SniMissing, Certainty::Likely, why)
                .shown_by(&[Clue::Status, Clue::NoSni, Clue::Host])
                .confirmed_by(Confirmation::ProbeNames)
                .fixed_by([FixKind::Sni(name)]),
        )
    }

    /// A 403 says little; where SNI and Host disagree, that may be the reason, and at Cloudflare it
    /// usually is.
    fn forbidden(&self) -> Option<Cause> {
        let sni = self.disagreeing_sni()?;
        let is_cloudflare = self
            .headers
            .get(SERVER)
            .is_some_and(|server| server == "cloudflare");
        let certainty = match is_cloudflare && !self.headers.contains_key("cf-error-type") {
            true => Certainty::Likely,
            false => Certainty::Possible,
        };
        let why = format!(
            "SNI says {sni} and Host says {}: some edges refuse that",
            self.host
        );
        Some(
            Cause::new(CauseId::SniAndHostDisagree, certainty, why)
                .shown_by(&[Clue::Status, Clue::Sni, Clue::Host])
                .confirmed_by(Confirmation::ProbeNames)
                .fixed_by([self.agreeing()]),
        )
    }
}
