//! `ConnectionBudget`: a limit of connections that several pools share.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use crate::error::ReachedLimit;

/// How many times the free connections a pool may hold.
const FREE_SHARE: usize = 4;

/// A limit of the connections of several pools together.
///
/// A pool may open another connection while it holds less than four times what is free ("dynamic
/// threshold"). So one busy pool gets four fifths, two get four ninths each, and some are always
/// free for the next. A pool without a connection may open one in any case.
pub(crate) struct ConnectionBudget {
    max: usize,
    open: AtomicUsize,
    /// Those whose requests wait for it, the longest first.
    waiting: Mutex<VecDeque<Weak<dyn BudgetUser>>>,
}

/// A pool whose requests wait until another one frees a connection of the budget.
pub(crate) trait BudgetUser: Send + Sync {
    /// Whether it waits already.
    fn is_waiting(&self) -> &AtomicBool;

    /// Opens connections for its requests. If some still wait, it joins the queue again.
    fn serve(&self);
}

impl ConnectionBudget {
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            max,
            open: AtomicUsize::new(0),
            waiting: Mutex::default(),
        })
    }

    /// Serves those that wait, as long as connections are free.
    ///
    /// Call it after a connection has closed, without the lock of a pool.
    pub(crate) fn serve_waiting(&self) {
        let count = self.waiting().len();
        for _ in 0..count {
            if self.free() == 0 {
                return;
            }
            // Not in the condition of a loop: the lock would be held while a pool is served.
            let user = self.waiting().pop_front();
            if let Some(user) = user.and_then(|user| user.upgrade()) {
                user.is_waiting().store(false, SeqCst);
                user.serve();
            }
        }
    }

    /// Joins the queue of those that wait. Returns whether a pool with this many connections may
    /// open another one by now.
    pub(crate) fn wait<U: BudgetUser + 'static>(&self, user: &Arc<U>, held: usize) -> bool {
        if !user.is_waiting().swap(true, SeqCst) {
            let user = Arc::downgrade(user);
            self.waiting().push_back(user);
        }
        // Looked at after joining: what was freed before is seen here, and what is freed later
        // serves the queue.
        self.allows(held)
    }

    fn allows(&self, held: usize) -> bool {
        held == 0 || held < self.free().saturating_mul(FREE_SHARE)
    }

    fn free(&self) -> usize {
        self.max.saturating_sub(self.open.load(SeqCst))
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Weak<dyn BudgetUser>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ConnectionBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionBudget")
            .field("max", &self.max)
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}

/// The number of open connections of one pool, counted in its budget.
#[derive(Debug, Default)]
pub(crate) struct OpenConnections {
    count: usize,
    budget: Option<Arc<ConnectionBudget>>,
}

impl OpenConnections {
    pub(crate) fn new(budget: Option<Arc<ConnectionBudget>>) -> Self {
        Self { count: 0, budget }
    }

    pub(crate) fn budget(&self) -> Option<&Arc<ConnectionBudget>> {
        self.budget.as_ref()
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Whether no further connection may be opened.
    pub(crate) fn is_full(&self, max_connections: usize) -> bool {
        self.count >= max_connections || self.is_over_budget()
    }

    /// The limit that is reached, if it is not the pool's own.
    pub(crate) fn reached_limit(&self, max_connections: usize) -> Option<ReachedLimit> {
        let is_of_tenants = self.count < max_connections && self.is_over_budget();
        is_of_tenants.then_some(ReachedLimit::TenantConnections)
    }

    /// Whether a connection may be opened as soon as another pool closes one.
    pub(crate) fn waits_for_budget(&self, max_connections: usize) -> bool {
        self.reached_limit(max_connections).is_some()
    }

    fn is_over_budget(&self) -> bool {
        let budget = self.budget.as_ref();
        budget.is_some_and(|budget| !budget.allows(self.count))
    }

    pub(crate) fn add(&mut self) {
        self.count += 1;
        if let Some(budget) = &self.budget {
            budget.open.fetch_add(1, SeqCst);
        }
    }

    pub(crate) fn remove(&mut self) {
        self.count -= 1;
        if let Some(budget) = &self.budget {
            budget.open.fetch_sub(1, SeqCst);
        }
    }
}

/// Connections that outlive their pool are closing.
impl Drop for OpenConnections {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            budget.open.fetch_sub(self.count, SeqCst);
            budget.serve_waiting();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Opens as many connections as it may.
    fn fill(pool: &mut OpenConnections) -> usize {
        while !pool.is_full(1000) {
            pool.add();
        }
        pool.count()
    }

    #[test]
    fn a_busy_pool_leaves_a_fifth_and_each_pool_gets_one() {
        let budget = ConnectionBudget::new(100);
        let pool = || OpenConnections::new(Some(budget.clone()));
        let mut greedy = pool();
        assert_eq!(fill(&mut greedy), 80);
        let mut next = pool();
        assert_eq!(fill(&mut next), 16);
        let mut others: Vec<_> = (0..10).map(|_| pool()).collect();
        for other in &mut others {
            assert!(fill(other) >= 1);
        }
        // What is given back is for those that hold the least.
        (0..10).for_each(|_| greedy.remove());
        assert!(greedy.is_full(1000) && next.is_full(1000));
        assert!(others.iter().any(|other| !other.is_full(1000)));
        drop((greedy, next, others));
        assert_eq!(fill(&mut pool()), 80);
    }

    #[test]
    fn without_a_budget_the_pools_own_limit_counts() {
        let mut pool = OpenConnections::default();
        assert_eq!(fill(&mut pool), 1000);
    }
}
