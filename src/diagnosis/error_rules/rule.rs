//! A rule for errors: a row of the tables, and what several tables share.
//!
//! A rule is a constant: functions of the evidence without captures. That keeps tables readable
//! from top to bottom, and lets the proofs run each rule against evidence that they make up.
//!
//! To add a cause: add its id, write a rule in the table of its question with `Possible`, and raise
//! the certainty only together with a proof that excludes the other causes of the same evidence.

use crate::diagnosis::{Cause, CauseId, Certainty, Clue, Confirmation, FixKind};

use super::error_evidence::Evidence;

/// If the evidence meets `when`, the cause is `id` with this certainty.
pub(super) struct Rule {
    pub(super) id: CauseId,
    pub(super) certainty: Certainty,
    /// Must not look at anything but the evidence, so that a diagnosis is the same on each call.
    pub(super) when: fn(&Evidence<'_>) -> bool,
    /// Called only if `when` holds. Names in it are those that were used.
    pub(super) text: fn(&Evidence<'_>) -> String,
    /// Only what `when` looks at.
    pub(super) clues: &'static [Clue],
    /// What would confirm the cause, or which fix is right. Ignored if both are certain.
    pub(super) confirmation: Confirmation,
    /// The best first. Empty if no change of configuration helps.
    pub(super) fixes: fn(&Evidence<'_>) -> Vec<FixKind>,
}

impl Rule {
    /// The causes of all rules that the evidence meets, in the order of the tables.
    ///
    /// All rules are evaluated. A later one may be more certain than an earlier one.
    pub(super) fn all(tables: &[&[Self]], evidence: &Evidence<'_>) -> Vec<Cause> {
        let rules = tables.iter().copied().flatten();
        let met = rules.filter(|rule| (rule.when)(evidence));
        met.map(|rule| rule.cause(evidence)).collect()
    }

    /// The edge needs the SNI, and got none.
    pub(super) const fn sni_missing(
        certainty: Certainty,
        clues: &'static [Clue],
        when: fn(&Evidence<'_>) -> bool,
    ) -> Self {
        Self {
            id: CauseId::SniMissing,
            certainty,
            when,
            text: |e| e.sni_missing(),
            clues,
            confirmation: Confirmation::ProbeNames,
            fixes: another_sni,
        }
    }

    /// The edge does not serve the name in SNI.
    pub(super) const fn sni_not_served(
        certainty: Certainty,
        clues: &'static [Clue],
        when: fn(&Evidence<'_>) -> bool,
    ) -> Self {
        Self {
            id: CauseId::SniNotServed,
            certainty,
            when,
            text: |e| {
                format!(
                    "the edge does not serve {}, the name in SNI",
                    e.origin.sni()
                )
            },
            clues,
            confirmation: Confirmation::ProbeNames,
            fixes: another_sni,
        }
    }

    /// The origin requires a client certificate, and got none.
    pub(super) const fn client_certificate_required(
        certainty: Certainty,
        clues: &'static [Clue],
        when: fn(&Evidence<'_>) -> bool,
    ) -> Self {
        Self {
            id: CauseId::ClientCertificateRequired,
            certainty,
            when,
            text: client_certificate_asked,
            clues,
            confirmation: Confirmation::Listener,
            fixes: present_a_certificate,
        }
    }

    fn cause(&self, evidence: &Evidence<'_>) -> Cause {
        Cause::new(self.id, self.certainty, (self.text)(evidence))
            .shown_by(self.clues)
            .confirmed_by(self.confirmation)
            .fixed_by((self.fixes)(evidence))
    }
}

/// No fix: no change of configuration helps.
pub(super) fn nothing(_: &Evidence<'_>) -> Vec<FixKind> {
    Vec::new()
}

/// The fix that sends another name in SNI.
pub(super) fn another_sni(evidence: &Evidence<'_>) -> Vec<FixKind> {
    vec![evidence.another_sni()]
}

/// The text of a peer that breaks the TLS protocol.
pub(super) fn broken_tls(_: &Evidence<'_>) -> String {
    String::from("the peer breaks the TLS protocol, or a device on the path alters the data")
}

/// The text of a missing client certificate.
fn client_certificate_asked(evidence: &Evidence<'_>) -> String {
    String::from(match evidence.facts.has_client_identity() {
        true => {
            "the origin requires a client certificate, and ours is of a type that it does not \
             accept"
        }
        false => "the origin requires a client certificate",
    })
}

/// The fix that presents a client certificate, or another one.
fn present_a_certificate(evidence: &Evidence<'_>) -> Vec<FixKind> {
    vec![match evidence.facts.has_client_identity() {
        true => FixKind::Advice("use a client certificate of a key type that the origin accepts"),
        false => FixKind::ClientIdentity,
    }]
}

/// The URL of the fix keeps a port of its own, other than 80 and 443.
pub(super) fn over_tls(evidence: &Evidence<'_>) -> Vec<FixKind> {
    let origin = evidence.origin;
    vec![FixKind::Builder(origin.url_over_tls(origin.odd_port()))]
}

/// The fix of an origin that is down. No name or setting helps.
pub(super) fn restore_origin(_: &Evidence<'_>) -> Vec<FixKind> {
    vec![FixKind::Advice(
        "restore the origin; until then, an OriginGroup sends requests to another one",
    )]
}

/// Without a port: only the origin's operator knows it.
pub(super) const TLS_PORT: FixKind =
    FixKind::Advice("dial the port on which the origin supports https");

/// The fixes of a peer that speaks plain HTTP. TLS comes first, and the code for plain http is not
/// given: it contradicts calls about TLS.
///
/// | dialled port | fixes |
/// |---|---|
/// | 443 | enable TLS there, or use the URL of the plain http |
/// | any other, or none | dial the port of https; else `http://` |
pub(super) fn use_tls_port(evidence: &Evidence<'_>) -> Vec<FixKind> {
    match evidence.origin.dial().port() {
        // Other servers than the origin answer on this port, such as transparent proxies.
        Some(443) => vec![FixKind::Advice(
            "enable TLS on this port of the origin, or use the URL and port of its plain http",
        )],
        _ => vec![
            TLS_PORT,
            FixKind::Advice(
                "if the origin supports no TLS: `http://` in the URL, without the calls about TLS",
            ),
        ],
    }
}
