//! `UpgradeRequest`: whether a request is an upgrade that is allowed, refused or ignored.
//!
//! HTTP/1.1 has `Upgrade` for it, HTTP/2 an extended CONNECT (`extended_connect.rs`).

use http::{
    HeaderMap, HeaderValue, Method, Version,
    header::{CONNECTION, TE, UPGRADE},
    request::Parts,
};
use http_body::Body;
use hyper::upgrade::OnUpgrade;

use crate::{
    error::{Error, ErrorKind, RequestProblem},
    proxy::{
        failure_log,
        field_values::{list_contains, list_members},
        present_fields::PresentFields,
    },
    upload::RequestBody,
};

use super::{Upgrades, allowed_protocols::Token, extended_connect, websocket::Offer};

/// A valid upgrade request for an allowed protocol.
pub(in crate::proxy) struct UpgradeRequest {
    pub(super) token: Token,
    pub(super) by: By,
    /// Present for a WebSocket.
    pub(super) offer: Option<Offer>,
    /// The client's connection or stream, available once it has received the response.
    pub(super) downstream: OnUpgrade,
}

/// How the client requested the upgrade.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum By {
    /// `Upgrade` in HTTP/1.1.
    Upgrade,
    /// Extended CONNECT in HTTP/2.
    Connect,
}

impl UpgradeRequest {
    /// The requested protocol.
    pub(in crate::proxy) fn protocol(&self) -> HeaderValue {
        self.token.value().clone()
    }

    /// Reads the upgrade of a request; `None` if the request is an ordinary one, or its protocol
    /// is not allowed. An extended CONNECT becomes a GET, as HTTP/1.1 requires.
    pub(in crate::proxy) fn of(
        parts: &mut Parts,
        present: PresentFields,
        body: &RequestBody,
        upgrades: &Upgrades,
    ) -> Result<Option<Self>, Error> {
        let requested = match parts.method {
            Method::CONNECT => {
                extended_connect::protocol(parts, upgrades).map(|it| (it, By::Connect))
            }
            _ if present.has(PresentFields::HOP_BY_HOP) => {
                by_upgrade(parts, upgrades).map(|it| (it, By::Upgrade))
            }
            _ => None,
        };
        let Some((token, by)) = requested else {
            return Ok(None);
        };
        // Content would have to be read whether or not the origin switches. Without it, framing is
        // unambiguous.
        let has_content = !body.is_end_stream();
        if has_content && !token.is_websocket() {
            return Ok(None);
        }
        let Some(downstream) = parts.extensions.remove::<OnUpgrade>() else {
            return Ok(None);
        };
        if by == By::Connect {
            extended_connect::into_get(parts, &token);
        }
        let offer = match token.is_websocket() {
            true => Some(handshake(parts, has_content)?),
            false => None,
        };
        Ok(Some(Self {
            token,
            by,
            offer,
            downstream,
        }))
    }

    /// Writes the upgrade into the origin's request, after hop-by-hop fields were removed.
    pub(in crate::proxy) fn write(&self, headers: &mut HeaderMap) {
        // `TE` would need a second connection option, and many servers expect `upgrade` alone.
        headers.remove(TE);
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, self.token.value().clone());
    }

    /// Whether a 101 selects the requested protocol alone (RFC 9110 section 15.2.2).
    pub(super) fn is_accepted_by(&self, headers: &HeaderMap) -> bool {
        let mut protocols = list_members(headers, UPGRADE);
        let protocol = protocols.next();
        protocol.is_some_and(|protocol| self.token.is(protocol))
            && protocols.next().is_none()
            && list_contains(headers, CONNECTION, UPGRADE.as_str())
            && self
                .offer
                .as_ref()
                .is_none_or(|offer| offer.is_accepted_by(headers))
    }
}

/// The first allowed protocol in `Upgrade`.
///
/// `Upgrade` is ignored in HTTP/1.0, and where `Connection` does not name it (RFC 9110 section
/// 7.8).
fn by_upgrade(parts: &Parts, upgrades: &Upgrades) -> Option<Token> {
    let Parts {
        headers, version, ..
    } = parts;
    if *version != Version::HTTP_11 || !list_contains(headers, CONNECTION, UPGRADE.as_str()) {
        return None;
    }
    let mut protocols = list_members(headers, UPGRADE).peekable();
    protocols.peek()?;
    let token = protocols.find_map(|protocol| upgrades.allowed(protocol));
    if token.is_none() {
        failure_log::upgrade_ignored();
    }
    token.cloned()
}

fn handshake(parts: &Parts, has_content: bool) -> Result<Offer, Error> {
    let offer = Offer::of(&parts.method, &parts.headers).filter(|_| !has_content);
    offer.ok_or_else(|| Error::refused(ErrorKind::Request(RequestProblem::UpgradeInvalid)))
}
