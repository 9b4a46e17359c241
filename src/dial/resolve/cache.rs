//! The DNS cache: answers, failures, and running look-ups that connections share.
//!
//! `cached_answers.rs` decides how long an answer is fresh, and then stale.

use std::{
    collections::HashMap,
    fmt,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::{
    runtime::{Handle, Id},
    time::{Instant, timeout_at},
};

use super::{
    DnsCache, Families, FixedNames, Lookup, Resolve, ResolveError, Resolved,
    cached_answers::{Cached, CachedAnswer, CachedAnswers},
};

/// The maximum number of cached names.
pub(super) const MAX_NAMES: usize = 1024;
/// A look-up older than that is abandoned, and the next connection starts a new one.
pub(crate) const MAX_LOOKUP_AGE: Duration = Duration::from_secs(30);
/// A connection does not wait longer for a look-up if there is a stale answer: the client response
/// timer of RFC 8767 section 5.
pub(crate) const CLIENT_RESPONSE_TIMER: Duration = Duration::from_millis(1800);

/// The resolver and the cached answers. Clones share them.
#[derive(Clone)]
pub(crate) struct DnsCacheStore(Arc<CacheState>);

struct CacheState {
    resolver: Arc<dyn Resolve>,
    fixed: FixedNames,
    settings: DnsCache,
    entries: Mutex<HashMap<Lookup, CacheEntry>>,
}

/// The cached answers and the running look-up of one name.
#[derive(Default)]
struct CacheEntry {
    answers: CachedAnswers,
    running: Option<RunningLookup>,
}

/// A look-up that has started.
#[derive(Clone)]
struct RunningLookup {
    outcome: Shared<BoxFuture<'static, LookupResult>>,
    began: Instant,
    /// Where its tasks, sockets and timers are. It fails when that shuts down.
    runtime: Option<Id>,
    /// No connection polled it for a while. A failure may be a timeout that passed meanwhile.
    was_abandoned: bool,
}

impl RunningLookup {
    fn is_usable(&self, now: Instant) -> bool {
        now.duration_since(self.began) < MAX_LOOKUP_AGE
    }

    fn is_here(&self) -> bool {
        self.runtime == current_runtime()
    }

    /// Whether no connection waits for it: the cache has the only handle.
    fn is_abandoned(&self) -> bool {
        self.outcome.strong_count() == Some(1)
    }
}

impl CacheEntry {
    /// The running look-up, if connections may wait for it.
    fn running(&mut self, now: Instant) -> Option<&RunningLookup> {
        let running = self.running.as_mut();
        let running = running.filter(|it| it.is_usable(now) && it.is_here())?;
        running.was_abandoned |= running.is_abandoned();
        Some(running)
    }

    fn is_usable(&self, now: Instant) -> bool {
        let running = self.running.as_ref();
        running.is_some_and(|it| it.is_usable(now)) || !self.answers.has_expired(now)
    }

    /// When it was last looked up or answered.
    fn last_used(&self) -> Option<Instant> {
        let started = self.running.as_ref().map(|running| running.began);
        started.max(self.answers.received_at())
    }
}

type LookupResult = Result<Arc<Resolved>, ResolveError>;

/// What the cache has for a name.
enum CacheLookup {
    /// A cached answer, or a cached failure.
    Known(Result<DnsAnswer, ResolveError>),
    /// A look-up to wait for.
    Running(RunningLookup),
}

/// Whether a cached answer may be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Freshness {
    Cached {
        /// The age of a look-up from which on a stale answer is used in its place.
        stale_after: Duration,
    },
    Refreshed,
}

impl Freshness {
    fn stale_after(self) -> Duration {
        match self {
            Self::Cached { stale_after } => stale_after,
            Self::Refreshed => MAX_LOOKUP_AGE,
        }
    }
}

