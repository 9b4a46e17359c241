//! `Expect: 100-continue`: content waits for the origin's word (RFC 9110 section 10.1.1).

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use http::{Request, header::EXPECT};
use hyper::ext::on_informational;
use tokio::{sync::Notify, time::timeout};

use super::RequestBody;

/// "A client [..] SHOULD NOT wait for an indefinite period": many servers say nothing.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Ready when the content may go.
pub(super) type GoAhead = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What the content of an HTTP/1 request has to wait for, if the request says that it does. The visitor in turn is told to go on when
/// its body is first asked for, so that content which the origin does not want is never sent at all.
pub(super) fn go_ahead(request: &mut Request<RequestBody>) -> Option<GoAhead> {
    if !request.headers().contains_key(EXPECT) {
        return None;
    }
    let told = Arc::new(Notify::new());
    let waiting = told.clone();
    on_informational(request, move |response| {
        if response.status().as_u16() == 100 {
            told.notify_one();
        }
    });
    Some(Box::pin(async move {
        let _ = timeout(LONGEST_WAIT, waiting.notified()).await;
    }))
}
