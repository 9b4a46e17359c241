//! `CurrentStage`: the stage of a connect that is under way, for the requests that wait for it.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use super::Stage;

/// The stages of a connect, in their order.
const STAGES: [Stage; 3] = [Stage::Resolve, Stage::Dial, Stage::Handshake];

/// The stage that a connect is in. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct CurrentStage(Arc<AtomicU8>);

impl CurrentStage {
    /// The stage of a connect that has not begun, for the connect and for those who wait for it.
    pub(crate) fn shared() -> (Self, Self) {
        let stage = Self::default();
        (stage.clone(), stage)
    }

    /// Notes that this stage has begun. Stages that are none of a connect are ignored.
    pub(crate) fn enter(&self, stage: Stage) {
        if let Some(index) = STAGES.iter().position(|it| *it == stage) {
            self.0.store(index as u8, Ordering::Relaxed);
        }
    }

    /// The stage that has begun last. That of a connect that has not begun is the first.
    pub(crate) fn get(&self) -> Stage {
        let index = usize::from(self.0.load(Ordering::Relaxed));
        STAGES.get(index).copied().unwrap_or(Stage::Resolve)
    }
}
