//! A row of the tables by which errors are diagnosed.

use super::{Cause, CauseId, Certainty, Clue, Confirmation, Evidence, FixKind};

/// If `when` holds, then `id` with this certainty.
pub(super) struct Rule {
    pub(super) id: CauseId,
    pub(super) certainty: Certainty,
    pub(super) when: fn(&Evidence<'_>) -> bool,
    pub(super) why: fn(&Evidence<'_>) -> String,
    pub(super) clues: &'static [Clue],
    /// What would settle it; of no account where it is certain.
    pub(super) confirmation: Confirmation,
    pub(super) fixes: fn(&Evidence<'_>) -> Vec<FixKind>,
}

impl Rule {
    /// The causes that the rows of these tables find.
    pub(super) fn all(tables: &[&[Self]], evidence: &Evidence<'_>) -> Vec<Cause> {
        let rows = tables.iter().copied().flatten();
        let holding = rows.filter(|rule| (rule.when)(evidence));
        holding.map(|rule| rule.cause(evidence)).collect()
    }

    fn cause(&self, evidence: &Evidence<'_>) -> Cause {
        Cause::new(self.id, self.certainty, (self.why)(evidence))
            .shown_by(self.clues)
            .confirmed_by(self.confirmation)
            .fixed_by((self.fixes)(evidence))
    }
}

/// Where nothing that could be written here helps.
pub(super) fn nothing(_: &Evidence<'_>) -> Vec<FixKind> {
    Vec::new()
}

/// Why SNI is suspected where none was sent.
pub(super) fn sni_missing(evidence: &Evidence<'_>) -> String {
    evidence.sni_missing()
}

/// Another name in SNI.
pub(super) fn another_sni(evidence: &Evidence<'_>) -> Vec<FixKind> {
    vec![evidence.another_sni()]
}

/// The name in SNI is none of the edge's.
pub(super) fn sni_not_served(evidence: &Evidence<'_>) -> String {
    let name = evidence.origin.sni();
    format!("the edge does not serve {name}, the name sent in SNI")
}

pub(super) fn broken_tls(_: &Evidence<'_>) -> String {
    String::from("the peer's TLS is broken, or something between changes it")
}

/// Why a client certificate is missed.
pub(super) fn client_certificate_asked(evidence: &Evidence<'_>) -> String {
    String::from(match evidence.facts.has_client_identity() {
        true => {
            "the origin asks for a client certificate, and ours is of a kind that it does not ask for"
        }
        false => "the origin asks for a client certificate",
    })
}

/// A client certificate, or another one.
pub(super) fn present_a_certificate(evidence: &Evidence<'_>) -> Vec<FixKind> {
    vec![match evidence.facts.has_client_identity() {
        true => FixKind::Advice("a client certificate of a key type that the origin accepts"),
        false => FixKind::ClientIdentity,
    }]
}
