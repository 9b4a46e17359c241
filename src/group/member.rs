//! One origin of a group, and its selection for a request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::proxy::OriginProxy;

use super::{
    Ejection, OriginHealth,
    health::{Admission, Health, HealthSignal},
};

/// One origin of a group.
pub(super) struct Member {
    proxy: OriginProxy,
    health: Mutex<Health>,
}

impl Member {
    pub(super) fn new(proxy: OriginProxy) -> Self {
        Self {
            proxy,
            health: Mutex::default(),
        }
    }

    pub(super) fn proxy(&self) -> &OriginProxy {
        &self.proxy
    }

    pub(super) fn health(&self) -> OriginHealth {
        self.lock().snapshot()
    }

    fn lock(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The origin that is selected for a request. Dropped without a report, it leaves the health as it
/// is.
pub(super) struct SelectedOrigin {
    member: Arc<Member>,
    /// Absent once the outcome is reported.
    admission: Option<Admission>,
}

/// Takes the first origin that admits the request out of the untried ones, of which there is at
/// least one. If all are ejected, takes the first.
pub(super) fn next(untried: &mut Vec<Arc<Member>>, repeatable: bool) -> SelectedOrigin {
    let now = Instant::now();
    let admitted = untried.iter().enumerate().find_map(|(at, member)| {
        let admission = member.lock().admit(repeatable, now)?;
        Some((at, admission))
    });
    let (at, admission) = admitted.unwrap_or_else(|| (0, untried[0].lock().admit_anyway()));
    SelectedOrigin {
        member: untried.remove(at),
        admission: Some(admission),
    }
}

impl SelectedOrigin {
    pub(super) fn proxy(&self) -> &OriginProxy {
        &self.member.proxy
    }

    /// Reports the outcome. A trial ends here: the next may begin before this is dropped.
    pub(super) fn report(&mut self, signal: HealthSignal, ejection: &Ejection) {
        if let Some(admission) = self.admission.take() {
            let now = Instant::now();
            self.member.lock().report(admission, signal, ejection, now);
        }
    }
}

impl Drop for SelectedOrigin {
    fn drop(&mut self) {
        if let Some(admission) = self.admission {
            self.member.lock().end(admission);
        }
    }
}