/// An answer with its age.
#[derive(Clone, Debug)]
pub(crate) struct DnsAnswer {
    pub(crate) resolved: Arc<Resolved>,
    /// The time since it was received.
    pub(crate) age: Duration,
    pub(crate) stale: bool,
    /// Whether a look-up may be repeated before the TTL ends.
    pub(crate) may_refresh: bool,
}

impl DnsCacheStore {
    pub(crate) fn new(resolver: Arc<dyn Resolve>, fixed: FixedNames, settings: DnsCache) -> Self {
        Self(Arc::new(CacheState {
            resolver,
            fixed,
            settings,
            entries: Mutex::default(),
        }))
    }

    /// Whether IPv4 and IPv6 addresses are looked up separately.
    pub(crate) fn splits_families(&self) -> bool {
        self.0.resolver.splits_families()
    }

    /// The addresses of a name, from the cache or the resolver.
    pub(crate) async fn resolve(
        self,
        lookup: Lookup,
        freshness: Freshness,
    ) -> Result<DnsAnswer, ResolveError> {
        if let Some(resolved) = self.0.fixed.get(lookup.name()) {
            let resolved = usable(resolved, &lookup)?;
            return Ok(DnsAnswer::fresh(Arc::new(resolved)));
        }
        let (mut outcome, was_abandoned) = self.look_up(&lookup, freshness).await;
        if outcome.is_err() && was_abandoned {
            (outcome, _) = self.look_up(&lookup, freshness).await;
        }
        outcome.or_else(|error| self.stale_answer(&lookup).ok_or(error))
    }

    /// The cached or looked-up answer, and whether the look-up was abandoned for a while.
    async fn look_up(
        &self,
        lookup: &Lookup,
        freshness: Freshness,
    ) -> (Result<DnsAnswer, ResolveError>, bool) {
        let running = match self.known_or_running(lookup, freshness) {
            CacheLookup::Known(known) => return (known, false),
            CacheLookup::Running(running) => running,
        };
        let outcome = match self.stale_answer(lookup) {
            // Each caller polls the look-up at least once, so it goes on without a waiter.
            Some(stale) => {
                let until = running.began + freshness.stale_after();
                match timeout_at(until, running.outcome).await {
                    Ok(outcome) => outcome,
                    // If it leads nowhere, a refresh waits for the same look-up.
                    Err(_elapsed) => return (Ok(stale.refreshable()), false),
                }
            }
            None => running.outcome.await,
        };
        (outcome.map(DnsAnswer::fresh), running.was_abandoned)
    }

    /// The cached answer, or the look-up to wait for.
    fn known_or_running(&self, lookup: &Lookup, freshness: Freshness) -> CacheLookup {
        let now = Instant::now();
        let mut entries = self.0.lock();
        make_room(&mut entries, lookup, now);
        let entry = entries.entry(lookup.clone()).or_default();
        let may_refresh = entry.answers.may_refresh(now);
        if (freshness != Freshness::Refreshed || !may_refresh)
            && let Some(known) = entry.answers.read(now)
        {
            let answer = |kept: CachedAnswer| Ok(DnsAnswer::kept(&kept, now, may_refresh));
            return CacheLookup::Known(match known {
                Cached::Fresh(kept) | Cached::Stale(kept) => answer(kept),
                Cached::Failure(error) => Err(error),
            });
        }
        if let Some(running) = entry.running(now) {
            return CacheLookup::Running(running.clone());
        }
        if freshness == Freshness::Refreshed {
            entry.answers.note_refresh(now);
        }
        let running = self.start(lookup.clone(), freshness, now);
        entry.running = Some(running.clone());
        CacheLookup::Running(running)
    }

