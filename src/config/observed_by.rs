//! `ObservedBy`: the observers of what a configuration makes.

use std::sync::Arc;

use crate::observe::{Observer, Observers};

use super::origin_calls::OriginCalls;

/// Observers, which no file can hold. Configurations that differ only in them are equal.
#[derive(Clone, Debug, Default)]
pub(super) struct ObservedBy(Observers);

impl ObservedBy {
    pub(super) fn add(&mut self, observer: impl Observer) {
        self.0 = self.0.and(Arc::new(observer));
    }

    /// These calls, with the observers.
    pub(super) fn with_calls(&self, calls: OriginCalls) -> OriginCalls {
        OriginCalls {
            observers: self.0.clone(),
            ..calls
        }
    }
}

impl PartialEq for ObservedBy {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
