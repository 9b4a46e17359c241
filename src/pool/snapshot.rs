//! What a pool looks like at a moment, and what it has done so far.

use super::{ending::Reason, state::State};

/// What a pool looks like at a moment, and what it has done so far.
///
/// The counters never go down while the pool lives: `opened` is always `closed.total()` and the
/// connections that stand.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct PoolSnapshot {
    /// Connections that are open or being opened.
    pub open: usize,
    /// Connections that nobody uses.
    pub idle: usize,
    /// Requests between their call and the end of their response's body, those that wait for a
    /// connection among them.
    pub active: usize,
    /// Requests on HTTP/2 connections.
    pub streams: usize,
    /// Of the open connections, those that serve one upgrade each, from its request to the end of
    /// its tunnel.
    pub tunnels: usize,
    /// Requests that wait for a connection.
    pub waiting: usize,
    /// Counter: connections that were opened.
    pub opened: u64,
    /// Counter: requests that got a connection which had served before.
    pub reused: u64,
    /// Counter: requests that were sent again although they may have left: refused, cut off, or
    /// misdirected.
    pub retried: u64,
    /// Counters: connections that ended.
    pub closed: ClosedConnections,
}

/// Connections that ended, by the first reason that was known.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ClosedConnections {
    /// Nobody used it for the [idle timeout](super::PoolSettings::idle_timeout).
    pub idle: u64,
    /// It had reached its [age](super::PoolSettings::max_age).
    pub age: u64,
    /// It had taken [as many requests](super::PoolSettings::max_uses) as it was allowed.
    pub uses: u64,
    /// There were [more idle ones](super::PoolSettings::max_idle) than allowed.
    pub surplus: u64,
    /// The origin closed it, or the pool was gone.
    pub origin: u64,
    /// It failed, or broke the protocol.
    pub error: u64,
    /// An exchange was given up in the middle: the client left, a deadline passed, or the answer
    /// came before the request's end.
    pub cancelled: u64,
    /// It was [retired](crate::OriginProxy::retire_connections).
    pub retired: u64,
    /// It was opened for an upgrade, whose tunnel has ended, on whichever side, or which the origin
    /// refused.
    pub upgrade: u64,
    /// The origin's name [had its address no more](super::PoolSettings::follow_dns).
    pub vanished: u64,
}

impl ClosedConnections {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        let Self {
            idle,
            age,
            uses,
            surplus,
            origin,
            error,
            cancelled,
            retired,
            upgrade,
            vanished,
        } = self;
        idle + age + uses + surplus + origin + error + cancelled + retired + upgrade + vanished
    }

    pub(super) fn count(&mut self, reason: Reason) {
        let counter = match reason {
            Reason::Origin => &mut self.origin,
            Reason::Idle => &mut self.idle,
            Reason::Age => &mut self.age,
            Reason::Uses => &mut self.uses,
            Reason::Surplus => &mut self.surplus,
            Reason::Error => &mut self.error,
            Reason::Cancelled => &mut self.cancelled,
            Reason::Retired => &mut self.retired,
            Reason::Upgrade => &mut self.upgrade,
            Reason::Vanished => &mut self.vanished,
        };
        *counter += 1;
    }
}

/// What has been counted so far.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) opened: u64,
    pub(super) reused: u64,
    pub(super) retried: u64,
    pub(super) closed: ClosedConnections,
}

impl PoolSnapshot {
    pub(super) fn of(state: &State, active: usize) -> Self {
        let Counters {
            opened,
            reused,
            retried,
            closed,
        } = state.counters;
        Self {
            open: state.open,
            idle: state.resting.len() + state.multiplexed.idle(),
            active,
            streams: state.multiplexed.streams(),
            tunnels: state.alone,
            waiting: state.queue.len() + state.alone_queue.len(),
            opened,
            reused,
            retried,
            closed,
        }
    }
}
