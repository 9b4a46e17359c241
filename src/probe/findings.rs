//! The result of a probe.

use std::fmt;

use crate::{
    connector::{CdnOriginBuilder, CdnOriginConnector},
    diagnosis::{
        Cause, Certainty, Diagnosis, FactsReport, FixKind, code_paragraph, in_keys, paragraph,
    },
    origin::{Origin, WrittenIn},
};

use super::{ProbeAttempt, compare_hosts::ByHost, progress::Progress};

/// Asks for the name that the probe cannot know.
pub(super) const ANOTHER_NAME: &str = "ask the operator of the edge which name it serves, or look \
                                       up the CNAME of your site, and add that name by \
                                       Probe::try_name(..), or by --name";
/// Labels a fix with which an attempt got further.
const TRIED: &str = "  fix: ";
/// Labels a fix that no attempt had.
const NOT_TRIED: &str = "  fix, not tried: ";

/// The attempts of a probe and what follows from them.
///
/// Displayed as a table of the attempts, the causes, and the builder code that works:
///
/// ```text
///    1  as configured: handshake, alert 40 (handshake_failure)
/// *  2  SNI www.example.com: 200
///    3  a made-up Host: 421
///
/// certain: a connection with www.example.com in SNI is accepted, and one with
/// d1234567890.cloudfront.net is not
///   fix: .sni("www.example.com")
///
/// this works, with everything else as it was:
///
/// CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
///     .sni("www.example.com")
///     .build()?
/// ```
#[derive(Clone, Debug)]
pub struct Findings {
    pub(super) connector: CdnOriginConnector,
    pub(super) attempts: Vec<ProbeAttempt>,
    /// The index of the attempt that got furthest.
    pub(super) best: usize,
    /// The causes that changes have proved by getting further.
    pub(super) proved: Diagnosis,
    /// What may still be wrong.
    pub(super) remaining: Diagnosis,
    /// What other Hosts show about the attempt that works.
    pub(super) by_host: Option<ByHost>,
}

impl Findings {
    /// Returns the attempts in their order. The first one uses the configuration as it is.
    ///
    /// ```
    /// # fn log(findings: &cdn_origin::probe::Findings) {
    /// for (number, attempt) in findings.attempts().iter().enumerate() {
    ///     println!("{number} {attempt}");
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn attempts(&self) -> &[ProbeAttempt] {
        &self.attempts
    }

    /// Returns the attempt that got furthest.
    ///
    /// `None` only if no attempt was made.
    #[must_use]
    pub fn best(&self) -> Option<&ProbeAttempt> {
        self.attempts.get(self.best)
    }

    /// Returns the attempt that works, if one does.
    ///
    /// ```
    /// # fn check(findings: &cdn_origin::probe::Findings) {
    /// match findings.working() {
    ///     Some(attempt) => println!("works with status {:?}", attempt.status()),
    ///     None => println!("nothing works: {}", findings.diagnosis()),
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn working(&self) -> Option<&ProbeAttempt> {
        self.best().filter(|attempt| attempt.works())
    }

    /// Returns how certain it is that the attempt that works reached the site of its Host; `None`
    /// if none works.
    ///
    /// * `Certain`: it is a success, and another Host gets another status.
    /// * `Likely`: it is a success, and a limit left no time to compare it with another Host. Or it
    ///   is a 401, 404 or 405, and another Host gets another status.
    /// * `Possible`: a made-up Host gets the same status, as from an origin with one site or a
    ///   default site. Or it is a 401, 404 or 405 that was not compared.
    #[must_use]
    pub fn working_certainty(&self) -> Option<Certainty> {
        let working = self.working()?;
        let is_success = working.progress() == Progress::Success;
        Some(match (self.by_host, is_success) {
            (Some(ByHost::Distinguished), true) => Certainty::Certain,
            (Some(ByHost::Distinguished), false) | (None, true) => Certainty::Likely,
            (Some(ByHost::Alike), _) | (None, false) => Certainty::Possible,
        })
    }

    /// Returns a builder with the names and protocols that work, and with everything else that the
    /// probed connector was built with.
    ///
    /// ```no_run
    /// # use cdn_origin::CdnOriginConnector;
    /// # async fn run(connector: CdnOriginConnector) -> Result<(), Box<dyn std::error::Error>> {
    /// let findings = cdn_origin::probe(&connector).await?;
    /// if let Some(builder) = findings.builder() {
    ///     let working = builder.build()?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn builder(&self) -> Option<CdnOriginBuilder> {
        let working = self.working()?;
        let builder = self.connector.to_builder();
        Some(working.combination.applied_to(builder))
    }

    /// Returns what was wrong. Empty if everything was right.
    ///
    /// If a change got further, its fix is proved: see [`is_proved`](Self::is_proved). Its cause is
    /// certain, unless the failure may have been chance. Otherwise these are the likely causes of
    /// the best attempt's failure, and their fixes were not tried. One of these may be a name that
    /// only the certificate contains, because any peer can present any certificate.
    #[must_use]
    pub fn diagnosis(&self) -> &Diagnosis {
        match self.is_proved() {
            true => &self.proved,
            false => &self.remaining,
        }
    }

    /// Returns whether attempts have proved every cause and fix of the
    /// [`diagnosis`](Self::diagnosis).
    ///
    /// ```
    /// # fn log(findings: &cdn_origin::probe::Findings) {
    /// let how = if findings.is_proved() { "proved" } else { "supposed" };
    /// for cause in findings.diagnosis().causes() {
    ///     println!("{how}: {}", cause.text());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn is_proved(&self) -> bool {
        !self.proved.causes().is_empty()
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, attempt) in self.attempts.iter().enumerate() {
            let mark = if index == self.best { '*' } else { ' ' };
            writeln!(f, "{mark}{:>3}  {attempt}", index + 1)?;
        }
        let label = match self.is_proved() {
            true => TRIED,
            false => NOT_TRIED,
        };
        print_causes(f, self.diagnosis(), label)?;
        if self
            .attempts
            .iter()
            .any(|attempt| self.is_recovery(attempt))
        {
            writeln!(f, "\na failure did not happen again: it is intermittent")?;
        }
        let Some(best) = self.best() else {
            return Ok(());
        };
        match best.works() {
            true => self.print_working(f, best),
            false => self.print_failure(f, best),
        }
    }
}

