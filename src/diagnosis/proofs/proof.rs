//! The proof of a certain cause.

use crate::diagnosis::{CauseId, Certainty, Diagnosis};

/// What proves a cause, in evidence of the type `E`.
pub(super) struct Proof<E> {
    pub(super) id: CauseId,
    /// The observation that has no other explanation.
    pub(super) what: &'static str,
    pub(super) holds: fn(&E) -> bool,
}

pub(super) const fn proof<E>(id: CauseId, what: &'static str, holds: fn(&E) -> bool) -> Proof<E> {
    Proof { id, what, holds }
}

/// Diagnoses evidence. Each certain cause must have a proof, and each proof must occur.
pub(super) fn check<E>(
    proofs: &[Proof<E>],
    evidence: impl Iterator<Item = E>,
    diagnose: impl Fn(&E) -> Option<Diagnosis>,
    describe: impl Fn(&E) -> String,
) {
    let mut unused: Vec<_> = proofs.iter().collect();
    for evidence in evidence {
        let diagnosis = diagnose(&evidence).unwrap_or_default();
        let causes = diagnosis.causes().iter();
        for cause in causes.filter(|cause| cause.certainty() == Certainty::Certain) {
            let proves = |proof: &Proof<E>| proof.id == cause.id() && (proof.holds)(&evidence);
            assert!(
                proofs.iter().any(proves),
                "no proof of {cause}\n{}",
                describe(&evidence)
            );
            unused.retain(|proof| !proves(proof));
        }
    }
    let unused: Vec<_> = unused.iter().map(|it| (it.id, it.what)).collect();
    assert!(
        unused.is_empty(),
        "no evidence has these proofs: {unused:?}"
    );
}
