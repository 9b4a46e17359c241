//! The diagnosis of an error: which family of rules looks at it.

use crate::{
    error::{Error, ErrorKind, Facts, Stage},
    name::{DnsName, ExpectedName, Host, Sni},
    origin::{Origin, Scheme},
};

use super::{Cause, CauseId, Diagnosis, Fix, certificates, handshakes, networks};

impl Error {
    /// What may have caused this, the likeliest first, and the calls that mend it.
    #[must_use]
    pub fn diagnosis(&self) -> Diagnosis {
        if self.stage() == Stage::Prepare {
            return Diagnosis::new(preparing(self.kind()));
        }
        let Some(origin) = self.facts().origin() else {
            return Diagnosis::default();
        };
        let evidence = Evidence {
            kind: self.kind(),
            stage: self.stage(),
            facts: self.facts(),
            origin,
        };
        let mut causes = match self.kind() {
            ErrorKind::CertificateExpired
            | ErrorKind::CertificateNameMismatch
            | ErrorKind::CertificateNotYetValid
            | ErrorKind::CertificateRejected
            | ErrorKind::CertificateRevoked
            | ErrorKind::CertificateUnknownIssuer
            | ErrorKind::KeyNotProven
            | ErrorKind::PinMismatch
            | ErrorKind::RevocationUnknown => certificates::causes(&evidence),
            _ if self.stage() == Stage::Handshake => handshakes::causes(&evidence),
            ErrorKind::AlertReceived => handshakes::causes(&evidence),
            _ => networks::causes(&evidence),
        };
        // Stable: causes of equal certainty stay in the order of their rules.
        causes.sort_by_key(|cause| std::cmp::Reverse(cause.certainty()));
        Diagnosis::new(causes)
    }
}

/// What the rules look at.
pub(super) struct Evidence<'a> {
    pub(super) kind: ErrorKind,
    pub(super) stage: Stage,
    pub(super) facts: &'a Facts,
    pub(super) origin: &'a Origin,
}

impl Evidence<'_> {
    pub(super) fn sni(&self) -> Option<&DnsName> {
        self.origin.sni().name()
    }

    pub(super) fn is_plain_http(&self) -> bool {
        self.origin.scheme() == Scheme::Http
    }

    /// Whether the origin's certificate had been accepted when things went wrong.
    pub(super) fn was_accepted(&self) -> bool {
        self.stage > Stage::Handshake || self.facts.accepted
    }

    /// The subject alternative names of the certificate presented.
    pub(super) fn presented(&self) -> &[String] {
        self.facts
            .certificate()
            .map_or(&[], |certificate| certificate.names())
    }

    /// The first of them that is no wildcard.
    pub(super) fn presented_name(&self) -> Option<DnsName> {
        self.presented().iter().find_map(|name| name.parse().ok())
    }

    /// Why SNI is suspected where none was sent, and what to send.
    pub(super) fn sni_missing(&self) -> (String, Fix) {
        let why = match self.origin.sni() {
            Sni::Omit(reason) => format!(
                "the edge needs SNI to know which site is meant, and none was sent: {reason}"
            ),
            Sni::Send(_) => String::from("the edge needs SNI to know which site is meant"),
        };
        (why, self.another_sni())
    }

    /// A name to send instead of the present one: what Host says, what was expected, what is dialled, what was presented.
    pub(super) fn another_sni(&self) -> Fix {
        let host = self
            .facts
            .host()
            .and_then(|host| host.host().parse::<DnsName>().ok());
        let expected = match self.origin.expected_name() {
            ExpectedName::Dns(name) => Some(name.clone()),
            ExpectedName::Ip(_) => None,
        };
        let dialled = self.origin.dial().host().and_then(Host::dns).cloned();
        let presented = self.presented_name();
        let mut names = [host, expected, dialled, presented].into_iter().flatten();
        match names.find(|name| Some(name) != self.sni()) {
            Some(name) => Fix::Sni(name),
            None => Fix::SniUnknown,
        }
    }
}

fn preparing(kind: ErrorKind) -> Vec<Cause> {
    let cause = match kind {
        ErrorKind::UnsupportedUri => {
            let fix = Fix::Elsewhere(
                "build the connector with an origin, or send an absolute http or https URI",
            );
            let why = "neither the connector nor the request's URI names an origin";
            Cause::certain(CauseId::InvalidRequest, why).mended_by(fix)
        }
        _ => Cause::certain(
            CauseId::InvalidRequest,
            "the visitor's request cannot be forwarded as it is",
        ),
    };
    vec![cause]
}
