//! Causes in the names of the request: SNI and Host.

use crate::diagnosis::{Cause, CauseId, Certainty, Clue, Confirmation};

use super::ResponseEvidence;

/// The edge does not serve the name in Host.
pub(super) fn host_not_served(
    evidence: &ResponseEvidence<'_>,
    certainty: Certainty,
    edge: &str,
) -> Cause {
    let text = format!("{edge} does not serve {}, the name in Host", evidence.host);
    Cause::new(CauseId::HostNotServed, certainty, text)
        .shown_by(&[Clue::Status, Clue::Fields, Clue::Body, Clue::Host])
        .confirmed_by(Confirmation::ProbeNames)
        .fixed_by([evidence.matching_host()])
}

/// The edge requires SNI and Host to agree. If they do, it does not serve the name in Host.
pub(super) fn sni_and_host_disagree(
    evidence: &ResponseEvidence<'_>,
    certainty: Certainty,
    edge: &str,
) -> Cause {
    let Some(sni) = evidence.disagreeing_sni() else {
        return host_not_served(evidence, certainty.min(Certainty::Likely), edge);
    };
    let text = format!(
        "SNI is {sni} and Host is {}, and the edge requires them to agree",
        evidence.host
    );
    Cause::new(CauseId::SniAndHostDisagree, certainty, text)
        .shown_by(&[Clue::Status, Clue::Sni, Clue::Host])
        .confirmed_by(Confirmation::ProbeNames)
        .fixed_by([evidence.matching_host()])
}
