//! The error of a failed connection or request: opaque, one word wide, clonable.

use std::{fmt, sync::Arc, time::Duration};

use tower::BoxError;

use crate::{
    name::HostAuthority,
    origin::{Origin, Scheme},
};

use super::{
    ErrorKind, ExceededLimit, ExchangeTimeout, Facts, Fault, PeerText, RequestProblem, Stage,
    source_chain::{self, PeerError},
};

/// Why a connection or a request failed.
///
/// `Display` writes one line about this error, such as `TLS handshake with d123.cloudfront.net:443
/// failed: certificate has expired; SNI sent: d123.cloudfront.net`. `source()` returns the error
/// that caused it. Show [`report`](Self::report) to people, and match on [`kind`](Self::kind) in
/// code.
///
/// Texts that the peer chose, such as the names in its certificate, are escaped and shortened
/// throughout the `source()` chain. A source whose text may not be safe to print is replaced by one
/// with a safe text.
///
/// Clones are cheap: they share one allocation.
///
/// ```no_run
/// use cdn_origin::CdnOriginConnector;
/// use tower::ServiceExt;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let connector = CdnOriginConnector::builder("https://www.example.com").build()?;
/// if let Err(error) = connector.oneshot(http::Uri::default()).await {
///     eprintln!("{error}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Error(Arc<ErrorData>);

