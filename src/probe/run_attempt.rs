//! The connection and the request of one attempt.

use std::time::Duration;

use bytes::Buf;
use http::{
    HeaderValue, Method, Request,
    header::{ACCEPT_ENCODING, USER_AGENT},
    uri::PathAndQuery,
};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::{task::spawn_blocking, time::timeout};

use crate::{
    connector::CdnOriginBuilder,
    diagnosis::ResponseEvidence,
    error::{Error, ErrorKind},
    observe::ExchangeRecord,
    origin::Scheme,
    pool::{Deadlines, OriginPool, PoolSettings, Target},
    response_diagnosis::{PeekedBody, examine_response},
    upload::RequestBody,
};

use super::{
    attempt_result::{AttemptResult, BodyStart},
    combination::Combination,
};

/// The part of a body that is awaited.
const MAX_BODY: usize = 64 * 1024;

/// Connects with a combination, sends `GET /` and examines the response.
///
/// `limit` is the time to connect, then that for the head of the response, and for the start of the
/// body of a success.
///
/// # Errors
///
/// Fails if no response is received.
pub(super) async fn exchange(
    builder: CdnOriginBuilder,
    combination: &Combination,
    limit: Duration,
) -> Result<AttemptResult, Error> {
    let origin = combination.origin();
    let builder = combination.applied_to(builder).without_advice();
    let builder = builder.connecting_within(limit);
    let Some(Ok(connector)) = on_blocking_thread(move || builder.build()).await else {
        // The connector that is probed was built with the same values, except for the key exchange
        // groups: the crypto provider may not have them.
        return Err(Error::refused(ErrorKind::TlsProtocol));
    };
    let host = origin.host();
    let path = PathAndQuery::from_static("/");
    let target = Target::of(&origin, host.clone(), path.clone());
    let pool = OriginPool::new(connector, PoolSettings::default());
    let in_flight = pool.begin_request()?;
    let sent = pool
        .send(
            in_flight,
            &mut request(combination),
            &target,
            Deadlines {
                response: limit,
                end: None,
            },
            &mut ExchangeRecord::default(),
        )
        .await;
    let (response, _connection) = sent?;
    let (head, body) = response.into_parts();
    let mut evidence = ResponseEvidence::new(&origin, host, head.status, &head.headers)
        .request(&Method::GET, &path)
        .host_source(combination.host_source())
        // Another attempt tells more than a guess.
        .without_guesses();
    if combination.has_proxy_header() {
        evidence = evidence.after_proxy_header();
    }
    if combination.says_https() {
        evidence = evidence.client_scheme(Scheme::Https);
    }
    let mut body = PeekedBody::new(body);
    let diagnosis = examine_response(evidence, &mut body).await;
    let start = match head.status.is_success() {
        true => start_of(body, limit).await,
        false => BodyStart::Received,
    };
    Ok(AttemptResult::Response(head.status, diagnosis, start))
}

/// Reads the start of a body, or all of a short one.
async fn start_of(mut body: impl Body + Unpin, limit: Duration) -> BodyStart {
    let read = async {
        let mut length = 0;
        while length < MAX_BODY {
            match body.frame().await {
                Some(Ok(frame)) => length += frame.data_ref().map_or(0, Buf::remaining),
                Some(Err(_)) => return BodyStart::BrokenOff,
                None => break,
            }
        }
        BodyStart::Received
    };
    let read = timeout(limit, read).await;
    read.unwrap_or(BodyStart::Stalled(limit))
}

fn request(combination: &Combination) -> Request<RequestBody> {
    let mut request = Request::new(RequestBody::default());
    let headers = request.headers_mut();
    // The diagnosis reads the start of an error page only if it is not compressed.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let agent = concat!("cdn-origin-probe/", env!("CARGO_PKG_VERSION"));
    headers.insert(USER_AGENT, HeaderValue::from_static(agent));
    if combination.says_https() {
        headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
    }
    request
}

/// Runs work that reads files on a blocking thread; `None` if the runtime shuts down.
pub(super) async fn on_blocking_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    spawn_blocking(work).await.ok()
}
