//! `Expect: 100-continue`: content waits for the origin's word (RFC 9110 section 10.1.1).

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use http::{Request, header::EXPECT};
use http_body::Body;
use tokio::{sync::Notify, time::timeout};

use super::RequestBody;

/// "A client [..] SHOULD NOT wait for an indefinite period": many servers say nothing.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Ready when the content may go.
pub(crate) type ContinueWait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// To be told when the origin has said 100.
pub(crate) struct ContinueSignal(Arc<Notify>);

impl ContinueSignal {
    pub(crate) fn tell(self) {
        self.0.notify_one();
    }

    /// Whether the content is still held back for it.
    pub(crate) fn is_awaited(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

/// What the content of an HTTP/1 request has to wait for, if the request says that it does. The
/// client in turn is told to go on when its body is first asked for, so that content which the
/// origin does not want is never sent at all.
pub(crate) fn go_ahead(request: &Request<RequestBody>) -> Option<(ContinueWait, ContinueSignal)> {
    if request.body().is_end_stream() || !request.headers().contains_key(EXPECT) {
        return None;
    }
    let told = Arc::new(Notify::new());
    let waiting = told.clone();
    let go_ahead = Box::pin(async move {
        let _ = timeout(LONGEST_WAIT, waiting.notified()).await;
    });
    Some((go_ahead, ContinueSignal(told)))
}
