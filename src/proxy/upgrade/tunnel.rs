//! Bytes of another protocol, passed on both ways.

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

use crate::pool::PooledConnection;

/// Two connections that become one.
pub(super) struct Tunnel {
    pub(super) downstream: OnUpgrade,
    pub(super) origin: OnUpgrade,
    /// The origin's connection counts as open until the tunnel has ended.
    pub(super) lease: PooledConnection,
    pub(super) idle_timeout: Duration,
}

/// How a tunnel ended.
#[derive(Debug)]
enum Ending {
    /// Both sides had said all.
    Closed,
    /// Neither side took or sent a byte for too long.
    Idle,
    /// Whoever runs the proxy wanted it.
    Told,
    /// One side broke off.
    Broken(io::Error),
    /// One side was gone before the tunnel had begun.
    NotBegun(BoxError),
}

impl Tunnel {
    pub(super) async fn run(self) {
        let Self {
            downstream,
            origin,
            lease,
            idle_timeout,
        } = self;
        let traffic = Arc::new(Traffic::new());
        let passing = async {
            match begin(downstream, origin, idle_timeout).await {
                Ok((downstream, origin)) => pass(downstream, origin, &traffic, idle_timeout).await,
                Err(error) => Ending::NotBegun(error),
            }
        };
        let ending = lease.tunnel(passing).await.unwrap_or(Ending::Told);
        let Counts {
            to_origin,
            to_downstream,
            ..
        } = *traffic.counts();
        let elapsed = traffic.began.elapsed();
        tracing::debug!(%ending, to_origin, to_downstream, ?elapsed, "a tunnel ended");
        drop(lease);
    }
}

/// Waits until both sides have switched. Something in front of the proxy may answer otherwise, or
/// the client be gone.
async fn begin(
    downstream: OnUpgrade,
    origin: OnUpgrade,
    deadline: Duration,
) -> Result<(Upgraded, Upgraded), BoxError> {
    let downstream = timeout(deadline, downstream).await??;
    Ok((downstream, origin.await?))
}

/// Passes bytes on until both sides have said all, one breaks off, or both are silent for too long.
/// What one side does not take, the other is not asked for; where one side has said all, the other
/// is told so and may go on.
async fn pass(
    downstream: Upgraded,
    origin: Upgraded,
    traffic: &Arc<Traffic>,
    idle_timeout: Duration,
) -> Ending {
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
            Err(_elapsed) if traffic.counts().last == quiet_since => return Ending::Idle,
            Err(_elapsed) => {}
        }
    }
}

impl From<io::Result<(u64, u64)>> for Ending {
    fn from(outcome: io::Result<(u64, u64)>) -> Self {
        match outcome {
            Ok(_) => Self::Closed,
            Err(error) => Self::Broken(error),
        }
    }
}

/// How much has passed, and when.
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

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("closed"),
            Self::Idle => f.write_str("idle"),
            Self::Told => f.write_str("told to end"),
            Self::Broken(error) => write!(f, "broken: {error}"),
            Self::NotBegun(error) => write!(f, "not begun: {error}"),
        }
    }
}