impl Findings {
    /// Whether the attempt repeats another one that failed, and did better.
    fn is_recovery(&self, attempt: &ProbeAttempt) -> bool {
        let before = |other: &&ProbeAttempt| other.combination == attempt.combination;
        let first = self.attempts.iter().find(before);
        attempt.is_repeated() && first.is_some_and(|first| attempt.progress() > first.progress())
    }

    fn print_working(&self, f: &mut fmt::Formatter<'_>, best: &ProbeAttempt) -> fmt::Result {
        let (origin, answer) = (best.origin(), best.site_answer());
        let host = origin.host();
        let text = match (answer, self.by_host) {
            (Some(answer), Some(ByHost::Distinguished)) => format!(
                "this likely works: the origin answers that {answer}, and another Host gets \
                 another status:"
            ),
            (Some(answer), _) => format!(
                "this possibly works: the origin answers that {answer}, or it does not serve \
                 {host}. Compare the page with that of {host}:"
            ),
            (None, Some(ByHost::Alike)) => format!(
                "this possibly works: the origin answers, but a made-up Host gets the same status. \
                 Compare the page with that of {host}:"
            ),
            _ => String::from("this works, with everything else as it was:"),
        };
        self.print_code(f, &text, best)?;
        self.print_remaining(f)?;
        self.print_try_name(f, best)
    }

    /// The text, and then the code or the keys of the attempt.
    fn print_code(
        &self,
        f: &mut fmt::Formatter<'_>,
        text: &str,
        attempt: &ProbeAttempt,
    ) -> fmt::Result {
        let build = match self.written_in() {
            WrittenIn::Program => "\n    .build()?",
            WrittenIn::File => "",
        };
        writeln!(f)?;
        paragraph(f, "", text)?;
        writeln!(f, "\n{}{build}", attempt.combination)
    }

    fn written_in(&self) -> WrittenIn {
        let origin = self.connector.origin();
        origin.map(Origin::written_in).unwrap_or_default()
    }

    fn print_failure(&self, f: &mut fmt::Formatter<'_>, best: &ProbeAttempt) -> fmt::Result {
        match (best.error(), best.status()) {
            (Some(error), _) => {
                let observed = FactsReport(error);
                write!(
                    f,
                    "\nno attempt works; this one got furthest:\n\n{observed}"
                )?;
            }
            (None, Some(status)) if best.progress() == Progress::SiteError => {
                let text = format!(
                    "no attempt works; the origin answers with an error, {}: it fails itself, or \
                     it does not serve {}. This one got furthest:",
                    status.as_u16(),
                    best.origin().host()
                );
                self.print_code(f, &text, best)?;
            }
            _ => writeln!(f, "\nno attempt works")?,
        }
        self.print_remaining(f)?;
        self.print_try_name(f, best)
    }

    /// Asks for the name that the probe cannot know, if the peer may have refused for want of it,
    /// and no cause does, or names a call to try first.
    fn print_try_name(&self, f: &mut fmt::Formatter<'_>, best: &ProbeAttempt) -> fmt::Result {
        let asks = |fix: &FixKind| *fix == FixKind::Advice(ANOTHER_NAME);
        let names_a_call = |cause: &Cause| {
            let is_call = |fix: &FixKind| !matches!(fix, FixKind::Advice(_)) && !fix.is_candidate();
            cause.certainty() > Certainty::Possible && cause.fix_kinds().any(is_call)
        };
        let mut causes = self.remaining.causes().iter();
        let is_said = causes.any(|cause| cause.fix_kinds().any(asks) || names_a_call(cause));
        match best.progress() {
            Progress::Nothing | Progress::Connected | Progress::Success => Ok(()),
            _ if is_said => Ok(()),
            _ => {
                writeln!(f)?;
                match self.written_in() {
                    WrittenIn::Program => paragraph(f, "", ANOTHER_NAME),
                    WrittenIn::File => paragraph(f, "", &in_keys(ANOTHER_NAME)),
                }
            }
        }
    }

    /// What may still be wrong. Without a proof, that is the diagnosis.
    fn print_remaining(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_proved() {
            true => print_causes(f, &self.remaining, NOT_TRIED),
            false => Ok(()),
        }
    }
}

fn print_causes(f: &mut fmt::Formatter<'_>, diagnosis: &Diagnosis, label: &str) -> fmt::Result {
    let mut causes = diagnosis.causes().iter();
    causes.try_for_each(|cause| print_cause(f, cause, label))
}

fn print_cause(f: &mut fmt::Formatter<'_>, cause: &Cause, label: &str) -> fmt::Result {
    writeln!(f)?;
    paragraph(f, "", &format!("{}: {}", cause.certainty(), cause.text()))?;
    for fix in cause.fixes() {
        code_paragraph(f, label, &fix.to_string())?;
    }
    match cause.confirmation() {
        Some(confirmation) if !confirmation.is_probe() => {
            paragraph(f, "  to confirm: ", confirmation.as_str())
        }
        _ => Ok(()),
    }
}
