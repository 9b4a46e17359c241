//! Pooled connections to one connector's origins. The only room that says `hyper::client`.
//!
//! hyper-util's client keeps the pool: it files connections under scheme and authority of the request's URI, which is what `Host`
//! says, so connections of one visitor-chosen Host never serve another.

mod body;
mod failure;

use std::time::Duration;

use http::{Extensions, Request, Response};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{
        Client,
        connect::{Connected, capture_connection},
    },
    rt::{TokioExecutor, TokioTimer},
};

use crate::{
    connector::{CdnOriginConnector, ConnectionInfo},
    error::{Error, ErrorKind, Facts, Stage},
};

pub(crate) use body::RequestBody;
pub(crate) use failure::explain_body;

use body::Progress;

/// Below the idle limit of every edge that documents one.
const IDLE_TIMEOUT: Duration = Duration::from_secs(45);

/// As many as nginx keeps.
const MAX_IDLE_PER_HOST: usize = 32;

/// How long an HTTP/2 connection with open streams may be silent before it is asked whether it lives.
const PING_INTERVAL: Duration = Duration::from_secs(15);

/// How long it may take to answer that.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone, Debug)]
pub(crate) struct OriginPool {
    client: Client<CdnOriginConnector, RequestBody>,
}

impl OriginPool {
    pub(crate) fn new(connector: CdnOriginConnector) -> Self {
        let client = Client::builder(TokioExecutor::new())
            // Without a timer, hyper-util ignores the idle timeout.
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
            // A flow that a middlebox has dropped without a word would otherwise take requests until TCP gives up.
            .http2_keep_alive_interval(PING_INTERVAL)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .build(connector);
        Self { client }
    }

    /// Sends a request with an absolute URI and waits, `deadline` at most, for the head of the response. As long as the request's
    /// body moves, the wait starts anew: an upload may take longer.
    pub(crate) async fn send(
        &self,
        mut request: Request<RequestBody>,
        deadline: Duration,
    ) -> Result<Response<Incoming>, Error> {
        let connection = capture_connection(&mut request);
        let progress = request.body().progress();
        let mut exchange = self.client.request(request);
        loop {
            match tokio::time::timeout(deadline, &mut exchange).await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(error)) => return Err(failure::explained(error)),
                Err(_elapsed) if progress.moved() => {}
                Err(_elapsed) => {
                    let facts = Facts {
                        deadline: Some(deadline),
                        ..facts_of(connection.connection_metadata().as_ref())
                    };
                    let stage = silent_stage(&facts, &progress);
                    return Err(Error::new(ErrorKind::TimedOut, stage, facts));
                }
            }
        }
    }
}

/// Who it was that kept silent until the deadline.
fn silent_stage(facts: &Facts, progress: &Progress) -> Stage {
    match facts.origin() {
        None => Stage::Dial,
        Some(_) if progress.is_waiting() => Stage::Send,
        Some(_) => Stage::Receive,
    }
}

/// What the connection carries as an extra, if there is one.
fn info_of(connected: Option<&Connected>) -> Option<ConnectionInfo> {
    let mut extras = Extensions::new();
    connected?.get_extras(&mut extras);
    extras.remove()
}

fn facts_of(connected: Option<&Connected>) -> Facts {
    info_of(connected).map_or_else(Facts::default, |info| info.facts().clone())
}
