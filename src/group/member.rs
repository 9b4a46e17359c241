//! One origin of a group, and a request's turn with it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::proxy::OriginProxy;

use super::{
    Ejection, OriginHealth,
    health::{Health, Turn, Verdict},
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

/// A request's turn with an origin. Dropped without a word, it says nothing of it.
pub(super) struct Asked {
    member: Arc<Member>,
    turn: Turn,
}

/// The first of these that is to be asked, which is then none of them any more. There is at least
/// one; where none should be asked, it is the first.
pub(super) fn next(untried: &mut Vec<Arc<Member>>, repeatable: bool) -> Asked {
    let now = Instant::now();
    let admitted = untried.iter().enumerate().find_map(|(at, member)| {
        let turn = member.lock().admit(repeatable, now)?;
        Some((at, turn))
    });
    let (at, turn) = admitted.unwrap_or((0, Turn::LastResort));
    Asked {
        member: untried.remove(at),
        turn,
    }
}

impl Asked {
    pub(super) fn proxy(&self) -> &OriginProxy {
        &self.member.proxy
    }

    /// How it went.
    pub(super) fn tell(&mut self, verdict: Verdict, ejection: &Ejection) {
        let now = Instant::now();
        // The trial is over once: the next may begin before this is dropped.
        let turn = std::mem::replace(&mut self.turn, Turn::InOrder);
        self.member.lock().tell(turn, verdict, ejection, now);
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.member.lock().end(self.turn);
    }
}
