//! The tunnel of an upgrade: copies bytes in both directions, until one side closes or both are
//! idle.
//!
//! `pool/close_tunnels.rs` ends it when the application calls `close_tunnels`.

use std::{
    fmt, io,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::{
    io::copy_bidirectional,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::io::{InspectReader, InspectWriter};
use tower::BoxError;
use tracing::Instrument;

use crate::{
    observe::{ExchangeOutcome, ExchangeRecord},
    pool::PooledConnection,
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
    /// The connection of one side failed.
    Broken(io::Error),
    /// One side closed before the tunnel began.
    NotBegun(BoxError),
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
                Err(error) => TunnelEnd::NotBegun(error),
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
            Self::Broken(_) | Self::NotBegun(_) => ExchangeOutcome::Failed,
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
) -> Result<(Upgraded, Upgraded), BoxError> {
    let downstream = timeout(deadline, downstream).await??;
    Ok((downstream, origin.await?))
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
    let (read, written) = (traffic.clone(), traffic.clone());
    let downstream = InspectReader::new(
        InspectWriter::new(TokioIo::new(downstream), move |bytes| {
            written.note(|counts| counts.to_downstream += bytes.len() as u64);
        }),
        move |_| read.note(|_| ()),
    );
    let (read, written) = (traffic.clone(), traffic.clone());
    let origin = InspectReader::new(
        InspectWriter::new(TokioIo::new(origin), move |bytes| {
            written.note(|counts| counts.to_origin += bytes.len() as u64);
        }),
        move |_| read.note(|_| ()),
    );
    let (mut downstream, mut origin) = (pin!(downstream), pin!(origin));
    let mut copying = pin!(copy_bidirectional(&mut downstream, &mut origin));
    loop {
        let quiet_since = traffic.counts().last;
        let Some(idle_at) = quiet_since.checked_add(idle_timeout) else {
            return copying.await.into();
        };
        match timeout_at(idle_at, copying.as_mut()).await {
            Ok(outcome) => return outcome.into(),
            Err(_elapsed) if traffic.counts().last == quiet_since => return TunnelEnd::Idle,
            Err(_elapsed) => {}
        }
    }
}

impl From<io::Result<(u64, u64)>> for TunnelEnd {
    fn from(outcome: io::Result<(u64, u64)>) -> Self {
        match outcome {
            Ok(_) => Self::Closed,
            Err(error) => Self::Broken(error),
        }
    }
}

/// The bytes that were copied, and when.
struct Traffic {
    began: Instant,
    counts: Mutex<Counts>,
}

struct Counts {
    to_origin: u64,
    to_downstream: u64,
    last: Instant,
}

impl Traffic {
    fn new() -> Self {
        let began = Instant::now();
        Self {
            began,
            counts: Mutex::new(Counts {
                to_origin: 0,
                to_downstream: 0,
                last: began,
            }),
        }
    }

    fn note(&self, change: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts();
        change(&mut counts);
        counts.last = Instant::now();
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for TunnelEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("closed"),
            Self::Idle => f.write_str("idle"),
            Self::Requested => f.write_str("closed by the proxy"),
            Self::Broken(error) => write!(f, "broken: {error}"),
            Self::NotBegun(error) => write!(f, "not begun: {error}"),
        }
    }
}
