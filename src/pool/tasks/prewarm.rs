//! `Prewarm`: keeps a minimum of connections ready for requests.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{sync::oneshot, time::sleep};

use crate::error::{Error, ErrorKind, Facts, Stage};

use crate::pool::{checkout::Affinity, inner::PoolInner};

use super::{
    connect::{Connect, ConnectResult, Recipient},
    single_instance::SingleInstance,
};

/// The pause after a first failed connect. It doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Opens the minimum of connections, at least one, and has it kept up from then on.
///
/// # Errors
///
/// [`ErrorKind::PrewarmUnsupported`] with the PROXY protocol, because no client could use the
/// connections. Otherwise the error of the first connect that fails.
pub(crate) async fn prewarm(inner: Arc<PoolInner>) -> Result<(), Error> {
    let connector = inner.connector();
    if connector.sends_client_address() {
        let facts = Facts {
            origin: connector.shared_origin().cloned(),
            ..Facts::default()
        };
        return Err(Error::new(
            ErrorKind::PrewarmUnsupported,
            Stage::Dial,
            facts,
        ));
    }
    inner.with(|inventory| inventory.is_prewarmed = true);
    let wanted = inner.settings().min_idle.max(1);
    open_missing(&Arc::downgrade(&inner), wanted).await
}

/// The task that replaces the connections that requests take, one at a time. While the origin
/// refuses them, the pauses grow.
pub(crate) struct Prewarm(SingleInstance);

impl Prewarm {
    /// Spawns the task if connections are missing, unless it runs.
    pub(crate) fn ensure(inner: &Arc<PoolInner>) {
        let min_idle = inner.settings().min_idle;
        if min_idle == 0
            || !inner.with(|inventory| {
                inventory.is_prewarmed && inventory.ready(inner.settings()) < min_idle
            })
        {
            return;
        }
        if let Some(mark) = SingleInstance::set(inner, |running| &mut running.prewarm) {
            inner.tasks().spawn_for_pool(Self(mark).run(min_idle));
        }
    }

    async fn run(self, min_idle: usize) {
        let mut pause = FIRST_PAUSE;
        loop {
            match open_missing(self.0.weak(), min_idle).await {
                Ok(()) => {}
                Err(error) => tracing::debug!(%error, ?pause, "connect in advance failed"),
            }
            match self.0.inner() {
                Some(inner) if is_missing(&inner, min_idle) => {}
                _ => return,
            }
            sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }
}

/// Opens connections until as many as wanted are ready. Does not keep the pool alive meanwhile.
async fn open_missing(pool: &Weak<PoolInner>, wanted: usize) -> Result<(), Error> {
    for _ in 0..wanted {
        let outcome = pool.upgrade().and_then(|inner| open_one(&inner, wanted));
        let Some(outcome) = outcome else {
            return Ok(());
        };
        if let Ok(Err(error)) = outcome.await {
            return Err(error);
        }
    }
    Ok(())
}

/// Begins a connect, if one is missing.
fn open_one(inner: &Arc<PoolInner>, wanted: usize) -> Option<oneshot::Receiver<ConnectResult>> {
    let is_missing = is_missing(inner, wanted);
    let permit = is_missing.then(|| inner.connect_permit(&Affinity::here(None)))??;
    Some(Connect::spawn(inner, permit, Recipient::FirstWaiter))
}

/// Whether there is room for a connection that is missing.
fn is_missing(inner: &PoolInner, wanted: usize) -> bool {
    !inner.requests().is_draining()
        && inner.with(|it| !it.is_full(inner.settings()) && it.ready(inner.settings()) < wanted)
}
