//! What a pool looks like at a moment.

use super::state::State;

/// What a pool looks like at a moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct PoolSnapshot {
    /// Connections that are open or being opened.
    pub open: usize,
    /// HTTP/1 connections that nobody uses.
    pub idle: usize,
    /// Requests on HTTP/2 connections.
    pub streams: usize,
    /// Of the open connections, those that serve one upgrade each, from its request to the end of its tunnel.
    pub tunnels: usize,
    /// Requests that wait for a connection.
    pub waiting: usize,
}

impl PoolSnapshot {
    pub(super) fn of(state: &State) -> Self {
        Self {
            open: state.open,
            idle: state.resting.len(),
            streams: state
                .multiplexed
                .iter()
                .map(|connection| connection.streams())
                .sum(),
            tunnels: state.alone,
            waiting: state.waiting() + state.upgrades_waiting(),
        }
    }
}
