//! `Buffering`: a request whose body is read before the origin is asked.

use std::sync::Arc;

use http::{Request, Response};
use http_body::Body;
use tokio::{sync::OwnedSemaphorePermit, time::timeout_at};
use tower::BoxError;

use crate::{
    error::{Error, ErrorKind, Facts, Stage},
    observe::{ExchangeRecord, Observers},
    upload::ClientBody,
};

use super::{
    ClientDeadline, OriginProxy, ProxyBody,
    arrival::{Arrival, exchange_end},
    buffered_body::{BufferedBody, read},
    error_response::status,
    proxy_settings::ProxySettings,
    refuse_request::refuse_as,
};

/// The memory for a body that is to be buffered, and its limits.
pub(crate) struct Buffering {
    settings: Arc<ProxySettings>,
    observers: Observers,
    memory: OwnedSemaphorePermit,
}

impl Buffering {
    /// Whether this proxy buffers the body of a request, and has the memory.
    pub(crate) fn of<B: Body>(proxy: &OriginProxy, request: &Request<B>) -> Option<Self> {
        let settings = &proxy.settings;
        let limit = settings.limits.buffer_requests;
        let memory = settings.buffer_memory.reserve(request, limit)?;
        Some(Self {
            settings: settings.clone(),
            observers: proxy.pool.connector().observers().clone(),
            memory,
        })
    }

    /// The largest body that a proxy buffers, in bytes.
    pub(crate) fn limit_of(proxy: &OriginProxy) -> usize {
        proxy.settings.limits.buffer_requests
    }

    /// Reads the beginning of a body.
    ///
    /// # Errors
    ///
    /// The response if the body fails, or if its client is too slow for a limit or for the deadline
    /// of the request.
    pub(crate) async fn read<B>(
        self,
        request: Request<B>,
    ) -> Result<Request<BufferedBody>, Response<ProxyBody>>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let mut arrival = Arrival::now();
        let (mut request, _) = ClientBody::of(request);
        ClientDeadline::note(&mut request);
        request.extensions_mut().insert(arrival);
        let (mut parts, body) = request.into_parts();
        let limits = &self.settings.limits;
        let end = exchange_end(limits.request_timeout, &parts.extensions);
        let read = read(body, limits, self.memory);
        let outcome = match end {
            Some(end) => match timeout_at(end.at, read).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    let facts = end.while_client_is_awaited().added_to(Facts::default());
                    Err(Error::new(ErrorKind::TimedOut, Stage::Prepare, facts))
                }
            },
            None => read.await,
        };
        match outcome {
            Ok(body) => {
                (arrival.has_whole_body, arrival.is_buffered) = (body.is_whole(), true);
                parts.extensions.insert(arrival);
                Ok(Request::from_parts(parts, body))
            }
            Err(error) => {
                let (settings, origin) = (&self.settings, self.settings.origin.as_ref());
                let request = Request::from_parts(parts, ());
                let record = ExchangeRecord::begin(&request, origin, &self.observers);
                settings.failure_log.request_failed(&error);
                let status = status(&error);
                Err(refuse_as(settings, &request, error, status, record))
            }
        }
    }
}
