//! The matrix: what comes of each fault at each point, over http, https with HTTP/1.1, and https
//! with HTTP/2.

use cdn_origin::{ErrorKind, error::Stage};

use super::cell::{
    Deadline, Fault,
    Outcome::{
        self, Aborts, AbortsAfter, Closes, ClosesAfter, Fails, NotApplicable, OriginResponds,
        Passes, Recovers, TimesOut, Unnoticed,
    },
    Point,
};

/// One fault, and the outcome over each protocol.
pub(super) type Row = (Fault, [Outcome; 3]);

const NO_BYTES: Outcome = NotApplicable("no byte passes");
const NO_TLS: Outcome = NotApplicable("no TLS");
const NO_SETTINGS: Outcome = NotApplicable("no SETTINGS");

const NO_CONNECT: Outcome = TimesOut(504, Stage::Dial, Deadline::Dial);
const REFUSED: Outcome = Fails(502, ErrorKind::ConnectionRefused, Stage::Dial);

const TLS_SILENT: Outcome = TimesOut(504, Stage::Handshake, Deadline::Handshake);
const TLS_CLOSED: Outcome = Fails(502, ErrorKind::ConnectionClosed, Stage::Handshake);
const TLS_RESET: Outcome = Fails(502, ErrorKind::ConnectionReset, Stage::Handshake);
const BAD_HANDSHAKE: Outcome = Fails(502, ErrorKind::TlsProtocol, Stage::Handshake);

const NO_RESPONSE: Outcome = TimesOut(504, Stage::Receive, Deadline::Response);
const CLOSED: Outcome = Fails(502, ErrorKind::ConnectionClosed, Stage::Receive);
const RESET: Outcome = Fails(502, ErrorKind::ConnectionReset, Stage::Receive);
const ALERT: Outcome = Fails(502, ErrorKind::AlertReceived, Stage::Receive);
const BAD_TLS: Outcome = Fails(502, ErrorKind::TlsProtocol, Stage::Receive);
const BAD_HTTP: Outcome = Fails(502, ErrorKind::HttpProtocol, Stage::Receive);
const BAD_REQUEST: Outcome = OriginResponds(400);

const BODY_SILENT: Outcome = AbortsAfter(Stage::Receive, Deadline::BodyIdle);
const BODY_CLOSED: Outcome = Aborts(ErrorKind::ConnectionClosed, Stage::Receive);
const BODY_RESET: Outcome = Aborts(ErrorKind::ConnectionReset, Stage::Receive);
const BODY_BAD_TLS: Outcome = Aborts(ErrorKind::TlsProtocol, Stage::Receive);

const TUNNEL_SILENT: Outcome = ClosesAfter(Deadline::Tunnel);

const fn all(outcome: Outcome) -> [Outcome; 3] {
    [outcome; 3]
}

