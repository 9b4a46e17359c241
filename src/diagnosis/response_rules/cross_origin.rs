//! Refusals of browsers' requests whose `Origin` is not the Host that was sent.
//!
//! A browser puts the site that it shows into `Origin`. A framework compares that with the Host it
//! receives, to detect requests from other sites. If the proxy rewrites Host, or hides that the
//! client uses https, the comparison fails for every form:
//!
//! ```text
//! browser   Host: shop.example     Origin: https://shop.example
//! proxy     Host: origin.example   Origin: https://shop.example      the origin answers 403
//! ```
//!
//! | seen | certainty |
//! |---|---|
//! | a text of Django, Rails, SvelteKit or gorilla/websocket | likely |
//! | 403 to a WebSocket's opening handshake | likely |
//! | 400, 403 or 422 to another request with that `Origin` | possible |

use http::{Method, StatusCode, Uri};

use crate::{
    diagnosis::{Cause, CauseId, Certainty, Clue, Confirmation, FixKind},
    origin::Scheme,
};

use super::ResponseEvidence;

/// Texts of frameworks that have compared the two.
///
/// Compared as bytes, anywhere in the start of the body.
const TEXTS: [&[u8]; 5] = [
    b"Origin checking failed",
    b"CSRF verification failed",
    b"Cross-site POST form submissions are forbidden",
    b"didn't match request.base_url",
    b"request origin not allowed",
];

/// At most one.
pub(super) fn causes(evidence: &ResponseEvidence<'_>) -> Vec<Cause> {
    cross_origin(evidence).into_iter().collect()
}

/// Whether the text of the page shows that `Origin` is the reason.
///
/// True only if there would be a cause without the text, too: the text only raises its certainty.
pub(super) fn wants_body(evidence: &ResponseEvidence<'_>) -> bool {
    cross_origin(evidence).is_some()
}

/// `Origin` names the site that the browser shows (RFC 6454 section 7.1). That is the client's
/// Host.
///
/// `None` if `Origin` is missing, opaque (`null`), or names another site than the client's Host:
/// then the refusal is what the framework is meant to do.
fn cross_origin(evidence: &ResponseEvidence<'_>) -> Option<Cause> {
    const REFUSALS: [StatusCode; 3] = [
        StatusCode::BAD_REQUEST,
        StatusCode::FORBIDDEN,
        StatusCode::UNPROCESSABLE_ENTITY,
    ];
    let origin: Uri = evidence.request_origin?.parse().ok()?;
    let client_host = evidence.client_host?;
    let is_same_site = origin
        .authority()?
        .host()
        .eq_ignore_ascii_case(client_host.host());
    if !is_same_site || !REFUSALS.contains(&evidence.status) {
        return None;
    }
    // In a GET, browsers send the field only for a WebSocket or to another site.
    let is_websocket = evidence.method == Some(&Method::GET);
    let is_forbidden = evidence.status == StatusCode::FORBIDDEN;
    let certainty = match is_of_framework(evidence.body) || (is_websocket && is_forbidden) {
        true => Certainty::Likely,
        false => Certainty::Possible,
    };
    let (text, fix) = match evidence.is_host_rewritten() {
        true => (
            format!(
                "the origin compares the request's Origin, {client_host}, with Host, which was \
                 rewritten to {}",
                evidence.host
            ),
            FixKind::PreserveHost,
        ),
        false if is_scheme_hidden(evidence, &origin) => (
            String::from(
                "the origin compares the request's Origin, which has https, with \
                 X-Forwarded-Proto, which has http",
            ),
            FixKind::ClientScheme,
        ),
        false => return None,
    };
    Some(
        Cause::new(CauseId::CrossOriginRefused, certainty, text)
            .shown_by(&[Clue::Status, Clue::OriginField, Clue::Host])
            .confirmed_by(Confirmation::Origin)
            .fixed_by([fix]),
    )
}

/// Whether a framework has sent this text after a comparison of the two.
pub(super) fn is_of_framework(body: &[u8]) -> bool {
    let has = |text: &[u8]| body.windows(text.len()).any(|window| window == text);
    TEXTS.into_iter().any(has)
}

/// Ports are not compared.
fn is_scheme_hidden(evidence: &ResponseEvidence<'_>, origin: &Uri) -> bool {
    origin.scheme_str() == Some("https") && evidence.sent_scheme() == Some(Scheme::Http)
}
