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
        connect::{CaptureConnection, Connected, capture_connection},
    },
    rt::{TokioExecutor, TokioTimer},
};

use crate::{
    connector::{CdnOriginConnector, ConnectionInfo},
    error::{Error, ErrorKind, Facts, Stage},
};

pub(crate) use body::RequestBody;

/// Below the idle limit of every edge that documents one.
const IDLE_TIMEOUT: Duration = Duration::from_secs(45);

/// As many as nginx keeps.
const MAX_IDLE_PER_HOST: usize = 32;

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
                Err(_elapsed) => return Err(no_response(&connection, deadline)),
            }
        }
    }
}

fn no_response(connection: &CaptureConnection, deadline: Duration) -> Error {
    let mut facts = connection
        .connection_metadata()
        .as_ref()
        .map_or_else(Facts::default, facts_of);
    facts.deadline = Some(deadline);
    Error::new(ErrorKind::TimedOut, Stage::Receive, facts)
}

/// The facts of the connection, which it carries as an extra.
fn facts_of(connected: &Connected) -> Facts {
    let mut extras = Extensions::new();
    connected.get_extras(&mut extras);
    extras
        .get::<ConnectionInfo>()
        .map_or_else(Facts::default, |info| info.facts().clone())
}
