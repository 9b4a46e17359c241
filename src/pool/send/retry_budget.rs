//! `RetryBudget`: how many requests may be retried, so that retries do not overload an origin.

/// How many requests may be retried.
///
/// A retry is allowed while fewer than [`at_least`](Self::at_least) retries are in flight, or while
/// retries are at most [`percent`](Self::percent) of the last thousand requests or so. Beyond both,
/// a request fails with its first error.
///
/// The [pool](crate::pool#what-is-retried) lists the retries that the budget does not bound, such
/// as those of requests of which nothing was written.
///
/// ```
/// use cdn_origin::pool::{PoolSettings, RetryBudget};
///
/// let budget = RetryBudget::percent(10).at_least(1);
/// let settings = PoolSettings::default().retry_budget(budget);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "a budget does nothing until it is passed to `PoolSettings::retry_budget`"]
pub struct RetryBudget {
    percent: u32,
    at_least: usize,
}

impl Default for RetryBudget {
    /// 20 percent, and at least 3 at a time.
    fn default() -> Self {
        Self::percent(20)
    }
}

impl RetryBudget {
    /// Allows `percent` retries for each hundred requests, and at least 3 at a time.
    ///
    /// ```
    /// use cdn_origin::pool::{PoolSettings, RetryBudget};
    ///
    /// // With 1,000 requests a second, at most 50 retries a second.
    /// let settings = PoolSettings::default().retry_budget(RetryBudget::percent(5));
    /// ```
    pub fn percent(percent: u32) -> Self {
        Self {
            percent,
            at_least: 3,
        }
    }

    /// Sets the number of concurrent retries that are allowed whatever their share.
    ///
    /// The default is 3. With zero, a proxy with little traffic cannot retry at all: 10 % of five
    /// requests is none.
    ///
    /// ```
    /// use cdn_origin::pool::RetryBudget;
    ///
    /// // Five of a hundred requests, and ten at a time however few requests there are.
    /// let budget = RetryBudget::percent(5).at_least(10);
    /// ```
    pub fn at_least(mut self, count: usize) -> Self {
        self.at_least = count;
        self
    }

    /// Allows no retry that the origin may have seen, nor one after an idle connection ended.
    ///
    /// Requests that the origin cannot have processed are still [sent
    /// again](crate::pool#what-is-retried).
    ///
    /// ```
    /// use cdn_origin::pool::{PoolSettings, RetryBudget};
    ///
    /// // The client retries by itself.
    /// let settings = PoolSettings::default().retry_budget(RetryBudget::none());
    /// # drop(settings);
    /// ```
    pub fn none() -> Self {
        Self::percent(0).at_least(0)
    }

    pub(crate) fn is_none(self) -> bool {
        self == Self::none()
    }
}

/// Counts of the last requests and retries. Old ones count half each time there are many.
#[derive(Default)]
pub(crate) struct RetryWindow {
    requests: u32,
    retries: u32,
    /// Retries in flight.
    in_flight: usize,
}

impl RetryWindow {
    const CAPACITY: u32 = 1024;

    pub(crate) fn count_request(&mut self) {
        self.requests += 1;
        if self.requests >= Self::CAPACITY {
            self.requests /= 2;
            self.retries /= 2;
        }
    }

    /// Begins a retry, if one is allowed.
    pub(crate) fn begin(&mut self, budget: RetryBudget) -> bool {
        let share = u64::from(self.retries + 1) * 100;
        let allowed = u64::from(self.requests) * u64::from(budget.percent);
        self.begin_if(self.in_flight < budget.at_least || share <= allowed)
    }

    /// Begins a retry whatever the share, unless the budget allows none at all.
    pub(crate) fn begin_unbounded(&mut self, budget: RetryBudget) -> bool {
        self.begin_if(!budget.is_none())
    }

    fn begin_if(&mut self, is_allowed: bool) -> bool {
        if is_allowed {
            self.retries = (self.retries + 1).min(Self::CAPACITY);
            self.in_flight += 1;
        }
        is_allowed
    }

    pub(crate) fn end(&mut self) {
        self.in_flight -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_at_a_time_are_always_allowed() {
        let mut window = RetryWindow::default();
        for _ in 0..3 {
            assert!(window.begin(RetryBudget::default()));
        }
        assert!(!window.begin(RetryBudget::default()));
        window.end();
        assert!(window.begin(RetryBudget::default()));
    }

    #[test]
    fn more_are_allowed_up_to_their_share_of_the_requests() {
        let mut window = RetryWindow::default();
        for _ in 0..100 {
            window.count_request();
        }
        let begun = (0..100).filter(|_| window.begin(RetryBudget::default()));
        assert_eq!(begun.count(), 20);
    }

    #[test]
    fn a_budget_of_none_allows_no_retry() {
        let mut window = RetryWindow::default();
        window.count_request();
        assert!(!window.begin(RetryBudget::none()));
    }
}
