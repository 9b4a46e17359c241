//! What the origin answers to an upgrade, and what the client is told.

use std::time::Duration;

use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{CONNECTION, CONTENT_LENGTH, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE},
};

use crate::{
    error::{Error, ErrorKind, Stage, UpgradeProblem},
    pool::{PooledConnection, ResponseBody},
    proxy::{
        ProxyBody,
        fields::{lists, members},
        hop_by_hop,
    },
};

use super::{UpgradeRequest, request::By, tunnel::Tunnel};

/// What became of an upgrade.
pub(in crate::proxy) enum UpgradeOutcome {
    /// The origin switches: this is for the client.
    Switched(Response<ProxyBody>),
    /// It does not: an ordinary response.
    Declined(Response<ResponseBody>, PooledConnection),
}

impl UpgradeRequest {
    /// Reads the origin's answer. If it switches as was asked, the tunnel begins as soon as the
    /// client has been told.
    pub(in crate::proxy) fn answered(
        self,
        response: Response<ResponseBody>,
        lease: PooledConnection,
        idle_timeout: Duration,
    ) -> Result<UpgradeOutcome, Error> {
        let switches = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        let misread = self.by == By::Connect && response.status().is_success();
        if misread || (switches && !self.is_met_by(response.headers())) {
            let facts = lease.info().facts().clone();
            return Err(Error::new(
                ErrorKind::Upgrade(UpgradeProblem::Refused),
                Stage::Receive,
                facts,
            ));
        }
        match switches {
            true => Ok(UpgradeOutcome::Switched(self.switch(
                response,
                lease,
                idle_timeout,
            ))),
            false => Ok(UpgradeOutcome::Declined(response, lease)),
        }
    }

    /// Whether a 101 says what was asked, and nothing else (RFC 9110 section 15.2.2).
    fn is_met_by(&self, headers: &HeaderMap) -> bool {
        let mut protocols = members(headers, UPGRADE);
        let protocol = protocols.next();
        protocol.is_some_and(|protocol| self.token.is(protocol))
            && protocols.next().is_none()
            && lists(headers, CONNECTION, UPGRADE.as_str())
            && self
                .offer
                .as_ref()
                .is_none_or(|offer| offer.is_accepted_by(headers))
    }

    fn switch(
        self,
        mut response: Response<ResponseBody>,
        lease: PooledConnection,
        idle_timeout: Duration,
    ) -> Response<ProxyBody> {
        let origin = hyper::upgrade::on(&mut response);
        let (mut parts, _) = response.into_parts();
        parts.extensions.insert(lease.info().clone());
        let headers = &mut parts.headers;
        hop_by_hop::remove(headers);
        // RFC 9110 section 8.6: neither a 1xx nor a 2xx to CONNECT has one.
        headers.remove(CONTENT_LENGTH);
        match self.by {
            By::Upgrade => {
                headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
                headers.insert(UPGRADE, self.token.value().clone());
            }
            By::Connect => {
                parts.status = StatusCode::OK;
                headers.remove(SEC_WEBSOCKET_ACCEPT);
                headers.remove(SEC_WEBSOCKET_KEY);
            }
        }
        let tunnel = Tunnel {
            downstream: self.downstream,
            origin,
            lease,
            idle_timeout,
        };
        tokio::spawn(tunnel.run());
        Response::from_parts(parts, ProxyBody::empty())
    }
}
