//! What a probe has found.

use std::fmt;

use crate::{
    connector::{CdnOriginBuilder, CdnOriginConnector},
    diagnosis::{Cause, Clue, Diagnosis, Observed, Proof},
};

use super::{Combination, ProbeAttempt, ProbeOutcome};

/// Every attempt of a probe and what follows from them. Displayed as a table, the causes, and the
/// builder code that works.
#[derive(Clone, Debug)]
pub struct Findings {
    pub(super) connector: CdnOriginConnector,
    pub(super) attempts: Vec<ProbeAttempt>,
    /// The place of the attempt that got furthest.
    pub(super) best: usize,
    pub(super) diagnosis: Diagnosis,
    /// What may be wrong with the best attempt besides, where that is not the diagnosis itself.
    pub(super) remaining: Diagnosis,
}

impl Findings {
    /// The attempts, in their order. The first is what was configured.
    #[must_use]
    pub fn attempts(&self) -> &[ProbeAttempt] {
        &self.attempts
    }

    /// The attempt that got furthest.
    #[must_use]
    pub fn best(&self) -> Option<&ProbeAttempt> {
        self.attempts.get(self.best)
    }

    /// The combination that works, if one does. What else was set, above all `verify`, is as it
    /// was.
    #[must_use]
    pub fn working(&self) -> Option<&Combination> {
        let best = self.best().filter(|attempt| attempt.works());
        best.map(ProbeAttempt::combination)
    }

    /// A builder of the combination that works, with everything else that the connector was built
    /// with.
    #[must_use]
    pub fn builder(&self) -> Option<CdnOriginBuilder> {
        let working = self.working()?;
        Some(working.applied_to(self.connector.to_builder()))
    }

    /// What was wrong: certain where one change alone got further. Empty if everything was right.
    ///
    /// A fix of a cause that [an attempt has shown](Clue::Probe) is proved. Where no change got
    /// further, these are the causes of the failure, and their fixes were not tried: a name that
    /// nobody but the certificate tells is one, for who presents it may be anybody.
    #[must_use]
    pub fn diagnosis(&self) -> &Diagnosis {
        &self.diagnosis
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, attempt) in self.attempts.iter().enumerate() {
            let mark = if index == self.best { '*' } else { ' ' };
            writeln!(f, "{mark}{:>3}  {attempt}", index + 1)?;
        }
        print_causes(f, &self.diagnosis)?;
        let Some(best) = self.best() else {
            return Ok(());
        };
        match (best.works(), &best.outcome) {
            (true, _) => {
                writeln!(f, "\nthis works, with everything else as it was:\n")?;
                writeln!(f, "{}\n    .build()?", best.combination)
            }
            (false, ProbeOutcome::Failed(error)) => {
                write!(
                    f,
                    "\nnothing that was tried works; this got furthest:\n\n{}",
                    Observed(error)
                )?;
                print_causes(f, &self.remaining)
            }
            (false, ProbeOutcome::Answered(..)) => {
                writeln!(f, "\nnothing that was tried works")?;
                print_causes(f, &self.remaining)
            }
        }
    }
}

fn print_causes(f: &mut fmt::Formatter<'_>, diagnosis: &Diagnosis) -> fmt::Result {
    let mut causes = diagnosis.causes().iter();
    causes.try_for_each(|cause| print_cause(f, cause))
}

/// A fix is called one where an attempt has proved it.
fn print_cause(f: &mut fmt::Formatter<'_>, cause: &Cause) -> fmt::Result {
    write!(f, "\n{}: {}\n", cause.certainty(), cause.why())?;
    let label = match cause.clues().contains(&Clue::Probe) {
        true => "fix",
        false => "not tried",
    };
    for fix in cause.fixes() {
        writeln!(f, "  {label}: {fix}")?;
    }
    match cause.proof() {
        None | Some(Proof::ProbeNames | Proof::ProbeProtocols) => Ok(()),
        Some(proof) => writeln!(f, "  to confirm: {proof}"),
    }
}
