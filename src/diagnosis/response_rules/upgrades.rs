//! Responses to an upgrade, such as the opening handshake of a WebSocket, that do not switch to the
//! requested protocol.
//!
//! | status | and | cause |
//! |---|---|---|
//! | 101 | `Upgrade` lists another protocol, or none | the origin, or a proxy before it: likely |
//! | 101 | `Upgrade` lists the requested protocol | a field of the handshake is wrong: likely |
//! | 2xx | | the request was served as an ordinary one: likely |
//! | 426 | `Upgrade` lists the requested protocol | the handshake, or its fields are lost: likely |
//! | 426 | `Upgrade` lists another | the origin requires that one: likely |
//! | 400, 403, 404 | | the handshake, its `Origin`, or its path: possible |

use http::{StatusCode, header::UPGRADE};

use crate::{
    diagnosis::{Cause, CauseId, Certainty, Clue, Confirmation, FixKind},
    error::PeerText,
};

use super::ResponseEvidence;

const SWITCH: &str = "correct the 101 of the origin, or of a cache or proxy before it";
const FORWARD: &str = "check that each proxy before the origin forwards Upgrade and Connection";

/// How much of the response's `Upgrade` is shown, in characters.
const LONGEST: usize = 60;

/// The cause, if the request asked for another protocol and this status says why there is none.
pub(super) fn causes(evidence: &ResponseEvidence<'_>) -> Option<Cause> {
    let protocol = evidence.upgrade?;
    let (certainty, text, fix) = match evidence.status {
        StatusCode::SWITCHING_PROTOCOLS => {
            (Certainty::Likely, switched(evidence, protocol), SWITCH)
        }
        status if status.is_success() => (
            Certainty::Likely,
            format!(
                "the request for {protocol} was served as an ordinary one: this path has no \
                 {protocol}, or a proxy before the origin drops Upgrade"
            ),
            FORWARD,
        ),
        StatusCode::UPGRADE_REQUIRED => required(evidence, protocol),
        StatusCode::BAD_REQUEST => (
            Certainty::Possible,
            format!(
                "the origin refuses the handshake of {protocol}: a field of it is wrong, or a \
                 proxy before the origin drops some"
            ),
            FORWARD,
        ),
        StatusCode::FORBIDDEN => forbidden(evidence, protocol),
        StatusCode::NOT_FOUND => (
            Certainty::Possible,
            format!("the origin has no {protocol} at this path, or none for this Host"),
            "check the path, and any prefix that a proxy adds or removes",
        ),
        _ => return None,
    };
    Some(
        Cause::new(CauseId::UpgradeNotServed, certainty, text)
            .shown_by(&[Clue::Request, Clue::Status, Clue::Fields])
            .confirmed_by(Confirmation::Origin)
            .fixed_by([FixKind::Advice(fix)]),
    )
}

/// The 101 does not accept what was requested (RFC 9110 section 15.2.2, RFC 6455 section 4.1).
fn switched(evidence: &ResponseEvidence<'_>, protocol: &str) -> String {
    let selected = listed(evidence);
    if selected.is_empty() {
        return format!("the origin switches protocols, and does not name {protocol} in Upgrade");
    }
    if selected.eq_ignore_ascii_case(protocol) {
        return format!(
            "the origin switches to {protocol}, and a field of its handshake is missing or wrong: \
             it may be the response to another request"
        );
    }
    format!(
        "the origin switches to {}, and {protocol} was requested",
        PeerText::new(selected, LONGEST)
    )
}

/// RFC 9110 section 15.5.22: the server wants one of the protocols in its `Upgrade`.
fn required(evidence: &ResponseEvidence<'_>, protocol: &str) -> (Certainty, String, &'static str) {
    let wanted = listed(evidence);
    if wanted.is_empty() {
        let text = "the origin requires another protocol, and does not name it in Upgrade";
        return (Certainty::Likely, String::from(text), FORWARD);
    }
    let mut names = wanted.split(',').map(str::trim);
    if names.any(|name| name.eq_ignore_ascii_case(protocol)) {
        let text = format!(
            "the origin requires {protocol}, which was requested: it expects another version, or \
             a proxy before it drops Upgrade"
        );
        return (Certainty::Likely, text, FORWARD);
    }
    let text = format!(
        "the origin requires {}, and {protocol} was requested",
        PeerText::new(wanted, LONGEST)
    );
    let fix = "request a protocol that the origin lists in Upgrade";
    (Certainty::Likely, text, fix)
}

/// Only a browser sends `Origin`. A server that checks it accepts a request without one.
fn forbidden(evidence: &ResponseEvidence<'_>, protocol: &str) -> (Certainty, String, &'static str) {
    let (what, fix) = match evidence.request_origin {
        Some(_) => (
            "this Origin or Host",
            "allow the Origin of the client in the application's configuration",
        ),
        None => (
            "this Host",
            "send the credentials that the application requires",
        ),
    };
    let text = format!("the origin does not allow {protocol} for {what}, or without credentials");
    (Certainty::Possible, text, fix)
}

/// All protocols in `Upgrade`.
fn listed(evidence: &ResponseEvidence<'_>) -> String {
    let lines = evidence.headers.get_all(UPGRADE).iter();
    let lines: Vec<_> = lines
        .map(|it| String::from_utf8_lossy(it.as_bytes()))
        .collect();
    lines.join(", ")
}
