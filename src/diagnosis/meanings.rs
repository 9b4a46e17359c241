//! What an edge says by a page of its own, where it does not matter which names were sent.

use crate::{
    edge::{EdgeErrorKind, regional_bucket_host},
    name::HostAuthority,
    origin::OriginUrl,
};

use super::{Cause, CauseId, Certainty, Clue, Confirmation, FixKind};

/// The fault lies where no name of ours reaches.
pub(super) fn behind(certainty: Certainty, edge: &str) -> Cause {
    let why = format!(
        "{edge} cannot use the server behind it; no name that is sent from here would change that"
    );
    let fix =
        FixKind::Advice("look at the edge's own origin: its address, its certificate, its state");
    Cause::new(CauseId::BehindTheEdge, certainty, why)
        .shown_by(&[Clue::Status, Clue::Fields])
        .confirmed_by(Confirmation::EdgeLog)
        .fixed_by([fix])
}

/// The page is one of an edge that is not the one that was asked: the names were somebody else's.
pub(super) fn behind_another(edge: &str) -> Cause {
    let why = format!(
        "the page is {edge}'s, and reached here through another edge or proxy, which asked for a name of its own"
    );
    let fix = FixKind::Advice("look at the origin of the edge or proxy that is dialled");
    Cause::new(CauseId::BehindTheEdge, Certainty::Likely, why)
        .shown_by(&[Clue::Fields, Clue::Body])
        .confirmed_by(Confirmation::EdgeLog)
        .fixed_by([fix])
}

/// The bucket's own endpoint, where S3 names one that is its own.
pub(super) fn wrong_region(certainty: Certainty, body: &str) -> Cause {
    let endpoint = body
        .split_once("<Endpoint>")
        .and_then(|(_, rest)| rest.split_once("</Endpoint>"))
        .and_then(|(endpoint, _)| regional_bucket_host(endpoint));
    let url = endpoint.and_then(|host| OriginUrl::try_from(format!("https://{host}")).ok());
    let fix = url.map_or(
        FixKind::Advice("use the endpoint of the bucket's own region"),
        FixKind::Builder,
    );
    let why = "the bucket lives in another region than this endpoint of S3";
    Cause::new(CauseId::WrongRegion, certainty, why)
        .shown_by(&[Clue::Status, Clue::Body])
        .fixed_by([fix])
}

/// The meanings that need no look at the names.
pub(super) fn plain(
    meaning: EdgeErrorKind,
    certainty: Certainty,
    edge: &str,
    host: &HostAuthority,
) -> Cause {
    let (id, why, fix) = match meaning {
        EdgeErrorKind::BehindTheEdge => return behind(certainty, edge),
        EdgeErrorKind::ClientCertificate => (
            CauseId::ClientCertificateRequired,
            format!("{edge} asks for a client certificate, or for another one"),
            "present a client certificate, or allow this client without one",
        ),
        EdgeErrorKind::EarlyData => (
            CauseId::EarlyDataRefused,
            format!("{edge} does not take early data for this request"),
            "send it again after the handshake",
        ),
        EdgeErrorKind::ForwardingFields => (
            CauseId::ForwardingFields,
            format!("{edge} refuses the request's forwarding fields, or sees it come round"),
            "remove CF-Connecting-IP, send one X-Forwarded-For of at most 100 characters, and dial no name that leads back here",
        ),
        EdgeErrorKind::HeadTooLarge => (
            CauseId::HeadTooLarge,
            format!("the head of the request is larger than {edge} takes"),
            "send fewer or shorter fields, cookies above all, or a shorter target",
        ),
        EdgeErrorKind::HostIsAddress => (
            CauseId::HostNotServed,
            format!("Host says {host}, and {edge} wants a name"),
            ".host(\"..\") with a name that the edge serves",
        ),
        EdgeErrorKind::LengthRequired => (
            CauseId::LengthRequired,
            format!("{edge} wants to know the length of the content"),
            "send Content-Length, and 0 where there is no content",
        ),
        EdgeErrorKind::MethodNotAllowed => (
            CauseId::MethodNotAllowed,
            format!("{edge} does not take this method"),
            "allow the method in the edge's configuration",
        ),
        EdgeErrorKind::RequestLoop => (
            CauseId::RequestLoop,
            format!("the request comes round to {edge}"),
            "dial a name that does not lead back here",
        ),
        EdgeErrorKind::SignedForAnotherHost => (
            CauseId::SignedForAnotherHost,
            String::from("the request was signed before its Host was rewritten"),
            "sign the request with the Host that it arrives with",
        ),
        EdgeErrorKind::WebsiteOff => (
            CauseId::WebsiteOff,
            format!("{edge} has no website in this bucket"),
            "turn the bucket's website on, or use its REST endpoint",
        ),
        // `Blocked`, and those that were answered before.
        _ => (
            CauseId::BlockedByTheEdge,
            format!("{edge} refused by its own rules: a firewall, a rate limit, a country"),
            "look for the request in the edge's log",
        ),
    };
    Cause::new(id, certainty, why)
        .shown_by(&[Clue::Status, Clue::Fields, Clue::Body])
        .confirmed_by(Confirmation::EdgeLog)
        .fixed_by([FixKind::Advice(fix)])
}
