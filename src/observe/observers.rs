//! `Observers`: the observers of one connector, called one after the other.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use super::Observer;

/// The observers of a connector. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Observers(Option<Arc<[Arc<dyn Observer>]>>);

impl Observers {
    /// The same observers and one more.
    pub(crate) fn and(&self, observer: Arc<dyn Observer>) -> Self {
        let known = self.0.iter().flat_map(|known| known.iter().cloned());
        Self(Some(known.chain([observer]).collect()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Calls each observer. A panic of one of them ends here.
    pub(crate) fn notify(&self, event: impl Fn(&dyn Observer)) {
        let Some(observers) = &self.0 else {
            return;
        };
        for observer in observers.iter() {
            let called = catch_unwind(AssertUnwindSafe(|| event(&**observer)));
            if called.is_err() {
                tracing::error!("an observer panicked");
            }
        }
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.as_ref().map_or(0, |observers| observers.len());
        write!(f, "Observers({count})")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::origin::Origin;

    struct Panics;

    impl Observer for Panics {
        fn reloaded(&self, _: Option<&Origin>) {
            panic!("a bug in an observer");
        }
    }

    #[derive(Default)]
    struct Counts(AtomicUsize);

    impl Observer for Counts {
        fn reloaded(&self, _: Option<&Origin>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_panic_of_one_observer_does_not_keep_the_event_from_the_next() {
        let counts = Arc::new(Counts::default());
        let observers = Observers::default()
            .and(Arc::new(Panics))
            .and(counts.clone());
        observers.notify(|observer| observer.reloaded(None));
        assert_eq!(counts.0.load(Ordering::Relaxed), 1);
        assert_eq!(format!("{observers:?}"), "Observers(2)");
    }
}
