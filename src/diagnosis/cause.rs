//! A possible cause of a failure, with its evidence and its fixes.

use std::fmt;

use crate::origin::WrittenIn;

use super::{CauseId, Certainty, Clue, Confirmation, Fix, FixKind, fix_keys::in_keys};

/// A possible cause of a failure.
///
/// `Display` writes one line: the certainty, the text and the first fix.
///
/// ```
/// # fn print(error: cdn_origin::Error) {
/// for cause in error.diagnosis().causes() {
///     println!("{} ({}): {}", cause.id(), cause.certainty(), cause.text());
///     for item in cause.evidence() {
///         println!("  seen: {item}");
///     }
///     for fix in cause.fixes() {
///         println!("  fix: {fix}");
///     }
/// }
/// # }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cause {
    id: CauseId,
    certainty: Certainty,
    text: String,
    /// Named in the report after `seen:`.
    clues: &'static [Clue],
    /// Whether the Host is not known to be the one that was sent.
    is_host_supposed: bool,
    /// Whether the request is unknown, and so no evidence.
    is_request_unseen: bool,
    /// Only for a recognised error page.
    documented_in: Option<&'static str>,
    /// Of no use if cause and fix are certain.
    confirmation: Option<Confirmation>,
    /// Of these, the report prints each in a line, and `Display` prints the first.
    fixes: Vec<Fix>,
}

impl Cause {
    pub(crate) fn new(id: CauseId, certainty: Certainty, text: impl Into<String>) -> Self {
        Self {
            id,
            certainty,
            text: text.into(),
            clues: &[],
            is_host_supposed: false,
            is_request_unseen: false,
            documented_in: None,
            confirmation: None,
            fixes: Vec::new(),
        }
    }

    pub(crate) fn shown_by(mut self, clues: &'static [Clue]) -> Self {
        self.clues = clues;
        self
    }

    /// Adds the source in which the recognised error page of an edge is documented.
    pub(crate) fn documented_in(mut self, source: &'static str) -> Self {
        self.documented_in = Some(source);
        self
    }

    /// Sets what would confirm the cause, or else which of its fixes is right.
    pub(crate) fn confirmed_by(mut self, confirmation: Confirmation) -> Self {
        self.confirmation = Some(confirmation);
        self
    }

    pub(crate) fn fixed_by(mut self, fixes: impl IntoIterator<Item = FixKind>) -> Self {
        self.fixes = fixes.into_iter().map(Fix::from).collect();
        self
    }

    /// Names keys in place of calls, if the origin's settings are written in a file.
    pub(super) fn written_in(mut self, written_in: WrittenIn) -> Self {
        if written_in == WrittenIn::File {
            self.text = in_keys(&self.text);
        }
        for fix in &mut self.fixes {
            fix.written_in = written_in;
        }
        self
    }

    /// Lowers the certainty to this one, if it is higher.
    ///
    /// For evidence that another party may have produced, such as a page that passed through a
    /// proxy.
    pub(crate) fn at_most(mut self, certainty: Certainty) -> Self {
        self.certainty = self.certainty.min(certainty);
        self
    }

    /// Notes that another Host than the one in the text may have been sent.
    pub(super) fn of_supposed_host(mut self) -> Self {
        self.is_host_supposed = true;
        if !self.clues.contains(&Clue::Host) {
            return self;
        }
        let of_request = "if the request has a Host field of its own: correct that one";
        self.fixes.push(FixKind::Advice(of_request).into());
        self.at_most(Certainty::Likely)
    }

    /// Notes that the request is unknown.
    pub(super) fn of_unseen_request(mut self) -> Self {
        self.is_request_unseen = true;
        self
    }

    /// Whether this is part of the evidence.
    ///
    /// The probe asks this, to see whether one of its own attempts is the evidence.
    pub(crate) fn is_shown_by(&self, clue: Clue) -> bool {
        self.clues.contains(&clue)
    }

    /// Removes the fixes that `is_refuted` matches.
    ///
    /// The cause stays, even without a fix. The probe removes what it has tried in vain.
    pub(super) fn without_fixes(mut self, is_refuted: impl Fn(&FixKind) -> bool) -> Self {
        self.fixes.retain(|fix| !is_refuted(&fix.kind));
        self
    }

