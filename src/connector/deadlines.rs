//! How long connecting may take.

use std::time::Duration;

use crate::error::{BuildProblem, BuildProblemKind};

#[derive(Clone, Copy, Debug)]
pub(super) struct Deadlines {
    pub(super) dial: Duration,
    pub(super) handshake: Duration,
    pub(super) connect: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            dial: Duration::from_secs(10),
            handshake: Duration::from_secs(10),
            connect: Duration::from_secs(15),
        }
    }
}

impl Deadlines {
    pub(super) fn check(&self, problems: &mut Vec<BuildProblem>) {
        let all = [
            ("dial_timeout", self.dial),
            ("tls_handshake_timeout", self.handshake),
            ("connect_timeout", self.connect),
        ];
        for (setter, _) in all.into_iter().filter(|(_, deadline)| deadline.is_zero()) {
            let why = "it must be greater than zero";
            problems.push(BuildProblem::new(
                setter,
                BuildProblemKind::ZeroDuration,
                why,
            ));
        }
    }
}
