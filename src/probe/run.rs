//! The probe itself: attempts in turn, within limits.

use std::{fmt, sync::Arc, time::Duration};

use http::{
    HeaderValue, Method, Request,
    header::{ACCEPT_ENCODING, USER_AGENT},
    uri::PathAndQuery,
};
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep, timeout_at},
};

use crate::{
    connector::{CdnOriginBuilder, CdnOriginConnector},
    diagnosis::{Diagnosis, ResponseEvidence},
    error::{Error, ErrorKind, Facts, Stage},
    name::DnsName,
    pool::{OriginPool, PoolSettings, Target},
    response_diagnosis::{PeekedBody, examine},
    upload::RequestBody,
};

use super::{Change, Combination, Findings, ProbeAttempt, ProbeOutcome, attempt::Reach, search};

/// What stands for a deadline that no clock can hold.
const FAR_AWAY: Duration = Duration::from_secs(50 * 365 * 24 * 3600);

/// A probe that is about to start.
///
/// | call | default |
/// |---|---|
/// | [`try_name`](Self::try_name) | the names that the connector knows |
/// | [`most_attempts`](Self::most_attempts) | 19 |
/// | [`pause`](Self::pause) | 200 ms between two attempts |
/// | [`within`](Self::within) | 60 s for everything |
/// | [`response_timeout`](Self::response_timeout) | 10 s |
/// | [`watch`](Self::watch) | nobody is told while it runs |
#[must_use = "a probe does nothing until it is run"]
pub struct Probe {
    connector: CdnOriginConnector,
    told: Vec<DnsName>,
    most_attempts: usize,
    pause: Duration,
    within: Duration,
    response_timeout: Duration,
    watch: Arc<dyn Fn(&ProbeAttempt) + Send + Sync>,
}

impl Probe {
    /// A probe of this connector's origin.
    pub fn of(connector: &CdnOriginConnector) -> Self {
        Self {
            connector: connector.clone(),
            told: Vec::new(),
            most_attempts: 19,
            pause: Duration::from_millis(200),
            within: Duration::from_secs(60),
            response_timeout: Duration::from_secs(10),
            watch: Arc::new(|_| {}),
        }
    }

    /// Tries this name in SNI and Host before those that the connector knows.
    pub fn try_name(mut self, name: DnsName) -> Self {
        self.told.push(name);
        self
    }

    /// Makes as many attempts at most. Zero counts as one.
    pub fn most_attempts(mut self, count: usize) -> Self {
        self.most_attempts = count.max(1);
        self
    }

    /// Waits so long between two attempts.
    pub fn pause(mut self, time: Duration) -> Self {
        self.pause = time;
        self
    }

    /// Begins no attempt, and waits for none, when so much time has passed.
    pub fn within(mut self, time: Duration) -> Self {
        self.within = time;
        self
    }

    /// Bounds the wait for the response of one attempt. Connecting is bounded by the connector.
    pub fn response_timeout(mut self, deadline: Duration) -> Self {
        self.response_timeout = deadline;
        self
    }

    /// Tells this function of every attempt as soon as it is over.
    pub fn watch(mut self, watcher: impl Fn(&ProbeAttempt) + Send + Sync + 'static) -> Self {
        self.watch = Arc::new(watcher);
        self
    }

    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the connector has no fixed origin.
    pub async fn run(self) -> Result<Findings, Error> {
        let Some(configured) = Combination::of(&self.connector) else {
            return Err(Error::refused(ErrorKind::UnsupportedUri));
        };
        let connector = self.connector.clone();
        let builder = aside(move || connector.to_builder().with_loaded_roots()).await;
        let builder = builder.unwrap_or_else(|| self.connector.to_builder());
        let mut search = Search::new(&self, builder);
        search.attempt(configured, None).await;
        while search.best().is_some_and(|best| best.reach() < Reach::Fine) {
            if !search.step().await {
                break;
            }
        }
        Ok(search.found())
    }

    /// One connection and one request.
    async fn ask(
        &self,
        builder: CdnOriginBuilder,
        combination: &Combination,
    ) -> Result<ProbeOutcome, Error> {
        let origin = combination.origin();
        let builder = combination.applied_to(builder).without_advice();
        let Some(Ok(connector)) = aside(move || builder.build()).await else {
            // The values are those of a connector that was built: what is left is a group that the
            // provider does not have.
            return Err(Error::refused(ErrorKind::TlsProtocol));
        };
        let host = origin.host();
        let path = PathAndQuery::from_static("/");
        let target = Target::of(&origin, host.clone(), path.clone());
        let pool = OriginPool::new(connector, PoolSettings::default());
        let sent = pool
            .send(
                pool.visit()?,
                &mut request(),
                &target,
                self.response_timeout,
            )
            .await;
        let (response, _lease) = sent?;
        let (head, body) = response.into_parts();
        let evidence = ResponseEvidence::new(&origin, host, head.status, &head.headers)
            .request(&Method::GET, &path);
        let diagnosis = examine(evidence, &mut PeekedBody::new(body)).await;
        Ok(ProbeOutcome::Answered(head.status, diagnosis))
    }
}