    /// Starts a look-up. It stores its result, whichever of its waiters polls it to the end.
    fn start(&self, lookup: Lookup, freshness: Freshness, began: Instant) -> RunningLookup {
        let cache = Arc::downgrade(&self.0);
        let resolver = self.0.resolver.clone();
        let task = async move {
            let resolving = async { resolver.resolve(&lookup).await };
            let outcome = AssertUnwindSafe(resolving).catch_unwind().await;
            let outcome = outcome
                .unwrap_or_else(|_| Err(ResolveError::failed("the resolver panicked")))
                .and_then(|resolved| usable(resolved, &lookup))
                .map(Arc::new);
            if let Some(cache) = Weak::upgrade(&cache) {
                cache.write(&lookup, &outcome, freshness, began);
            }
            outcome
        };
        RunningLookup {
            outcome: task.boxed().shared(),
            began,
            runtime: current_runtime(),
            was_abandoned: false,
        }
    }

    /// The answer to use after a look-up that has failed or takes too long.
    fn stale_answer(&self, lookup: &Lookup) -> Option<DnsAnswer> {
        let now = Instant::now();
        let kept = self.0.lock().get(lookup)?.answers.stale(now)?;
        Some(DnsAnswer::kept(&kept, now, false))
    }
}

impl CacheState {
    fn lock(&self) -> MutexGuard<'_, HashMap<Lookup, CacheEntry>> {
        // No code that holds the lock can panic halfway through a change.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores the result of the look-up that began then, unless it was removed meanwhile.
    fn write(&self, lookup: &Lookup, outcome: &LookupResult, freshness: Freshness, began: Instant) {
        let now = Instant::now();
        let mut entries = self.lock();
        let Some(entry) = entries.get_mut(lookup) else {
            return;
        };
        let Some(running) = entry.running.take_if(|running| running.began == began) else {
            return;
        };
        if outcome.is_err() && running.was_abandoned {
            return;
        }
        entry.answers.write(now, outcome, &self.settings);
        if freshness == Freshness::Refreshed {
            entry.answers.note_refresh(now);
        }
    }
}

impl DnsAnswer {
    pub(crate) fn fresh(resolved: Arc<Resolved>) -> Self {
        Self {
            resolved,
            age: Duration::ZERO,
            stale: false,
            may_refresh: false,
        }
    }

    /// The family that is missing: its query has failed or was late.
    pub(crate) fn unanswered(&self) -> Option<Families> {
        self.resolved.unanswered
    }

    fn refreshable(self) -> Self {
        Self {
            may_refresh: true,
            ..self
        }
    }

    fn kept(kept: &CachedAnswer, now: Instant, may_refresh: bool) -> Self {
        Self {
            resolved: kept.resolved.clone(),
            age: now.duration_since(kept.received_at),
            stale: kept.is_stale(now),
            may_refresh,
        }
    }
}

fn current_runtime() -> Option<Id> {
    Handle::try_current().ok().map(|runtime| runtime.id())
}

/// The answer without duplicates and addresses of unwanted families.
fn usable(mut resolved: Resolved, lookup: &Lookup) -> Result<Resolved, ResolveError> {
    let mut seen = Vec::with_capacity(resolved.addresses.len());
    for mut address in std::mem::take(&mut resolved.addresses) {
        if address.port() == 0 {
            address.set_port(lookup.port());
        }
        if lookup.families().include(address.ip()) && !seen.contains(&address) {
            seen.push(address);
        }
    }
    if seen.is_empty() {
        let why = "the answer has no address of a wanted family";
        return Err(ResolveError::not_found(why));
    }
    resolved.addresses = seen;
    Ok(resolved)
}

/// Makes room for one more name.
fn make_room(entries: &mut HashMap<Lookup, CacheEntry>, lookup: &Lookup, now: Instant) {
    if entries.len() < MAX_NAMES || entries.contains_key(lookup) {
        return;
    }
    entries.retain(|_, entry| entry.is_usable(now));
    if entries.len() == MAX_NAMES {
        let oldest = entries.iter().min_by_key(|(_, entry)| entry.last_used());
        let oldest = oldest.map(|(lookup, _)| lookup.clone());
        oldest.and_then(|lookup| entries.remove(&lookup));
    }
}

impl fmt::Debug for DnsCacheStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DnsCacheStore")
            .field("fixed", &self.0.fixed)
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}
