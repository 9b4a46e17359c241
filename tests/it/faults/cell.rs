//! A cell of the matrix: where a fault happens, which one, and what comes of it.

use std::{fmt, time::Duration};

use cdn_origin::{ErrorKind, error::Stage, proxy::Limits};

use crate::relay;

/// Where a fault happens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Point {
    Connect,
    ClientHello,
    ServerFlight,
    ClientFinished,
    Settings,
    RequestHead,
    RequestBody,
    ResponseHead,
    ResponseBody,
    Idle,
    IdleGet,
    IdlePost,
    ReusedGet,
    ReusedPost,
    UpgradeRequest,
    UpgradeResponse,
    TunnelToOrigin,
    TunnelToClient,
}

impl Point {
    /// The heading in the guide, and what happens there.
    pub(super) fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Connect => ("Connect", "Before the first byte."),
            Self::ClientHello => ("TLS: ClientHello", "In its middle."),
            Self::ServerFlight => (
                "TLS: the origin's flight",
                "Between ServerHello and the origin's Finished.",
            ),
            Self::ClientFinished => ("TLS: the client's Finished", "In the client's last flight."),
            Self::Settings => ("HTTP/2: SETTINGS", "In the first frames of the origin."),
            Self::RequestHead => (
                "Request head",
                "The first request of a new connection, over HTTP/2 with the preface.",
            ),
            Self::RequestBody => ("Request body", "Half of a POST has arrived."),
            Self::ResponseHead => (
                "Response head",
                "The first response of a new connection, in its first line or frame.",
            ),
            Self::ResponseBody => ("Response body", "The client has read half of it."),
            Self::Idle => (
                "Idle connection",
                "The fault happens between two requests, and a POST follows.",
            ),
            Self::IdleGet => (
                "Request head on an idle connection, GET",
                "In the head of a request that may be repeated.",
            ),
            Self::IdlePost => (
                "Request head on an idle connection, POST",
                "In the head of a request that may not be repeated.",
            ),
            Self::ReusedGet => (
                "Response head on an idle connection, GET",
                "The origin has processed a request that may be repeated.",
            ),
            Self::ReusedPost => (
                "Response head on an idle connection, POST",
                "The origin has processed a request that may not be repeated.",
            ),
            Self::UpgradeRequest => (
                "Upgrade: request",
                "A WebSocket handshake, on a connection of its own, over HTTP/1.1 in all columns.",
            ),
            Self::UpgradeResponse => ("Upgrade: response", "In the first line of the 101."),
            Self::TunnelToOrigin => ("Tunnel, towards the origin", "Bytes have passed both ways."),
            Self::TunnelToClient => ("Tunnel, towards the client", "Bytes have passed both ways."),
        }
    }
}

/// What happens to the bytes there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    Delay,
    Drop,
    Truncate,
    Corrupt,
    Reset,
    HalfClose,
    Stall,
    Bytewise,
}

/// Shorter than every deadline.
pub(super) const DELAY: Duration = Duration::from_millis(700);

impl Fault {
    pub(super) fn of_wire(self) -> relay::Fault {
        match self {
            Self::Delay => relay::Fault::Delay(DELAY),
            Self::Drop => relay::Fault::Drop,
            Self::Truncate => relay::Fault::Truncate,
            Self::Corrupt => relay::Fault::Corrupt,
            Self::Reset => relay::Fault::Reset,
            Self::HalfClose => relay::Fault::HalfClose,
            Self::Stall => relay::Fault::Stall,
            Self::Bytewise => relay::Fault::Bytewise,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Delay => "delay",
            Self::Drop => "drop",
            Self::Truncate => "truncate",
            Self::Corrupt => "corrupt",
            Self::Reset => "reset",
            Self::HalfClose => "half-close",
            Self::Stall => "stall",
            Self::Bytewise => "one byte at a time",
        })
    }
}

/// A deadline of the proxy under test. All of them differ, so that an outcome shows which one
/// passed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Deadline {
    Dial,
    Handshake,
    Response,
    BodyIdle,
    Tunnel,
}

impl Deadline {
    pub(super) const ALL: [Self; 5] = [
        Self::Dial,
        Self::Handshake,
        Self::Response,
        Self::BodyIdle,
        Self::Tunnel,
    ];

    pub(super) fn time(self) -> Duration {
        Duration::from_secs(match self {
            Self::Dial => 2,
            Self::Handshake => 3,
            Self::Response => 5,
            Self::BodyIdle => 7,
            Self::Tunnel => 11,
        })
    }

    pub(super) fn limits() -> Limits {
        Limits::default()
            .response_timeout(Self::Response.time())
            .body_idle_timeout(Self::BodyIdle.time())
    }

    pub(super) fn named(self) -> &'static str {
        match self {
            Self::Dial => "`Timeouts::dial`",
            Self::Handshake => "`Timeouts::tls_handshake`",
            Self::Response => "`response_timeout`",
            Self::BodyIdle => "`body_idle_timeout`",
            Self::Tunnel => "`Upgrades::idle_timeout`",
        }
    }
}

/// What comes of it for the client.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outcome {
    /// The origin's response, whole.
    Passes,
    /// The same, after the request was sent again or the pool noticed the fault before it.
    Recovers,
    /// The origin noticed the fault, and its response passes.
    OriginResponds(u16),
    /// Nothing detects changed bytes.
    Unnoticed,
    /// The proxy's response.
    Fails(u16, ErrorKind, Stage),
    /// The proxy's response, when a deadline has passed.
    TimesOut(u16, Stage, Deadline),
    /// The response has begun, and ends with an error.
    Aborts(ErrorKind, Stage),
    /// The same, when a deadline has passed.
    AbortsAfter(Stage, Deadline),
    /// Both sides of the tunnel are closed.
    Closes,
    /// The same, when a deadline has passed.
    ClosesAfter(Deadline),
    /// The fault cannot happen there, and why.
    NotApplicable(&'static str),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passes => f.write_str("200"),
            Self::Recovers => f.write_str("200, on another connection"),
            Self::OriginResponds(status) => write!(f, "the origin's {status}"),
            Self::Unnoticed => f.write_str("not noticed: plain http has no checksum"),
            Self::Fails(status, kind, stage) => {
                write!(f, "{status}, `{}`, {stage}", kind.as_str())
            }
            Self::TimesOut(status, stage, deadline) => {
                let name = deadline.named();
                write!(f, "{status}, `timed_out`, {stage}, after {name}")
            }
            Self::Aborts(kind, stage) => write!(f, "aborted, `{}`, {stage}", kind.as_str()),
            Self::AbortsAfter(stage, deadline) => {
                let name = deadline.named();
                write!(f, "aborted, `timed_out`, {stage}, after {name}")
            }
            Self::Closes => f.write_str("both sides close"),
            Self::ClosesAfter(deadline) => {
                write!(f, "both sides close after {}", deadline.named())
            }
            Self::NotApplicable(why) => write!(f, "not applicable: {why}"),
        }
    }
}
