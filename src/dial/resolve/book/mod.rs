//! The book of names: answers that are kept, look-ups that several wait for.

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
use tokio::time::Instant;

use super::{
    DnsCache, FixedNames, Lookup, Questions, Resolve, ResolveError, Resolved,
    entry::{Entry, Kept, Known},
};

/// How many names are kept.
const MOST: usize = 1024;
/// A look-up that has not ended by then is forgotten: the next one starts anew.
const LONGEST_LOOKUP: Duration = Duration::from_secs(30);

/// Names, their addresses, and whom to ask. Clones share it.
#[derive(Clone)]
pub(crate) struct Book(Arc<Inner>);

struct Inner {
    resolver: Arc<dyn Resolve>,
    fixed: FixedNames,
    settings: DnsCache,
    pages: Mutex<HashMap<Lookup, Page>>,
}

#[derive(Default)]
struct Page {
    entry: Entry,
    running: Option<Running>,
}

/// The last look-up.
#[derive(Clone)]
struct Running {
    outcome: Shared<BoxFuture<'static, Outcome>>,
    began: Instant,
    /// For a while nobody waited for it, so that it stood still. If it fails, that may be because
    /// its own time passed meanwhile.
    was_left: bool,
}

impl Running {
    fn is_of_use(&self, now: Instant) -> bool {
        now.duration_since(self.began) < LONGEST_LOOKUP
    }

    /// Whether nobody waits for it: the book has the only handle.
    fn is_left(&self) -> bool {
        self.outcome.strong_count() == Some(1)
    }
}

impl Page {
    /// The look-up that others may wait for.
    fn running(&mut self, now: Instant) -> Option<&Running> {
        let running = self.running.as_mut().filter(|it| it.is_of_use(now))?;
        running.was_left |= running.is_left();
        Some(running)
    }

    fn is_of_use(&self, now: Instant) -> bool {
        let running = self.running.as_ref();
        running.is_some_and(|it| it.is_of_use(now)) || !self.entry.is_over(now)
    }

    /// When it was last asked about, or told.
    fn last_used(&self) -> Option<Instant> {
        let asked = self.running.as_ref().map(|running| running.began);
        asked.max(self.entry.told_at())
    }
}

type Outcome = Result<Arc<Resolved>, ResolveError>;

/// Whether an answer that is kept will do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Freshness {
    Kept,
    Asked,
}

/// An answer, and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) resolved: Arc<Resolved>,
    /// How long ago it was told.
    pub(crate) age: Duration,
    pub(crate) stale: bool,
    /// Whether asking again could tell something else.
    pub(crate) may_be_asked_again: bool,
}

impl Book {
    pub(crate) fn new(resolver: Arc<dyn Resolve>, fixed: FixedNames, settings: DnsCache) -> Self {
        Self(Arc::new(Inner {
            resolver,
            fixed,
            settings,
            pages: Mutex::default(),
        }))
    }

    pub(crate) fn questions(&self) -> Questions {
        self.0.resolver.questions()
    }

    /// The addresses of a name, from the book or from the resolver.
    pub(crate) async fn ask(
        self,
        lookup: Lookup,
        freshness: Freshness,
    ) -> Result<Answer, ResolveError> {
        if let Some(resolved) = self.0.fixed.get(lookup.name()) {
            let resolved = of_use(resolved, &lookup)?;
            return Ok(Answer::just_told(Arc::new(resolved)));
        }
        let (mut outcome, was_left) = self.look_up(&lookup, freshness).await;
        if outcome.is_err() && was_left {
            (outcome, _) = self.look_up(&lookup, freshness).await;
        }
        outcome.or_else(|error| self.last(&lookup).ok_or(error))
    }

    /// What is known, or what a look-up tells; and whether that one was left meanwhile.
    async fn look_up(
        &self,
        lookup: &Lookup,
        freshness: Freshness,
    ) -> (Result<Answer, ResolveError>, bool) {
        match self.known_or_running(lookup, freshness) {
            Ok(known) => (known, false),
            Err(running) => {
                let outcome = running.outcome.await;
                (outcome.map(Answer::just_told), running.was_left)
            }
        }
    }