    /// Returns the stable id, for code and metrics.
    ///
    /// ```
    /// use cdn_origin::{Error, diagnosis::CauseId};
    ///
    /// /// Whether to page the people who own the certificate.
    /// fn is_expired(error: &Error) -> bool {
    ///     let diagnosis = error.diagnosis();
    ///     diagnosis.causes().iter().any(|cause| cause.id() == CauseId::CertificateExpired)
    /// }
    /// ```
    #[must_use]
    pub fn id(&self) -> CauseId {
        self.id
    }

    /// Returns how certain the cause is.
    ///
    /// All causes of a diagnosis are certain, or none is: see [`Diagnosis`](super::Diagnosis).
    ///
    /// ```
    /// use cdn_origin::{Error, diagnosis::Certainty};
    ///
    /// /// Whether a retry is pointless until someone changes the configuration.
    /// fn is_settled(error: &Error) -> bool {
    ///     let diagnosis = error.diagnosis();
    ///     diagnosis.likeliest().is_some_and(|cause| cause.certainty() == Certainty::Certain)
    /// }
    /// ```
    #[must_use]
    pub fn certainty(&self) -> Certainty {
        self.certainty
    }

    /// Returns the cause as a sentence, with the names that were used.
    ///
    /// Without a full stop, in English, and not meant to be parsed: it may change in any release.
    /// Match on [`id`](Self::id).
    ///
    /// ```
    /// # fn show(error: &cdn_origin::Error) {
    /// // For a page that people see; the id is for code.
    /// if let Some(cause) = error.diagnosis().likeliest() {
    ///     println!("{}: {}", cause.certainty(), cause.text());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the evidence: which observations point at this cause, such as `the alert`.
    ///
    /// ```
    /// # fn log(cause: &cdn_origin::diagnosis::Cause) {
    /// let seen: Vec<_> = cause.evidence().collect();
    /// // seen: the SNI sent, the alert
    /// println!("seen: {}", seen.join(", "));
    /// # }
    /// ```
    pub fn evidence(&self) -> impl Iterator<Item = &'static str> {
        let is_seen = |clue: &&Clue| !self.is_request_unseen || **clue != Clue::Request;
        let seen = self.clues.iter().filter(is_seen);
        seen.map(|clue| match clue {
            Clue::Host if self.is_host_supposed => "the Host that the client is supposed to send",
            clue => clue.as_str(),
        })
    }

    /// The source that documents the error page of an edge, if one was recognised.
    pub(crate) fn documentation(&self) -> Option<&'static str> {
        self.documented_in
    }

    /// Returns what would confirm the cause, as an instruction.
    ///
    /// `None` if the cause is certain, unless its fix is one of several candidates: then this tells
    /// them apart.
    ///
    /// ```
    /// # fn log(error: &cdn_origin::Error) {
    /// for cause in error.diagnosis().causes() {
    ///     if let Some(instruction) = cause.confirm() {
    ///         println!("{}: {instruction}", cause.id());
    ///     }
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn confirm(&self) -> Option<&'static str> {
        self.confirmation().map(Confirmation::as_str)
    }

    /// What would confirm the cause, for a caller that has tried some of that itself.
    pub(crate) fn confirmation(&self) -> Option<Confirmation> {
        let is_open = self.certainty < Certainty::Certain
            || self.fix_kinds().next().is_some_and(FixKind::is_candidate);
        self.confirmation.filter(|_| is_open)
    }

    /// Returns the fixes, the best first. Empty if nothing is known that helps.
    ///
    /// Each displays as the code to write, such as `.sni("www.example.com")`, or, where the change
    /// is not in this crate, as advice. If the origin is one of a [configuration
    /// file](crate#features), the code is the key, such as `sni = "www.example.com"`.
    ///
    /// ```
    /// # fn log(error: &cdn_origin::Error) {
    /// let diagnosis = error.diagnosis();
    /// if let Some(fix) = diagnosis.likeliest().and_then(|cause| cause.fixes().first()) {
    ///     println!("try: {fix}");
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn fixes(&self) -> &[impl fmt::Display + fmt::Debug] {
        &self.fixes
    }

    pub(crate) fn fix_kinds(&self) -> impl Iterator<Item = &FixKind> {
        self.fixes.iter().map(|fix| &fix.kind)
    }

    /// The first fix that does not show an address.
    pub(crate) fn fix_without_address(&self) -> Option<&Fix> {
        self.fixes.iter().find(|fix| !fix.kind.shows_address())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.certainty, self.text)?;
        match self.fixes.first() {
            Some(fix) => write!(f, "; fix: {fix}"),
            None => Ok(()),
        }
    }
}
