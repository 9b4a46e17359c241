//! The origin's response to an upgrade: accepted, declined or refused; and the client's response.

use std::time::Duration;

use http::{
    HeaderValue, Response, StatusCode,
    header::{CONNECTION, CONTENT_LENGTH, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE},
};

use crate::{
    diagnosis::{Refusal, ResponseEvidence},
    error::{Error, ErrorKind, Facts, Stage},
    observe::ExchangeRecord,
    pool::{PooledConnection, ResponseBody},
    proxy::{ProxyBody, hop_by_hop},
};

use super::{UpgradeRequest, tunnel::Tunnel, upgrade_request::By};

/// The outcome of an upgrade.
pub(in crate::proxy) enum UpgradeOutcome {
    /// The origin switches. This is the client's response.
    Switched(Response<ProxyBody>),
    /// The origin does not switch. This is its ordinary response.
    Declined(Response<ResponseBody>, Box<PooledConnection>),
}

/// Reads the origin's response. If the origin switches to the requested protocol, the tunnel
/// begins once the client has received its response.
pub(in crate::proxy) fn read_response(
    request: UpgradeRequest,
    response: Response<ResponseBody>,
    connection: PooledConnection,
    idle_timeout: Duration,
    record: &mut ExchangeRecord,
) -> Result<UpgradeOutcome, Error> {
    let switches = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let misread = request.by == By::Connect && response.status().is_success();
    if misread || (switches && !request.is_accepted_by(response.headers())) {
        return Err(refused(&request, &response, connection.info().facts()));
    }
    match switches {
        true => Ok(UpgradeOutcome::Switched(switch(
            request,
            response,
            connection,
            idle_timeout,
            record,
        ))),
        false => Ok(UpgradeOutcome::Declined(response, Box::new(connection))),
    }
}

/// The error of a response that neither switches to the requested protocol nor declines it.
fn refused(request: &UpgradeRequest, response: &Response<ResponseBody>, facts: &Facts) -> Error {
    let protocol = request.protocol();
    let explained = facts.origin().zip(protocol.to_str().ok());
    let explained = explained.and_then(|(origin, protocol)| {
        let (status, headers) = (response.status(), response.headers());
        let evidence = ResponseEvidence::new(origin, origin.host(), status, headers);
        Refusal::find(&evidence.upgrade(protocol), facts.clone())
    });
    explained
        .unwrap_or_else(|| Error::new(ErrorKind::UpgradeRefused, Stage::Receive, facts.clone()))
}

fn switch(
    request: UpgradeRequest,
    mut response: Response<ResponseBody>,
    connection: PooledConnection,
    idle_timeout: Duration,
    record: &mut ExchangeRecord,
) -> Response<ProxyBody> {
    let origin = hyper::upgrade::on(&mut response);
    let (mut parts, _) = response.into_parts();
    parts.extensions.insert(connection.info().clone());
    let headers = &mut parts.headers;
    hop_by_hop::remove_from_response(headers);
    // RFC 9110 section 8.6: neither a 1xx nor a 2xx to CONNECT has one.
    headers.remove(CONTENT_LENGTH);
    match request.by {
        By::Upgrade => {
            headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(UPGRADE, request.token.value().clone());
        }
        By::Connect => {
            parts.status = StatusCode::OK;
            headers.remove(SEC_WEBSOCKET_ACCEPT);
            headers.remove(SEC_WEBSOCKET_KEY);
        }
    }
    record.begin_response(parts.status, &mut parts.extensions);
    let tunnel = Tunnel {
        downstream: request.downstream,
        origin,
        connection,
        idle_timeout,
        record: record.take(),
    };
    tunnel.start();
    Response::from_parts(parts, ProxyBody::empty())
}