    /// What is known, or the look-up that will tell.
    fn known_or_running(
        &self,
        lookup: &Lookup,
        freshness: Freshness,
    ) -> Result<Result<Answer, ResolveError>, Running> {
        let now = Instant::now();
        let mut pages = self.0.lock();
        make_room(&mut pages, lookup, now);
        let page = pages.entry(lookup.clone()).or_default();
        let again = page.entry.may_be_asked_again(now);
        if (freshness == Freshness::Kept || !again)
            && let Some(known) = page.entry.read(now)
        {
            let answer = |kept: Kept| Ok(Answer::kept(&kept, now, again));
            return Ok(match known {
                Known::Answer(kept) | Known::Stale(kept) => answer(kept),
                Known::Failure(error) => Err(error),
            });
        }
        if let Some(running) = page.running(now) {
            return Err(running.clone());
        }
        if freshness == Freshness::Asked {
            page.entry.settle(now);
        }
        let running = self.start(lookup.clone(), freshness, now);
        page.running = Some(running.clone());
        Err(running)
    }

    /// A look-up that writes its outcome down, whoever of those who wait for it is there to see it
    /// end.
    fn start(&self, lookup: Lookup, freshness: Freshness, began: Instant) -> Running {
        let book = Arc::downgrade(&self.0);
        let resolver = self.0.resolver.clone();
        let looking = async move {
            let asked = async { resolver.resolve(&lookup).await };
            let outcome = AssertUnwindSafe(asked).catch_unwind().await;
            let outcome = outcome
                .unwrap_or_else(|_| Err(ResolveError::failed("the resolver panicked")))
                .and_then(|resolved| of_use(resolved, &lookup))
                .map(Arc::new);
            if let Some(book) = Weak::upgrade(&book) {
                book.write(&lookup, &outcome, freshness, began);
            }
            outcome
        };
        Running {
            outcome: looking.boxed().shared(),
            began,
            was_left: false,
        }
    }

    /// The last answer, where asking just failed.
    fn last(&self, lookup: &Lookup) -> Option<Answer> {
        let now = Instant::now();
        let kept = self.0.lock().get(lookup)?.entry.stale(now)?;
        Some(Answer::kept(&kept, now, false))
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, HashMap<Lookup, Page>> {
        // No code that holds the lock can panic halfway through a change.
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down what came of the look-up that began then, unless it was forgotten meanwhile.
    fn write(&self, lookup: &Lookup, outcome: &Outcome, freshness: Freshness, began: Instant) {
        let now = Instant::now();
        let mut pages = self.lock();
        let Some(page) = pages.get_mut(lookup) else {
            return;
        };
        let Some(running) = page.running.take_if(|running| running.began == began) else {
            return;
        };
        if outcome.is_err() && running.was_left {
            return;
        }
        page.entry.write(now, outcome, &self.settings);
        if freshness == Freshness::Asked {
            page.entry.settle(now);
        }
    }
}

impl Answer {
    pub(crate) fn just_told(resolved: Arc<Resolved>) -> Self {
        Self {
            resolved,
            age: Duration::ZERO,
            stale: false,
            may_be_asked_again: false,
        }
    }

    fn kept(kept: &Kept, now: Instant, again: bool) -> Self {
        Self {
            resolved: kept.resolved.clone(),
            age: now.duration_since(kept.told_at),
            stale: kept.is_stale(now),
            may_be_asked_again: again,
        }
    }
}

/// The answer without addresses that were not asked for, and without those that stand in it twice.
fn of_use(mut resolved: Resolved, lookup: &Lookup) -> Result<Resolved, ResolveError> {
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
        let why = "the answer holds no address of a family that is asked for";
        return Err(ResolveError::not_found(why));
    }
    resolved.addresses = seen;
    Ok(resolved)
}

/// Makes room for one more name.
fn make_room(pages: &mut HashMap<Lookup, Page>, lookup: &Lookup, now: Instant) {
    if pages.len() < MOST || pages.contains_key(lookup) {
        return;
    }
    pages.retain(|_, page| page.is_of_use(now));
    if pages.len() == MOST {
        let oldest = pages.iter().min_by_key(|(_, page)| page.last_used());
        let oldest = oldest.map(|(lookup, _)| lookup.clone());
        oldest.and_then(|lookup| pages.remove(&lookup));
    }
}

impl fmt::Debug for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Book")
            .field("fixed", &self.0.fixed)
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
