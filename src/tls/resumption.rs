//! Whether sessions are resumed, and for how many names they are kept.

use std::{sync::Arc, time::Duration};

use rustls::{ClientConfig, client::Resumption as RustlsResumption};

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
    /// Gives the configuration a store of its own, if sessions are kept.
    pub(super) fn apply(
        self,
        grace: Duration,
        config: &mut ClientConfig,
        problems: &mut Vec<BuildProblem>,
    ) -> Option<Arc<SessionStore>> {
        const MOST_NAMES: usize = 65_536;
        match self {
            Self::Off => {
                config.resumption = RustlsResumption::disabled();
                None
            }
            Self::Names(names @ 1..=MOST_NAMES) => {
                let sessions = Arc::new(SessionStore::new(names, grace));
                config.resumption = RustlsResumption::store(sessions.clone());
                Some(sessions)
            }
            Self::Names(names) => {
                let why = format!(
                    "sessions can be kept for 1 to {MOST_NAMES} names, not for {names}; \
                     `Sessions::off()` keeps none"
                );
                problems.push(BuildProblem::new(
                    "Sessions::capacity",
                    BuildProblemKind::OutOfRange,
                    why,
                ));
                None
            }
        }
    }
}