/// The attempts so far.
struct Search<'a> {
    probe: &'a Probe,
    /// What the connector was built with.
    builder: CdnOriginBuilder,
    end: Instant,
    attempts: Vec<ProbeAttempt>,
    best: usize,
    /// What got further, and from where.
    steps: Vec<(Combination, Change)>,
}

impl<'a> Search<'a> {
    fn new(probe: &'a Probe, builder: CdnOriginBuilder) -> Self {
        let now = Instant::now();
        Self {
            probe,
            builder,
            end: now + probe.within.min(FAR_AWAY),
            attempts: Vec::new(),
            best: 0,
            steps: Vec::new(),
        }
    }

    fn best(&self) -> Option<&ProbeAttempt> {
        self.attempts.get(self.best)
    }

    /// Tries the changes to the best attempt until one gets further. Whether one did.
    async fn step(&mut self) -> bool {
        let Some(best) = self.best().cloned() else {
            return false;
        };
        for change in search::changes(&best, &self.probe.told) {
            let combination = best.combination.with(&change);
            let is_known = self
                .attempts
                .iter()
                .any(|past| past.combination == combination);
            if is_known {
                continue;
            }
            if self.attempts.len() >= self.probe.most_attempts {
                return false;
            }
            sleep(self.probe.pause).await;
            if Instant::now() >= self.end {
                return false;
            }
            let reach = self.attempt(combination, Some(change.clone())).await;
            if reach > best.reach() {
                self.best = self.attempts.len() - 1;
                self.steps.push((best.combination, change));
                return true;
            }
        }
        false
    }

    async fn attempt(&mut self, combination: Combination, change: Option<Change>) -> Reach {
        let asking = self.probe.ask(self.builder.clone(), &combination);
        let outcome = timeout_at(self.end, asking).await;
        let outcome = match outcome {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => ProbeOutcome::Failed(about(error, &combination)),
            Err(_elapsed) => ProbeOutcome::Failed(self.out_of_time(&combination)),
        };
        let attempt = ProbeAttempt {
            combination,
            change,
            outcome,
        };
        (self.probe.watch)(&attempt);
        let reach = attempt.reach();
        self.attempts.push(attempt);
        reach
    }

    fn out_of_time(&self, combination: &Combination) -> Error {
        let facts = Facts::default().after(self.probe.within);
        about(
            Error::new(ErrorKind::TimedOut, Stage::Receive, facts),
            combination,
        )
    }

    fn found(self) -> Findings {
        let steps = self.steps.iter();
        let causes: Vec<_> = steps.map(|(before, change)| change.cause(before)).collect();
        let remaining = self.best().map(|best| self.remaining(best));
        let remaining = remaining.unwrap_or_default();
        let (diagnosis, remaining) = match causes.is_empty() {
            true => (remaining, Diagnosis::default()),
            false => (Diagnosis::ranked(causes), remaining),
        };
        Findings {
            connector: self.probe.connector.clone(),
            attempts: self.attempts,
            best: self.best,
            diagnosis,
            remaining,
        }
    }

    /// What may still be wrong with the best attempt, without the fixes that were tried on it: none
    /// of them got further.
    fn remaining(&self, best: &ProbeAttempt) -> Diagnosis {
        let diagnosis = match &best.outcome {
            ProbeOutcome::Answered(_, diagnosis) => diagnosis.clone().unwrap_or_default(),
            ProbeOutcome::Failed(error) => error.diagnosis(),
        };
        diagnosis.without(|fix| {
            let tried = search::change_by(fix).map(|change| best.combination.with(&change));
            let mut past = self.attempts.iter();
            tried.is_some_and(|tried| past.any(|past| past.combination == tried))
        })
    }
}

/// Does what reads files on a thread for such; nothing if the runtime is being shut down.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    spawn_blocking(work).await.ok()
}

fn about(error: Error, combination: &Combination) -> Error {
    let origin = Arc::new(combination.origin());
    error.about(origin.host().clone(), &origin)
}

fn request() -> Request<RequestBody> {
    let mut request = Request::new(RequestBody::default());
    let headers = request.headers_mut();
    // A compressed page cannot be read.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let agent = concat!("cdn-origin-probe/", env!("CARGO_PKG_VERSION"));
    headers.insert(USER_AGENT, HeaderValue::from_static(agent));
    request
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe")
            .field("connector", &self.connector)
            .field("told", &self.told)
            .field("most_attempts", &self.most_attempts)
            .field("pause", &self.pause)
            .finish_non_exhaustive()
    }
}
