//! `SelectedMember`: a member that is selected for a request, whose outcome it reports once.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    Ejection,
    group_member::GroupMember,
    health::{Admission, HealthChange, HealthSignal},
};

/// The member that is selected for a request.
pub(super) struct SelectedMember {
    member: Arc<GroupMember>,
    began: Instant,
    /// Whether the time to the response tells something of the member.
    is_measured: bool,
    /// Absent once the outcome is reported.
    admission: Option<Admission>,
}

impl SelectedMember {
    pub(super) fn new(
        member: Arc<GroupMember>,
        admission: Admission,
        began: Instant,
        is_measured: bool,
    ) -> Self {
        Self {
            member,
            began,
            is_measured,
            admission: Some(admission),
        }
    }

    pub(super) fn member(&self) -> &Arc<GroupMember> {
        &self.member
    }

    /// Reports the outcome, or that the response begins: then, a further call reports its end. A
    /// trial ends with the first call: the next may begin before this is dropped.
    pub(super) fn report(
        &mut self,
        signal: HealthSignal,
        ejection: &Ejection,
        may_eject: bool,
    ) -> Option<HealthChange> {
        let latency = self.latency();
        let admission = self.admission.take()?;
        if signal == HealthSignal::Begun {
            self.admission = Some(admission.begun());
        }
        self.is_measured = false;
        let member = &self.member;
        member.report(admission, signal, latency, ejection, may_eject)
    }

    fn latency(&self) -> Option<Duration> {
        self.is_measured.then(|| self.began.elapsed())
    }
}

impl Drop for SelectedMember {
    fn drop(&mut self) {
        if let Some(admission) = self.admission {
            self.member.abandoned(admission, self.latency());
        }
    }
}
