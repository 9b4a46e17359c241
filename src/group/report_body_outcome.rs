//! Reports how a response ends: a truncated body is a failure of its member.

use std::sync::{Arc, Weak};

use http::Response;
use http_body::Body;

use crate::{
    error::{Error, Fault},
    proxy::ProxyBody,
};

use super::{health::HealthSignal, selected_member::SelectedMember, shared_group::SharedGroup};

/// Reports a response that the client gets, now or when its body ends.
pub(super) fn report_body_outcome(
    group: &Arc<SharedGroup>,
    mut selected: SelectedMember,
    mut response: Response<ProxyBody>,
) -> Response<ProxyBody> {
    if response.body().is_end_stream() {
        group.report(&mut selected, HealthSignal::Success);
        return response;
    }
    group.report(&mut selected, HealthSignal::Begun);
    let outcome = BodyOutcome {
        group: Arc::downgrade(group),
        selected,
        signal: HealthSignal::Success,
    };
    let hook = move |error: &Error| outcome.aborted(error);
    response.body_mut().on_abort(hook);
    response
}

/// Reports its signal when it is dropped: with the body, or after its error.
///
/// It is a success if the client left: the member did respond.
struct BodyOutcome {
    group: Weak<SharedGroup>,
    selected: SelectedMember,
    signal: HealthSignal,
}

impl BodyOutcome {
    fn aborted(mut self, error: &Error) {
        if error.fault() != Fault::Client {
            self.signal = HealthSignal::Failure;
        }
    }
}

impl Drop for BodyOutcome {
    fn drop(&mut self) {
        if let Some(group) = self.group.upgrade() {
            group.report(&mut self.selected, self.signal);
        }
    }
}
