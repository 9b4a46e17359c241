//! `BudgetedRetry`: a retry in flight, which the pool's `RetryBudget` counts until it is dropped.

use std::sync::Arc;

use crate::pool::shared_pool::SharedPool;

/// A retry that is in flight, as the budget counts it.
pub(crate) struct BudgetedRetry(Arc<SharedPool>);

impl BudgetedRetry {
    /// Begins a retry, if the budget allows it.
    pub(crate) fn begin(pool: &Arc<SharedPool>) -> Option<Self> {
        let budget = pool.settings().retry_budget;
        let is_allowed = pool.with(|inventory| inventory.retry_window.begin(budget));
        is_allowed.then(|| Self(pool.clone()))
    }

    /// Begins a retry whatever the share of retries, unless the budget allows none at all.
    pub(crate) fn begin_failover(pool: &Arc<SharedPool>) -> Option<Self> {
        let budget = pool.settings().retry_budget;
        let is_allowed = pool.with(|inventory| inventory.retry_window.begin_unbounded(budget));
        is_allowed.then(|| Self(pool.clone()))
    }
}

impl Drop for BudgetedRetry {
    fn drop(&mut self) {
        self.0.with(|inventory| inventory.retry_window.end());
    }
}
