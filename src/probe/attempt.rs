//! One attempt of a probe: what it changed and how far it got.

use std::fmt;

use http::StatusCode;

use crate::{
    diagnosis::{Diagnosis, FixKind, HostSource},
    error::Error,
    origin::Origin,
};

use super::{
    attempt_result::AttemptResult, combination::Combination, progress::Progress,
    setting_change::SettingChange,
};

/// The change of an attempt whose Host no origin serves.
const MADE_UP_HOST: &str = "a made-up Host";

/// One attempt of a probe: a connection and a `GET /`.
///
/// Displayed in one line: the change, and how the attempt ended.
///
/// ```no_run
/// # async fn run(findings: cdn_origin::probe::Findings) {
/// for attempt in findings.attempts() {
///     println!("SNI {}: {attempt}", attempt.origin().sni());
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ProbeAttempt {
    pub(super) combination: Combination,
    pub(super) step: Step,
    pub(super) result: AttemptResult,
}

/// How an attempt follows from those before it.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// The configuration as it is.
    Configured,
    /// One difference from the best attempt before it.
    Changed(SettingChange),
    /// The best attempt again, without the change that got further. Its failure may be chance.
    Repeated,
    /// The attempt that works, with a Host that no origin serves. It shows whether Host matters.
    MadeUpHost,
}

impl ProbeAttempt {
    /// Returns the four names of this attempt.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.combination.origin()
    }

    /// Returns the builder code of this attempt, without `.build()`. For an origin from a
    /// configuration file, these are its keys in TOML.
    ///
    /// A call whose value the probe does not know, such as `.verify(..)`, is a comment: keep it as
    /// it is in your code. Check the [certainty](super::Findings::working_certainty) first: an
    /// origin may answer without recognising the Host.
    ///
    /// ```no_run
    /// # async fn run(connector: cdn_origin::CdnOriginConnector) -> Result<(), cdn_origin::Error> {
    /// let findings = cdn_origin::probe(&connector).await?;
    /// if let Some(working) = findings.working() {
    ///     println!("{}\n    .build()?", working.builder_code());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn builder_code(&self) -> String {
        self.combination.to_string()
    }

    /// Returns the difference from the best attempt before this one, in a few words: `SNI
    /// www.example.com`.
    ///
    /// `a made-up Host` for the attempt that shows whether the origin recognises the Host. `None`
    /// for the first attempt, which uses the configuration as it is, and for one that repeats
    /// another without its change, to see whether the failure was chance.
    ///
    /// ```
    /// # fn log(findings: &cdn_origin::probe::Findings) {
    /// for attempt in findings.attempts() {
    ///     let change = attempt.change().unwrap_or_else(|| String::from("as configured"));
    ///     println!("{change}: works={}", attempt.works());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn change(&self) -> Option<String> {
        match &self.step {
            Step::Changed(change) => Some(change.to_string()),
            Step::MadeUpHost => Some(String::from(MADE_UP_HOST)),
            Step::Configured | Step::Repeated => None,
        }
    }

    /// The call that keeps the Host of the attempt before, where it would follow a new SNI.
    pub(super) fn host_to_keep(&self, before: &Self) -> Option<FixKind> {
        let is_configured = before.combination.has_host();
        self.combination.host_to_write().filter(|_| !is_configured)
    }

    /// Whether it repeats the best attempt, without the change that got further.
    pub(super) fn is_repeated(&self) -> bool {
        matches!(self.step, Step::Repeated)
    }

    /// Returns the status of the response, if one was received.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match &self.result {
            AttemptResult::Response(status, ..) => Some(*status),
            AttemptResult::Error(_) => None,
        }
    }

    /// Returns the error, if no response was received.
    ///
    /// ```
    /// # fn log(findings: &cdn_origin::probe::Findings) {
    /// if let Some(error) = findings.best().and_then(|attempt| attempt.error()) {
    ///     println!("{}", error.report());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        match &self.result {
            AttemptResult::Response(..) => None,
            AttemptResult::Error(error) => Some(error),
        }
    }

    /// Returns what was wrong, by this attempt alone: the diagnosis of its response or of its
    /// error.
    ///
    /// Empty if nothing was. [`Findings::diagnosis`](super::Findings::diagnosis) compares all
    /// attempts and is more certain.
    #[must_use]
    pub fn diagnosis(&self) -> Diagnosis {
        match &self.result {
            AttemptResult::Response(_, diagnosis, _) => diagnosis.clone().unwrap_or_default(),
            AttemptResult::Error(error) => error.diagnosis(),
        }
    }

    /// Returns whether names and protocols may be right: the response is no error, or one that a
    /// site has for a `GET /` which reached it.
    ///
    /// The latter are 401, 404 and 405: an API may have nothing at `/`. Any other error, such as a
    /// 403 or a 503, may be a refusal of the Host, and does not count. Neither does an error over
    /// plain http where TLS was configured, or at port 443: a device on the path may have sent it.
    #[must_use]
    pub fn works(&self) -> bool {
        match self.progress() {
            Progress::Success => true,
            Progress::SiteError => self.site_answer().is_some(),
            _ => false,
        }
    }

    /// What the status means if a site has sent it that this request reached; `None` if it is no
    /// error, or may as well be a refusal.
    pub(super) fn site_answer(&self) -> Option<&'static str> {
        match self.status()? {
            StatusCode::UNAUTHORIZED => Some("it requires credentials"),
            StatusCode::NOT_FOUND => Some("it has no page at `/`"),
            StatusCode::METHOD_NOT_ALLOWED => Some("it takes no GET at `/`"),
            _ => None,
        }
    }

    /// The setting that decides its Host.
    pub(super) fn host_source(&self) -> HostSource {
        self.combination.host_source()
    }

    pub(super) fn progress(&self) -> Progress {
        Progress::of(&self.combination, &self.result)
    }
}

impl fmt::Display for ProbeAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.step {
            Step::Changed(change) => write!(f, "{change}: ")?,
            Step::Configured => f.write_str("as configured: ")?,
            Step::Repeated => f.write_str("again without the change: ")?,
            Step::MadeUpHost => write!(f, "{MADE_UP_HOST}: ")?,
        }
        match (&self.step, &self.result) {
            // A cause and a fix would be about a name that is not to be served.
            (Step::MadeUpHost, AttemptResult::Response(status, ..)) => status.as_u16().fmt(f),
            _ => self.result.fmt(f),
        }
    }
}
