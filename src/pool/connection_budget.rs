//! `ConnectionBudget`: a limit of connections that several pools share.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use crate::error::ReachedLimit;

/// How many times the free connections a pool may hold.
const FREE_SHARE: usize = 4;

/// A limit of the connections of several pools together.
///
/// A pool may open another connection while it holds less than four times what is free ("dynamic
/// threshold"). So one busy pool gets four fifths, two get four ninths each, and some are always
/// free for the next. A pool without a connection may open one in any case.
#[derive(Debug)]
pub(crate) struct ConnectionBudget {
    max: usize,
    open: AtomicUsize,
}

impl ConnectionBudget {
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            max,
            open: AtomicUsize::new(0),
        })
    }

    fn allows(&self, held: usize) -> bool {
        let free = self.max.saturating_sub(self.open.load(Relaxed));
        held == 0 || held < free.saturating_mul(FREE_SHARE)
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

    fn is_over_budget(&self) -> bool {
        let budget = self.budget.as_ref();
        budget.is_some_and(|budget| !budget.allows(self.count))
    }

    pub(crate) fn add(&mut self) {
        self.count += 1;
        if let Some(budget) = &self.budget {
            budget.open.fetch_add(1, Relaxed);
        }
    }

    pub(crate) fn remove(&mut self) {
        self.count -= 1;
        if let Some(budget) = &self.budget {
            budget.open.fetch_sub(1, Relaxed);
        }
    }
}

/// Connections that outlive their pool are closing.
impl Drop for OpenConnections {
    fn drop(&mut self) {
        if let Some(budget) = &self.budget {
            budget.open.fetch_sub(self.count, Relaxed);
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
