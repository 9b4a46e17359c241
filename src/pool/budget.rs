//! How many requests may be sent again, so that an origin in trouble is not given more.

use std::sync::Arc;

use super::{OriginPool, Shared};

/// How many requests may be sent again.
///
/// A retry is allowed as long as fewer than [`at_least`](Self::at_least) are on their way, or
/// retries are not more than so many percent of the last thousand requests or so. A request of
/// which nothing was written is not a retry when it is sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "a budget does nothing until `PoolSettings` are given it"]
pub struct RetryBudget {
    percent: u32,
    at_least: usize,
}

impl Default for RetryBudget {
    /// 20 percent, and three at a time.
    fn default() -> Self {
        Self::percent(20)
    }
}

impl RetryBudget {
    /// As many retries for each hundred requests, and three at a time.
    pub fn percent(percent: u32) -> Self {
        Self {
            percent,
            at_least: 3,
        }
    }

    /// As many retries at a time are allowed whatever their share.
    pub fn at_least(mut self, count: usize) -> Self {
        self.at_least = count;
        self
    }

    /// No retries.
    pub fn none() -> Self {
        Self::percent(0).at_least(0)
    }
}

/// The last requests: when there are many, the old ones count half.
#[derive(Default)]
pub(super) struct Recent {
    requests: u32,
    retries: u32,
    /// Retries that are on their way.
    retrying: usize,
}

impl Recent {
    const MANY: u32 = 1024;

    pub(super) fn count_request(&mut self) {
        self.requests += 1;
        if self.requests >= Self::MANY {
            self.requests /= 2;
            self.retries /= 2;
        }
    }

    /// Whether a retry may begin. If so, it has begun.
    pub(super) fn begin(&mut self, budget: RetryBudget) -> bool {
        let share = u64::from(self.retries + 1) * 100;
        let allowed = u64::from(self.requests) * u64::from(budget.percent);
        let may = self.retrying < budget.at_least || share <= allowed;
        if may {
            self.retries = (self.retries + 1).min(Self::MANY);
            self.retrying += 1;
        }
        may
    }

    pub(super) fn end(&mut self) {
        self.retrying -= 1;
    }
}

/// A request that is being sent again, to another origin than this pool's.
pub(crate) struct Retrying(Arc<Shared>);

impl OriginPool {
    /// Whether a request that failed here may be sent to another origin, as far as the budget goes.
    pub(crate) fn begin_retry(&self) -> Option<Retrying> {
        let mut state = self.0.lock();
        let may = state.recent.begin(self.0.settings.retry_budget);
        state.counters.retried += u64::from(may);
        may.then(|| Retrying(self.0.clone()))
    }
}

impl Drop for Retrying {
    fn drop(&mut self) {
        self.0.lock().recent.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_at_a_time_are_always_allowed() {
        let mut recent = Recent::default();
        for _ in 0..3 {
            assert!(recent.begin(RetryBudget::default()));
        }
        assert!(!recent.begin(RetryBudget::default()));
        recent.end();
        assert!(recent.begin(RetryBudget::default()));
    }

    #[test]
    fn more_are_allowed_up_to_their_share_of_the_requests() {
        let mut recent = Recent::default();
        for _ in 0..100 {
            recent.count_request();
        }
        let begun = (0..100).filter(|_| recent.begin(RetryBudget::default()));
        assert_eq!(begun.count(), 20);
    }

    #[test]
    fn none_is_none() {
        let mut recent = Recent::default();
        recent.count_request();
        assert!(!recent.begin(RetryBudget::none()));
    }
}
