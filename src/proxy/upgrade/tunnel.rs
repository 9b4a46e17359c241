//! The tunnel of an upgrade: copies bytes in both directions, until one side closes or both are
//! idle.
//!
//! `OriginPool::close_tunnels` ends it when the application calls `close_tunnels`.

use std::{fmt, io, pin::pin, sync::Arc, time::Duration};

use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::{
    io::copy_bidirectional,
    time::{timeout, timeout_at},
};
use tower::BoxError;
use tracing::Instrument;

use crate::{
    observe::{ExchangeOutcome, ExchangeRecord},
    pool::PooledConnection,
};

use super::{
    traffic::{Counts, Side, Traffic},
    tunnel_side::TunnelSide,
};

/// The task that copies bytes between the client and the origin.
///
/// It owns both connections. The pool ends it through the pooled connection
/// ([`PooledConnection::run_tunnel_until_closed`]).
pub(super) struct Tunnel {
    pub(super) downstream: OnUpgrade,
    pub(super) origin: OnUpgrade,
    /// The origin's connection counts as open until the tunnel has ended.
    pub(super) connection: PooledConnection,
    pub(super) idle_timeout: Duration,
    /// Ends with the tunnel.
    pub(super) record: ExchangeRecord,
}

/// Why a tunnel ended.
#[derive(Debug)]
enum TunnelEnd {
    /// Both sides closed.
    Closed,
    /// No byte moved within the idle timeout.
    Idle,
    /// The application called `close_tunnels`.
    Requested,
    /// The connection of a side failed.
    Broken(Side, io::Error),
    /// A side closed before the tunnel began.
    NotBegun(Side, BoxError),
}

impl Tunnel {
    /// Spawns the tunnel in the span of the request.
    pub(super) fn start(self) {
        tokio::spawn(self.run().in_current_span());
    }

    async fn run(self) {
        let Self {
            downstream,
            origin,
            connection,
            idle_timeout,
            mut record,
        } = self;
        let traffic = Arc::new(Traffic::new());
        let passing = async {
            match begin(downstream, origin, idle_timeout).await {
                Ok((downstream, origin)) => pass(downstream, origin, &traffic, idle_timeout).await,
                Err((side, error)) => TunnelEnd::NotBegun(side, error),
            }
        };
        let reason = connection
            .run_tunnel_until_closed(passing)
            .await
            .unwrap_or(TunnelEnd::Requested);
        let Counts {
            to_origin,
            to_downstream,
            ..
        } = *traffic.counts();
        let elapsed = traffic.began.elapsed();
        tracing::debug!(%reason, to_origin, to_downstream, ?elapsed, "a tunnel ended");
        drop(connection);
        record.count_tunnel(to_origin, to_downstream);
        record.end(reason.outcome());
    }
}

impl TunnelEnd {
    fn outcome(&self) -> ExchangeOutcome {
        match self {
            Self::Closed | Self::Requested => ExchangeOutcome::Complete,
            Self::Idle => ExchangeOutcome::Deadline,
            Self::Broken(Side::Client, _) | Self::NotBegun(Side::Client, _) => {
                ExchangeOutcome::ClientLeft
            }
            Self::Broken(Side::Origin, _) | Self::NotBegun(Side::Origin, _) => {
                ExchangeOutcome::Failed
            }
        }
    }
}

/// Waits until both sides have switched.
///
/// A layer in front may replace the response, or the client may have closed: hence the deadline.
async fn begin(
    downstream: OnUpgrade,
    origin: OnUpgrade,
    deadline: Duration,
) -> Result<(Upgraded, Upgraded), (Side, BoxError)> {
    let downstream = match timeout(deadline, downstream).await {
        Ok(downstream) => downstream.map_err(|error| (Side::Client, error.into()))?,
        Err(elapsed) => return Err((Side::Client, elapsed.into())),
    };
    let origin = origin.await.map_err(|error| (Side::Origin, error.into()))?;
    Ok((downstream, origin))
}

/// Copies bytes until both sides close, one fails, or both are idle for too long.
///
/// Backpressure holds in each direction. If one side closes its direction, the other gets the close
/// and may continue to send.
async fn pass(
    downstream: Upgraded,
    origin: Upgraded,
    traffic: &Arc<Traffic>,
    idle_timeout: Duration,
) -> TunnelEnd {
    let side = |side, upgraded| TunnelSide {
        io: TokioIo::new(upgraded),
        side,
        traffic: traffic.clone(),
    };
    let mut downstream = side(Side::Client, downstream);
    let mut origin = side(Side::Origin, origin);
    let mut copying = pin!(copy_bidirectional(&mut downstream, &mut origin));
    loop {
        let quiet_since = traffic.counts().last;
        let Some(idle_at) = quiet_since.checked_add(idle_timeout) else {
            return end_of(copying.await, traffic);
        };
        match timeout_at(idle_at, copying.as_mut()).await {
            Ok(outcome) => return end_of(outcome, traffic),
            Err(_elapsed) if traffic.counts().last == quiet_since => return TunnelEnd::Idle,
            Err(_elapsed) => {}
        }
    }
}

fn end_of(copied: io::Result<(u64, u64)>, traffic: &Traffic) -> TunnelEnd {
    match copied {
        Ok(_) => TunnelEnd::Closed,
        // Each error is that of a side, which has noted it, except for a write of no bytes.
        Err(error) => TunnelEnd::Broken(traffic.counts().failed.unwrap_or(Side::Origin), error),
    }
}

impl fmt::Display for TunnelEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("closed"),
            Self::Idle => f.write_str("idle"),
            Self::Requested => f.write_str("closed by the proxy"),
            Self::Broken(side, error) => write!(f, "broken by the {side}: {error}"),
            Self::NotBegun(side, error) => write!(f, "not begun by the {side}: {error}"),
        }
    }
}