pub(super) const MATRIX: [(Point, [Row; 8]); 18] = [
    (
        Point::Connect,
        [
            (Fault::Delay, all(Passes)),
            (Fault::Drop, all(NO_CONNECT)),
            (Fault::Truncate, [CLOSED, TLS_CLOSED, TLS_CLOSED]),
            (Fault::Corrupt, all(NO_BYTES)),
            (Fault::Reset, all(REFUSED)),
            (Fault::HalfClose, [CLOSED, TLS_CLOSED, TLS_CLOSED]),
            (Fault::Stall, all(NO_BYTES)),
            (Fault::Bytewise, all(NO_BYTES)),
        ],
    ),
    (
        Point::ClientHello,
        [
            (Fault::Delay, [NO_TLS, Passes, Passes]),
            (Fault::Drop, [NO_TLS, TLS_SILENT, TLS_SILENT]),
            (Fault::Truncate, [NO_TLS, TLS_CLOSED, TLS_CLOSED]),
            (Fault::Corrupt, [NO_TLS, BAD_HANDSHAKE, BAD_HANDSHAKE]),
            (Fault::Reset, [NO_TLS, TLS_RESET, TLS_RESET]),
            (Fault::HalfClose, [NO_TLS, TLS_CLOSED, TLS_CLOSED]),
            (Fault::Stall, [NO_TLS, TLS_SILENT, TLS_SILENT]),
            (Fault::Bytewise, [NO_TLS, Passes, Passes]),
        ],
    ),
    (
        Point::ServerFlight,
        [
            (Fault::Delay, [NO_TLS, Passes, Passes]),
            (Fault::Drop, [NO_TLS, TLS_SILENT, TLS_SILENT]),
            (Fault::Truncate, [NO_TLS, TLS_CLOSED, TLS_CLOSED]),
            (Fault::Corrupt, [NO_TLS, BAD_HANDSHAKE, BAD_HANDSHAKE]),
            (Fault::Reset, [NO_TLS, TLS_RESET, TLS_RESET]),
            (Fault::HalfClose, [NO_TLS, TLS_CLOSED, TLS_CLOSED]),
            (Fault::Stall, [NO_TLS, TLS_SILENT, TLS_SILENT]),
            (Fault::Bytewise, [NO_TLS, Passes, Passes]),
        ],
    ),
    (
        Point::ClientFinished,
        [
            (Fault::Delay, [NO_TLS, Passes, Passes]),
            (Fault::Drop, [NO_TLS, NO_RESPONSE, NO_RESPONSE]),
            (Fault::Truncate, [NO_TLS, CLOSED, Recovers]),
            (Fault::Corrupt, [NO_TLS, ALERT, Recovers]),
            (Fault::Reset, [NO_TLS, RESET, RESET]),
            (Fault::HalfClose, [NO_TLS, CLOSED, Recovers]),
            (Fault::Stall, [NO_TLS, NO_RESPONSE, NO_RESPONSE]),
            (Fault::Bytewise, [NO_TLS, Passes, Passes]),
        ],
    ),
    (
        Point::Settings,
        [
            (Fault::Delay, [NO_SETTINGS, NO_SETTINGS, Passes]),
            (Fault::Drop, [NO_SETTINGS, NO_SETTINGS, NO_RESPONSE]),
            (Fault::Truncate, [NO_SETTINGS, NO_SETTINGS, Recovers]),
            (Fault::Corrupt, [NO_SETTINGS, NO_SETTINGS, Recovers]),
            (Fault::Reset, [NO_SETTINGS, NO_SETTINGS, Recovers]),
            (Fault::HalfClose, [NO_SETTINGS, NO_SETTINGS, Recovers]),
            (Fault::Stall, [NO_SETTINGS, NO_SETTINGS, NO_RESPONSE]),
            (Fault::Bytewise, [NO_SETTINGS, NO_SETTINGS, Passes]),
        ],
    ),
    (
        Point::RequestHead,
        [
            (Fault::Delay, all(Passes)),
            (Fault::Drop, all(NO_RESPONSE)),
            (Fault::Truncate, [CLOSED, CLOSED, Recovers]),
            (Fault::Corrupt, [BAD_REQUEST, ALERT, Recovers]),
            (Fault::Reset, [RESET, RESET, Recovers]),
            (Fault::HalfClose, [CLOSED, CLOSED, Recovers]),
            (Fault::Stall, all(NO_RESPONSE)),
            (Fault::Bytewise, all(Passes)),
        ],
    ),
    (
        Point::RequestBody,
        [
            (Fault::Delay, all(Passes)),
            (Fault::Drop, all(NO_RESPONSE)),
            (Fault::Truncate, all(CLOSED)),
            (Fault::Corrupt, [Unnoticed, ALERT, ALERT]),
            (Fault::Reset, all(RESET)),
            (Fault::HalfClose, [BAD_REQUEST, BAD_REQUEST, CLOSED]),
            (Fault::Stall, all(NO_RESPONSE)),
            (Fault::Bytewise, all(Passes)),
        ],
    ),
    (
        Point::ResponseHead,
        [
            (Fault::Delay, all(Passes)),
            (Fault::Drop, all(NO_RESPONSE)),
            (Fault::Truncate, all(CLOSED)),
            (Fault::Corrupt, [BAD_HTTP, BAD_TLS, BAD_TLS]),
            (Fault::Reset, all(RESET)),
            (Fault::HalfClose, all(CLOSED)),
            (Fault::Stall, all(NO_RESPONSE)),
            (Fault::Bytewise, all(Passes)),
        ],
    ),
    (
        Point::ResponseBody,
        [
            (Fault::Delay, all(Passes)),
            (Fault::Drop, all(BODY_SILENT)),
            (Fault::Truncate, all(BODY_CLOSED)),
            (Fault::Corrupt, [Unnoticed, BODY_BAD_TLS, BODY_BAD_TLS]),
            (Fault::Reset, all(BODY_RESET)),
            (Fault::HalfClose, all(BODY_CLOSED)),
            (Fault::Stall, all(BODY_SILENT)),
            (Fault::Bytewise, all(Passes)),
        ],
    ),
    (
        Point::Idle,
        [
            (Fault::Delay, all(Passes)),
            (Fault::Drop, all(NO_RESPONSE)),
            (Fault::Truncate, all(Recovers)),
            (Fault::Corrupt, all(NO_BYTES)),
            (Fault::Reset, all(Recovers)),
            (Fault::HalfClose, all(Recovers)),
            (Fault::Stall, all(NO_RESPONSE)),
            (Fault::Bytewise, all(Passes)),
        ],
    ),
    (
        Point::IdleGet,
        [
            (Fault::Delay, all(Passes)),
            (Fault::Drop, all(NO_RESPONSE)),
            (Fault::Truncate, all(Recovers)),
            (Fault::Corrupt, [BAD_REQUEST, ALERT, Recovers]),
            (Fault::Reset, all(Recovers)),
            (Fault::HalfClose, all(Recovers)),
            (Fault::Stall, all(NO_RESPONSE)),
            (Fault::Bytewise, all(Passes)),
        ],
    ),
    (
        Point::IdlePost,
        [
            (Fault::Delay, all(Passes)),
            (Fault::Drop, all(NO_RESPONSE)),
            (Fault::Truncate, all(CLOSED)),
            (Fault::Corrupt, [BAD_REQUEST, ALERT, ALERT]),
            (Fault::Reset, all(RESET)),
            (Fault::HalfClose, all(CLOSED)),
            (Fault::Stall, all(NO_RESPONSE)),
            (Fault::Bytewise, all(Passes)),
        ],
    ),
    (
        Point::ReusedGet,
        [
            (Fault::Delay, all(Passes)),
            (Fault::Drop, all(NO_RESPONSE)),
            (Fault::Truncate, [CLOSED, Recovers, Recovers]),
            (Fault::Corrupt, [BAD_HTTP, BAD_TLS, Recovers]),
            (Fault::Reset, all(Recovers)),
            (Fault::HalfClose, [CLOSED, Recovers, Recovers]),
            (Fault::Stall, all(NO_RESPONSE)),
            (Fault::Bytewise, all(Passes)),
        ],
    ),
    (
        Point::ReusedPost,
        [
            (Fault::Delay, all(Passes)),
            (Fault::Drop, all(NO_RESPONSE)),
            (Fault::Truncate, all(CLOSED)),
            (Fault::Corrupt, [BAD_HTTP, BAD_TLS, BAD_TLS]),
            (Fault::Reset, all(RESET)),
            (Fault::HalfClose, all(CLOSED)),
            (Fault::Stall, all(NO_RESPONSE)),
            (Fault::Bytewise, all(Passes)),
        ],
    ),
    (
        Point::UpgradeRequest,
        [
            (Fault::Delay, all(Passes)),
            (Fault::Drop, all(NO_RESPONSE)),
            (Fault::Truncate, all(CLOSED)),
            (Fault::Corrupt, [BAD_REQUEST, ALERT, ALERT]),
            (Fault::Reset, all(RESET)),
            (Fault::HalfClose, all(CLOSED)),
            (Fault::Stall, all(NO_RESPONSE)),
            (Fault::Bytewise, all(Passes)),
        ],
    ),
    (
        Point::UpgradeResponse,
        [
            (Fault::Delay, all(Passes)),
            (Fault::Drop, all(NO_RESPONSE)),
            (Fault::Truncate, all(CLOSED)),
            (Fault::Corrupt, [BAD_HTTP, BAD_TLS, BAD_TLS]),
            (Fault::Reset, all(RESET)),
            (Fault::HalfClose, all(CLOSED)),
            (Fault::Stall, all(NO_RESPONSE)),
            (Fault::Bytewise, all(Passes)),
        ],
    ),
    (
        Point::TunnelToOrigin,
        [
            (Fault::Delay, all(Passes)),
            (Fault::Drop, all(TUNNEL_SILENT)),
            (Fault::Truncate, all(Closes)),
            (Fault::Corrupt, [Unnoticed, Closes, Closes]),
            (Fault::Reset, all(Closes)),
            (Fault::HalfClose, all(Closes)),
            (Fault::Stall, all(TUNNEL_SILENT)),
            (Fault::Bytewise, all(Passes)),
        ],
    ),
    (
        Point::TunnelToClient,
        [
            (Fault::Delay, all(Passes)),
            (Fault::Drop, all(TUNNEL_SILENT)),
            (Fault::Truncate, all(Closes)),
            (Fault::Corrupt, [Unnoticed, Closes, Closes]),
            (Fault::Reset, all(Closes)),
            (Fault::HalfClose, all(Closes)),
            (Fault::Stall, all(TUNNEL_SILENT)),
            (Fault::Bytewise, all(Passes)),
        ],
    ),
];
