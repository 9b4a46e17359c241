//! Whether sessions are resumed, and for how many names they are kept.

use std::{sync::Arc, time::Duration};

use crate::error::{BuildProblem, BuildProblemKind};

use super::session_store::SessionStore;

/// Whether sessions are resumed, and for how many names they are kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Resumption {
    Names(usize),
    Off,
}

impl Default for Resumption {
    fn default() -> Self {
        Self::Names(32)
    }
}

impl Resumption {
    pub(super) fn check(self, problems: &mut Vec<BuildProblem>) {
        const MOST_NAMES: usize = 65_536;
        if let Self::Names(names) = self
            && !(1..=MOST_NAMES).contains(&names)
        {
            let why = format!(
                "sessions can be kept for 1 to {MOST_NAMES} names, not for {names}; \
                 `Sessions::off()` keeps none"
            );
            problems.push(BuildProblem::new(
                "Sessions::capacity",
                BuildProblemKind::OutOfRange,
                why,
            ));
        }
    }

    /// An empty store, if sessions are kept.
    pub(super) fn store(self, grace: Duration) -> Option<Arc<SessionStore>> {
        match self {
            Self::Off => None,
            Self::Names(names) => Some(Arc::new(SessionStore::new(names, grace))),
        }
    }
}
