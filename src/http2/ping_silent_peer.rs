//! `SilentPeerPings`: PING frames that find out whether a silent peer is still there (RFC 9113
//! section 6.7).
//!
//! ```text
//!                         ┌────────────── bytes arrive ──────────────┐
//!                         v                                          │
//! no stream open ──> armed: last byte + interval ──due──> PING sent ─┴─due──> Silent
//!       ^                 │                                 │  (+ timeout)
//!       │                 └── suspected: due at once        │
//!       └───────────────── all streams end, PONG ───────────┘
//! ```
//!
//! There is no periodic PING: traffic in either direction is left alone as long as bytes arrive.
//! One timer is moved rather than created anew, and only when it fires: a busy connection never
//! touches it.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use h2::{Ping, PingPong};
use tokio::time::{Instant, Sleep, sleep_until};

use super::{Http2Error, activity_io::Received};

/// When to send a PING, and how long the answer may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct PingSettings {
    /// How long a connection with open streams may be silent.
    pub(super) interval: Duration,
    /// Counted from the moment the PING was queued.
    pub(super) timeout: Duration,
}

/// Sends a PING after a silence, or at once if the peer is suspected to be gone. Ends the
/// connection if nothing arrives in time.
pub(super) struct SilentPeerPings {
    pings: PingPong,
    settings: PingSettings,
    received: Arc<Received>,
    /// Absent before the first stream, and after a PONG.
    ///
    /// It may be set earlier than [`due`](Self::due), which moves with each read: it is moved when
    /// it fires. It stays when the last stream ends, because another one is likely to follow.
    timer: Option<Pin<Box<Sleep>>>,
    /// When the PING was sent that has no answer yet.
    ///
    /// h2 permits one PING at a time.
    pinged_at: Option<Instant>,
}

impl SilentPeerPings {
    pub(super) fn new(pings: PingPong, settings: PingSettings, received: Arc<Received>) -> Self {
        Self {
            pings,
            settings,
            received,
            timer: None,
            pinged_at: None,
        }
    }

    /// Ready when the peer has been silent for too long.
    ///
    /// Called on each poll of the connection, after frames were moved. A PING that is queued here
    /// is written with the next poll of h2, which the queueing itself wakes.
    ///
    /// A PONG is waited for even after the last stream has ended, as the connection would be used
    /// next.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, has_streams: bool) -> Poll<Http2Error> {
        if self.pings.poll_pong(cx).is_ready() {
            self.pinged_at = None;
            self.timer = None;
        }
        if self.pinged_at.is_none() && !has_streams && !self.received.is_suspect() {
            return Poll::Pending;
        }
        loop {
            let due = self.due();
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
            if timer.deadline() > due || timer.is_elapsed() {
                timer.as_mut().reset(due);
            }
            ready!(timer.as_mut().poll(cx));
            // Bytes may have arrived since it was set.
            if Instant::now() < due {
                continue;
            }
            if self.pinged_at.is_some() {
                return Poll::Ready(Http2Error::Silent(self.settings.timeout));
            }
            // Fails if the connection has ended, which it reports itself, or if an earlier PING has
            // no answer yet. The wait is for that answer then.
            let _ = self.pings.send_ping(Ping::opaque());
            self.pinged_at = Some(Instant::now());
        }
    }

    /// When the timer has to fire. Any byte proves that the peer is there, since a PONG may be
    /// queued behind data.
    ///
    /// Without an outstanding PING it is one interval after the last byte, or at once if the peer
    /// is suspect.
    fn due(&mut self) -> Instant {
        let last = self.received.last();
        match self.pinged_at {
            Some(at) if last <= at => at + self.settings.timeout,
            _ => {
                self.pinged_at = None;
                match self.received.is_suspect() {
                    true => last,
                    false => last + self.settings.interval,
                }
            }
        }
    }
}