#[derive(Clone)]
struct ErrorData {
    kind: ErrorKind,
    stage: Stage,
    facts: Facts,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, stage: Stage, facts: Facts) -> Self {
        Self::with_optional_source(kind, stage, facts, None)
    }

    /// The error of a request that is not forwarded.
    pub(crate) fn refused(kind: ErrorKind) -> Self {
        Self::new(kind, Stage::Prepare, Facts::default())
    }

    /// The error of a request that is refused because of its size.
    pub(crate) fn too_large(
        problem: RequestProblem,
        stage: Stage,
        exceeded: ExceededLimit,
    ) -> Self {
        let facts = Facts {
            exceeded: Some(exceeded),
            ..Facts::default()
        };
        Self::new(ErrorKind::Request(problem), stage, facts)
    }

    pub(crate) fn with_source(
        kind: ErrorKind,
        stage: Stage,
        facts: Facts,
        source: impl Into<BoxError>,
    ) -> Self {
        Self::with_optional_source(kind, stage, facts, Some(source.into()))
    }

    pub(crate) fn with_optional_source(
        kind: ErrorKind,
        stage: Stage,
        facts: Facts,
        source: Option<BoxError>,
    ) -> Self {
        // Before the handshake, no text contains anything that the peer chose.
        let source = match stage < Stage::Handshake {
            true => source,
            false => source.map(PeerError::guard),
        };
        Self(Arc::new(ErrorData {
            kind,
            stage,
            facts,
            source: source.map(Arc::from),
        }))
    }

    /// Adds the `Host` of the failed request, and the origin if the error has none.
    pub(crate) fn about(mut self, host: HostAuthority, origin: &Arc<Origin>) -> Self {
        let facts = &mut Arc::make_mut(&mut self.0).facts;
        facts.host = Some(host);
        facts.origin.get_or_insert_with(|| origin.clone());
        self
    }

    /// Adds whether the request had content of unknown length.
    pub(crate) fn of_upload(mut self, is_chunked: bool) -> Self {
        Arc::make_mut(&mut self.0).facts.chunked = is_chunked;
        self
    }

    /// Adds that the connection had served another request before.
    pub(crate) fn on_reused(mut self) -> Self {
        let facts = &mut Arc::make_mut(&mut self.0).facts;
        facts.reused = true;
        // They may be content of another response.
        facts.first_bytes.clear();
        self
    }

    /// Adds how long the connection had been idle.
    pub(crate) fn after_idle(mut self, time: Duration) -> Self {
        Arc::make_mut(&mut self.0).facts.idle = Some(time);
        self
    }

    /// Adds that the origin had answered before.
    pub(crate) fn after_answers(mut self) -> Self {
        Arc::make_mut(&mut self.0).facts.answered_before = true;
        self
    }

    /// Finds the first error of this type in the `source()` chain of `error`, including `error`
    /// itself.
    ///
    /// It also looks inside every `io::Error` on the way, because `io::Error::source()` skips the
    /// error that it wraps.
    ///
    /// ```
    /// use cdn_origin::Error;
    ///
    /// let other = std::io::Error::other("not ours");
    /// assert!(Error::find_in(&other).is_none());
    ///
    /// // A boxed error is passed by `&*`.
    /// fn report(error: Box<dyn std::error::Error + Send + Sync>) {
    ///     if let Some(error) = Error::find_in(&*error) {
    ///         eprintln!("{}", error.report());
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn find_in<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        source_chain::find(error)
    }

    /// Returns what failed, for code to match on.
    ///
    /// ```
    /// use cdn_origin::{Error, ErrorKind};
    ///
    /// fn is_certificate(error: &Error) -> bool {
    ///     matches!(error.kind(), ErrorKind::Certificate(_))
    /// }
    ///
    /// fn log(error: &Error) {
    ///     if error.kind() == ErrorKind::TimedOut {
    ///         println!("{} took longer than {:?}", error.stage(), error.facts().deadline());
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns how far the attempt got.
    ///
    /// ```
    /// use cdn_origin::{Error, error::Stage};
    ///
    /// fn reached_origin(error: &Error) -> bool {
    ///     error.stage() >= Stage::Handshake
    /// }
    /// ```
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.0.stage
    }

    /// Returns the side to look at first: client, configuration, network or origin.
    ///
    /// ```
    /// use cdn_origin::{Error, error::Fault};
    ///
    /// fn level(error: &Error) -> tracing::Level {
    ///     match error.fault() {
    ///         Fault::Client => tracing::Level::DEBUG,
    ///         _ => tracing::Level::WARN,
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.0.kind.fault(self.0.stage, self.0.facts.timeout)
    }

    /// Returns everything that was observed until the failure.
    ///
    /// ```
    /// fn log(error: &cdn_origin::Error) {
    ///     for attempt in error.facts().attempts() {
    ///         println!("tried {attempt}");
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.0.facts
    }

    fn fmt_stage(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.0.stage {
            Stage::Prepare => return f.write_str("request cannot be sent: "),
            Stage::Resolve => "DNS lookup of",
            Stage::Dial => "connection to",
            Stage::Handshake => "TLS handshake with",
            Stage::Send => "request to",
            Stage::Receive => "response from",
        };
        match self.0.facts.origin() {
            Some(origin) => write!(f, "{stage} {} failed: ", origin.dial()),
            None => write!(f, "{stage} the origin failed: "),
        }
    }

    fn fmt_names(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(origin) = self.0.facts.origin() else {
            return Ok(());
        };
        if self.0.stage == Stage::Handshake && origin.scheme() == Scheme::Https {
            write!(f, "; SNI sent: {}", origin.sni())?;
        }
        if let Some(trusted) = &self.0.facts.trusted {
            write!(f, "; trusted: {trusted}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_stage(f)?;
        let facts = &self.0.facts;
        match (self.0.kind, facts.alert, facts.deadline) {
            (ErrorKind::AlertReceived, Some(alert), _) => write!(f, "origin sent {alert}")?,
            // The client was expected to send (`ErrorKind::fault`).
            (ErrorKind::TimedOut, _, Some(deadline)) if self.0.stage == Stage::Send => {
                write!(f, "client sent nothing for {deadline:?}")?;
            }
            (ErrorKind::TimedOut, _, Some(deadline))
                if facts.timeout == ExchangeTimeout::Client =>
            {
                let verb = match self.0.stage {
                    Stage::Prepare => "cannot be met",
                    _ => "passed",
                };
                write!(f, "client's deadline of {deadline:?} {verb}")?;
            }
            (ErrorKind::TimedOut, _, Some(deadline))
                if facts.timeout == ExchangeTimeout::BodyIdle =>
            {
                write!(f, "no data for {deadline:?}")?;
            }
            (ErrorKind::TimedOut, _, Some(deadline)) => {
                write!(f, "deadline of {deadline:?} passed")?;
            }
            (ErrorKind::TimedOut, ..) if facts.timeout == ExchangeTimeout::Library => {
                f.write_str("the HTTP client's own timeout passed")?;
            }
            (kind, Some(alert), _) => write!(f, "{kind} ({alert})")?,
            (kind, ..) => write!(f, "{kind}")?,
        }
        if let Some(exceeded) = &facts.exceeded {
            write!(f, ": {exceeded}")?;
        }
        if let Some(status) = facts.status {
            write!(f, " ({})", status.as_u16())?;
        }
        if let Some(frame) = &facts.last_frame {
            write!(f, " ({frame})")?;
        }
        if let Some(why) = facts.not_retried {
            write!(f, "; request is not sent again: {why}")?;
        }
        self.fmt_names(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 320;
        let source = self.0.source.as_ref();
        let source = source.map(|source| PeerText::new(format_args!("{source:?}"), LONGEST));
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("stage", &self.0.stage)
            .field("message", &self.to_string())
            .field("source", &source)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}
